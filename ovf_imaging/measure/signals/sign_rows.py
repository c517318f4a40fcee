"""Rows of clefts, oedema and marrow signal: from the signs that a reading carries and a few pixels of each body."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ovf_imaging.knowledge.marrow import marrow
from ovf_imaging.measure.rows import row
from ovf_imaging.measure.signals.frame import BodyFrame, framed_bodies
from ovf_imaging.measure.signals.normal import CONTRASTS, canal_end, fluid_ratio, healthy, neighbours, references
from ovf_imaging.types import Caveat, Image, Measurement, Reading, Sign, SignKind, Vertebra
from ovf_imaging.types import Sequence as Contrast

Array = NDArray[np.float64]

_PLACES = np.concatenate(  # (2, M) s, t: well inside the body, then behind it
    [
        np.reshape(np.meshgrid(np.linspace(0.15, 0.85, 13), np.linspace(0.2, 0.8, 13)), (2, -1)),
        np.reshape(np.meshgrid(np.linspace(1.06, 1.5, 10), np.linspace(-0.3, 1.3, 14)), (2, -1)),
    ],
    axis=1,
)
_BODY_PLACES = 13 * 13
_UNKNOWN = float("nan")
_NO_HEALTHY = Caveat(
    code="no-healthy-body", text="Too few healthy bodies are in view to compare signals with, so no ratio is given."
)
_NO_CSF = Caveat(code="csf-not-found", text="No cerebrospinal fluid was found behind the bodies to compare with.")
_NOT_TOLD = {
    SignKind.CLEFT: Caveat(
        code="cleft-not-told", text="No cleft can be told or ruled out on the series at hand; fluid wants a T2 or STIR."
    ),
    SignKind.OEDEMA: Caveat(
        code="oedema-not-told", text="Without a fluid-sensitive series (STIR, fat-suppressed T2) no oedema can be told."
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Signals:
    """An image's marrow and CSF; arrays are (N,), NaN where it can't be told."""

    vertebrae: tuple[Vertebra, ...]
    frames: tuple[BodyFrame, ...]
    body: Array
    normal: Array
    near: Sequence[NDArray[np.intp]]  # places of the bodies that `normal` is the median of
    spread: float  # standard deviation of log(body / normal) among healthy bodies
    csf: float | None  # against normal marrow


def sign_rows(reading: Reading, index: int) -> tuple[Measurement, ...]:
    """Return the rows of every whole body but the sacrum; `index` is the reading's place in its study.

    t1_, t2_ or fluid_signal_ratio (its own contrast), cleft_probability, cleft_fluid_probability,
    cleft_gas_probability; of a cleft that is seen cleft_area (mm2), cleft_share, cleft_height_place (0 superior, 1
    inferior endplate), cleft_depth_place (0 front, 1 back), cleft_marrow_ratio and cleft_csf_ratio; oedema_extent and,
    on a fluid-sensitive image, oedema_ratio. None means can't tell. A body that carries no sign of a kind has no row
    of it.
    """
    times = Counter(v.level for v in reading.vertebrae)
    pairs = [(v, frame) for v, frame in framed_bodies(reading) if times[v.level] == 1]
    if not pairs:
        return ()
    seen = _signals(reading.image, tuple(v for v, _ in pairs), tuple(f for _, f in pairs))
    found: list[Measurement] = []
    for n in range(len(pairs)):
        found += _signal_rows(seen, n, reading.image.sequence, index)
        found += _cleft_rows(seen, n, reading, index)
        found += _oedema_rows(seen, n, reading, index)
    return tuple(found)


def _signals(image: Image, vertebrae: tuple[Vertebra, ...], frames: tuple[BodyFrame, ...]) -> _Signals:
    nothing = np.full(len(vertebrae), np.nan)
    if image.sequence not in CONTRASTS:
        empty = [np.zeros(0, dtype=np.intp)] * len(vertebrae)
        return _Signals(
            vertebrae=vertebrae, frames=frames, body=nothing, normal=nothing, near=empty, spread=np.nan, csf=None
        )
    pixels = np.array([_pixels(image, f) for f in frames])
    body = np.median(pixels[:, :_BODY_PLACES], axis=1)
    canals = canal_end(image.sequence, pixels[:, _BODY_PLACES:])
    whole = healthy(vertebrae)
    near = neighbours([v.level for v in vertebrae], whole)
    normal = references(body, near)
    with np.errstate(invalid="ignore", divide="ignore"):
        logs = np.log(body / normal)[whole]
    enough = np.isfinite(logs).all() and len(logs) >= marrow().healthy.spread_from
    return _Signals(
        vertebrae=vertebrae,
        frames=frames,
        body=body,
        normal=normal,
        near=near,
        spread=float(logs.std(ddof=1)) if enough else np.nan,
        csf=fluid_ratio(image.sequence, canals, normal),
    )


def _pixels(image: Image, frame: BodyFrame) -> Array:
    """Return the nearest pixels of the body's middle slice to _PLACES, those beyond the image at its edge."""
    at = np.rint(frame.position(*_PLACES)).astype(int)
    rows, columns = (np.clip(at[:, k], 0, image.pixels.shape[k + 1] - 1) for k in (0, 1))
    return np.asarray(image.pixels[frame.slice_index, rows, columns], dtype=np.float64)


def _signal_rows(seen: _Signals, n: int, contrast: Contrast, index: int) -> list[Measurement]:
    if contrast not in CONTRASTS:
        return []
    return [_ratio_row(seen, n, f"{contrast}_signal_ratio", float(seen.body[n]), index)]


def _ratio_row(
    seen: _Signals, n: int, quantity: str, signal: float, index: int, against: float | None = 1.0
) -> Measurement:
    """Return a signal against `against` times normal marrow; CSF that was not found is None."""
    level, ratio = seen.vertebrae[n].level, signal / float(seen.normal[n])
    reason = None if math.isfinite(ratio) else _NO_HEALTHY
    value = _UNKNOWN if against is None else ratio / against
    return row(
        (level, level),
        quantity,
        "1",
        (value, (value * seen.spread) ** 2),
        reading=index,
        reason=reason or (_NO_CSF if against is None else None),
        reference=tuple(seen.vertebrae[k].level for k in seen.near[n]),
    )


def _cleft_rows(seen: _Signals, n: int, reading: Reading, index: int) -> list[Measurement]:
    signs = [s for s in seen.vertebrae[n].signs if s.kind is SignKind.CLEFT]
    if not signs:
        return []
    told = [s for s in signs if s.probability is not None]
    best = max(told, key=lambda s: s.probability or 0, default=None)
    found = [_probability(seen, n, "cleft_probability", best, index)]
    for filling in ("fluid", "gas"):
        own = next((s for s in signs if s.detail == filling), None)
        if own is not None:
            found.append(_probability(seen, n, f"cleft_{filling}_probability", own, index))
    if best is not None and best.mask is not None:
        found += _place_rows(seen, n, best.mask, reading, index)
    return found


def _probability(seen: _Signals, n: int, quantity: str, sign: Sign | None, index: int) -> Measurement:
    level = seen.vertebrae[n].level
    value = _UNKNOWN if sign is None or sign.probability is None else sign.probability
    reason = _NOT_TOLD[SignKind.CLEFT] if math.isnan(value) else None
    return row((level, level), quantity, "1", (value, None), reading=index, reason=reason)


def _place_rows(seen: _Signals, n: int, mask: NDArray[np.bool_], reading: Reading, index: int) -> list[Measurement]:
    """Return the rows of a cleft in the slice that shows most of it; none where its mask is empty."""
    vertebra, frame, image = seen.vertebrae[n], seen.frames[n], reading.image
    window, start = _window(frame, mask)
    areas = np.count_nonzero(window, axis=(1, 2))
    if not areas.any():
        return []
    k = int(areas.argmax())
    rows, columns = np.nonzero(window[k])
    s, t = frame.coordinates((np.stack([rows, columns], -1) + start).astype(np.float64))
    row_mm, column_mm = image.pixel_mm
    signal = float(np.median(image.pixels[k, rows + start[0], columns + start[1]]))
    level = (vertebra.level, vertebra.level)
    found = [
        row(
            level,
            "cleft_area",
            "mm2",
            (float(areas[k]) * row_mm * column_mm, None),
            reading=index,
            reason=None,
            scale=image.scale,
        )
    ]
    for quantity, value in (
        ("cleft_share", float(areas[k]) / frame.area),
        ("cleft_height_place", float(np.clip(t.mean(), 0, 1))),
        ("cleft_depth_place", float(np.clip(s.mean(), 0, 1))),
    ):
        found.append(row(level, quantity, "1", (value, None), reading=index, reason=None))
    if image.sequence in CONTRASTS:
        found.append(_ratio_row(seen, n, "cleft_marrow_ratio", signal, index))
        found.append(_ratio_row(seen, n, "cleft_csf_ratio", signal, index, against=seen.csf))
    return found


def _oedema_rows(seen: _Signals, n: int, reading: Reading, index: int) -> list[Measurement]:
    """Return the part of the body that is oedematous and, on a fluid-sensitive image, its signal against marrow."""
    vertebra, frame, image = seen.vertebrae[n], seen.frames[n], reading.image
    sign = next((s for s in vertebra.signs if s.kind is SignKind.OEDEMA), None)
    if sign is None:
        return []
    level = (vertebra.level, vertebra.level)
    if sign.probability is None:
        reason = _NOT_TOLD[SignKind.OEDEMA]
        return [row(level, "oedema_extent", "1", (_UNKNOWN, None), reading=index, reason=reason)]
    if sign.mask is None:
        return [row(level, "oedema_extent", "1", (0.0, None), reading=index, reason=None)]
    window, start = _window(frame, sign.mask[frame.slice_index : frame.slice_index + 1])
    inside = window[0]
    extent = min(float(np.count_nonzero(inside)) / frame.area, 1.0)
    found = [row(level, "oedema_extent", "1", (extent, None), reading=index, reason=None)]
    if image.sequence is Contrast.FLUID and inside.any():
        rows, columns = np.nonzero(inside)
        signal = float(np.median(image.pixels[frame.slice_index, rows + start[0], columns + start[1]]))
        found.append(_ratio_row(seen, n, "oedema_ratio", signal, index))
    return found


def _window(frame: BodyFrame, mask: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], NDArray[np.intp]]:
    """Return the part of a mask (S, H, W) around a body, and the (row, column) where it begins."""
    corners = frame.position(np.array([-0.1, -0.1, 1.1, 1.1]), np.array([-0.2, 1.2, -0.2, 1.2]))
    low = np.clip(np.floor(corners.min(0)).astype(int), 0, mask.shape[1:])
    high = np.clip(np.ceil(corners.max(0)).astype(int) + 1, low, mask.shape[1:])
    return mask[:, low[0] : high[0], low[1] : high[1]], low
