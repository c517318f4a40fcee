"""The Streamlit viewer as a process of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import webbrowser
from pathlib import Path

from ovf_imaging.cli.screen import say
from ovf_imaging.errors import OVFError

_FIRST_PORT, _PORTS = 8501, 100
_PATIENCE_S = 60  # until the page answers
_GRACE_S = 10  # for the server to end by itself; Streamlit was seen to let a SIGTERM pass


def show(main: Path, cases: Path, port: int | None, *, browser: bool) -> None:
    """Serve the viewer on this machine until it is stopped; OVFError when it can't start."""
    if not main.is_file():
        raise OVFError(f"the viewer wanted at {main}, it is not there; install ovf-imaging anew")
    port = port or _free_port()
    address = f"http://127.0.0.1:{port}"
    say(f"The viewer shows {cases} at {address}; Ctrl-C ends it.")
    sys.stdout.flush()
    command = [sys.executable, "-m", "streamlit", "run", str(main), "--server.port", str(port)]
    command += ["--server.address", "127.0.0.1", "--server.headless", "true", "--", str(cases.resolve())]
    package = str(Path(__file__).parents[2])
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in (package, os.environ.get("PYTHONPATH")) if p)}
    for stop in (signal.SIGINT, signal.SIGTERM):  # either comes as Ctrl-C does
        signal.signal(stop, signal.default_int_handler)
    with subprocess.Popen(command, env=environment, cwd=main.parent) as server:
        try:
            if browser:
                threading.Thread(target=_open_when_up, args=(address, port), daemon=True).start()
            code = server.wait()
        except KeyboardInterrupt:
            code = 0
        finally:
            _end(server)
    if code > 0:
        raise OVFError(f"the viewer ended with code {code}; is port {port} taken? name another with --port")


def _end(server: subprocess.Popen[bytes]) -> None:
    """Ask the server to end; kill it when it doesn't in time, or when the user asks again."""
    if server.poll() is not None:
        return
    try:
        server.terminate()
        server.wait(_GRACE_S)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        server.kill()


def _free_port() -> int:
    """Return the first port from 8501 that nobody holds."""
    for port in range(_FIRST_PORT, _FIRST_PORT + _PORTS):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port
    raise OVFError(f"a free port wanted from {_FIRST_PORT} on, all {_PORTS} are taken; name one with --port")


def _open_when_up(address: str, port: int) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                webbrowser.open(address)
                return
        time.sleep(0.2)
