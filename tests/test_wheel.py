"""The wheel in an environment of its own, in another directory: `ovf` works there, models and viewer included."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import sysconfig
import time
import urllib.request
import venv
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

TOP = Path(__file__).parents[1]
SAMPLE = TOP / "data_samples" / "mri_painted_wedge"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(TOP)]
    subprocess.run(build, check=True, capture_output=True)
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def elsewhere(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of an environment that holds the wheel, and of this one only what the wheel depends on."""
    folder = tmp_path_factory.mktemp("elsewhere")
    venv.create(folder / "env", with_pip=False)
    python = folder / "env" / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-deps", "--no-index", "--quiet"]
    subprocess.run([*pip, str(wheel)], check=True, capture_output=True)
    (site,) = (folder / "env" / "lib").glob("python*/site-packages")
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return folder


def clean() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}


def ovf(place: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(place / "env" / "bin" / "ovf"), *arguments]
    return subprocess.run(command, cwd=place, env=clean(), capture_output=True, text=True, check=False)


def test_models_viewer_and_knowledge_are_in_the_wheel(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    wanted: Sequence[str] = [
        "ovf_imaging/_shipped/app/main.py",
        "ovf_imaging/_shipped/app/.streamlit/config.toml",
        "ovf_imaging/_shipped/models/vertebrae_mri/models/model.safetensors",
        "ovf_imaging/_shipped/models/vertebrae_radiograph/models/model.safetensors",
        "ovf_imaging/knowledge/genant.toml",
        "ovf_imaging/py.typed",
    ]
    assert set(wanted) <= set(names)
    assert not [n for n in names if n.startswith(("tests/", "data_samples/", "app/", "models/"))]
    assert not [n for n in names if "__pycache__" in n]


def test_the_wheel_is_used_not_the_checkout(elsewhere: Path) -> None:
    python = elsewhere / "env" / "bin" / "python"
    code = "import ovf_imaging; print(ovf_imaging.__file__)"
    found = subprocess.run([python, "-c", code], cwd=elsewhere, env=clean(), capture_output=True, text=True, check=True)
    assert Path(found.stdout.strip()).is_relative_to(elsewhere)


def test_help_is_there(elsewhere: Path) -> None:
    shown = ovf(elsewhere, "--help")
    assert shown.returncode == 0
    assert {"assess", "batch", "view", "compare", "recommend", "doctor", "version"} <= set(shown.stdout.split())
    assert "CASES_DIR" in ovf(elsewhere, "view", "--help").stdout


def test_assess_works(elsewhere: Path) -> None:
    done = ovf(elsewhere, "assess", str(SAMPLE), "--out", "case", "--device", "cpu", "--format", "json")
    assert done.returncode in (0, 3), done.stderr
    assert {"L1", "L2", "L3"} <= set(json.loads(done.stdout)["readings"][0]["levels"])
    assert {"case.json", "labels_1.nii.gz", "measurements.csv", "report.pdf", "overlay_1.png"} <= {
        path.name for path in (elsewhere / "case").iterdir()
    }


def test_view_serves_its_page(elsewhere: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [str(elsewhere / "env" / "bin" / "ovf"), "view", ".", "--no-browser", "--port", str(port)]
    with subprocess.Popen(command, cwd=elsewhere, env=clean(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as run:
        try:
            assert answer(f"http://127.0.0.1:{port}/_stcore/health", run) == b"ok"
        finally:
            run.terminate()
            run.communicate()


def answer(address: str, server: subprocess.Popen[bytes]) -> bytes:
    """Return what a page says once it is up."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=5) as page:
                return bytes(page.read())
        except OSError:
            time.sleep(0.3)
    return b"the server is not up"
