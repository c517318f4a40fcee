"""The worklist: what lies in a folder of cases, one row a study, whatever state it is in."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from ovf_imaging import Case, OVFError, case_from_json, words

CASE_FILE = "case.json"
ERRORS_FILE = "errors.csv"


class Status(StrEnum):
    """Where a study stands."""

    READ = "Assessed"
    CAVEATS = "Assessed, see caveats"
    FAILED = "Failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One study of the worklist. `key` goes into the address; it holds nothing of the patient."""

    key: str
    study: str  # hash of the study's UID, or the folder's name where the case can't be read
    status: Status
    folder: Path | None = None  # None: only errors.csv knows of it
    taken: datetime | None = None
    views: str = ""
    worst: str = ""
    fractured: bool = False
    caveats: int = 0
    reason: str = ""


def case_folders(root: Path) -> tuple[Path, ...]:
    """Return every folder that holds a case: the root itself, its children and theirs, in order of name."""
    found = {path.parent for pattern in ("", "*/", "*/*/") for path in root.glob(pattern + CASE_FILE)}
    return tuple(sorted(f for f in found if not any(part.startswith(".") for part in f.relative_to(root).parts)))


def stamp(folder: Path) -> tuple[int, int]:
    """Return when a case was last written and its size, so that a changed case is read again."""
    try:
        status = (folder / CASE_FILE).stat()
    except OSError:
        return 0, 0
    return status.st_mtime_ns, status.st_size


def row_of(folder: Path, root: Path) -> Row:
    """Return a case's row; a case that can't be read becomes a failed row with its reason."""
    key = hashlib.sha256(folder.relative_to(root).as_posix().encode()).hexdigest()[:16]
    try:
        case = case_from_json((folder / CASE_FILE).read_text(encoding="utf-8"))  # the pixels stay on the disk
    except (OVFError, OSError, UnicodeDecodeError) as error:
        return Row(key=key, study=folder.name, status=Status.FAILED, folder=folder, reason=str(error))
    return _row(case, folder, key)


def _row(case: Case, folder: Path, key: str) -> Row:
    caveats = case.all_caveats()
    return Row(
        key=key,
        study=words.study_mark(case.study.uid),
        status=Status.CAVEATS if any(c.must_see for c in caveats) else Status.READ,
        folder=folder,
        taken=case.study.taken,
        views=words.images_read(case),
        worst=_worst_text(case),
        fractured=bool(words.fractured_levels(case)),
        caveats=len(caveats),
    )


def _worst_text(case: Case) -> str:
    worst = next((f for f in words.ranked(case.assessment.findings) if f.fractured), None)
    return words.summary(case) if worst is None else f"{words.level_name(worst.level)} · {words.headline(worst)}"


def failures(root: Path) -> tuple[Row, ...]:
    """Return a row for each study that errors.csv names as failed."""
    return tuple(_failures(root / ERRORS_FILE))


def _failures(path: Path) -> Iterator[Row]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return
    for number, entry in enumerate(csv.DictReader(io.StringIO(text))):
        key = hashlib.sha256(f"{ERRORS_FILE}:{number}".encode()).hexdigest()[:16]
        yield Row(key=key, study=entry.get("study") or "?", status=Status.FAILED, reason=entry.get("reason") or "")
