"""Train the MRI network on simulation alone for some minutes, and measure it on held-back real volumes.

    python -m ovf_imaging.training.sim_only --data ../shared/data --out runs/sim_only --minutes 10
    python -m ovf_imaging.training.sim_only --data ../shared/data --out runs/real_only --minutes 10 --on real

The second is the control: as long, the same network and augmentation, on the real volumes that are not held back. A
few minutes are far from a trained network (hours); what counts is the step between the two. The weights stay under
--out, nothing here is exported; the same command again measures them again.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from ovf_imaging.training import mri_data
from ovf_imaging.training.fit import Run, fit
from ovf_imaging.training.intensity import mri_intensity
from ovf_imaging.training.losses import dense_loss
from ovf_imaging.training.scene import Scene, render
from ovf_imaging.training.simulation.cases import mri_scenes
from ovf_imaging.training.train_mri import HEADS, MEAN, SPREAD, VIEW, stack, started
from ovf_imaging.vision.channels import BODY
from ovf_imaging.vision.networks import STRIDE

BATCH = 10
UNSEEN_CASES = 4


def train(scenes: Mapping[str, Sequence[Scene]], out: Path, minutes: float, seed: int) -> nn.Module:
    """Return the running average of a network trained from ImageNet weights; each source is seen as often."""
    model = started(out, seed, **HEADS)
    sources = list(scenes.values())

    def step(_: float, rng: np.random.Generator) -> dict[str, Tensor]:
        draws = []
        for index in rng.integers(len(sources), size=BATCH):
            draws.append(render(sources[index][rng.integers(len(sources[index]))], VIEW, rng))
        x, instances, ignore, table, known = stack(draws, [mri_intensity(d, rng) for d in draws])
        masks, dense = model.parts(x)
        return dense_loss(masks, dense, instances, ignore, table, known)

    run = Run(out=out, hours=minutes / 60, seed=seed, average=0.98)
    return fit(model, step, run, {"mask": 1.0, "vote": 0.5, "level": 0.5})


@torch.inference_mode()
def body_dice(model: nn.Module, scenes: Sequence[Scene]) -> float:
    """Return Dice of body against not body over all pixels of `scenes` that are labelled, S1 left out."""
    model.eval()
    overlap = size = 0
    for scene in scenes:
        height, width = scene.instances.shape
        pads = (0, -width % STRIDE, 0, -height % STRIDE)
        found = model(F.pad((scene.image[None] - MEAN) / SPREAD, pads))[0, BODY, :height, :width] > 0
        known = ~scene.ignore[BODY]
        body = (scene.instances > 0) & (scene.instances != mri_data.S1)
        overlap += int((found & body & known).sum())
        size += int((found & known).sum() + (body & known).sum())
    return 2 * overlap / max(size, 1)


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, measure, print the Dice of each source and of simulated patients of the next seed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--on", choices=["simulated", "real"], default="simulated")
    parser.add_argument("--cases", type=int, default=40, help="simulated patients, 39 scenes or so each")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(arguments)
    torch.set_num_threads(1)
    if given.on == "real":
        scenes = mri_data.source_scenes(given.data / "mri_vertebral_bodies", held_back=False)
    else:
        scenes = {"simulated": mri_scenes(given.data / "meshes", given.cases, given.seed)}
    model = train(scenes, given.out, given.minutes, given.seed)
    unseen = mri_data.source_scenes(given.data / "mri_vertebral_bodies", held_back=True)
    unseen["simulated"] = mri_scenes(given.data / "meshes", UNSEEN_CASES, given.seed + 1)
    dice = {source: round(body_dice(model, s), 3) for source, s in unseen.items()}
    summary = {
        "trained_on": given.on,
        "minutes": given.minutes,
        "scenes": sum(len(s) for s in scenes.values()),
        "dice": dice,
    }
    print(json.dumps(summary, indent=1))  # noqa: T201  this is a command


if __name__ == "__main__":
    main()
