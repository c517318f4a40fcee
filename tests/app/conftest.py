"""A folder of cases as `ovf assess` and `ovf batch` leave it, and the viewer served on it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ovf_imaging import write_case
from tests import fakes

MAIN = Path(__file__).resolve().parents[2] / "app" / "main.py"
MRI, FILM, BROKEN = "mri-1a2b3c4d", "film-5e6f7a8b", "broken-9c0d1e2f"
REASON = "no lateral view among 2 series (axial, axial); name one with --view"


@pytest.fixture(scope="session")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with an MRI, a film, a broken case and the table of failures."""
    root = tmp_path_factory.mktemp("cases")
    film = fakes.film_case()
    write_case(fakes.mri_case(), root / MRI)
    write_case(replace(film, study=replace(film.study, uid="1.2.826.0.2")), root / FILM)
    (root / BROKEN).mkdir()
    (root / BROKEN / "case.json").write_text('{"schema": ', encoding="utf-8")
    (root / "errors.csv").write_text(f'study,status,reason\nhip,refused,"{REASON}"\n', encoding="utf-8")
    return root


@pytest.fixture(scope="session")
def server(cases: Path) -> Iterator[str]:
    """Serve the viewer on the folder of cases; return its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", str(MAIN), "--server.port", str(port), "--", str(cases)]
    environment = {**os.environ, "PYTHONPATH": str(MAIN.parents[1])}
    with subprocess.Popen(command, cwd=cases, env=environment, stderr=subprocess.STDOUT) as process:
        try:
            _wait_for(port, process)
            yield f"http://127.0.0.1:{port}"
        finally:
            _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the server; Streamlit 1.67 was seen to let a SIGTERM pass while a browser was leaving."""
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    raise RuntimeError(f"the viewer wanted to answer on port {port}, it did not")
