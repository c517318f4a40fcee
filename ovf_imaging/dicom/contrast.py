"""MR weighting of a stack: tags first, the words of its descriptions second."""

from __future__ import annotations

from collections import abc

from ovf_imaging.dicom.frames import Contrast
from ovf_imaging.dicom.words import fold, listed, only_one, says, times_ms, without_levels
from ovf_imaging.types import Caveat, Sequence

_NAMED = {"T1": "t1", "T2": "t2", "STIR": "stir", "PROTON_DENSITY": "pd"}
_BASES = ("t1", "t2", "pd", "stir")
_WATER = frozenset({"W", "WATER", "DIXON_WATER"})
_NOT_ANATOMY = {  # ImageType or FrameType value → what such a series shows
    "F": "fat image of a Dixon series",
    "FAT": "fat image of a Dixon series",
    "FF": "fat fraction map",
    "FAT_FRACTION": "fat fraction map",
    "OP": "opposed-phase image",
    "OUT_PHASE": "opposed-phase image",
    "OPP_PHASE": "opposed-phase image",
    "OPPOSED_PHASE": "opposed-phase image",
    "ADC": "diffusion map",
    "TRACEW": "diffusion image",
    "DIFFUSION": "diffusion image",
    "PROJECTION IMAGE": "projection",
    "MIP": "projection",
    "SUBTRACTION": "subtraction image",
    "SUB": "subtraction image",
    "PHASE MAP": "phase map",
    "P": "phase image",
    "PHASE": "phase image",
    "R": "real part of a complex image",
    "I": "imaginary part of a complex image",
    "T1 MAP": "relaxation map",
    "T2 MAP": "relaxation map",
    "T2_STAR MAP": "relaxation map",
}


def not_anatomy(contrast: Contrast) -> str:
    """Return what an image shows when its ImageType says that it is no plain picture of anatomy, else ""."""
    if contrast.diffusion:
        return "diffusion image"
    named = sorted(_NOT_ANATOMY[kind] for kind in contrast.kinds if kind in _NOT_ANATOMY)
    return named[0] if named else ""


def sequence_of(contrast: Contrast, descriptions: abc.Iterable[str]) -> tuple[Sequence, tuple[Caveat, ...]]:
    """Return the weighting and what is doubtful about it.

    Fat-suppressed T2 or PD, STIR, TIRM and the water image of a T2 Dixon are fluid-sensitive; a fat-suppressed or
    contrast-enhanced T1 stays T1, with a caveat.
    """
    said, said_fat = _from_words(descriptions)
    told = _from_tags(contrast, said)
    base = told or said
    agree = told is None or said is None or said == told or (said == "stir" and told in ("t2", "pd"))
    if agree and said == "stir":
        base = "stir"
    fat = _suppressed(contrast) or (said_fat and agree)
    caveats: list[Caveat] = []
    if not agree:
        text = f"the tags of this series say {told}, its description says {said}; the tags were followed"
        caveats.append(Caveat(code="sequence-conflict", text=text))
    elif told is None and said is not None:
        caveats.append(
            Caveat(code="sequence-from-words", text="MR weighting taken from the description, not from tags")
        )
    sequence = _resolve(base, fat)
    if sequence is Sequence.T1 and (fat or contrast.agent):
        how = " and ".join([*(["fat-suppressed"] * fat), *(["contrast-enhanced"] * contrast.agent)])
        caveats.append(Caveat(code="t1-not-plain", text=f"this T1 series is {how}; its marrow signal is not plain T1"))
    if sequence is Sequence.UNKNOWN:
        what = "proton density without fat suppression" if base == "pd" else "not told by its tags or description"
        text = f"MR weighting of a series: {what}; name it with --sequence t1, t2 or fluid"
        caveats.append(Caveat(code="sequence-unknown", text=text))
    return sequence, tuple(caveats)


def _resolve(base: str | None, fat: bool) -> Sequence:
    if base == "stir" or (base in ("t2", "pd") and fat):
        return Sequence.FLUID
    return {"t1": Sequence.T1, "t2": Sequence.T2}.get(base or "", Sequence.UNKNOWN)


def _suppressed(contrast: Contrast) -> bool:
    options = {part for option in contrast.options for part in option.replace("\\", "/").split("/")}
    by_option = bool(options & set(listed("fat_suppression", "scan_options")))
    return contrast.suppressed or by_option or bool(contrast.kinds & _WATER)


def _from_words(descriptions: abc.Iterable[str]) -> tuple[str | None, bool]:
    """Return the base contrast and whether fat is suppressed, from the first description that names a contrast."""
    fat = False
    for description in descriptions:
        folded = without_levels(fold(description))
        fat = fat or says(folded, "contrast_words", "fat_suppressed")
        found = [base for base in _BASES if says(folded, "contrast_words", base)]
        if "stir" in found and "t1" not in found:
            return "stir", fat  # "T2 TIRM" is a TIRM
        if len(found) == 1:
            return found[0], fat
        if only_one(folded, ("sagittal", "other_planes")) and found:
            return None, fat  # a series' own description that names several contrasts decides nothing
    return None, fat


def _from_tags(contrast: Contrast, said: str | None) -> str | None:
    if contrast.named in _NAMED:
        return _NAMED[contrast.named]
    echo, repetition, inversion = contrast.echo_ms, contrast.repetition_ms, contrast.inversion_ms
    if "IR" in contrast.technique or inversion is not None or "tir" in contrast.sequence_name:
        decided = _from_inversion(contrast)
        if decided or inversion is None:
            return decided or ("stir" if said == "stir" else None)
    if contrast.technique & {"GR", "EP"}:
        return None  # echo and repetition time alone don't tell a gradient echo's weighting
    if echo is None or repetition is None:
        return "t2" if echo is not None and echo >= times_ms("t2_echo_min_ms") else None
    if repetition <= times_ms("t1_repetition_max_ms"):
        return "t1" if echo <= times_ms("t1_echo_max_ms") else None
    return "t2" if echo >= times_ms("t2_echo_min_ms") else "pd"


def _from_inversion(contrast: Contrast) -> str | None:
    """Tell STIR from T1 with an inversion pulse (T1 FLAIR, MPRAGE) by inversion, echo and repetition time."""
    echo, repetition, inversion = contrast.echo_ms, contrast.repetition_ms, contrast.inversion_ms
    if inversion is None:
        return None
    long_repetition = repetition is None or repetition > times_ms("t1_repetition_max_ms")
    if times_ms("stir_inversion_min_ms") <= inversion <= times_ms("stir_inversion_max_ms"):
        return "stir" if long_repetition and "GR" not in contrast.technique else None
    short_echo = echo is not None and echo <= times_ms("t1_echo_max_ms")
    if inversion > times_ms("stir_inversion_max_ms") and short_echo:
        limit = times_ms("t1_flair_repetition_max_ms")
        return "t1" if repetition is None or repetition <= limit else None
    return None
