import tomllib

from tests.app.conftest import MAIN


def test_viewer_keeps_to_this_machine_and_watches_no_files() -> None:
    config = tomllib.loads((MAIN.parent / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    assert config["server"]["address"] == "127.0.0.1"
    assert config["server"]["fileWatcherType"] == "none"
    assert config["browser"]["gatherUsageStats"] is False


def test_no_folder_beside_the_entry_makes_streamlit_run_pages_past_it() -> None:
    assert not (MAIN.parent / "pages").exists()
