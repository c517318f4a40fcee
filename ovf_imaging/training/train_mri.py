"""Train the MRI network: sagittal slices with body masks, landmarks and levels."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ovf_imaging.training import film_data, mri_data
from ovf_imaging.training.fit import Run, fit
from ovf_imaging.training.imagenet import load_imagenet, spread_channels
from ovf_imaging.training.intensity import mri_intensity
from ovf_imaging.training.losses import dense_loss
from ovf_imaging.training.scene import Draw, Scene, View, nothing, render
from ovf_imaging.vision.channels import LEVEL_CHANNELS, VOTE_CHANNELS
from ovf_imaging.vision.networks import VertebraNet

VIEW = View(
    size=(256, 192), depth_px=(25, 47), rotation_deg=12, any_rotation=0.04, flip=0.12, shear=0.06, fracture=0.35
)
# The last half of the budget sees pictures nearer to real ones, so that edges settle. Nearer still (as they came) was
# tried for half an hour: Dice rose by 0.002 at most, and bodies were lost on a scanner that was not in the training.
LATE_VIEW = View(
    size=(256, 192), depth_px=(28, 41), rotation_deg=8, any_rotation=0.02, flip=0.08, shear=0.03, fracture=0.3
)
LATE, LATE_STRENGTH = 0.5, 0.6
MEAN, SPREAD = 0.4, 0.25  # of grey values as the network sees them
HEADS = {
    "masks": 2,
    "dense": VOTE_CHANNELS,
    "context": LEVEL_CHANNELS,
    "fine": 16,
    "slices": len(mri_data.BESIDE),
}  # of the network
SHARES = {"spineweb": 0.36, "zenodo22304": 0.2, "myosegmentum": 0.26, "polygons": 0.14, "films": 0.04}


def load_start(model: VertebraNet, out: Path) -> None:
    """Load an earlier run's weights from `out`/start.pt, or ImageNet's into the encoder where there are none."""
    start = out / "start.pt"
    if start.exists():
        own, given = model.state_dict(), torch.load(start, weights_only=True)
        for name in ("encoder.stem.0.weight", "edges.near.0.weight"):
            if name in own and name in given:
                given[name] = spread_channels(given[name], own[name].shape[1])
        model.load_state_dict(own | given)
    else:
        load_imagenet(model.encoder)


def started(out: Path, seed: int, **heads: int) -> VertebraNet:
    """Return a network with these heads on the weights that a training in `out` starts from."""
    torch.manual_seed(seed)
    model = VertebraNet(**heads)
    load_start(model, out)
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return model


def training_scenes(data: Path) -> dict[str, list[Scene]]:
    """Return the scenes of each source, held-back patients left out."""
    scenes = mri_data.source_scenes(data / "mri_vertebral_bodies", held_back=False)
    films = data / "radiographs_lateral_lumbar", data / "radiographs_ap_landmarks"
    scenes["films"] = [
        replace(nothing(s), image=s.image.expand(len(mri_data.BESIDE), -1, -1))
        for s in (
            *film_data.lateral_scenes(films[0], held_back=False).values(),
            *film_data.frontal_scenes(films[1])[1::5],  # of those that the film localiser trains on
        )
    ]
    scenes["polygons"] = mri_data.polygon_scenes(data / "mri_lumbar_polygons")
    return scenes


def stack(draws: list[Draw], images: list[Tensor]) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Return images, instances, ignore maps, landmark tables and levels_known of a batch."""
    x = (torch.stack(images) - MEAN) / SPREAD
    known = torch.tensor([d.levels_known for d in draws])
    return (
        x.contiguous(memory_format=torch.channels_last),
        torch.stack([d.instances for d in draws]),
        torch.stack([d.ignore for d in draws]),
        torch.stack([d.table for d in draws]),
        known,
    )


def train_mri(data: Path, run: Run, batch: int = 10) -> VertebraNet:
    """Train from ImageNet weights, or from `run.out`/start.pt where that lies, and return the network."""
    model = started(run.out, run.seed, **HEADS)
    scenes = training_scenes(data)

    def step(part: float, rng: np.random.Generator) -> dict[str, Tensor]:
        view, strength = (VIEW, 1.0) if part < LATE else (LATE_VIEW, LATE_STRENGTH)
        draws, images = [], []
        for source in rng.choice(list(SHARES), batch, p=list(SHARES.values())):
            draw = render(scenes[source][rng.integers(len(scenes[source]))], view, rng)
            draws.append(draw)
            images.append(mri_intensity(draw, rng, strength))
        x, *truth = (t.to(run.device) for t in stack(draws, images))
        return dense_loss(*model.parts(x), *truth)

    fit(model, step, run, {"mask": 1.0, "vote": 0.5, "level": 0.5})
    return model


if __name__ == "__main__":
    import sys

    torch.set_num_threads(1)
    hours, begin = (float(v) for v in (*sys.argv[3:5], "0")[:2])
    train_mri(Path(sys.argv[1]), Run(out=Path(sys.argv[2]), hours=hours, begin=begin))
