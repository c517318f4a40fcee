"""A case on disk: the one place of the report that touches files. All of a case's files are written, or none."""

from __future__ import annotations

import errno
import io
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import PIL.Image

from ovf_imaging.errors import InputError, OutputError
from ovf_imaging.report.arrays import sidecars
from ovf_imaging.report.case_json import SCHEMA, case_to_json, parse_case
from ovf_imaging.report.overlay import overlay
from ovf_imaging.report.pdf import pdf
from ovf_imaging.report.table import measurements_csv
from ovf_imaging.report.words import fractured_levels
from ovf_imaging.types import Case

CASE_FILE = "case.json"
_OURS = re.compile(
    r"case\.json|report\.pdf|measurements\.csv|(overlay_\d+\.png|(labels|image)_\d+\.nii\.gz|masks_\d+\.npz)"
)
_STAGE = ".ovf-"


def write_case(case: Case, out: Path) -> tuple[Path, ...]:
    """Write a case's files into the folder `out` and return their paths, case.json first.

    Replaces the files of an earlier case there and leaves others alone. Raises OutputError and leaves everything
    as it was when `out` is a file, holds files of our names that aren't ours, or can't be written.
    """
    with _told_as_output_error(out):
        _check_place(out)
        home = out if out.is_dir() else out.parent
        home.mkdir(parents=True, exist_ok=True)
        stage = Path(tempfile.mkdtemp(prefix=_STAGE, dir=home))
        try:
            names = _write_into(stage, case)
            if home == out:
                _move_in(stage, names, out)
            else:
                stage.chmod(0o777 & ~_umask())  # mkdtemp's own is for the owner only
                stage.rename(out)
        finally:
            shutil.rmtree(stage, ignore_errors=True)
    return tuple(out / name for name in (CASE_FILE, *(n for n in names if n != CASE_FILE)))


def read_case(folder: Path) -> Case:
    """Return the case in a folder that `write_case` wrote; InputError when there is none or a file was changed."""
    return case_from_json(_read(folder / CASE_FILE).decode("utf-8", "replace"), folder)


def case_from_json(text: str, folder: Path | None = None) -> Case:
    """Return the case of a case.json; its volumes come from the folder, or are read-only zeros without one.

    Raises InputError when the text isn't such a case or a file of the folder isn't the one it was written with.
    """
    return parse_case(text, None if folder is None else lambda name: _read(folder / name))


def _write_into(folder: Path, case: Case) -> list[str]:
    names = []
    for name, content in _contents(case):
        with (folder / name).open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())  # a full disk is told here, not after the rename
        names.append(name)
    return names


def _contents(case: Case) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of each file, case.json last: a folder with it is whole."""
    yield from sidecars(case)
    yield "measurements.csv", measurements_csv(case).encode("utf-8", "replace")
    marked = fractured_levels(case)
    for number, reading in enumerate(case.readings, start=1):
        buffer = io.BytesIO()
        PIL.Image.fromarray(overlay(reading, marked=marked)).save(buffer, format="PNG", compress_level=2)
        yield f"overlay_{number}.png", buffer.getvalue()
    yield "report.pdf", pdf(case)
    yield CASE_FILE, case_to_json(case).encode("utf-8")


def _check_place(out: Path) -> None:
    """Refuse a place where we would overwrite what isn't ours."""
    if out.exists() and not out.is_dir():
        raise OutputError(f"{out}: wanted a folder for the results, got a file; name another with --out")
    if not out.is_dir():
        return
    taken = sorted(p.name for p in out.iterdir() if p.is_file() and _OURS.fullmatch(p.name))
    if taken and not _is_case(out / CASE_FILE):
        raise OutputError(f"{out}: holds {taken[0]}, which no case.json of ours goes with; name another folder")


def _is_case(path: Path) -> bool:
    """Return whether a file begins as our case.json does, of whatever version of the schema."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return f'"schema": "{SCHEMA.partition("/")[0]}/'.encode() in file.read(200)


def _move_in(stage: Path, names: list[str], out: Path) -> None:
    """Put the staged files in place of an earlier case's; where that fails, put the earlier ones back."""
    old = stage / "old"
    old.mkdir()
    earlier = sorted(
        (p.name for p in out.iterdir() if p.is_file() and _OURS.fullmatch(p.name)), key=lambda n: n == CASE_FILE
    )
    moved: list[tuple[Path, Path]] = []
    try:
        for name in earlier:
            moved.append((out / name, old / name))
            (out / name).rename(old / name)
        for name in names:
            moved.append((stage / name, out / name))
            (stage / name).rename(out / name)
    except OSError:
        for source, target in reversed(moved):
            if target.exists() and not source.exists():
                target.rename(source)
        raise


@contextmanager
def _told_as_output_error(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        causes = {
            errno.ENOSPC: "no space is left there; free some",
            errno.EDQUOT: "the quota is used up there; free some",
            errno.EACCES: "writing there isn't allowed",
            errno.EPERM: "writing there isn't allowed",
            errno.EROFS: "it can only be read",
            errno.ENOTDIR: "a part of its path is a file",
            errno.EEXIST: "a part of its path is a file",
            errno.EISDIR: "a folder stands in the place of one of its files",
            errno.ENOTEMPTY: "a folder stands in the place of one of its files",
            errno.EFBIG: "a file would grow too large there",
        }
        cause = causes.get(error.errno or 0, error.strerror or str(error))
        raise OutputError(f"{out}: the results wanted a folder to write to, but {cause}; or name another") from error


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        why = error.strerror or str(error)
        raise InputError(f"{path}: wanted a file of a case written by ovf assess, got none ({why})") from error
