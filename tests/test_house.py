"""The house keeps its rules: light front door, pinned lock, small files, licences beside images."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

import ovf_imaging

TOP = Path(__file__).parents[1]
PACKAGE = sorted(p for folder in ("ovf_imaging", "app") for p in (TOP / folder).rglob("*.py"))
HEAVY = ("torch", "monai", "streamlit", "pandas", "numpy", "pydicom", "dask", "pyarrow")
FILE_LINES, FUNCTION_LINES = 400, 40  # the conventions' measure
LEEWAY = 1.15  # "about"


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    return tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def lock() -> dict[str, str]:
    lines = (TOP / "requirements.lock").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[^=\s]+", pin) for pin in pins)
    return {plain(name): version for name, _, version in (pin.partition("==") for pin in pins)}


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def test_help_loads_nothing_heavy() -> None:
    code = f"import sys, ovf_imaging.cli; print([m for m in {HEAVY!r} if m in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", code], cwd=TOP, capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


def test_every_public_name_loads() -> None:
    for name in ovf_imaging.__all__:
        assert getattr(ovf_imaging, name) is not None
    assert dir(ovf_imaging) == sorted(ovf_imaging.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'Manager'"):
        _ = ovf_imaging.Manager


def test_names_for_the_type_checker_are_those_that_load() -> None:
    (guarded,) = [n for n in tree(TOP / "ovf_imaging" / "__init__.py").body if isinstance(n, ast.If)]
    rooms = {
        str(node.module).removeprefix("ovf_imaging."): {alias.name for alias in node.names}
        for node in guarded.body
        if isinstance(node, ast.ImportFrom)
    }
    assert rooms == {room: set(names) for room, names in ovf_imaging._ROOMS.items()}
    assert set(ovf_imaging.__all__) == {"__version__"} | {name for names in rooms.values() for name in names}


def test_what_is_imported_is_declared(project: dict[str, Any]) -> None:
    runtime = distributions(project["project"]["dependencies"])
    dev = distributions(project["project"]["optional-dependencies"]["dev"])
    front = [p for p in PACKAGE if "training" not in p.parts]
    assert imported(front) - runtime <= {"nvidia-ml-py"}  # the extra `gpu`
    assert imported(p for p in TOP.rglob("*.py") if ".venv" not in p.parts) - {"nvidia-ml-py"} <= runtime | dev


def distributions(needs: list[str]) -> set[str]:
    return {plain(re.split(r"[<>=!~ \[]", need, maxsplit=1)[0]) for need in needs}


def imported(paths: Iterable[Path]) -> set[str]:
    """Return the distributions that files import from; what is here in the checkout is none."""
    here = {p.stem for p in TOP.glob("*/*.py")} | {p.name for p in TOP.iterdir()}
    homes = {**importlib.metadata.packages_distributions(), "pynvml": ["nvidia-ml-py"]}
    found: set[str] = set()
    for node in (node for path in paths for node in ast.walk(tree(path))):
        if isinstance(node, ast.Import):
            found.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return {plain(homes.get(name, [name])[0]) for name in found - here - sys.stdlib_module_names}


def test_everything_needed_is_pinned(project: dict[str, Any], lock: dict[str, str]) -> None:
    needed = [*project["project"]["dependencies"], *project["project"]["optional-dependencies"]["dev"]]
    assert distributions(needed) <= set(lock)


def test_the_lock_takes_the_cpu_build(lock: dict[str, str]) -> None:
    assert lock["torch"] == "2.13.0"
    assert not [name for name in lock if name.startswith(("nvidia-", "cuda-", "triton"))]


def test_extras_and_python(project: dict[str, Any]) -> None:
    assert project["project"]["requires-python"] == ">=3.11"
    assert set(project["project"]["optional-dependencies"]) == {"gpu", "dev"}


@pytest.mark.parametrize("path", PACKAGE, ids=lambda p: str(p.relative_to(TOP)))
def test_code_keeps_the_conventions(path: Path) -> None:
    module = tree(path)
    assert path.stem not in ("utils", "helpers", "common", "misc")
    assert ast.get_docstring(module)
    assert len(path.read_text(encoding="utf-8").splitlines()) <= FILE_LINES * LEEWAY
    for node in ast.walk(module):
        assert not isinstance(node, ast.Assert), f"assert on line {node.lineno}"
        if isinstance(node, ast.ExceptHandler) and ast.unparse(node.body[-1]) != "raise":  # tidying up is allowed
            caught = ast.unparse(node.type) if node.type else ""
            assert caught not in ("", "Exception", "BaseException"), f"catches everything on line {node.lineno}"
        if isinstance(node, ast.FunctionDef):
            assert len(list(lines_of_code(node))) <= FUNCTION_LINES * LEEWAY, f"{node.name} is too long"
        if isinstance(node, ast.ClassDef):
            assert not re.search(r"(Manager|Handler|Helper|Processor)$", node.name)


def lines_of_code(function: ast.FunctionDef) -> Iterator[int]:
    """Yield the line numbers of a function's body, its docstring left out."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    if body:
        yield from range(body[0].lineno, (body[-1].end_lineno or body[-1].lineno) + 1)


def test_every_room_says_what_it_is_and_names_what_it_gives() -> None:
    for room in ("dicom", "vision", "measure", "assess", "recommend", "report", "compare"):
        module = tree(TOP / "ovf_imaging" / room / "__init__.py")
        names = [ast.unparse(n.targets[0]) for n in module.body if isinstance(n, ast.Assign)]
        assert ast.get_docstring(module), room
        assert "__all__" in names, room


def test_each_sample_has_its_licence_or_is_ours() -> None:
    folders = [
        p
        for p in (TOP / "data_samples").iterdir()
        if p.is_dir() and p.name not in ("expected", "settings") and p.name[0] not in "._"
    ]
    assert folders
    notice = (TOP / "NOTICE").read_text(encoding="utf-8")
    assert "data_samples/" in notice
    for folder in folders:
        assert [p for p in folder.rglob("*") if re.match(r"(?i)licen[cs]e|attribution|readme", p.name)], folder.name


def test_notice_names_the_data_behind_each_model() -> None:
    notice = (TOP / "NOTICE").read_text(encoding="utf-8")
    for bundle in sorted((TOP / "models").iterdir()):
        assert f"models/{bundle.name}" in notice
    for source in (
        "SpineWeb",
        "22304",
        "MyoSegmenTUM",
        "CC BY 4.0",
        "xkt857dsxk",
        "EfficientNet-lite0",
        "sct_tutorial_data",
    ):
        assert source in notice
