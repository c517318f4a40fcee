"""Train the film networks: a localiser over the whole film, and a refiner of one body in an upright crop."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ovf_imaging.training import film_data, mri_data
from ovf_imaging.training.crops import FILM_JITTER, crop_step
from ovf_imaging.training.film_pool import film_pool, whole_bodies
from ovf_imaging.training.fit import Run, fit
from ovf_imaging.training.intensity import film_intensity
from ovf_imaging.training.losses import dense_loss
from ovf_imaging.training.scene import Scene, View, nothing, render
from ovf_imaging.training.train_mri import stack, started
from ovf_imaging.vision.channels import LEVEL_CHANNELS, VOTE_CHANNELS
from ovf_imaging.vision.networks import VertebraNet

LOCALISER_VIEW = View(
    size=(256, 192), depth_px=(15, 58), rotation_deg=11, any_rotation=0.04, flip=0.5, shear=0.07, fracture=0.45
)
POOL = "films.pt"  # beside the runs of both networks
LOCALISER_SHARES = {"lateral": 0.42, "painted": 0.08, "simulated": 0.24, "frontal": 0.18, "mri": 0.08}
REFINER_SHARES = {"lateral": 0.55, "painted": 0.15, "simulated": 0.3}
NEGATIVE_STEP = 3  # every third MRI slice: neighbours look alike


def _negative_mri(data: Path) -> list[Scene]:
    """Return MRI slices as pictures that hold no film's vertebrae."""
    volumes = mri_data.load_volumes(data / "mri_vertebral_bodies", held_back=False)
    slices = [
        replace(nothing(s), image=s.image[len(s.image) // 2][None])
        for v in volumes
        for s in mri_data.volume_scenes(v)[::NEGATIVE_STEP]
    ]
    polygons = mri_data.polygon_scenes(data / "mri_lumbar_polygons")[::NEGATIVE_STEP]
    return slices + [replace(nothing(s), image=s.image[:1]) for s in polygons]


def train_localiser(data: Path, run: Run, batch: int = 10) -> VertebraNet:
    """Train the whole-film network: lateral bodies, sacrum, frontal bodies, votes for landmarks, levels."""
    model = started(run.out, run.seed, masks=2, dense=VOTE_CHANNELS, context=LEVEL_CHANNELS + 1)
    pools = {
        "lateral": list(film_data.lateral_scenes(data / "radiographs_lateral_lumbar", held_back=False).values()),
        "frontal": [s for i, s in enumerate(film_data.frontal_scenes(data / "radiographs_ap_landmarks")) if i % 5],
        "mri": _negative_mri(data),
    } | film_pool(data, run.out.parent / POOL)

    def step(_: float, rng: np.random.Generator) -> dict[str, Tensor]:
        draws, images = [], []
        for source in rng.choice(list(LOCALISER_SHARES), batch, p=list(LOCALISER_SHARES.values())):
            draw = render(pools[source][rng.integers(len(pools[source]))], LOCALISER_VIEW, rng)
            draws.append(draw)
            images.append(film_intensity(draw, rng))
        x, *truth = (t.to(run.device) for t in stack(draws, images))
        return dense_loss(*model.parts(x), *truth)

    fit(model, step, run, {"mask": 1.0, "vote": 0.5, "level": 0.5, "frontal": 1.0})
    return model


def train_refiner(data: Path, run: Run, batch: int = 20) -> VertebraNet:
    """Train the crop network: six heatmaps of the body in the middle."""
    model = started(run.out, run.seed, masks=0, dense=6)
    pools = {"lateral": list(film_data.lateral_scenes(data / "radiographs_lateral_lumbar", held_back=False).values())}
    pools |= {name: whole_bodies(scenes) for name, scenes in film_pool(data, run.out.parent / POOL).items()}
    step = crop_step(model, pools, REFINER_SHARES, FILM_JITTER, film_intensity, batch)
    fit(model, step, run, {"coordinate": 0.5, "entropy": 1.0})
    return model


if __name__ == "__main__":
    import sys

    torch.set_num_threads(1)
    kind = {"localiser": train_localiser, "refiner": train_refiner}[sys.argv[1]]
    kind(Path(sys.argv[2]), Run(out=Path(sys.argv[3]), hours=float(sys.argv[4])))
