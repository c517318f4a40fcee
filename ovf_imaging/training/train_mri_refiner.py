"""Train the MRI refiner: six heatmaps of one body in an upright crop, with the slices beside it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from ovf_imaging.training import mri_data
from ovf_imaging.training.crops import MRI_JITTER, crop_step
from ovf_imaging.training.fit import Run, fit
from ovf_imaging.training.intensity import mri_intensity
from ovf_imaging.training.scene import Draw, Scene
from ovf_imaging.training.simulation.cases import mri_scenes
from ovf_imaging.training.train_mri import started
from ovf_imaging.vision.networks import VertebraNet

SHARES = {"spineweb": 0.27, "zenodo22304": 0.23, "myosegmentum": 0.26, "polygons": 0.12, "simulated": 0.12}
SIMULATED_PATIENTS, SIMULATED_SEED = 16, 5200
COARSE, COARSEST_PX = 0.35, 4.0  # how often a crop comes from larger pixels, and from how many of its own at most


def train_refiner(data: Path, run: Run, batch: int = 20) -> VertebraNet:
    """Train from ImageNet weights, or from `run.out`/start.pt where that lies, and return the network."""
    model = started(run.out, run.seed, masks=0, dense=6, slices=len(mri_data.BESIDE))
    step = crop_step(model, _pools(data), SHARES, MRI_JITTER, crop_intensity, batch)
    fit(model, step, run, {"coordinate": 0.5, "entropy": 1.0})
    return model


def crop_intensity(draw: Draw, rng: np.random.Generator) -> Tensor:
    """Return the draw's image with another contrast, sometimes as a scan of larger pixels would show it."""
    image = mri_intensity(draw, rng)
    if rng.random() >= COARSE:
        return image
    size = [max(8, round(n / rng.uniform(1.5, COARSEST_PX))) for n in image.shape[1:]]
    small = F.interpolate(image[None], size, mode="bilinear", antialias=True)
    return F.interpolate(small, image.shape[1:], mode="bilinear")[0]


def _pools(data: Path) -> dict[str, list[Scene]]:
    """Return the scenes of each source without the sacrum's landmarks, held-back patients left out."""
    pools = mri_data.source_scenes(data / "mri_vertebral_bodies", held_back=False)
    pools["polygons"] = mri_data.polygon_scenes(data / "mri_lumbar_polygons")
    pools["simulated"] = mri_scenes(data / "meshes", SIMULATED_PATIENTS, SIMULATED_SEED)
    return {name: [_bodies_alone(s) for s in scenes] for name, scenes in pools.items()}


def _bodies_alone(scene: Scene) -> Scene:
    return replace(scene, landmarks={k: p for k, p in scene.landmarks.items() if k != mri_data.S1})


if __name__ == "__main__":
    import sys

    torch.set_num_threads(1)
    train_refiner(Path(sys.argv[1]), Run(out=Path(sys.argv[2]), hours=float(sys.argv[3])))
