"""CPU time of one simulated film and one simulated MRI study, on one core: `make bench` runs it after bench.py.

python bench/simulation.py ../shared/data
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from ovf_imaging.training.simulation.anatomy import AnatomySettings, draw_patient, load_templates
from ovf_imaging.training.simulation.film.exposure import draw_exposure
from ovf_imaging.training.simulation.film.film import expose
from ovf_imaging.training.simulation.film.settings import FilmSettings
from ovf_imaging.training.simulation.mri import MriSettings, acquire, draw_protocol
from ovf_imaging.types import Position

PATIENTS = 5
FILM = FilmSettings(rows=(1024, 1024), full_spine=0, thoracic=0, thoracolumbar=0, coned=0)
MRI = MriSettings(matrix=(384, 384), slices=(15, 15))
LIMITS = {"lateral lumbar film of 1024 rows": 2.0, "T1, T2 and STIR, 15 slices of 384 × 384": 5.0}


def seconds(task: Callable[[int], object]) -> float:
    """Return the median CPU time of a task over patients."""
    taken = []
    for seed in range(PATIENTS):
        start = time.process_time()
        task(seed)
        taken.append(time.process_time() - start)
    return statistics.median(taken)


def main(data: Path) -> None:
    """Measure and print."""
    torch.set_num_threads(1)
    templates = load_templates(data / "meshes")

    def film(seed: int) -> object:
        rng = np.random.default_rng(seed)
        patient = draw_patient(rng, AnatomySettings(), templates).moved(Position.STANDING)
        return expose(patient, draw_exposure(rng, patient, FILM), rng)

    def scan(seed: int) -> object:
        rng = np.random.default_rng(seed)
        patient = draw_patient(rng, AnatomySettings(), templates).moved(Position.SUPINE)
        return acquire(patient, draw_protocol(rng, MRI), rng)

    lines = ["| simulated, patient included | CPU time, median of 5 | wanted |", "|---|---|---|"]
    for (name, limit), task in zip(LIMITS.items(), (film, scan), strict=True):
        lines.append(f"| {name} | {seconds(task):.2f} s | ≤ {limit:g} s |")
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "../shared/data"))
