"""All studies under a folder, by headers alone, for runs over thousands of them."""

from __future__ import annotations

from collections import abc, defaultdict
from dataclasses import dataclass
from pathlib import Path

import pydicom

from ovf_imaging.dicom import tags
from ovf_imaging.dicom.gather import WANTED
from ovf_imaging.dicom.identity import short_name
from ovf_imaging.dicom.listing import Kind, kind_of, walk
from ovf_imaging.errors import StudyError

_DIRECTORY_CLASS = "1.2.840.10008.1.3.10"


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyFiles:
    """One study of a folder, not yet read."""

    uid: str  # StudyInstanceUID, "" where there is none
    inputs: tuple[Path, ...]  # what read_study takes
    name: str  # short, stable, names no patient
    where: str  # path below the root, with "/", of the study's file or of the folder that holds all its files
    problem: str = ""  # why it can't be read, "" when its headers can


def find_studies(root: Path, *, skip: abc.Iterable[Path] = ()) -> tuple[StudyFiles, ...]:
    """Return every study under a folder, in the order of their places; pixels aren't read.

    DICOM files are grouped by StudyInstanceUID wherever they lie; each NIfTI file, picture and zip is a study of its
    own. A file that can't be read joins the only DICOM study of its folder, so that it is told there, else it is a
    study with a problem. `skip` names folders to leave out, such as the one results go to. Raises StudyError when
    the folder is absent or holds no study.
    """
    try:
        found = walk(root, {p.resolve() for p in skip}) if root.is_dir() else None
    except OSError as error:
        raise StudyError(f"{root}: no permission to read it ({error.strerror}); change its permissions") from error
    if found is None:
        return _single(root)
    broken = list(found.problems)
    by_uid: dict[str, list[Path]] = defaultdict(list)
    for path in found.files[Kind.DICOM]:
        uid, problem = _study_uid(path)
        if problem:
            broken.append((path, problem))
        elif uid is not None:
            by_uid[uid or f"in {path.parent}"].append(path)
    studies = _dicom_studies(root, by_uid, broken)
    flat = (*found.files[Kind.NIFTI], *found.files[Kind.PICTURE], *found.files[Kind.ZIP])
    studies += [_flat(root, path) for path in flat]
    if not studies:
        raise StudyError(f"{root}: no study found among {found.count} file(s); {WANTED}")
    return tuple(sorted(studies, key=lambda s: (s.where, s.name)))


def _single(path: Path) -> tuple[StudyFiles, ...]:
    """Return one file as a list of one study, so that a zip can be given where a folder is wanted."""
    try:
        kind = kind_of(path)
    except FileNotFoundError as error:
        raise StudyError(f"{path}: no such folder; check the path") from error
    except OSError as error:
        raise StudyError(f"{path}: can't be read ({error.strerror or type(error).__name__})") from error
    if kind is Kind.OTHER:
        raise StudyError(f"{path}: wanted a folder of studies, got a file that is no image; {WANTED}")
    return (_flat(path.parent, path),)


def _study_uid(path: Path) -> tuple[str | None, str]:
    """Return (StudyInstanceUID, "") or (None, reason); (None, "") for a DICOMDIR, which is no part of a study."""
    wanted = ["SOPClassUID", "StudyInstanceUID", "Modality"]
    try:
        with tags.quiet():
            ds = pydicom.dcmread(path, stop_before_pixels=True, force=True, specific_tags=wanted)
            meta = getattr(ds, "file_meta", None) or pydicom.Dataset()
            sop_class = tags.uid(ds, "SOPClassUID") or tags.uid(meta, "MediaStorageSOPClassUID")
            uid, modality = tags.uid(ds, "StudyInstanceUID"), tags.word(ds, "Modality")
    except OSError as error:
        return None, f"can't be read ({error.strerror or type(error).__name__})"
    except tags.BROKEN:
        return None, "damaged or truncated DICOM, its header can't be read"
    if sop_class == _DIRECTORY_CLASS:
        return None, ""
    if not sop_class and not modality:
        return None, "damaged or truncated DICOM, it ends before it says what it is"
    return uid, ""


def _dicom_studies(
    root: Path, by_uid: abc.Mapping[str, list[Path]], broken: abc.Iterable[tuple[Path, str]]
) -> list[StudyFiles]:
    folders: dict[Path, set[str]] = defaultdict(set)
    for uid, paths in by_uid.items():
        for path in paths:
            folders[path.parent].add(uid)
    joined: dict[str, list[Path]] = {uid: list(paths) for uid, paths in by_uid.items()}
    lost: list[StudyFiles] = []
    for path, problem in broken:
        here = folders.get(path.parent, set())
        if len(here) == 1 and path.is_file():
            joined[next(iter(here))].append(path)
            continue
        where = _where(root, path)
        lost.append(StudyFiles(uid="", inputs=(path,), name=short_name(where), where=where, problem=problem))
    return lost + [_dicom(root, uid, sorted(paths)) for uid, paths in joined.items()]


def _dicom(root: Path, uid: str, paths: abc.Sequence[Path]) -> StudyFiles:
    parents = [p.relative_to(root).parent.parts for p in paths]
    shared = _shared(parents)
    where = "/".join(shared) or "."
    named = "" if uid.startswith("in ") else uid
    return StudyFiles(uid=named, inputs=tuple(paths), name=short_name(named or where), where=where)


def _shared(parts: abc.Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """Return the folders that all paths begin with."""
    shared = parts[0]
    for other in parts[1:]:
        same = next((i for i, (a, b) in enumerate(zip(shared, other, strict=False)) if a != b), None)
        shared = shared[: min(len(shared), len(other)) if same is None else same]
    return shared


def _where(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name


def _flat(root: Path, path: Path) -> StudyFiles:
    where = _where(root, path)
    return StudyFiles(uid="", inputs=(path,), name=short_name(where), where=where)
