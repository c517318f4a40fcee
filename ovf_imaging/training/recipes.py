"""The recipes behind the committed weights: train, then write the bundle.

    python -m ovf_imaging.training.recipes mri        --data ../shared/data --out runs/mri  --hours 3
    python -m ovf_imaging.training.recipes radiograph --data ../shared/data --out runs/film --hours 2.4

Stopped, the same command resumes from the last checkpoint under --out.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import torch

from ovf_imaging.training.export import averaged_weights, export
from ovf_imaging.training.train_film import train_localiser, train_refiner
from ovf_imaging.training.train_mri import train_mri

LOCALISER_SHARE = 0.56  # of the hours of a radiograph recipe; the rest goes to the refiner


def mri(data: Path, out: Path, hours: float, models: Path = Path("models")) -> str:
    """Train the MRI network and write its bundle; returns the weights' sha256."""
    train_mri(data, out / "vertebrae", hours)
    return export(models / "vertebrae_mri", {"vertebrae": averaged_weights(out / "vertebrae")}, {})


def radiograph(data: Path, out: Path, hours: float, models: Path = Path("models")) -> str:
    """Train localiser and refiner and write their bundle; returns the weights' sha256."""
    train_localiser(data, out / "localiser", hours * LOCALISER_SHARE)
    train_refiner(data, out / "refiner", hours * (1 - LOCALISER_SHARE))
    networks = {name: averaged_weights(out / name) for name in ("localiser", "refiner")}
    return export(models / "vertebrae_radiograph", networks, {})


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a recipe from the command line, on one thread so that a second core stays free."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recipe", choices=["mri", "radiograph"])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--hours", type=float, required=True)
    given = parser.parse_args(arguments)
    torch.set_num_threads(1)
    {"mri": mri, "radiograph": radiograph}[given.recipe](given.data, given.out, given.hours)


if __name__ == "__main__":
    main()
