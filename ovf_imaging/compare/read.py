"""Case files of one reader: a case.json, a case folder, or a folder with many of them below."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ovf_imaging.errors import InputError, StudyError
from ovf_imaging.report.write import CASE_FILE, case_from_json
from ovf_imaging.types import Case


def read_cases(root: Path) -> Mapping[str, Case]:
    """Return the cases at `root` without their volumes, by study UID or, where it is absent, by relative path.

    Raises StudyError when there is none or a study comes twice, and InputError naming a file that isn't a case.
    """
    paths = _case_files(root)
    if not paths:
        raise StudyError(
            f"cases wanted, {root} holds no {CASE_FILE}; give a {CASE_FILE}, a folder that ovf assess wrote or a "
            "folder of such folders"
        )
    cases: dict[str, Case] = {}
    found: dict[str, Path] = {}
    for path in paths:
        case = _read(path)
        key = case.study.uid or path.parent.relative_to(root if root.is_dir() else root.parent).as_posix()
        if key in found:
            raise StudyError(
                f"one case a study wanted, {found[key]} and {path} are of the same study; give one of them"
            )
        cases[key], found[key] = case, path
    return cases


def _case_files(root: Path) -> list[Path]:
    if root.is_file():
        return [root]
    if (root / CASE_FILE).is_file():
        return [root / CASE_FILE]
    below = (path for path in root.rglob(CASE_FILE) if path.is_file())
    return sorted(path for path in below if not any(part.startswith(".") for part in path.relative_to(root).parts))


def _read(path: Path) -> Case:
    try:
        return case_from_json(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: wanted a {CASE_FILE} in UTF-8, got something else; run ovf assess again") from error
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
