"""Train the MRI network: sagittal slices with body masks, landmarks and levels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ovf_imaging.training import mri_data
from ovf_imaging.training.fit import Schedule, fit
from ovf_imaging.training.imagenet import load_imagenet
from ovf_imaging.training.intensity import mri_intensity
from ovf_imaging.training.losses import dense_loss
from ovf_imaging.training.scene import Draw, Scene, View, render
from ovf_imaging.vision.channels import LEVEL_CHANNELS, VOTE_CHANNELS
from ovf_imaging.vision.networks import VertebraNet

VIEW = View(
    size=(256, 192), depth_px=(25, 47), rotation_deg=12, any_rotation=0.04, flip=0.12, shear=0.06, fracture=0.35
)
# The last half of the budget sees pictures nearer to real ones, so that edges settle.
LATE_VIEW = View(
    size=(256, 192), depth_px=(28, 41), rotation_deg=8, any_rotation=0.02, flip=0.08, shear=0.03, fracture=0.3
)
LATE, LATE_STRENGTH = 0.5, 0.6
MEAN, SPREAD = 0.4, 0.25  # of grey values as the network sees them
SHARES = {"spineweb": 0.36, "zenodo22304": 0.2, "myosegmentum": 0.26, "polygons": 0.18}


def load_start(model: VertebraNet, out: Path) -> bool:
    """Load an earlier run's weights from `out`/start.pt and return True, else ImageNet's into the encoder."""
    start = out / "start.pt"
    if start.exists():
        model.load_state_dict(model.state_dict() | torch.load(start, weights_only=True))
        return True
    load_imagenet(model.encoder)
    return False


def training_scenes(data: Path) -> dict[str, list[Scene]]:
    """Return the scenes of each source, held-back patients left out."""
    scenes: dict[str, list[Scene]] = {name: [] for name in SHARES}
    for volume in mri_data.load_volumes(data / "mri_vertebral_bodies"):
        if volume.name not in mri_data.HELD_BACK:
            scenes[volume.name.split("_")[0]] += mri_data.volume_scenes(volume)
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


def train_mri(data: Path, out: Path, hours: float, seed: int = 0, batch: int = 10) -> VertebraNet:
    """Train from ImageNet weights, or from `out`/start.pt where that lies, and return the network."""
    torch.manual_seed(seed)
    model = VertebraNet(masks=2, dense=VOTE_CHANNELS, context=LEVEL_CHANNELS, fine=16)
    late = 0.0 if load_start(model, out) else LATE
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    scenes = training_scenes(data)
    rng = np.random.default_rng()

    def step(part: float) -> dict[str, Tensor]:
        view, strength = (VIEW, 1.0) if part < late else (LATE_VIEW, LATE_STRENGTH)
        draws, images = [], []
        for source in rng.choice(list(SHARES), batch, p=list(SHARES.values())):
            draw = render(scenes[source][rng.integers(len(scenes[source]))], view, rng)
            draws.append(draw)
            images.append(mri_intensity(draw, rng, strength))
        x, instances, ignore, table, known = stack(draws, images)
        masks, dense = model.parts(x)
        return dense_loss(masks, dense, instances, ignore, table, known)

    fit(model, step, out, Schedule(hours=hours), {"mask": 1.0, "vote": 0.5, "level": 0.5})
    return model


if __name__ == "__main__":
    import sys

    torch.set_num_threads(1)
    train_mri(Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3]))
