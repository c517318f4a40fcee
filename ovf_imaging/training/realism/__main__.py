"""Measure how far simulated crops are from real ones.

    python -m ovf_imaging.training.realism mri        --data ../shared/data --out runs/realism --n 30
    python -m ovf_imaging.training.realism radiograph --data ../shared/data --out runs/realism --n 40

Tables, contact sheets (real left, simulated right) and summary.json go to --out; the sheets show real images whose
licence keeps them out of the repository.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from ovf_imaging.training.realism.compare import compare, contact_sheet, told_apart, write_tables
from ovf_imaging.training.realism.crops import (
    FILM_SIDE,
    MRI_SIDE,
    Bodies,
    real_films,
    real_mri,
    simulated_films,
    simulated_mri,
    some_crops,
)

# What each real source shows. SpineWeb's contrasts are mixed; MyoSegmenTUM's water images have no counterpart, STIR,
# which darkens fat, is nearest.
SIMULATES = {
    "spineweb": ("T1", "T2", "STIR"),
    "zenodo22304": ("T2",),
    "myosegmentum": ("STIR",),
    "polygons": ("T1",),
    "lumbar": ("lumbar",),
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw cases, compare them with every real source, write what was found and print its summary."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("modality", choices=["mri", "radiograph"])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--n", type=int, default=30, help="simulated cases")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(arguments)
    torch.set_num_threads(1)
    given.out.mkdir(parents=True, exist_ok=True)
    if given.modality == "mri":
        real, simulated, side = real_mri(given.data), simulated_mri(given.data, given.n, given.seed), MRI_SIDE
    else:
        real, simulated, side = real_films(given.data), simulated_films(given.data, given.n, given.seed), FILM_SIDE
    rng = np.random.default_rng(given.seed)
    crops = {source: some_crops(pictures, side, rng) for source, pictures in real.items()}
    summary = {}
    for source, own in crops.items():
        beside: list[Bodies] = [picture for name in SIMULATES[source] for picture in simulated[name]]
        pair = own, some_crops(beside, side, rng)
        summary[source] = compare(*pair, given.seed)
        others = [crop for name, theirs in crops.items() if name != source for crop in theirs]
        if others:  # what a classifier reaches between real scanners and patients
            summary[source]["told_apart_from_other_real"] = told_apart(own, others, given.seed)
        write_tables(given.out, source, *pair)
        contact_sheet(*pair, rng).save(given.out / f"sheet_{source}.png")
    text = json.dumps(summary, indent=1)
    (given.out / f"summary_{given.modality}.json").write_text(text, encoding="utf-8")
    print(text)  # noqa: T201  this is a command


if __name__ == "__main__":
    main()
