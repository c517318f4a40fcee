"""Train the film networks: a localiser over the whole film, and a refiner of one body in an upright crop."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ovf_imaging.training import film_data, mri_data
from ovf_imaging.training.film_pool import film_pool, whole_bodies
from ovf_imaging.training.fit import Schedule, fit
from ovf_imaging.training.intensity import film_intensity
from ovf_imaging.training.losses import dense_loss, heatmap_loss
from ovf_imaging.training.paint import Warp, draw_fracture, neighbours
from ovf_imaging.training.scene import Draw, Placing, Scene, View, nothing, render, render_at
from ovf_imaging.training.train_mri import MEAN, SPREAD, load_start, stack
from ovf_imaging.vision.channels import LEVEL_CHANNELS, VOTE_CHANNELS
from ovf_imaging.vision.networks import VertebraNet
from ovf_imaging.vision.shapes import CROP_PX, Pose, body_pose

Array = NDArray[np.float64]
LOCALISER_VIEW = View(
    size=(256, 192), depth_px=(15, 58), rotation_deg=11, any_rotation=0.04, flip=0.5, shear=0.07, fracture=0.45
)
S1 = 26
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


def train_localiser(data: Path, out: Path, hours: float, seed: int = 0, batch: int = 10) -> VertebraNet:
    """Train the whole-film network: lateral bodies, sacrum, frontal bodies, votes for landmarks, levels."""
    torch.manual_seed(seed)
    model = VertebraNet(masks=2, dense=VOTE_CHANNELS, context=LEVEL_CHANNELS + 1)
    load_start(model, out)
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    pools = {
        "lateral": list(film_data.lateral_scenes(data / "radiographs_lateral_lumbar", held_back=False).values()),
        "frontal": [s for i, s in enumerate(film_data.frontal_scenes(data / "radiographs_ap_landmarks")) if i % 5],
        "mri": _negative_mri(data),
    } | film_pool(data, out.parent / POOL)
    rng = np.random.default_rng()

    def step(_: float) -> dict[str, Tensor]:
        draws, images = [], []
        for source in rng.choice(list(LOCALISER_SHARES), batch, p=list(LOCALISER_SHARES.values())):
            draw = render(pools[source][rng.integers(len(pools[source]))], LOCALISER_VIEW, rng)
            draws.append(draw)
            images.append(film_intensity(draw, rng))
        x, instances, ignore, table, known = stack(draws, images)
        masks, dense = model.parts(x)
        return dense_loss(masks, dense, instances, ignore, table, known)

    fit(model, step, out, Schedule(hours=hours), {"mask": 1.0, "vote": 0.5, "level": 0.5, "frontal": 1.0})
    return model


def draw_crop(scene: Scene, rng: np.random.Generator) -> tuple[Draw, int]:
    """Return an upright crop of a body, half the time fractured, its pose shaken as a localiser would shake it."""
    levels = list(scene.landmarks)
    level = int(rng.choice(levels))
    marks = dict(scene.landmarks)
    warps: list[Warp] = []
    if rng.random() < 0.6 and scene.fracturable:
        near = [k for k in scene.fracturable if abs(k - level) == 1]
        target = (
            level if level in scene.fracturable and rng.random() < 0.85 else int(rng.choice(near)) if near else None
        )
        targets = [target] if target is not None else []
        if targets and near and rng.random() < 0.2:
            targets.append(int(rng.choice(near)))
        for k in dict.fromkeys(targets):
            warps.append(Warp(marks[k], draw_fracture(rng), *neighbours(k, marks)))
            marks = {m: warps[-1].forward(p) for m, p in marks.items()}
    body = marks[level]
    if level == S1 or np.isnan(body).any():
        other = min((k for k in scene.fracturable), key=lambda k: abs(k - level))
        up_hint = body_pose(marks[other]).up
        points = body[~np.isnan(body[:, 0])]
        front = body[0] - body[2] if not np.isnan(body[[0, 2]]).any() else body[3] - body[5]
        depth = float(np.linalg.norm(front))
        front = front / depth
        up = np.array([-front[1], front[0]])
        up = up if up @ up_hint > 0 else -up
        centre = points.mean(0) - up * 0.3 * depth * (1 if level == S1 else 0)
        pose = Pose(centre=centre, up=up, front=front, depth=depth)
    else:
        pose = body_pose(body)
    pose = pose.moved(
        up=rng.normal(0, 0.09),
        front=rng.normal(0, 0.09),
        turn_rad=np.radians(rng.normal(0, 6)),
        scale=float(np.exp(rng.normal(0, 0.09))),
    )
    placing = Placing(matrix=pose.crop_matrix(), origin=pose.centre, size=(CROP_PX, CROP_PX))
    return render_at(scene, marks, warps, placing), level


def train_refiner(data: Path, out: Path, hours: float, seed: int = 0, batch: int = 20) -> VertebraNet:
    """Train the crop network: six heatmaps of the body in the middle."""
    torch.manual_seed(seed)
    model = VertebraNet(masks=0, dense=6)
    load_start(model, out)
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    pools = {"lateral": list(film_data.lateral_scenes(data / "radiographs_lateral_lumbar", held_back=False).values())}
    pools |= {name: whole_bodies(scenes) for name, scenes in film_pool(data, out.parent / POOL).items()}
    bodies = {name: [s for s in scenes for _ in s.landmarks] for name, scenes in pools.items()}
    rng = np.random.default_rng()

    def step(_: float) -> dict[str, Tensor]:
        images, truths = [], []
        for source in rng.choice(list(REFINER_SHARES), batch, p=list(REFINER_SHARES.values())):
            draw, level = draw_crop(bodies[source][rng.integers(len(bodies[source]))], rng)
            images.append(film_intensity(draw, rng))
            truths.append((draw.table[level] - 0.5) / 2)
        x = ((torch.stack(images) - MEAN) / SPREAD).contiguous(memory_format=torch.channels_last)
        truth = torch.stack(truths)
        coordinate, entropy = heatmap_loss(model(x), torch.nan_to_num(truth), ~torch.isnan(truth[..., 0]))
        return {"coordinate": coordinate, "entropy": entropy}

    fit(model, step, out, Schedule(hours=hours), {"coordinate": 0.5, "entropy": 1.0})
    return model


if __name__ == "__main__":
    import sys

    torch.set_num_threads(1)
    kind = {"localiser": train_localiser, "refiner": train_refiner}[sys.argv[1]]
    kind(Path(sys.argv[2]), Path(sys.argv[3]), float(sys.argv[4]))
