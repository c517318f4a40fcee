"""Zips unpacked safely into a folder that lives as long as the process.

Members get new folder names, so that a member's own path ("../x", "C:x", 400 characters) never touches the disk.
"""

from __future__ import annotations

import atexit
import re
import shutil
import stat
import tempfile
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from ovf_imaging.errors import StudyError

MOST_MEMBERS = 100_000
MOST_BYTES = 8 * 1024**3
_MOST_GROWTH = 200  # unpacked ÷ packed of the whole archive, counted from _FREE_BYTES on
_FREE_BYTES = 64 * 1024**2
_CHUNK = 1 << 20
_ENCRYPTED = 0x1
_folders: dict[tuple[str, int, int], Path] = {}


def forget_archives() -> None:
    """Delete what has been unpacked so far; a long batch calls it between studies, and the process does at its end."""
    for folder in _folders.values():
        shutil.rmtree(folder, ignore_errors=True)
    _folders.clear()


atexit.register(forget_archives)


def unpacked(path: Path) -> Path:
    """Return the folder that holds a zip's files, unpacked at most once; StudyError when it is broken or a bomb."""
    info = path.stat()
    key = str(path.resolve()), info.st_size, info.st_mtime_ns
    if key not in _folders or not _folders[key].is_dir():
        folder = Path(tempfile.mkdtemp(prefix="ovf-"))
        try:
            _unpack(path, folder, info.st_size)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        _folders[key] = folder
    return _folders[key]


def _unpack(path: Path, folder: Path, packed: int) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            members = [m for m in archive.infolist() if _is_plain_file(m)]
            if len(members) > MOST_MEMBERS:
                raise StudyError(f"{path.name}: the zip holds {len(members)} files, at most {MOST_MEMBERS} are read")
            budget = min(MOST_BYTES, _FREE_BYTES + packed * _MOST_GROWTH)
            for number, member in enumerate(members):
                budget -= _unpack_member(archive, member, folder / f"{number:06d}", budget, path.name)
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError) as error:
        raise StudyError(f"{path.name}: the zip is damaged or of an unknown kind; pack it again") from error
    except OSError as error:
        raise StudyError(
            f"{path.name}: the zip can't be unpacked ({error.strerror or type(error).__name__})"
        ) from error


def _is_plain_file(member: zipfile.ZipInfo) -> bool:
    mode = member.external_attr >> 16
    if member.is_dir() or (stat.S_IFMT(mode) and not stat.S_ISREG(mode)):
        return False
    return "__MACOSX" not in PurePosixPath(member.filename).parts


def _unpack_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, folder: Path, budget: int, name: str) -> int:
    """Write one member and return its size; what it claims to be is not trusted, bytes are counted."""
    if member.flag_bits & _ENCRYPTED:
        raise StudyError(f"{name}: the zip is encrypted; give it unpacked")
    folder.mkdir()
    written = 0
    with archive.open(member) as source, (folder / _safe_name(member.filename)).open("wb") as target:
        while chunk := source.read(_CHUNK):
            written += len(chunk)
            if written > budget:
                raise StudyError(f"{name}: the zip grows beyond what is safe to unpack; give it unpacked")
            target.write(chunk)
    return written


def _safe_name(member: str) -> str:
    """Return a file name that any disk takes: the member's last part without odd characters, its end kept."""
    last = re.split(r"[/\\]", member)[-1]
    plain = re.sub(r'[\x00-\x1f<>:"|?*]', "_", last).strip(" .")[-80:]
    return plain or "file"
