"""Where oedema and sclerosis lie in a fractured body."""

from __future__ import annotations

import numpy as np

from ovf_imaging.training.simulation.anatomy.collapse import Field
from ovf_imaging.training.simulation.anatomy.form import Form
from ovf_imaging.training.simulation.anatomy.vertebra import Vertebra

_SOFT = 0.1  # over which it fades
_STEP = 24  # samples along each axis for the part of the marrow


def oedema(vertebra: Vertebra, s: Field, t: Field) -> Field:
    """Return oedema (0–1) in a body.

    s is 0 in front and 1 at the back; t is 0 at the inferior and 1 at the superior endplate.
    """
    fracture = vertebra.fracture
    if fracture is None or fracture.oedema == "none":
        return np.zeros(np.broadcast_shapes(s.shape, t.shape), dtype=t.dtype)
    if fracture.oedema == "whole":
        return np.broadcast_to(np.clip(1.05 - 0.35 * s, 0, 1), np.broadcast_shapes(s.shape, t.shape))
    wave = 0.06 * np.sin(7 * s + 3 * vertebra.level)
    fields = [np.clip((fracture.band + wave - d) / _SOFT, 0, 1) for d in _depths(fracture.endplates, t)]
    return np.asarray(np.maximum.reduce(fields))


def sclerosis(vertebra: Vertebra, t: Field) -> Field:
    """Return how dense the bone under a broken endplate is, 0–1: impaction when fresh, callus when old."""
    fracture = vertebra.fracture
    if fracture is None:
        return np.zeros_like(t)
    width = 0.10 if fracture.age == "fresh" else 0.16
    bands = [np.exp(-((d / width) ** 2)) for d in _depths(fracture.endplates, t)]
    return np.asarray(np.maximum.reduce(bands))


def oedema_part(vertebra: Vertebra, form: Form) -> float:
    """Return the part of the body's marrow that is oedema, measured on its template."""
    fracture = vertebra.fracture
    if fracture is None or fracture.oedema == "none":
        return 0.0
    ruler = (np.arange(_STEP) + 0.5) / _STEP
    s, t = np.meshgrid(ruler, ruler, indexing="ij")
    return float(oedema(vertebra, s, t).mean())


def _depths(endplates: tuple[str, ...], t: Field) -> list[Field]:
    return [1 - t if endplate == "superior" else t for endplate in endplates]
