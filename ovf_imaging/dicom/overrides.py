"""What the user says of view, weighting and position wins over what was recognised."""

from __future__ import annotations

from collections import abc
from dataclasses import dataclass, replace

from ovf_imaging.dicom import nifti, pictures
from ovf_imaging.dicom.candidates import Candidate
from ovf_imaging.types import Caveat, Position, Sequence, Series, View

_DOUBTS = {"sequence-unknown", "sequence-from-words", "sequence-conflict", "t1-not-plain"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the user named; None = recognise it."""

    view: View | None = None
    sequence: Sequence | None = None
    position: Position | None = None

    def __post_init__(self) -> None:
        """Raise ValueError for a view or weighting that can't be asked for."""
        if self.view not in (None, View.LATERAL, View.SAGITTAL):
            raise ValueError(f"view wanted as lateral or sagittal, got {self.view}")
        if self.sequence in (Sequence.NONE, Sequence.UNKNOWN):
            raise ValueError(f"sequence wanted as t1, t2 or fluid, got {self.sequence}")


def apply(wish: Wish, candidates: abc.Sequence[Candidate]) -> tuple[Candidate, ...]:
    """Return the candidates as the user named them.

    In a study with several series a name is given to those that aren't recognised when one already is what was
    named, and to all it can fit when none is: a T1 beside the wanted T2 stays a T1.
    """
    out = tuple(candidates)
    if wish.view is not None:
        found = any(not c.code and c.series.view is wish.view for c in out)
        out = tuple(_with_view(c, wish.view, found) for c in out)
    if wish.sequence is not None:
        found = any(not c.code and c.series.sequence is wish.sequence for c in out)
        out = tuple(_with_sequence(c, wish.sequence, found) for c in out)
    if wish.position is not None:
        out = tuple(replace(c, series=replace(c.series, position=wish.position)) for c in out)
    return out


def is_film(series: Series) -> bool:
    """Tell whether a series is a DICOM film."""
    return series.sequence is Sequence.NONE


def _with_view(candidate: Candidate, view: View, found: bool) -> Candidate:
    series = candidate.series
    picture = series.modality == pictures.MODALITY
    fits = picture or is_film(series) == (view is View.LATERAL)
    if series.view is view or not fits or series.modality == nifti.MODALITY:
        return candidate
    if candidate.code and (found or not candidate.forced):
        return candidate
    known = candidate.what or (series.view.value if series.view is not View.UNKNOWN else "")
    caveats = tuple(c for c in series.caveats if c.code != "view-conflict")
    if known:
        text = f"taken as {view.value} because it was named so; the file says: {known}"
        caveats = (*caveats, Caveat(code="view-overridden", text=text, must_see=True))
    sequence = Sequence.NONE if view is View.LATERAL else series.sequence
    return replace(candidate, code="", what="", series=replace(series, view=view, sequence=sequence, caveats=caveats))


def _with_sequence(candidate: Candidate, sequence: Sequence, found: bool) -> Candidate:
    series = candidate.series
    known = series.sequence is not Sequence.UNKNOWN
    if is_film(series) or series.sequence is sequence or (found and known):
        return candidate
    caveats = tuple(c for c in series.caveats if c.code not in _DOUBTS)
    if known:
        text = f"MR weighting taken as {sequence.value} because it was named so; the file says {series.sequence.value}"
        caveats = (*caveats, Caveat(code="sequence-overridden", text=text))
    return replace(candidate, series=replace(series, sequence=sequence, caveats=caveats))
