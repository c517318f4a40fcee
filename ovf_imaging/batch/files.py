"""Where a batch keeps things in its output folder, and how it writes them: whole or not at all.

In the output folder:

    OUT/cases.csv, cases.parquet, errors.csv    the tables
    OUT/<key>/                                  the case of one study, as `ovf assess` writes it
    OUT/.batch/rows/<key>.json                  its row; what --resume goes by
    OUT/.batch/work/                            cases being written; swept at start and end
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import unicodedata
import uuid
from collections.abc import Iterable
from pathlib import Path

from ovf_imaging.errors import OutputError

_NAME_LENGTH = 60  # leaves room for the rest of a path below Windows' limit of 260


def key_of(name: str) -> str:
    """Return a folder name that any file system takes: the study's name, or what can be kept of it and a hash."""
    plain = re.sub(r"[^\w.-]+", "_", unicodedata.normalize("NFC", name)).strip("._-")[:_NAME_LENGTH].rstrip("._-")
    return plain if plain == name else f"{plain or 'study'}-{short_hash(name)}"


def short_hash(*parts: str) -> str:
    """Return eight hex digits that stand for some texts."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:8]


def rows_folder(out: Path) -> Path:
    """Return the folder of row files."""
    return out / ".batch" / "rows"


def row_file(out: Path, key: str) -> Path:
    """Return the file of one study's row."""
    return rows_folder(out) / f"{key}.json"


def work_folder(out: Path) -> Path:
    """Return the folder in which cases are written before they take their place."""
    return out / ".batch" / "work"


def scratch_folder(out: Path) -> Path:
    """Return the folder for temporary files of the processes that read, which may be killed before they tidy up."""
    return work_folder(out) / "scratch"


def fresh_folder(out: Path) -> Path:
    """Return the path of a folder that does not exist yet, on the same disk as the cases."""
    return work_folder(out) / uuid.uuid4().hex


def put_in_place(done: Path, place: Path) -> None:
    """Move a finished case to its place; one that an earlier, killed run left there goes."""
    try:
        if place.exists():
            old = done.with_name(f"{done.name}.old")
            place.rename(old)
            done.rename(place)
            shutil.rmtree(old)
        else:
            done.rename(place)
    except OSError as error:
        raise OutputError(f"{place} can't be written: {error.strerror or error}") from error


def sweep(out: Path) -> None:
    """Remove half-written cases."""
    shutil.rmtree(work_folder(out), ignore_errors=True)


def forget(out: Path) -> None:
    """Remove the traces of a batch that read nothing, and its folder if that holds nothing else."""
    shutil.rmtree(out / ".batch", ignore_errors=True)
    with contextlib.suppress(OSError):  # not empty, or not ours to remove
        out.rmdir()


def write_whole(path: Path, content: bytes) -> None:
    """Write a file by way of a temporary one beside it; OutputError when the disk says no."""
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise OutputError(f"{path} can't be written: {error.strerror or error}; free space or choose --out") from error


def fingerprint(inputs: Iterable[Path], settings: str) -> str:
    """Return a hash of the version, the settings, and the files' names, sizes and times."""
    digest = hashlib.sha256(settings.encode())
    for path in _files(inputs):
        digest.update(f"{path}\0{_size_and_time(path)}\n".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def _files(inputs: Iterable[Path]) -> list[Path]:
    found: set[Path] = set()
    for path in inputs:
        found.update(path.rglob("*") if path.is_dir() else (path,))
    return sorted(found)


def _size_and_time(path: Path) -> str:
    try:
        status = path.stat()
    except OSError as error:  # the study's own reading will say what is wrong with it
        return type(error).__name__
    return f"{status.st_size}\0{status.st_mtime_ns}"
