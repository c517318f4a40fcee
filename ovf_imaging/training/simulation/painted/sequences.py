"""Which contrast each real image shows; the files do not say."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ovf_imaging.training.simulation.painted.frame import frame_of
from ovf_imaging.training.simulation.painted.tones import canal_to_body
from ovf_imaging.types import Sequence

Array = NDArray[np.float64]

# Looked at one by one. T1: dark fluid, bright fat under the skin. Fluid-sensitive: bright fluid, fat darker than it.
# T2: both bright. 03 and 07 are the TIRMs of the patient of 02, 06 and 08.
_SPINEWEB = {
    "02": Sequence.T1,
    "03": Sequence.FLUID,
    "06": Sequence.T1,
    "07": Sequence.FLUID,
    "08": Sequence.T1,
    "10": Sequence.T1,
    "11": Sequence.T2,
    "15": Sequence.T2,
    "17": Sequence.T2,
}

# T1 slices of spineweb, lateral ones too, have at most 0.98; those of T2 through the canal about 1.4.
_T2_CANAL = 1.05


def volume_sequence(name: str) -> Sequence:
    """Return the contrast of a volume of `mri_vertebral_bodies`.

    The water images of myosegmentum count as fluid-sensitive: fluid and discs are brightest, fat gives no signal.
    """
    source, _, number = name.partition("_")
    known = {"zenodo22304": Sequence.T2, "myosegmentum": Sequence.FLUID}
    if source in known:
        return known[source]
    if source == "spineweb" and number in _SPINEWEB:
        return _SPINEWEB[number]
    raise ValueError(f"no contrast is known for the volume {name!r}; add it to sequences.py after a look at it")


def slice_sequence(pixels: NDArray[np.float32], labels: NDArray[np.uint8], landmarks: Mapping[int, Array]) -> Sequence:
    """Return T1 or T2 of a slice whose fat is not suppressed, by the brightness of the canal behind its bodies."""
    ratios = [
        canal_to_body(pixels, labels == level, frame_of(body))
        for level, body in landmarks.items()
        if not np.isnan(body).any() and (labels == level).any()
    ]
    return Sequence.T2 if ratios and np.median(ratios) > _T2_CANAL else Sequence.T1
