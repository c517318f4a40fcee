"""What the inputs hold, zips unpacked and headers read: everything a study is made from."""

from __future__ import annotations

from collections import abc
from dataclasses import dataclass, field
from pathlib import Path

from ovf_imaging.dicom.archive import unpacked
from ovf_imaging.dicom.dicomdir import dicomdir_caveats
from ovf_imaging.dicom.header import Header, read_header
from ovf_imaging.dicom.listing import Kind, Listing, listing_of, what_is_wrong
from ovf_imaging.dicom.roles import NO_PIXELS, is_dicomdir, part_of
from ovf_imaging.errors import StudyError
from ovf_imaging.types import Caveat

WANTED = "give a DICOM file or folder, a zip, a NIfTI volume, or a PNG, JPEG or TIFF picture"


@dataclass(slots=True, kw_only=True)
class Pool:
    """All that was found under the inputs."""

    headers: list[Header] = field(default_factory=list)
    named: list[Path] = field(default_factory=list)  # NIfTI and pictures given by name, in the order given
    beside: list[Path] = field(default_factory=list)  # NIfTI and pictures found in a folder
    niftis: set[Path] = field(default_factory=set)
    problems: list[tuple[Path, str]] = field(default_factory=list)
    caveats: list[Caveat] = field(default_factory=list)
    seen: int = 0  # files looked at


def gather(inputs: abc.Iterable[Path]) -> Pool:
    """Return what lies under the inputs; StudyError when a path is absent or one that stands alone can't be read."""
    pool = Pool()
    paths = list(dict.fromkeys(inputs))
    if not paths:
        raise ValueError("no input: wanted at least one path")
    for path in paths:
        start = path.parent if path.name.upper() == "DICOMDIR" and path.is_file() else path
        _take(listing_of(start), start, pool, alone=len(paths) == 1)
    return pool


def _take(found: Listing, start: Path, pool: Pool, *, alone: bool) -> None:
    pool.seen += found.count
    is_file = start.is_file()
    if found.files[Kind.OTHER] and is_file:
        pool.problems.append((start, what_is_wrong(start)))
    pool.problems += found.problems
    _read_headers(found, start, pool)
    pictures = [*found.files[Kind.NIFTI], *found.files[Kind.PICTURE]]
    pool.niftis.update(found.files[Kind.NIFTI])
    (pool.named if is_file else pool.beside).extend(pictures)
    if found.links:
        text = f"{found.links} link(s) that lead out of the folder were not followed"
        pool.caveats.append(Caveat(code="links-not-followed", text=text))
    _take_zips(found.files[Kind.ZIP], start, pool, alone=alone)


def _take_zips(zips: list[Path], start: Path, pool: Pool, *, alone: bool) -> None:
    """Read a zip that was named, or the only thing in its folder; others are set aside."""
    nothing_else = not (pool.headers or pool.named or pool.beside)
    if not zips:
        return
    if start.is_file() or (len(zips) == 1 and nothing_else):
        try:
            folder = unpacked(zips[0])
        except StudyError as error:
            if alone:
                raise
            pool.problems.append((zips[0], str(error).split(": ", 1)[-1]))
            return
        inner = listing_of(folder)
        empty = inner.count == 0
        if inner.files[Kind.ZIP]:
            text = f"{len(inner.files[Kind.ZIP])} zip(s) inside the zip were not opened"
            pool.caveats.append(Caveat(code="zip-set-aside", text=text, must_see=True))
            inner.files[Kind.ZIP].clear()
        _take(inner, folder, pool, alone=alone)
        if empty:
            pool.problems.append((zips[0], "the zip holds no files that can be read"))
        return
    text = f"{len(zips)} zip(s) in the folder were not opened; give them by name"
    pool.caveats.append(Caveat(code="zip-set-aside", text=text, must_see=True))


def _read_headers(found: Listing, start: Path, pool: Pool) -> None:
    files = {f for group in found.files.values() for f in group} | {p for p, _ in found.problems}
    odd = 0
    for path in found.files[Kind.DICOM]:
        try:
            header = read_header(path)
        except StudyError as error:
            pool.problems.append((path, str(error)))
            continue
        if is_dicomdir(header):
            if start.is_dir():
                pool.caveats += dicomdir_caveats(path, files)
            continue
        if not header.complete or part_of(header).code == NO_PIXELS:
            pool.problems.append((path, "truncated, the file ends before its pixels do"))
            continue
        odd += header.odd
        pool.headers.append(header)
    if odd:
        text = f"the headers of {odd} file(s) break DICOM's rules; what could be read of them was used"
        pool.caveats.append(Caveat(code="header-invalid", text=text))
