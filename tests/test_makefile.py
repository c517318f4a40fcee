"""The Makefile's way to an environment on a machine that lacks something: what it installs, and what it says."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

MAKEFILE = Path(__file__).parents[1] / "Makefile"
VENV_PACKAGE = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """Return a project whose Python has no ensurepip, as Debian's, and stops when it shall make an environment."""
    shutil.copy(MAKEFILE, tmp_path / "Makefile")
    (tmp_path / "requirements.lock").touch()
    (tmp_path / "pyproject.toml").touch()
    script(
        tmp_path / "bin" / "python3", f'case "$*" in *ensurepip*|*"-m venv"*) exit 1;; esac; exec {sys.executable} "$@"'
    )
    for name in ("sh", "env", "make", "id"):
        (tmp_path / "bin" / name).symlink_to(str(shutil.which(name)))
    return tmp_path


def script(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)


def make(place: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run make with nothing on the path but what the project has; PYTHON is its own."""
    command = ["make", ".venv/.ready", f"PYTHON={place / 'bin' / 'python3'}", "ROOT=", *arguments]
    env = {"PATH": str(place / "bin")}
    return subprocess.run(command, cwd=place, env=env, capture_output=True, text=True, check=False)


def test_on_debian_the_package_of_this_python_is_installed(bare: Path) -> None:
    script(bare / "bin" / "apt-get", f'echo "$DEBIAN_FRONTEND $*" >>{bare}/told')
    make(bare)
    assert (bare / "told").read_text(encoding="utf-8").splitlines() == [
        " update -qq",
        f"noninteractive install -y -qq --no-install-recommends {VENV_PACKAGE}",
    ]


def test_elsewhere_one_line_says_what_is_wanted(bare: Path) -> None:
    done = make(bare)
    assert done.returncode != 0
    assert done.stderr.startswith("Python's venv and ensurepip wanted, none found; install them\n")


def test_an_old_python_is_named(bare: Path) -> None:
    script(bare / "bin" / "python3", 'case "$1" in -V) echo Python 3.9.2;; esac; exit 1')
    done = make(bare)
    assert done.returncode != 0
    assert "Python 3.11 or newer wanted, got Python 3.9.2; set PYTHON=..." in done.stderr


@pytest.mark.parametrize("target", ["demo", "test", "lint", "view", "bench"])
def test_every_target_begins_with_the_environment(bare: Path, target: str) -> None:
    command = ["make", "--dry-run", target, f"PYTHON={bare / 'bin' / 'python3'}"]
    plan = subprocess.run(command, cwd=bare, capture_output=True, text=True, check=True).stdout
    assert plan.index("-m venv --clear .venv") < plan.index(".venv/bin", plan.index("touch"))
