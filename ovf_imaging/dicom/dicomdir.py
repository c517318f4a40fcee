"""DICOMDIR as a hint only: which of the files it names are missing. What is read is what lies on the disk."""

from __future__ import annotations

from pathlib import Path

import pydicom

from ovf_imaging.dicom import tags
from ovf_imaging.types import Caveat


def dicomdir_caveats(path: Path, found: set[Path]) -> tuple[Caveat, ...]:
    """Return caveats that count the files a DICOMDIR names which aren't there, or lie outside its folder.

    Names are compared without case and with ".dcm" taken off, as discs are copied that way.
    """
    try:
        with tags.quiet():
            ds = pydicom.dcmread(path, force=True)
            records = tags.items(ds, "DirectoryRecordSequence")
            named = [tuple(t for t in tags.texts(r, "ReferencedFileID") if t) for r in records]
    except (OSError, *tags.BROKEN):
        text = "the DICOMDIR can't be read; the files were found without it"
        return (Caveat(code="dicomdir-unreadable", text=text),)
    here = {_key(f.relative_to(path.parent).parts) for f in found if f.is_relative_to(path.parent)}
    wanted = [parts for parts in named if parts]
    outside = [p for p in wanted if ".." in p or any("/" in part or "\\" in part or ":" in part for part in p)]
    missing = [p for p in wanted if p not in outside and _key(p) not in here]
    out: list[Caveat] = []
    if missing:
        text = f"the DICOMDIR names {len(missing)} file(s) that are missing"
        out.append(Caveat(code="dicomdir-missing", text=text, must_see=True))
    if outside:
        text = f"the DICOMDIR names {len(outside)} file(s) outside its folder; they were not read"
        out.append(Caveat(code="dicomdir-outside", text=text))
    return tuple(out)


def _key(parts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(p.casefold().removesuffix(".dcm").rstrip(".") for p in parts)
