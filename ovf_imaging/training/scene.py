"""A training picture with everything known of it, and how one augmented draw of it is rendered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from ovf_imaging.training.paint import Warp, draw_fracture, neighbours

Array = NDArray[np.float64]
FRONTAL = 200  # instance value of a vertebra seen from the front
_COARSE = 4  # the warp is solved on every fourth pixel


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scene:
    """One slice or film. Instance values are TPTBox levels, or FRONTAL."""

    image: Tensor  # (S, H, W) float, 0–1: neighbouring slices, S odd; or (1, H, W) a film
    instances: Tensor  # (H, W) uint8
    ignore: Tensor  # (2, H, W) bool: where the body and the sacrum mask are not known
    landmarks: Mapping[int, Array] = field(default_factory=dict)  # level → (6, 2)
    fracturable: tuple[int, ...] = ()
    focus: Array = field(default_factory=lambda: np.zeros(2))  # where to look when no body has landmarks
    depth_px: float = 34.0  # median body depth
    levels_known: bool = True


def nothing(scene: Scene) -> Scene:
    """Return the picture of `scene` as one that holds nothing to be found: of the other modality."""
    return replace(
        scene,
        instances=torch.zeros_like(scene.instances),
        ignore=torch.zeros_like(scene.ignore),
        landmarks={},
        fracturable=(),
        focus=np.array(scene.instances.shape) / 2,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """How a draw looks at a scene."""

    size: tuple[int, int]  # of the output, multiples of 32
    depth_px: tuple[float, float]  # range of body depth in the output
    rotation_deg: float  # standard deviation
    any_rotation: float  # probability of any angle
    flip: float  # probability of a mirror image
    shear: float
    fracture: float  # probability that a body is broken


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Draw:
    """One augmented training example."""

    image: Tensor  # (S, h, w) or (1, h, w)
    instances: Tensor  # (h, w) uint8
    ignore: Tensor  # (2, h, w)
    table: Tensor  # (256, 6, 2) landmarks by instance value, NaN where unknown
    levels_known: bool


def _affine(view: View, scene: Scene, rng: np.random.Generator) -> Array:
    """Return the 2×2 matrix from output offsets to scene offsets."""
    target = np.exp(rng.uniform(np.log(view.depth_px[0]), np.log(view.depth_px[1])))
    scale = scene.depth_px / target
    angle = (
        rng.uniform(-np.pi, np.pi) if rng.random() < view.any_rotation else np.radians(view.rotation_deg) * rng.normal()
    )
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    stretch = np.diag(np.exp(rng.normal(0, view.shear, 2)))
    skew = np.array([[1, rng.normal(0, view.shear)], [0, 1]])
    matrix: Array = scale * (turn @ stretch @ skew)
    if rng.random() < view.flip:
        matrix = matrix @ np.diag([1.0, -1.0])
    return matrix


def render(scene: Scene, view: View, rng: np.random.Generator) -> Draw:
    """Return one draw of `scene`: moved, turned, scaled, mirrored, perhaps fractured. Intensities are untouched."""
    matrix = _affine(view, scene, rng)
    if scene.landmarks and rng.random() < 0.95:
        centre = np.nanmean(scene.landmarks[rng.choice(list(scene.landmarks))], 0)
    else:
        centre = scene.focus + rng.normal(0, 0.15, 2) * np.array(scene.instances.shape)
    shift = rng.uniform([-0.35, -0.3], [0.35, 0.3]) * np.array(view.size)
    warps: list[Warp] = []
    marks = dict(scene.landmarks)
    if scene.fracturable and rng.random() < view.fracture:
        for level in rng.permutation(scene.fracturable)[: rng.choice([1, 2, 3], p=[0.6, 0.3, 0.1])]:
            warps.append(Warp(marks[int(level)], draw_fracture(rng), *neighbours(int(level), marks)))
            marks = {k: warps[-1].forward(p) for k, p in marks.items()}
    return render_at(scene, marks, warps, Placing(matrix=matrix, origin=centre - matrix @ shift, size=view.size))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Placing:
    """Where an output picture of `size` lies in the (fractured) scene: scene = matrix @ (output − middle) + origin."""

    matrix: Array  # (2, 2)
    origin: Array  # (2,)
    size: tuple[int, int]

    def to_output(self, points: Array) -> Array:
        """Return scene points (..., 2) in output pixels."""
        moved: Array = (points - self.origin) @ np.linalg.inv(self.matrix).T + (np.array(self.size) / 2 - 0.5)
        return moved


def render_at(scene: Scene, marks: Mapping[int, Array], warps: Sequence[Warp], placing: Placing) -> Draw:
    """Return the scene, warped, as `placing` sees it; `marks` are the landmarks after the warps."""
    h, w = placing.size
    rows = np.arange(0, h + _COARSE, _COARSE, dtype=float)
    columns = np.arange(0, w + _COARSE, _COARSE, dtype=float)
    out = np.stack(np.meshgrid(rows - h / 2 + 0.5, columns - w / 2 + 0.5, indexing="ij"), -1)
    source = out @ placing.matrix.T + placing.origin
    gain = np.ones(source.shape[:-1])
    for warp in reversed(warps):
        source = warp.inverse(source)
        gain = gain * warp.brightness(source)
    place = _densify(source, (h, w))
    image = _sample(scene.image, place, "bilinear") * _densify(gain[..., None], (h, w))[..., 0]
    instances = _sample(scene.instances[None].float(), place, "nearest")[0].to(torch.uint8)
    ignore = _sample(scene.ignore.float(), place, "nearest") > 0.5
    table = torch.full((256, 6, 2), float("nan"))
    for level, points in marks.items():
        table[level] = torch.from_numpy(placing.to_output(points)).float()
    return Draw(image=image, instances=instances, ignore=ignore, table=table, levels_known=scene.levels_known)


def _densify(coarse: Array, size: tuple[int, int]) -> Tensor:
    """Return a (h, w, C) tensor from values on every fourth pixel."""
    values = torch.from_numpy(coarse).float().permute(2, 0, 1)[None]
    height, width = (values.shape[2] - 1) * _COARSE + 1, (values.shape[3] - 1) * _COARSE + 1
    dense = F.interpolate(values, (height, width), mode="bilinear", align_corners=True)
    return dense[0, :, : size[0], : size[1]].permute(1, 2, 0)


def _sample(image: Tensor, place: Tensor, mode: str) -> Tensor:
    """Sample (C, H, W) at (h, w, 2) row, column places; zero outside."""
    height, width = image.shape[1:]
    grid = torch.stack([place[..., 1] * 2 / (width - 1) - 1, place[..., 0] * 2 / (height - 1) - 1], -1)
    return F.grid_sample(image[None], grid[None], mode=mode, padding_mode="zeros", align_corners=True)[0]
