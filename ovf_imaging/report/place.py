"""Files put into a folder all together or not at all, over none but those of an earlier run of ours."""

from __future__ import annotations

import errno
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ovf_imaging.errors import OutputError

_STAGE = ".ovf-"
_BEGINNING = 200  # bytes of the main file among which its mark stands
Contents = Iterable[tuple[str, bytes]]  # name and content of each file


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of results: what its files are called, and how to know that a folder's are ours to replace."""

    main: str  # the file that makes a folder of these results whole; written last
    mark: bytes  # stands near the beginning of the main file
    names: re.Pattern[str]  # of all its files


def put(contents: Contents, kind: Kind, out: Path) -> tuple[Path, ...]:
    """Write files, the main one last, into the folder `out` and return their paths, the main one first.

    Replaces the files of an earlier run there and leaves others alone. Raises OutputError and leaves everything as it
    was when `out` is a file, holds files of these names that aren't ours, or can't be written.
    """
    with _told_as_output_error(out):
        _check_place(out, kind)
        home = out if out.is_dir() else out.parent
        home.mkdir(parents=True, exist_ok=True)
        stage = Path(tempfile.mkdtemp(prefix=_STAGE, dir=home))
        try:
            names = _write_into(stage, contents)
            if home == out:
                _move_in(stage, names, kind, out)
            else:
                stage.chmod(0o777 & ~_umask())  # mkdtemp's own is for the owner only
                stage.rename(out)
        finally:
            shutil.rmtree(stage, ignore_errors=True)
    return tuple(out / name for name in (kind.main, *(n for n in names if n != kind.main)))


def _write_into(folder: Path, contents: Contents) -> list[str]:
    names = []
    for name, content in contents:
        with (folder / name).open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())  # a full disk is told here, not after the rename
        names.append(name)
    return names


def _check_place(out: Path, kind: Kind) -> None:
    """Refuse a place where we would overwrite what isn't ours."""
    if out.exists() and not out.is_dir():
        raise OutputError(f"{out}: wanted a folder for the results, got a file; name another with --out")
    taken = _earlier(out, kind)
    if taken and not _is_ours(out / kind.main, kind):
        raise OutputError(f"{out}: holds {taken[0]}, which no {kind.main} of ours goes with; name another folder")


def _earlier(out: Path, kind: Kind) -> list[str]:
    """Return the names of the kind's files in a folder, the main one last."""
    if not out.is_dir():
        return []
    names = sorted(p.name for p in out.iterdir() if p.is_file() and kind.names.fullmatch(p.name))
    return sorted(names, key=lambda name: name == kind.main)


def _is_ours(path: Path, kind: Kind) -> bool:
    """Return whether a file begins as our main one does, of whatever version."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return kind.mark in file.read(_BEGINNING)


def _move_in(stage: Path, names: list[str], kind: Kind, out: Path) -> None:
    """Put the staged files in place of an earlier run's; where that fails, put the earlier ones back."""
    old = stage / "old"
    old.mkdir()
    moved: list[tuple[Path, Path]] = []
    try:
        for name in _earlier(out, kind):
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
