"""What lies in and about the trunk besides the spine: lungs over their diaphragm, bowel gas, arms, neck and head."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ovf_imaging.training.simulation.film.camera import Camera, Map
from ovf_imaging.training.simulation.film.column import Column
from ovf_imaging.training.simulation.film.settings import FilmSettings
from ovf_imaging.training.simulation.film.solids import Ellipsoid, length, span, window
from ovf_imaging.training.simulation.film.trunk import NECK_FORWARD_MM, Trunk
from ovf_imaging.training.simulation.volume import PatientTruth
from ovf_imaging.types import Level

_HEAD_MM = np.array([0.0, -85.0, 25.0])  # its middle from the place of C1 on a straight column
_NECK_CLOSER_MM = 11.0  # cervical levels lie closer together than a column's places beyond its end
_SHELL = 0.86  # inner against outer radius of long bones and skull
_BONE_G_CM3 = 0.75  # mineral of their shell


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scenery:
    """Solids about the spine."""

    lungs: tuple[tuple[Ellipsoid, Ellipsoid], ...]  # each with the dome that takes its lower part
    lung_g_cm3: float
    gas: tuple[tuple[Ellipsoid, ...], ...]  # loops of bowel, each a string of bubbles
    flesh: tuple[Ellipsoid, ...]  # outside the trunk: arms and head
    shells: tuple[Ellipsoid, ...]  # outer surfaces of hollow bones


def air_mm(scenery: Scenery, camera: Camera, rays: Map, soft_mm: Map) -> tuple[Map, Map]:
    """Return mm of lung and mm of gas on each ray (H, W), never more than there is soft tissue."""
    lung = np.zeros(camera.shape, np.float32)
    for solid, dome in scenery.lungs:
        view = window(solid, camera)
        lung[view] += length(span(solid, camera.source_mm, rays[view]), span(dome, camera.source_mm, rays[view]))
    gas = np.zeros(camera.shape, np.float32)
    for loop in scenery.gas:
        gas += _longest(loop, camera, rays)
    return np.minimum(lung, 0.85 * soft_mm), np.minimum(gas, 0.6 * np.maximum(soft_mm - lung, 0))


def limbs_mm(scenery: Scenery, camera: Camera, rays: Map) -> tuple[Map, Map]:
    """Return mm of flesh and g/cm² of bone mineral of what lies outside the trunk, on each ray (H, W)."""
    outer = _sum(scenery.shells, camera, rays)
    inner = _sum([shell.scaled(_SHELL) for shell in scenery.shells], camera, rays)
    return _sum(scenery.flesh, camera, rays), (outer - inner) * np.float32(0.1 * _BONE_G_CM3)


def _sum(solids: Sequence[Ellipsoid], camera: Camera, rays: Map) -> Map:
    total = np.zeros(camera.shape, np.float32)
    for solid in solids:
        view = window(solid, camera)
        total[view] += length(span(solid, camera.source_mm, rays[view]))
    return total


def _longest(solids: Sequence[Ellipsoid], camera: Camera, rays: Map) -> Map:
    """Return the longest way through any one of solids that overlap."""
    most = np.zeros(camera.shape, np.float32)
    for solid in solids:
        view = window(solid, camera)
        most[view] = np.maximum(most[view], length(span(solid, camera.source_mm, rays[view])))
    return most


def draw_scenery(
    rng: np.random.Generator, truth: PatientTruth, trunk: Trunk, settings: FilmSettings, *, limbs: bool
) -> Scenery:
    """Return solids drawn about a patient's column; `limbs` are head and arms, kept out of smaller films."""
    column = Column.of(truth)
    arms = _arms(rng, column)
    head = Ellipsoid.upright(column.place(-1.0) + _HEAD_MM, (75.0, 98.0, 112.0))
    return Scenery(
        lungs=tuple(_lung(rng, column, trunk, side) for side in (-1, 1)),
        lung_g_cm3=float(rng.uniform(*settings.lung_g_cm3)),
        gas=tuple(_gas(rng, column, trunk, settings)) if rng.random() < settings.gas else (),
        flesh=(*(flesh for flesh, _ in arms), head) if limbs else (),
        shells=(*(bone for _, bone in arms), head.scaled(0.93), *_neck(column)) if limbs else (),
    )


def _depth(trunk: Trunk, z_mm: float) -> tuple[float, float]:
    """Return y of the skin in front and behind at a height."""
    centre = float(np.interp(z_mm, trunk.heights_mm, trunk.centre_mm[:, 1]))
    half = float(np.interp(z_mm, trunk.heights_mm, trunk.half_mm[:, 1]))
    return centre - half, centre + half


def _lung(rng: np.random.Generator, column: Column, trunk: Trunk, side: int) -> tuple[Ellipsoid, Ellipsoid]:
    top, foot = column.place(float(Level.T2)), column.place(float(Level.L1) + rng.uniform(-0.8, 0.6))
    height = float(top[2] - foot[2])
    front, back = _depth(trunk, float((top[2] + foot[2]) / 2))
    depth = 0.42 * (back - front)
    middle = np.array([top[0] + side * 75.0, (front + back) / 2 + rng.uniform(-4, 10), foot[2] + 0.52 * height])
    lung = Ellipsoid.upright(middle, (56.0, depth, 0.56 * height))
    crown = column.place(float(Level.T10) + rng.uniform(-1.3, 1.2))[2]
    low = 150.0
    dome = Ellipsoid.upright(
        np.array([middle[0], middle[1] - rng.uniform(8, 30), crown - low]),
        (90.0, depth * rng.uniform(0.98, 1.12), low),
    )
    return lung, dome


def _gas(rng: np.random.Generator, column: Column, trunk: Trunk, settings: FilmSettings) -> list[tuple[Ellipsoid, ...]]:
    """Return loops of bowel as strings of bubbles; the colon's sides lie beside the spine, the rest before it."""
    loops = []
    for _ in range(round(float(rng.uniform(*settings.gas_loops)))):
        start = column.place(float(rng.uniform(Level.T12, Level.S1 + 1.5)))
        front = _depth(trunk, float(start[2]))[0] + 25
        beside = rng.random() < 0.3
        y = rng.uniform(-25, 12) if beside else rng.uniform(min(front - start[1], -40), -22)
        x = rng.choice([-1, 1]) * rng.uniform(60, 95) if beside else rng.uniform(-80, 80)
        point = start + np.array([x, y, 0.0])
        size = float(np.exp(rng.uniform(*np.log([3.0, 15.0]))))
        bubbles = []
        way = rng.standard_normal(3) * [0.4, 0.8, 1.0]
        for _ in range(int(rng.integers(3, int(60 / size) + 5))):
            radii = size * rng.uniform(0.6, 1.3, 3) * np.array([1.2, 1.0, 1.0])
            turn = np.linalg.qr(rng.standard_normal((3, 3)))[0]
            bubbles.append(Ellipsoid(centre_mm=point, radii_mm=radii, turn=turn))
            way = way + 0.5 * rng.standard_normal(3)
            point = point + way / np.linalg.norm(way) * size * rng.uniform(0.5, 1.5)
        loops.append(tuple(bubbles))
    return loops


def _neck(column: Column) -> list[Ellipsoid]:
    """Return plain bodies and spinous processes from C2 to C7, which no truth tells of, on the trunk's neck."""
    bones = []
    for level in range(int(Level.C2), int(Level.T1)):
        middle = column.place(float(level))
        middle = middle - (Level.T1 - level) * np.array([0.0, NECK_FORWARD_MM, _NECK_CLOSER_MM])
        body = Ellipsoid.upright(middle, (4.0, 9.5, 7.5))  # thin across: as much mineral as spongy bone of full width
        bones += [body.scaled(_SHELL**k) for k in range(8)]  # shell within shell: a body is not hollow
        bones.append(Ellipsoid.between(middle + np.array([0.0, 14.0, 0.0]), middle + np.array([0.0, 38.0, -11.0]), 4.0))
    return bones


def _arms(rng: np.random.Generator, column: Column) -> list[tuple[Ellipsoid, Ellipsoid]]:
    """Return upper arms and forearms, each with its bone: fists on the clavicles, or hands on a support in front.

    Both are the textbook positions of standing lateral films; the upper arm is lifted 30–70° from hanging.
    """
    shoulder = column.place(float(Level.T2))
    lift, rise = np.radians(rng.uniform(20, 60)), np.radians(rng.uniform(-10, 40))
    on_clavicles = rng.random() < 0.5
    parts = []
    for side in (-1, 1):
        start = np.array([shoulder[0] + side * 165.0, shoulder[1] - 25, shoulder[2] - 25])
        elbow = start + 300 * np.array([0, -np.cos(lift), -np.sin(lift)]) + rng.normal(0, 12, 3)
        supported = elbow + 270 * np.array([-0.2 * side, -np.cos(rise), np.sin(rise)])
        hand = shoulder + np.array([side * 60.0, -70.0, 20.0]) if on_clavicles else supported
        for a, b, radius, bone in ((start + (start - elbow) * 0.15, elbow, 44.0, 11.0), (elbow, hand, 38.0, 8.0)):
            parts.append((Ellipsoid.between(a, b, radius), Ellipsoid.between(a, b, bone)))
    return parts
