"""Write requirements.lock: what pip resolves pyproject.toml and its extra `dev` to, with torch held. `make lock`."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

TOP = Path(__file__).parents[1]
HELD = ("torch==2.13.0",)  # the CPU build that later releases no longer have on every machine of ours
HEAD = """\
# Exact versions of everything that ovf-imaging and its checks run on: CPython 3.11, Linux, torch's CPU build.
# Made by `make lock`, which resolves pyproject.toml's dependencies and the extra `dev`.
"""


def resolved() -> dict[str, str]:
    """Return name → version of all that would be installed into an empty environment."""
    with tempfile.TemporaryDirectory() as work:
        report = Path(work) / "report.json"
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed"]
        subprocess.run([*pip, "--report", str(report), *HELD, f"{TOP}[dev]"], check=True)
        found = json.loads(report.read_text(encoding="utf-8"))["install"]
    pins = {each["metadata"]["name"]: each["metadata"]["version"].partition("+")[0] for each in found}
    return {
        name: version for name, version in sorted(pins.items(), key=lambda p: p[0].lower()) if name != "ovf-imaging"
    }


def main() -> None:
    """Write the lock file named on the command line."""
    lines = "".join(f"{name}=={version}\n" for name, version in resolved().items())
    Path(sys.argv[1]).write_text(HEAD + lines, encoding="utf-8")


if __name__ == "__main__":
    main()
