"""What each finding looks like on each contrast: towards which of the picture's own tones, and how far."""

from __future__ import annotations

from dataclasses import dataclass

from ovf_imaging.types import Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Ink:
    """A change of grey value."""

    towards: str  # a field of Tones
    share: float  # of the way from the body's own tone to that one
    covers: bool = False  # replaces what was there, texture and all; otherwise the texture stays


def _shift(towards: str, share: float) -> Ink:
    return Ink(towards=towards, share=share)


def _cover(towards: str) -> Ink:
    return Ink(towards=towards, share=1.0, covers=True)


# Signs as Baur 2002 (oedema, fluid sign), Linn 2009 (gas and fluid clefts), Modic 1988 and Ross 1987 (haemangioma)
# describe them; the shares were set by eye beside the pictures of shared/data.
_T1 = {
    "oedema": _shift("fluid", 0.7),
    "fluid": _cover("fluid"),
    "sclerosis": _shift("void", 0.55),
    "haemangioma": _shift("fat", 0.6),
    "modic_1": _shift("fluid", 0.55),
    "modic_2": _shift("fat", 0.5),
    "modic_3": _shift("void", 0.5),
    "vein": _shift("fluid", 0.5),
}
_T2 = {
    "oedema": _shift("fluid", 0.3),
    "fluid": _cover("fluid"),
    "sclerosis": _shift("void", 0.5),
    "haemangioma": _shift("fluid", 0.55),
    "modic_1": _shift("fluid", 0.35),
    "modic_2": _shift("fat", 0.35),
    "modic_3": _shift("void", 0.45),
    "vein": _shift("fluid", 0.5),
}
_FLUID = {
    "oedema": _shift("fluid", 0.54),
    "fluid": _cover("fluid"),
    "sclerosis": _shift("void", 0.35),
    "haemangioma": _shift("fluid", 0.3),
    "modic_1": _shift("fluid", 0.5),
    "modic_2": _shift("void", 0.3),
    "modic_3": _shift("void", 0.4),
    "vein": _shift("fluid", 0.5),
}
_VOIDS = {"gas": _cover("void"), "cement": _cover("void"), "vacuum_disc": _cover("void")}
_FILM = {
    "gas": _shift("void", 0.9),
    "sclerosis": _shift("dense", 0.45),
    "cement": _shift("opaque", 0.85),
    "haemangioma": _shift("void", 0.35),
    "modic_3": _shift("dense", 0.4),
    "vacuum_disc": _shift("void", 0.6),
    "bowel_gas": _shift("void", 0.7),
}
INKS: dict[Sequence, dict[str, Ink]] = {
    Sequence.T1: _T1 | _VOIDS,
    Sequence.T2: _T2 | _VOIDS,
    Sequence.FLUID: _FLUID | _VOIDS,
    Sequence.NONE: _FILM,
}


def ink_of(kind: str, sequence: Sequence) -> Ink | None:
    """Return how a patch or the filling of a cleft is painted, None where it cannot be seen."""
    return INKS[sequence].get(kind.removesuffix("_diffuse").removesuffix("_band").removesuffix("_leak"))
