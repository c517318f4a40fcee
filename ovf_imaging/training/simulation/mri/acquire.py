"""The examination: one patient, one protocol, three co-registered sequences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ovf_imaging.training.simulation.mri.coil import saturation, sensitivity, spine_column
from ovf_imaging.training.simulation.mri.composition import compose
from ovf_imaging.training.simulation.mri.constitution import Constitution, draw_constitution
from ovf_imaging.training.simulation.mri.echo import Timing, water_and_fat
from ovf_imaging.training.simulation.mri.metal import displace, field_shift_hz
from ovf_imaging.training.simulation.mri.protocol import SEQUENCES, Protocol, SlicePlan
from ovf_imaging.training.simulation.mri.readout import fold, read_slice
from ovf_imaging.training.simulation.mri.settings import MriSettings
from ovf_imaging.training.simulation.mri.slab import Part, Slab, Subject, fill_slab, plan_affine
from ovf_imaging.training.simulation.mri.tissues import substances
from ovf_imaging.training.simulation.volume import Tissue
from ovf_imaging.types import Affine, Sequence

WHITE = 1400.0  # stored value of the brightest percent, as scanners like to write them
_BRIGHTEST = 99.5  # percentile
_MOST_STORED = 4095  # 12 bits
_HALF = 0.5  # of a pixel, to belong to a mask
_STILL_MM = 30.0  # in front of the bodies, from where on the belly begins to move


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SequenceImage:
    """One sequence as stored."""

    sequence: Sequence
    pixels: NDArray[np.uint16]  # (S, H, W), rows head to foot, columns front to back
    affine: Affine  # (4, 4), (slice, row, column) to LPS mm
    timing: Timing


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scan:
    """Three sequences on the same slices, and what is true of their pixels."""

    images: Mapping[Sequence, SequenceImage]  # T1, T2, FLUID (STIR)
    labels: NDArray[np.uint8]  # (S, H, W), TPTBox level of the vertebral body
    oedema: NDArray[np.bool_]  # (S, H, W), at least half of the pixel is marrow with oedema
    cleft_gas: NDArray[np.bool_]  # (S, H, W)
    cleft_fluid: NDArray[np.bool_]  # (S, H, W)
    drawn: Mapping[str, Any]  # protocol and constitution as JSON values


def acquire(
    patient: Subject, protocol: Protocol, rng: np.random.Generator, constitution: Constitution | None = None
) -> Scan:
    """Return the patient's T1, T2 and STIR images; one render serves all three.

    Without a constitution one is drawn from the patient's truth with the default settings; hand one in to image the
    same patient again. Raises ValueError where the patient has no vertebral body.
    """
    if constitution is None:
        constitution = draw_constitution(rng, patient.truth(), MriSettings())
    slab = fill_slab(patient, protocol.plan)
    amounts = compose(slab, constitution, rng)
    received = sensitivity(slab, protocol.coil, rng)
    seen = received * saturation(slab, protocol.coil)
    scene = _Scene(
        amounts={name: part * seen for name, part in amounts.items()},
        belly=_belly(slab),
        moves=_moves(slab),
        shift_hz=_shift_hz(slab, protocol.field_t),
        correction=_inside(received, protocol.plan) ** np.float32(-protocol.coil.evened_out),
    )
    affine = plan_affine(protocol.plan, patient.truth())
    images = {
        s: SequenceImage(
            sequence=s, pixels=_stored(_measure(scene, protocol, s, rng)), affine=affine, timing=protocol.timings[s]
        )
        for s in SEQUENCES
    }
    return Scan(
        images=images,
        labels=_inside(slab.labels, protocol.plan),
        oedema=_inside(slab.oedema, protocol.plan) >= _HALF,
        cleft_gas=_inside(slab.part(Tissue.CLEFT_GAS), protocol.plan) >= _HALF,
        cleft_fluid=_inside(slab.part(Tissue.CLEFT_FLUID), protocol.plan) >= _HALF,
        drawn=_drawn(protocol, constitution),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Scene:
    """What the three sequences have in common; arrays reach beyond the field by what folds in."""

    amounts: Mapping[str, Part]  # of each substance (S, H, W), as the coil sees it
    belly: Part  # (H, W), 0–1: what breathes, most in front
    moves: Part  # (S, H, W), how much of the signal moves
    shift_hz: Part | None  # (S, H, W), None without metal
    correction: Part  # (1, H, W) of the field: factor that evens out the coil


def _measure(scene: _Scene, protocol: Protocol, sequence: Sequence, rng: np.random.Generator) -> Part:
    """Return one sequence's magnitude images (S, H, W)."""
    plan, readout = protocol.plan, protocol.readouts[sequence]
    breathing = protocol.breathing
    width_px = breathing.along_mm / plan.pixel_mm, breathing.across_mm / plan.pixel_mm
    echoes = _echoes(scene.amounts, protocol, sequence)
    slices = []
    for index in range(plan.slices):
        stack = np.stack([amount[index] for amount in scene.amounts.values()])
        water, fat = np.tensordot(echoes, stack, axes=(0, 0)).astype(np.float32)
        water, fat = (_breathed(part, scene.belly, width_px) for part in (water, fat))
        if scene.shift_hz is not None:
            axis = 1 - readout.phase_axis
            water = displace(water, scene.shift_hz[index], readout.bandwidth_hz, axis)
            fat = displace(fat, scene.shift_hz[index], readout.bandwidth_hz, axis)
        moving = fold((water + fat) * scene.moves[index], plan.wrap_px) if readout.ghost > 0 else None
        slices.append(read_slice(fold(water, plan.wrap_px), fold(fat, plan.wrap_px), moving, readout, rng))
    return np.asarray(np.stack(slices) * scene.correction)


def _echoes(amounts: Mapping[str, Part], protocol: Protocol, sequence: Sequence) -> NDArray[np.float32]:
    """Return (n, 2) echoes of water and of fat of each substance, in the order of `amounts`."""
    table, timing = substances(protocol.field_t), protocol.timings[sequence]
    return np.array([water_and_fat(table[name], table["lipid"], timing) for name in amounts], np.float32)


def _breathed(plane: Part, belly: Part, width_px: tuple[float, float]) -> Part:
    """Return a plane (H, W) whose belly is seen in all the places that breathing takes it to."""
    columns = slice(int(np.flatnonzero(belly.any(0)).max(initial=-1)) + 1)
    here = plane[:, columns]
    smeared = ndimage.gaussian_filter(here, width_px, truncate=2.0)
    breathed = plane.copy()
    breathed[:, columns] += belly[:, columns] * (smeared - here)
    return breathed


def _belly(slab: Slab) -> Part:
    """Return (H, W) 0–1: what lies in front of the spine breathes, the belly wall most."""
    ahead_mm = (spine_column(slab)[:, None] - np.arange(slab.shape[2])) * slab.step_mm[2]
    return np.asarray(np.clip((ahead_mm - _STILL_MM) / _STILL_MM, 0, 1), dtype=np.float32)


def _moves(slab: Slab) -> Part:
    """Return (S, H, W) 0–1: the belly wall moves most, vessels and CSF pulsate."""
    return np.asarray(np.maximum(_belly(slab)[None], 0.5 * slab.part(Tissue.VESSEL, Tissue.CSF)))


def _shift_hz(slab: Slab, field_t: float) -> Part | None:
    metal = slab.part(Tissue.METAL)
    return field_shift_hz(metal, slab.step_mm, field_t) if metal.any() else None


def _inside(pixels: NDArray[Any], plan: SlicePlan) -> NDArray[Any]:
    """Return (S, H, W) pixels without the rows and columns that lie beyond the field."""
    rows, columns = plan.wrap_px
    return pixels[:, rows : pixels.shape[1] - rows, columns : pixels.shape[2] - columns]


def _stored(magnitude: Part) -> NDArray[np.uint16]:
    white = float(np.percentile(magnitude[:, ::2, ::2], _BRIGHTEST))
    scaled = np.rint(magnitude * (WHITE / max(white, 1e-9)))
    return np.asarray(np.clip(scaled, 0, _MOST_STORED), dtype=np.uint16)


def _drawn(protocol: Protocol, constitution: Constitution) -> dict[str, Any]:
    """Return protocol and constitution as JSON values."""
    return {
        "field_t": protocol.field_t,
        "plan": _json(asdict(protocol.plan)),
        "timings": {s.value: asdict(t) for s, t in protocol.timings.items()},
        "readouts": {s.value: _json(asdict(r)) for s, r in protocol.readouts.items()},
        "coil": asdict(protocol.coil),
        "breathing": asdict(protocol.breathing),
        "constitution": _json(asdict(constitution)),
    }


def _json(value: Any) -> Any:
    """Return tuples as lists and keys as text, as JSON would write and read them."""
    if isinstance(value, Mapping):
        return {str(k): _json(v) for k, v in value.items()}
    return [_json(v) for v in value] if isinstance(value, tuple | list) else value
