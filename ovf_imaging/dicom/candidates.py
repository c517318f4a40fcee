"""From headers to candidates: series that can be used, and what is set aside with its reason."""

from __future__ import annotations

from collections import abc, defaultdict
from dataclasses import dataclass, replace

from pydicom.uid import DigitalXRayImageStorageForProcessing, SecondaryCaptureImageStorage

from ovf_imaging.dicom.contrast import sequence_of
from ovf_imaging.dicom.header import Header
from ovf_imaging.dicom.roles import Part, Role, part_of
from ovf_imaging.dicom.stacks import Stack, is_copy, stacks_of
from ovf_imaging.dicom.views import film_view, position_of
from ovf_imaging.types import Caveat, Sequence, Series, View

_MUST_SEE = {"sheared", "unordered", "ambiguous"}  # reasons that may hide the very series that was wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A series, and when it can't be used as it is, the stem of a caveat code and what it is in words."""

    series: Series
    code: str = ""
    what: str = ""
    count: int = 1  # slices or files
    unit: str = "slice"
    forced: bool = False  # True where --view may still make it usable


def without_copies(headers: abc.Iterable[Header]) -> tuple[list[Header], tuple[Caveat, ...]]:
    """Return each SOP instance once, in an order that doesn't depend on file names, and what was found twice."""
    kept: dict[str, list[Header]] = defaultdict(list)
    dropped = same_uid = 0
    for header in sorted(headers, key=lambda h: (h.series_number, h.series_uid, h.instance_number or 0, h.sop_uid)):
        twins = kept[header.sop_uid] if header.sop_uid else []
        if any(is_copy(header, twin) for twin in twins):
            dropped += 1
            continue
        same_uid += bool(twins)
        kept[header.sop_uid].append(header)
    caveats: list[Caveat] = []
    if dropped:
        text = f"{dropped} file(s) are copies of others (same SOPInstanceUID) and were left out"
        caveats.append(Caveat(code="duplicates-left-out", text=text))
    if same_uid:
        text = f"{same_uid} file(s) share a SOPInstanceUID with a different image; all were kept"
        caveats.append(Caveat(code="uid-not-unique", text=text))
    return [h for group in kept.values() for h in group], tuple(caveats)


def candidates_of(headers: abc.Iterable[Header]) -> tuple[Candidate, ...]:
    """Return the candidates of one study, series by series."""
    groups: dict[tuple[object, ...], list[Header]] = defaultdict(list)
    for header in headers:
        groups[(header.series_number, header.series_uid, part_of(header))].append(header)
    out: list[Candidate] = []
    for (_, _, part), members in sorted(groups.items(), key=lambda g: (g[0][0], g[0][1], str(g[0][2]))):
        out += _of_group(part, members)  # type: ignore[arg-type]
    return _presentation_first(out)


def _of_group(part: Part, headers: list[Header]) -> list[Candidate]:
    if part.role is Role.MR:
        return [_from_stack(stack) for stack in stacks_of(headers)]
    if part.role is Role.FILM:
        return [_film(h) for h in sorted(headers, key=lambda h: (h.instance_number or 0, h.sop_uid))]
    what = part.what
    if part.code == "ct" and any(s.aside_code == "sheared" for s in stacks_of(headers)):
        what = f"{what}, a sheared stack,"
    first = headers[0]
    series = Series(
        uid=first.series_uid,
        view=View.UNKNOWN,
        sequence=Sequence.UNKNOWN,
        position=position_of(first),
        files=tuple(h.path for h in headers),
        modality=first.modality,
    )
    return [Candidate(series=series, code=part.code, what=what, count=len(headers), unit="file")]


def _from_stack(stack: Stack) -> Candidate:
    first = stack.frames[0]
    header = first.header
    sequence, doubts = sequence_of(first.slice.contrast, (*header.descriptions, *header.study_descriptions))
    files = tuple(f.header.path for f in stack.frames)
    many = any(f.header.frames > 1 for f in stack.frames)
    series = Series(
        uid=header.series_uid,
        view=stack.view,
        sequence=sequence,
        position=position_of(header),
        files=files[:1] if many and len(set(files)) == 1 else files,
        modality="MR",
        frames=tuple(f.index for f in stack.frames) if many else (),
        caveats=(*stack.caveats, *doubts),
    )
    count = len(stack.frames)
    if stack.aside_code:
        return Candidate(series=series, code=stack.aside_code, what=stack.aside, count=count)
    if stack.view in (View.AXIAL, View.CORONAL):
        return Candidate(series=series, code=stack.view.value, what=f"{stack.view.value} MR", count=count)
    oblique = stack.view is View.UNKNOWN and first.slice.orientation is not None
    if oblique:
        return Candidate(series=series, code="oblique", what="oblique MR", count=count, forced=True)
    return Candidate(series=series, count=count)


def _film(header: Header) -> Candidate:
    view, oblique, caveats = film_view(header)
    if header.sop_class == DigitalXRayImageStorageForProcessing:
        text = "this film is raw detector data (for processing): its grey values are not those of a finished film"
        caveats = (*caveats, Caveat(code="film-for-processing", text=text, must_see=True))
    if header.sop_class.startswith(SecondaryCaptureImageStorage):
        text = "this film was digitised from a print; its grey values and scale are those of the scanner"
        caveats = (*caveats, Caveat(code="film-digitised", text=text, must_see=True))
    series = Series(
        uid=header.series_uid,
        view=view,
        sequence=Sequence.NONE,
        position=position_of(header),
        files=(header.path,),
        modality=header.modality or "DX",
        caveats=caveats,
    )
    if view is View.FRONTAL:
        return Candidate(series=series, code="frontal", what="frontal film", unit="file", forced=True)
    if oblique:
        return Candidate(series=series, code="oblique", what="oblique film", unit="file", forced=True)
    return Candidate(series=series, unit="file")


def _presentation_first(candidates: list[Candidate]) -> tuple[Candidate, ...]:
    """Set raw films aside where the study has finished ones."""

    def raw(c: Candidate) -> bool:
        return any(v.code == "film-for-processing" for v in c.series.caveats)

    finished = any(c.series.sequence is Sequence.NONE and not c.code and not raw(c) for c in candidates)
    what = "raw film (for processing) beside its finished one"
    return tuple(replace(c, code="raw", what=what) if finished and raw(c) and not c.code else c for c in candidates)


def aside_caveats(candidates: abc.Iterable[Candidate]) -> tuple[Caveat, ...]:
    """Return one caveat for each kind of thing that was set aside, with its count and reason."""
    return tuple(
        Caveat(code=f"{code}-set-aside", text=f"set aside: {text}", must_see=code in _MUST_SEE)
        for code, text in aside_texts(candidates)
    )


def aside_texts(candidates: abc.Iterable[Candidate]) -> tuple[tuple[str, str], ...]:
    """Return (code, "2 axial MR series (40 slices)") for each kind of thing set aside."""
    groups: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    for c in candidates:
        if c.code:
            groups[(c.code, c.what, c.unit)].append(c.count)
    out = []
    for (code, what, unit), counts in groups.items():
        total = sum(counts)
        plural = "" if total == 1 else "s"
        out.append((code, f"{what} ({total} {unit}{plural})"))
    return tuple(out)
