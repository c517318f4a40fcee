"""Marrow oedema: where a body is brighter than healthy ones on the fluid-sensitive image."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy import ndimage

from ovf_imaging.knowledge.marrow import marrow
from ovf_imaging.measure.signals.regions import Region
from ovf_imaging.measure.signals.views import INSIDE, Grid
from ovf_imaging.types import Sequence as Contrast

_RIM = np.s_[:, 3:-3, 2:-2]  # of INSIDE: without the partial volume of discs and vessels


def oedema_region(ratios: Mapping[Contrast, Grid], csf: Mapping[Contrast, float]) -> Region:
    """Return the raised marrow of a body; `ratios` are signals against normal marrow, `csf` those of CSF."""
    smooth = ndimage.gaussian_filter(ratios[Contrast.FLUID], (0, 1.5, 1.5))[INSIDE]
    raised = smooth >= marrow().raised_at
    inner = smooth[_RIM]
    t1 = ratios.get(Contrast.T1)
    features = {
        "extent": float(raised[_RIM].mean()),
        "median": float(np.log(max(float(np.median(inner)), 0.01))),
        "upper": float(np.log(max(float(np.percentile(inner, 80)), 0.01))),
        "t1": 0.0 if t1 is None else float(np.log(max(float(np.median(t1[INSIDE])), 0.01))),
    }
    mask = np.zeros_like(raised)
    mask[_RIM] = raised[_RIM]
    return Region(mask=mask, features=features)
