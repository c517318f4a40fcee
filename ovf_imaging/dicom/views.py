"""View of a film, plane of a slice, and how the patient was held: tags first, words second."""

from __future__ import annotations

from collections import abc

from ovf_imaging.dicom.frames import Triple
from ovf_imaging.dicom.header import Header
from ovf_imaging.dicom.words import fold, listed, only_one, says
from ovf_imaging.types import Caveat, Position, View

_FILM_VIEWS = ("lateral", "frontal", "oblique")
_POSITIONS = ("flexion", "extension", "standing", "supine", "neutral")
_PLANE_COSINE = 0.8  # a slice whose normal is farther than 37° from an axis of the body belongs to no plane
_SIDES = {"A": "lateral", "P": "lateral", "L": "frontal", "R": "frontal"}


def normal_of(orientation: tuple[Triple, Triple]) -> Triple:
    """Return the unit normal of a slice, row direction × column direction, LPS."""
    (a, b, c), (d, e, f) = orientation
    return b * f - c * e, c * d - a * f, a * e - b * d


def plane_of(orientation: tuple[Triple, Triple]) -> View:
    """Return the plane nearest to a slice, UNKNOWN when it is oblique to all three."""
    normal = [abs(v) for v in normal_of(orientation)]
    best = max(range(3), key=normal.__getitem__)
    if normal[best] < _PLANE_COSINE:
        return View.UNKNOWN
    return (View.SAGITTAL, View.CORONAL, View.AXIAL)[best]


def plane_from_words(descriptions: abc.Iterable[str]) -> View:
    """Return SAGITTAL when the descriptions say so and name no other plane, else UNKNOWN."""
    for description in descriptions:
        if only_one(fold(description), ("sagittal", "other_planes")) == "sagittal":
            return View.SAGITTAL
    return View.UNKNOWN


def is_localiser(header: Header, kinds: abc.Set[str]) -> bool:
    """Tell whether ImageType or the series' own description calls it a localiser."""
    return bool(kinds & {"LOCALIZER", "LOCALISER", "SCOUT"}) or any(
        says(fold(d), "localiser") for d in header.descriptions[:1]
    )


def film_view(header: Header) -> tuple[View, bool, tuple[Caveat, ...]]:
    """Return a film's view, whether it is known to be oblique, and the caveat that tags and words disagree.

    ViewPosition, ViewCodeSequence and PatientOrientation must not contradict each other or the series' description:
    they are typed by hand or left at the room's default, so the picture itself has to decide then. What was ordered
    (the study's description) counts only where nothing else is told.
    """
    told = {_by_position(header.view_position), _by_code(header.view_words), _by_side(header.patient_orientation)}
    found = {v for v in (*told, _said(header.descriptions)) if v} or {
        v for v in (_said(header.study_descriptions),) if v
    }
    if len(found) > 1:
        text = (
            f"tags and description of a film disagree on its view ({', '.join(sorted(found))}); it was taken as unknown"
        )
        return View.UNKNOWN, False, (Caveat(code="view-conflict", text=text, must_see=True),)
    view = found.pop() if found else ""
    return {"lateral": View.LATERAL, "frontal": View.FRONTAL}.get(view, View.UNKNOWN), view == "oblique", ()


def _said(descriptions: abc.Iterable[str]) -> str | None:
    return next((v for v in (only_one(fold(d), _FILM_VIEWS) for d in descriptions) if v), None)


def _by_position(position: str) -> str | None:
    plain = fold(position).strip()
    for view in _FILM_VIEWS:
        if any(fold(p).strip() == plain for p in listed(view, "positions")):
            return view
    return only_one(fold(position), _FILM_VIEWS)


def _by_code(words: str) -> str | None:
    tokens = set(words.split())
    for view in ("oblique", "lateral", "frontal"):
        if tokens & set(listed(view, "codes")):
            return view
    return only_one(fold(words), _FILM_VIEWS)


def _by_side(patient_orientation: tuple[str, ...]) -> str | None:
    """Return the view that the letters of PatientOrientation allow: a lateral film runs front to back one way."""
    views = {_SIDES[v[0]] for v in patient_orientation if v and v[0] in _SIDES}
    return views.pop() if len(views) == 1 and len(patient_orientation) == 2 else None


def position_of(header: Header) -> Position:
    """Return how the patient was held, from words first, as PatientPosition only says how they lay in the magnet."""
    for description in (header.stance_words, *header.descriptions, *header.study_descriptions):
        found = position_from_words(description)
        if found is not Position.UNKNOWN:
            return found
    tokens = set(header.stance_words.split())
    for entry in ("standing", "supine"):
        if tokens & set(listed(entry, "codes")):
            return Position(entry)
    if header.modality == "MR":
        lying = header.patient_position in listed("supine", "patient_positions")
        return Position.SUPINE if lying else Position.UNKNOWN
    return position_from_words(header.path.stem)  # a film that says nothing of it, named flexion.dcm


def position_from_words(description: str) -> Position:
    """Return the one position that a text names, UNKNOWN for none or several; bending outweighs standing."""
    folded = fold(description)
    found = [p for p in _POSITIONS if says(folded, p)]
    bent = [p for p in found if p in ("flexion", "extension")]
    if bent:
        return Position(bent[0]) if len(bent) == 1 else Position.UNKNOWN
    held = [p for p in found if p != "neutral"] or found
    return Position(held[0]) if len(held) == 1 else Position.UNKNOWN
