"""What lies under the paths given: files by kind, told by their content and never by their name.

The walk never leaves the root: links that point out of it, and linked folders, are not followed.
"""

from __future__ import annotations

import gzip
import os
import stat
import zlib
from collections import abc
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from ovf_imaging.errors import StudyError

_SNIFF = 1024
_NIFTI_MAGIC = (b"n+1\x00", b"ni1\x00", b"n+2\x00", b"ni2\x00")
_PICTURES = (b"\x89PNG", b"\xff\xd8\xff", b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")
_CLAIMS = (".dcm", ".dicom", ".ima", ".nii", ".nii.gz", ".png", ".jpg", ".jpeg", ".tif", ".tiff", ".zip")
_JUNK_FOLDERS = {"__MACOSX"}


class Kind(StrEnum):
    """What a file is by its first bytes."""

    DICOM = "DICOM"
    NIFTI = "NIfTI"
    PICTURE = "picture"
    ZIP = "zip"
    OTHER = "other"


@dataclass(slots=True, kw_only=True)
class Listing:
    """Files found, by kind, in an order that depends on names only; and what could not be looked at."""

    files: dict[Kind, list[Path]] = field(default_factory=lambda: {k: [] for k in Kind})
    problems: list[tuple[Path, str]] = field(default_factory=list)  # path, reason
    links: int = 0

    @property
    def count(self) -> int:
        """How many regular files were seen."""
        return sum(len(v) for v in self.files.values()) + len(self.problems)


def kind_of(path: Path) -> Kind:
    """Return what a file is by its content; OSError when it can't be opened."""
    with path.open("rb") as file:
        start = file.read(_SNIFF)
    if start[128:132] == b"DICM":
        return Kind.DICOM
    if start[:4] == b"PK\x03\x04" or start[:4] == b"PK\x05\x06":
        return Kind.ZIP
    if start[:2] == b"\x1f\x8b":
        start = _gunzip_start(path)
    if start[344:348] in _NIFTI_MAGIC[:2] or start[4:8] in _NIFTI_MAGIC[2:]:
        return Kind.NIFTI
    if start.startswith(_PICTURES):
        return Kind.PICTURE
    return Kind.DICOM if _starts_like_dicom(start) else Kind.OTHER


def _gunzip_start(path: Path) -> bytes:
    try:
        with gzip.open(path) as file:
            return file.read(_SNIFF)
    except (OSError, EOFError, zlib.error):
        return b""


def _starts_like_dicom(start: bytes) -> bool:
    """Tell whether a file without the DICM mark starts with an element of group 2 or 8 in any encoding."""
    if len(start) < 16 or start[:4] in (b"\x00\x00\x00\x00",):
        return False
    little, big = start[:2] in (b"\x02\x00", b"\x08\x00"), start[:2] in (b"\x00\x02", b"\x00\x08")
    if not (little or big):
        return False
    if start[4:6].isalpha() and start[4:6].isupper():
        return True
    length = int.from_bytes(start[4:8], "little" if little else "big")
    return length < _SNIFF and start[3 if little else 2] == 0


def listing_of(path: Path) -> Listing:
    """Return what a file or folder holds. Raises StudyError when the path is absent, closed or no file or folder."""
    out = Listing()
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            _walk(path, out)
        elif stat.S_ISREG(mode):
            out.files[kind_of(path)].append(path)
        else:
            raise StudyError(f"{path.name}: neither a file nor a folder; give a DICOM, NIfTI, picture or zip file")
    except FileNotFoundError as error:
        raise StudyError(f"{path}: no such file or folder; check the path") from error
    except PermissionError as error:
        raise StudyError(f"{path}: no permission to read it; change its permissions or copy it") from error
    except OSError as error:
        raise StudyError(f"{path}: can't be read ({error.strerror or type(error).__name__})") from error
    return out


def _walk(root: Path, out: Listing, skip: abc.Container[Path] = ()) -> None:
    """Fill the listing from a folder; a root that can't be listed raises, a folder below it is a problem."""
    os.scandir(root).close()
    home = root.resolve()
    for folder, folders, names in os.walk(root, onerror=lambda e: out.problems.append(_closed(e))):
        here = Path(folder)
        out.links += sum((here / f).is_symlink() for f in folders)
        folders[:] = sorted(f for f in folders if f not in _JUNK_FOLDERS and (here / f).resolve() not in skip)
        for name in sorted(names):
            if not name.startswith("._"):
                _take(here / name, home, out)


def walk(root: Path, skip: abc.Container[Path] = ()) -> Listing:
    """Return what a folder holds, leaving out folders to skip."""
    out = Listing()
    _walk(root, out, skip)
    return out


def _closed(error: OSError) -> tuple[Path, str]:
    return Path(error.filename or "?"), f"folder can't be opened ({error.strerror or type(error).__name__})"


def _take(path: Path, home: Path, out: Listing) -> None:
    try:
        if path.is_symlink() and not path.resolve().is_relative_to(home):
            out.links += 1
            return
        if not stat.S_ISREG(path.stat().st_mode):
            return
        kind = kind_of(path)
    except OSError as error:
        out.problems.append((path, f"can't be read ({error.strerror or type(error).__name__})"))
        return
    if kind is Kind.OTHER and path.name.casefold().endswith(_CLAIMS):
        out.problems.append((path, what_is_wrong(path)))
    else:
        out.files[kind].append(path)


def what_is_wrong(path: Path) -> str:
    """Return why a file is nothing we can read, in words that follow its name."""
    with path.open("rb") as file:
        start = file.read(_SNIFF)
    if not start:
        return "empty file (0 bytes)"
    name = path.name.casefold()
    claim = next((c for c in sorted(_CLAIMS, key=len, reverse=True) if name.endswith(c)), "")
    text = b"\x00" not in start and sum(c < 9 for c in start) == 0
    holds = "text" if text else "something else"
    return f"named {claim} but it holds {holds}" if claim else f"no DICOM, NIfTI, PNG, JPEG, TIFF or zip ({holds})"
