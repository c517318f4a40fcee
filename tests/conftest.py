"""Fixtures that every room's tests share, and CI's rule that nothing may be skipped."""

import os
from pathlib import Path

import pytest

SHARED_DATA = Path(os.environ.get("OVF_SHARED_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real images; the test is skipped, visibly, where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"real images are not at {SHARED_DATA}")
    return SHARED_DATA


def pytest_sessionfinish(session: pytest.Session) -> None:
    """On CI, with the real images at hand, turn a run that skipped tests into a failed one."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") != "true" or not SHARED_DATA.is_dir() or reporter is None:
        return
    skipped = reporter.stats.get("skipped", [])
    if skipped:
        reporter.write_line(f"\nCI skips nothing where the real images are: {len(skipped)} skipped", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
