"""Canonical bones: meshes filled once, each in its own frame, and kept on disk.

A template's millimetres are like the patient's (x left, y back, z head) with the origin at the middle of the body's
four corners and y along the mean of its endplates.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ovf_imaging.training.simulation.anatomy.meshes import (
    Mesh,
    read_obj,
    read_shape_model,
    read_vtp,
    signed_distance,
    split,
)
from ovf_imaging.training.simulation.anatomy.section import CORNERS, body_outline, endplate_middle, section_landmarks
from ovf_imaging.training.simulation.volume import Array, Grid
from ovf_imaging.types import Level

_VERSION = "4"
_STEP_MM = 0.8
S1_HEIGHT_MM = 29.0  # the sacrum has no landmarks that end its first body
_RIM = 0.65  # part of the half width at which a rim is told
_COARSE_MM = 2.0  # pelvis and ribs
_LUMBAR = "lumbosacral_visible_human"
_SHAPE_MODEL = "lumbar_shape_model"
_THORACIC = "thoracolumbar_and_ribcage"
_SACRAL_CORNERS = np.array([[-1.37, 0.35], [0.35, 1.37]])  # (y, z) outward: promontory, back of the S1 endplate
_CACHE = Path.home() / ".cache" / "ovf-imaging" / "anatomy"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Template:
    """One bone in its own frame."""

    grid: Grid
    distance: NDArray[np.float32]  # mm to the surface, negative inside
    landmarks: Array  # (6, 3) on its mid-sagittal section, rows named by types.Landmark; NaN where it has none
    rims: Array  # (2, 6, 3) the same at its left and right rim
    width_mm: float  # of the body; 0 for the pelvis


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rib:
    """The left rib of a vertebra as points that share its volume, in the vertebra's frame."""

    points: Array  # (N, 3)
    depth: Array  # (N,) mm below the rib's surface
    volume_mm3: float  # of one point


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Templates:
    """Every bone a patient is built from."""

    vertebrae: dict[int, Template]  # TPTBox level: T1–L5 and S1 (the whole sacrum)
    mean: dict[int, Template]  # L2–L5 of the shape model
    pelvis: Template  # both hips, in the sacrum's frame
    ribs: dict[int, Rib]  # T1–T12


def load_templates(meshes: Path, cache: Path = _CACHE) -> Templates:
    """Return the templates of a mesh folder, filled on first use (half a minute) and read from `cache` afterwards.

    Raises FileNotFoundError when a mesh is missing.
    """
    folders = {_LUMBAR: "*.obj", _THORACIC: "*.vtp", _SHAPE_MODEL: "meanMesh_*.csv"}
    files = [file for folder, pattern in folders.items() for file in sorted((meshes / folder).glob(pattern))]
    if not files:
        raise FileNotFoundError(f"no meshes in {meshes}: wanted the folders {', '.join(folders)}")
    digest = hashlib.sha256(_VERSION.encode())
    for file in files:
        digest.update(file.read_bytes())
    kept = cache / f"templates-{digest.hexdigest()[:16]}.npz"
    if not kept.exists():
        cache.mkdir(parents=True, exist_ok=True)
        part = kept.with_suffix(f".{os.getpid()}.npz")
        np.savez_compressed(part, allow_pickle=False, **_arrays(_build(meshes)))
        part.replace(kept)
    with np.load(kept) as stored:
        return _templates(stored)


def _build(meshes: Path) -> Templates:
    lumbar, thoracic = meshes / _LUMBAR, meshes / _THORACIC
    vertebrae = {}
    frames: dict[int, tuple[Array, Array]] = {}
    spine = [piece for piece in split(read_vtp(thoracic / "tlspine.vtp")) if len(piece.vertices) > 100]  # not the discs
    for level, mesh in zip(range(int(Level.T1), int(Level.L1)), spine, strict=False):
        vertebrae[level], frames[level] = _vertebra(mesh)
    for number in range(1, 6):
        mesh = read_obj(lumbar / f"L{number}_Schrumpfverpacken.obj")
        vertebrae[int(Level.L1) + number - 1], _ = _vertebra(mesh)
    sacrum, frame = _sacrum(read_obj(lumbar / "S1_Schrumpfverpacken.obj"))
    vertebrae[int(Level.S1)] = sacrum
    average = split(read_shape_model(meshes / _SHAPE_MODEL))
    mean = {int(Level.L2) + k: _vertebra(mesh)[0] for k, mesh in enumerate(average)}
    grid, distance = signed_distance(_framed(read_obj(lumbar / "Pelvis.obj"), *frame), _COARSE_MM, 2 * _COARSE_MM)
    none = np.full((6, 3), np.nan)
    pelvis = Template(grid=grid, distance=distance, landmarks=none, rims=np.stack([none, none]), width_mm=0.0)
    left = [piece for piece in split(read_vtp(thoracic / "ribcage.vtp")) if piece.vertices[:, 0].min() > 5.0]
    left.sort(key=lambda rib: -float(rib.vertices[np.argmin(rib.vertices[:, 0]), 2]))
    ribs = {level: _rib(_framed(mesh, *frames[level])) for level, mesh in zip(sorted(frames), left, strict=True)}
    return Templates(vertebrae=vertebrae, mean=mean, pelvis=pelvis, ribs=ribs)


def _framed(mesh: Mesh, origin: Array, turn: Array) -> Mesh:
    return Mesh(vertices=(mesh.vertices - origin) @ turn.T, triangles=mesh.triangles)


def _frame(x_mm: float, corners: Array) -> tuple[Array, Array]:
    """Return the origin and the axes (rows) of a body whose four corners, in the order of CORNERS, are (y, z)."""
    sa, sp, ia, ip = corners
    back = (sp - sa) / np.linalg.norm(sp - sa) + (ip - ia) / np.linalg.norm(ip - ia)
    y, z = back / np.linalg.norm(back)
    return np.array([x_mm, *corners.mean(axis=0)]), np.array([[1, 0, 0], [0, y, z], [0, -z, y]])


def _vertebra(mesh: Mesh) -> tuple[Template, tuple[Array, Array]]:
    x_mm = float(mesh.vertices[:, 0].min() + mesh.vertices[:, 0].max()) / 2
    rough = section_landmarks(body_outline(*signed_distance(mesh, 1.0, 3.0), x_mm))
    frame = _frame(x_mm, rough[CORNERS])
    grid, distance = signed_distance(_framed(mesh, *frame), _STEP_MM, 4 * _STEP_MM)
    landmarks = _in_plane(section_landmarks(body_outline(grid, distance)), 0.0)
    width_mm = _width_mm(grid, distance, landmarks)
    wall = max(landmarks[2, 1], landmarks[5, 1]) + 1.0
    body = np.maximum(distance, (grid.axis_mm(1) - wall)[None, :, None].astype(np.float32))
    sides = [side * _RIM * width_mm / 2 for side in (1, -1)]
    rims = np.stack([_in_plane(section_landmarks(body_outline(grid, body, x)), x) for x in sides])
    return Template(grid=grid, distance=distance, landmarks=landmarks, rims=rims, width_mm=width_mm), frame


def _in_plane(flat: Array, x_mm: float) -> Array:
    return np.column_stack([np.full(len(flat), x_mm), flat])


def _width_mm(grid: Grid, distance: NDArray[np.float32], landmarks: Array) -> float:
    """Return the body's width halfway along its depth, just below its superior rim."""
    at = np.round((np.array([0.0, 0.0, 0.7 * landmarks[1, 2]]) - grid.origin_mm) / grid.step_mm).astype(int)
    return float((distance[:, at[1], at[2]] < 0).sum() * grid.step_mm[0])


def _sacrum(mesh: Mesh) -> tuple[Template, tuple[Array, Array]]:
    """Return the sacrum in a frame whose origin is the middle of the S1 body and whose y runs along its endplate."""
    x_mm = float(mesh.vertices[:, 0].min() + mesh.vertices[:, 0].max()) / 2
    outline = body_outline(*signed_distance(mesh, 1.0, 3.0), x_mm)
    corners = outline[np.argmax(outline @ _SACRAL_CORNERS.T, axis=0)]
    origin, turn = _frame(x_mm, np.repeat(corners[None], 2, axis=0).reshape(4, 2))
    frame = (origin - turn[2] * S1_HEIGHT_MM / 2, turn)
    grid, distance = signed_distance(_framed(mesh, *frame), _STEP_MM, 4 * _STEP_MM)
    landmarks = _endplate(body_outline(grid, distance), 0.0)
    width_mm = _width_mm(grid, distance, landmarks)
    sides = [side * _RIM * width_mm / 2 for side in (1, -1)]
    rims = np.stack([_endplate(body_outline(grid, distance, x), x) for x in sides])
    return Template(grid=grid, distance=distance, landmarks=landmarks, rims=rims, width_mm=width_mm), frame


def _endplate(outline: Array, x_mm: float) -> Array:
    """Return the S1 endplate's landmarks (6, 3); the inferior ones are NaN."""
    front, rear = outline[np.argmax(outline @ np.array([[-1.0, 1.0], [1.0, 1.0]]).T, axis=0)]
    landmarks = np.full((6, 3), np.nan)
    middle = endplate_middle(outline, front, rear, upper=True)
    landmarks[:3] = _in_plane(np.array([front, middle, rear]), x_mm)
    return landmarks


def _rib(mesh: Mesh) -> Rib:
    grid, distance = signed_distance(mesh, _COARSE_MM / 2, _COARSE_MM)
    inside = np.argwhere(distance < 0)
    return Rib(
        points=np.asarray(grid.origin_mm + inside * grid.step_mm),
        depth=-distance[distance < 0].astype(np.float64),
        volume_mm3=float(np.prod(grid.step_mm)),
    )


def _arrays(templates: Templates) -> dict[str, NDArray[np.generic]]:
    arrays: dict[str, NDArray[np.generic]] = {}
    named = {str(level): template for level, template in templates.vertebrae.items()}
    named |= {f"mean {level}": template for level, template in templates.mean.items()}
    for name, one in (named | {"pelvis": templates.pelvis}).items():
        arrays[f"{name} distance"] = one.distance.astype(np.float16)
        arrays[f"{name} grid"] = np.stack([one.grid.origin_mm, one.grid.step_mm])
        arrays[f"{name} landmarks"] = np.stack([one.landmarks, *one.rims])
        arrays[f"{name} width"] = np.array(one.width_mm)
    for level, rib in templates.ribs.items():
        arrays[f"rib {level}"] = np.column_stack([rib.points, rib.depth]).astype(np.float32)
    return arrays


def _templates(stored: np.lib.npyio.NpzFile) -> Templates:
    def one(name: str) -> Template:
        origin, step = stored[f"{name} grid"]
        distance = stored[f"{name} distance"].astype(np.float32)
        grid = Grid(origin_mm=origin, step_mm=step, shape=distance.shape)
        middle, *rims = stored[f"{name} landmarks"]
        width_mm = float(stored[f"{name} width"])
        return Template(grid=grid, distance=distance, landmarks=middle, rims=np.stack(rims), width_mm=width_mm)

    def rib(name: str) -> Rib:
        table = stored[name].astype(np.float64)
        return Rib(points=table[:, :3], depth=table[:, 3], volume_mm3=(_COARSE_MM / 2) ** 3)

    levels = [*range(Level.T1, Level.L6), int(Level.S1)]
    thoracic = range(Level.T1, Level.L1)
    return Templates(
        vertebrae={int(level): one(str(int(level))) for level in levels},
        mean={int(level): one(f"mean {int(level)}") for level in range(Level.L2, Level.L6)},
        pelvis=one("pelvis"),
        ribs={int(level): rib(f"rib {int(level)}") for level in thoracic},
    )
