"""One real source beside what simulates it: figures, tables and a contact sheet."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.stats import wasserstein_distance

from ovf_imaging.training.realism.classify import by_features, by_pictures
from ovf_imaging.training.realism.crops import Crop
from ovf_imaging.training.realism.features import (
    BANDS,
    GREY_EDGES,
    TISSUES,
    edge_width_px,
    features,
    marrow,
    noise_sigma,
)

Array = NDArray[np.float64]
Row = dict[str, Any]
_SHEET_COLUMNS, _SHEET_ROWS = 6, 8
_GUTTER_PX = 12


def compare(real: Sequence[Crop], simulated: Sequence[Crop], seed: int) -> Row:
    """Return the figures of both sets, how far apart they are, and how well classifiers tell them apart."""
    numbers = features([*real, *simulated])
    is_simulated = np.arange(len(real) + len(simulated)) >= len(real)
    greys, bands, tissues = (numbers[g] for g in ("greys", "spectrum", "tissues"))
    return {
        "crops": {"real": len(real), "simulated": len(simulated)},
        "subjects": {"real": len({c.subject for c in real}), "simulated": len({c.subject for c in simulated})},
        "grey_distance": _rounded(grey_distance(greys[~is_simulated], greys[is_simulated])),
        "spectrum_db": {  # simulated less real, by the upper end of each band in cycles per pixel
            f"{high:g}": _rounded(difference)
            for high, difference in zip(
                BANDS[1:], bands[is_simulated].mean(0) - bands[~is_simulated].mean(0), strict=True
            )
        },
        "noise_sigma": _both(real, simulated, lambda c: noise_sigma(c.pixels, marrow(c)), 4),
        "edge_width_px": _both(real, simulated, edge_width_px, 2),
        "edge_width_mm": _both(real, simulated, edge_width_mm, 2),
        "tissues": {
            name: {
                "real": _rounded(np.median(tissues[~is_simulated, k])),
                "simulated": _rounded(np.median(tissues[is_simulated, k])),
            }
            for k, name in enumerate(TISSUES)
        },
        "told_apart": told_apart(real, simulated, seed),
    }


def told_apart(some: Sequence[Crop], others: Sequence[Crop], seed: int) -> dict[str, float | None]:
    """Return the held-out accuracy of every classifier that tells two sets apart; 0.5 is chance."""
    crops = [*some, *others]
    is_other = np.arange(len(crops)) >= len(some)
    subjects = [c.subject for c in crops]
    found = by_features(features(crops), is_other, subjects, seed)
    found |= by_pictures([c.pixels for c in crops], is_other, subjects, seed)
    return {name: _rounded(accuracy) for name, accuracy in found.items()}


def grey_distance(real: Array, simulated: Array) -> float:
    """Return the earth mover's distance of two sets of histograms (N, 16), in grey values of 0–1."""
    middles = (GREY_EDGES[:-1] + GREY_EDGES[1:]) / 2
    return float(wasserstein_distance(middles, middles, real.mean(0), simulated.mean(0)))


def edge_width_mm(crop: Crop) -> float:
    """Return `edge_width_px` in mm, NaN where a crop has no scale."""
    return float("nan") if crop.pixel_mm is None else edge_width_px(crop) * crop.pixel_mm


def write_tables(folder: Path, source: str, real: Sequence[Crop], simulated: Sequence[Crop]) -> None:
    """Write the mean histogram and the mean spectrum of both sets as CSV."""
    numbers = [features(crops) for crops in (real, simulated)]
    for name, group, edges in (("histogram", "greys", GREY_EDGES), ("spectrum", "spectrum", BANDS)):
        means = [n[group].mean(0) for n in numbers]
        with (folder / f"{name}_{source}.csv").open("w", newline="", encoding="utf-8") as file:
            table = csv.writer(file)
            table.writerow(["from", "to", "real", "simulated", "difference"])
            for low, high, a, b in zip(edges[:-1], edges[1:], *means, strict=True):
                table.writerow([f"{low:g}", f"{high:g}", f"{a:.5f}", f"{b:.5f}", f"{b - a:.5f}"])


def contact_sheet(real: Sequence[Crop], simulated: Sequence[Crop], rng: np.random.Generator) -> Image.Image:
    """Return real crops on the left, simulated ones on the right, drawn at random."""
    halves = []
    for crops in (real, simulated):
        side = len(crops[0].pixels)
        half = np.zeros((_SHEET_ROWS * side, _SHEET_COLUMNS * side), np.float32)
        for place, index in enumerate(rng.permutation(len(crops))[: _SHEET_ROWS * _SHEET_COLUMNS]):
            row, column = place // _SHEET_COLUMNS * side, place % _SHEET_COLUMNS * side
            half[row : row + side, column : column + side] = crops[index].pixels
        halves.append(half)
    gutter = np.ones((len(halves[0]), _GUTTER_PX), np.float32)
    sheet = np.concatenate([halves[0], gutter, halves[1]], 1)
    return Image.fromarray((np.clip(sheet, 0, 1) * 255).astype(np.uint8))


def _both(real: Sequence[Crop], simulated: Sequence[Crop], figure: Any, digits: int) -> Mapping[str, float | None]:
    """Return the median of a figure over either set, None where it is not known."""
    return {
        name: _rounded(np.median([figure(c) for c in crops]), digits)
        for name, crops in (("real", real), ("simulated", simulated))
    }


def _rounded(value: Any, digits: int = 3) -> float | None:
    return None if np.isnan(value) else round(float(value), digits)
