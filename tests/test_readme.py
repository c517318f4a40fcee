"""What the README says is so: its example runs, its commands and files exist."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).parents[1]
README = (TOP / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


@pytest.mark.slow
def test_the_example_runs_and_is_four_lines_long() -> None:
    (example,) = blocks("python")
    assert len([line for line in example.splitlines() if line]) == 4
    done = subprocess.run([sys.executable, "-c", example], cwd=TOP, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "L1" in done.stdout


@pytest.mark.parametrize("command", ["assess", "batch", "view", "compare", "recommend", "train", "evaluate"])
def test_every_option_it_names_is_there(command: str) -> None:
    (synopsis,) = [line for block in blocks("text") for line in block.splitlines() if line.startswith(f"ovf {command}")]
    shown = subprocess.run(
        [sys.executable, "-m", "ovf_imaging.cli", command, "--help"], capture_output=True, text=True, check=True
    )
    assert set(re.findall(r"--[a-z-]+", synopsis)) <= set(re.findall(r"--[a-z-]+", shown.stdout))


def test_files_it_points_to_are_there() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (TOP / target).exists(), target


def test_ci_runs_its_test_command() -> None:
    (line,) = [line for block in blocks("sh") for line in block.splitlines() if line.startswith("make test")]
    assert (TOP / ".ci" / "run").read_text(encoding="utf-8").rstrip().endswith(line.split("#")[0].strip())


def test_the_check_is_the_one_of_the_conventions() -> None:
    makefile = (TOP / "Makefile").read_text(encoding="utf-8")
    assert "ruff format --check && ruff check && mypy && lint-imports && pytest" in makefile
