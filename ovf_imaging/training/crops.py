"""Upright crops of one body, to train the refiners: its pose shaken, half the time fractured, six heatmaps wanted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ovf_imaging.training.fit import Step
from ovf_imaging.training.losses import S1, heatmap_loss
from ovf_imaging.training.paint import Warp, draw_fracture, neighbours
from ovf_imaging.training.scene import Draw, Placing, Scene, render_at
from ovf_imaging.training.train_mri import MEAN, SPREAD
from ovf_imaging.vision.networks import VertebraNet
from ovf_imaging.vision.shapes import CROP_PX, Pose, body_pose

Array = NDArray[np.float64]
Intensity = Callable[[Draw, np.random.Generator], Tensor]
_FRACTURED = 0.6


@dataclass(frozen=True, slots=True, kw_only=True)
class Jitter:
    """How far a network's first pose of a body is off, standard deviations."""

    shift: float  # depths, each way
    turn_deg: float
    scale: float  # logarithm

    def shaken(self, pose: Pose, rng: np.random.Generator) -> Pose:
        """Return a pose as far off as that."""
        up, front, turn, scale = rng.normal(0, 1, 4)
        return pose.moved(
            up=self.shift * up,
            front=self.shift * front,
            turn_rad=float(np.radians(self.turn_deg * turn)),
            scale=float(np.exp(self.scale * scale)),
        )


FILM_JITTER = Jitter(shift=0.09, turn_deg=6.0, scale=0.09)
MRI_JITTER = Jitter(shift=0.05, turn_deg=4.0, scale=0.06)


def crop_step(
    model: VertebraNet,
    pools: Mapping[str, Sequence[Scene]],
    shares: Mapping[str, float],
    jitter: Jitter,
    intensity: Intensity,
    batch: int,
) -> Step:
    """Return a training step of a refiner: `batch` crops, of each pool its share, every body of a pool as often."""
    bodies = {name: [s for s in scenes if s.fracturable for _ in s.landmarks] for name, scenes in pools.items()}

    def step(_: float, rng: np.random.Generator) -> dict[str, Tensor]:
        device, images, truths = next(model.parameters()).device, [], []
        for source in rng.choice(list(shares), batch, p=list(shares.values())):
            draw, level = draw_crop(bodies[source][rng.integers(len(bodies[source]))], jitter, rng)
            images.append(intensity(draw, rng))
            truths.append((draw.table[level] - 0.5) / 2)
        x = ((torch.stack(images) - MEAN) / SPREAD).contiguous(memory_format=torch.channels_last).to(device)
        truth = torch.stack(truths).to(device)
        coordinate, entropy = heatmap_loss(model(x), torch.nan_to_num(truth), ~torch.isnan(truth[..., 0]))
        return {"coordinate": coordinate, "entropy": entropy}

    return step


def draw_crop(scene: Scene, jitter: Jitter, rng: np.random.Generator) -> tuple[Draw, int]:
    """Return an upright crop of a body and its level; the scene needs one that can be fractured."""
    level = int(rng.choice(list(scene.landmarks)))
    marks = dict(scene.landmarks)
    warps: list[Warp] = []
    for k in _broken(scene, level, rng):
        warps.append(Warp(marks[k], draw_fracture(rng), *neighbours(k, marks)))
        marks = {m: warps[-1].forward(p) for m, p in marks.items()}
    body = marks[level]
    if level == S1 or np.isnan(body).any():
        nearest = min(scene.fracturable, key=lambda k: abs(k - level))
        pose = _pose_of_part(body, marks[nearest], sacrum=level == S1)
    else:
        pose = body_pose(body)
    placing = crop_placing(jitter.shaken(pose, rng))
    return render_at(scene, marks, warps, placing), level


def crop_placing(pose: Pose) -> Placing:
    """Return where the upright crop around a pose lies."""
    return Placing(matrix=pose.crop_matrix(), origin=pose.centre, size=(CROP_PX, CROP_PX))


def _broken(scene: Scene, level: int, rng: np.random.Generator) -> tuple[int, ...]:
    """Return the levels to fracture: mostly the body itself, sometimes a neighbour, sometimes both."""
    if rng.random() >= _FRACTURED:
        return ()
    near = [k for k in scene.fracturable if abs(k - level) == 1]
    targets = []
    if level in scene.fracturable and rng.random() < 0.85:
        targets.append(level)
    elif near:
        targets.append(int(rng.choice(near)))
    if targets and near and rng.random() < 0.2:
        targets.append(int(rng.choice(near)))
    return tuple(dict.fromkeys(targets))


def _pose_of_part(body: Array, other: Array, *, sacrum: bool) -> Pose:
    """Return the pose of a body of which one endplate is known, its upper side where that of `other` is."""
    points = body[~np.isnan(body[:, 0])]
    front = body[0] - body[2] if not np.isnan(body[[0, 2]]).any() else body[3] - body[5]
    depth = float(np.linalg.norm(front))
    front = front / depth
    up = np.array([-front[1], front[0]])
    up = up if up @ body_pose(other).up > 0 else -up
    return Pose(centre=points.mean(0) - (up * 0.3 * depth if sacrum else 0), up=up, front=front, depth=depth)
