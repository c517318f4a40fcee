"""Films made for training, drawn once and kept beside the runs: simulated, of real CTs, painted into real ones."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F  # noqa: N812

from ovf_imaging.training.film_data import BASE_DEPTH_PX
from ovf_imaging.training.scene import Scene
from ovf_imaging.training.simulation.cases import Sources, film_scenes, painted_stream
from ovf_imaging.training.simulation.painted import PaintSettings

SIMULATED, PAINTED = 320, 120  # films: a few hundred fit the memory
FIRST_SEED = 4100


def film_pool(data: Path, file: Path) -> dict[str, list[Scene]]:
    """Return "simulated" and "painted" films; read from `file`, or drawn (ten minutes) and written there.

    Films held back from training are not painted on.
    """
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        painted = painted_stream(Sources.of(data, "radiograph", "train"), PaintSettings(), FIRST_SEED)
        drawn = {
            "simulated": film_scenes(data, SIMULATED, FIRST_SEED),
            "painted": list(itertools.islice(painted, PAINTED)),
        }
        torch.save({name: [_plain(shrunk(scene)) for scene in scenes] for name, scenes in drawn.items()}, file)
    plain = torch.load(file, weights_only=True)
    return {name: [_scene(values) for values in scenes] for name, scenes in plain.items()}


def whole_bodies(scenes: Sequence[Scene]) -> list[Scene]:
    """Return the scenes that show bodies, each with the landmarks of those alone that it shows whole."""
    found = []
    for scene in scenes:
        edge = np.array(scene.instances.shape) - 1
        whole = {k: p for k, p in scene.landmarks.items() if ((p >= 0) & (p <= edge) | np.isnan(p)).all()}
        fracturable = tuple(k for k in scene.fracturable if k in whole)
        if fracturable:
            found.append(replace(scene, landmarks=whole, fracturable=fracturable))
    return found


def shrunk(scene: Scene) -> Scene:
    """Return a film reduced to bodies of BASE_DEPTH_PX, as real films are, when its bodies are larger."""
    height, width = scene.instances.shape
    factor = BASE_DEPTH_PX / scene.depth_px
    if factor >= 1:
        return scene
    size = (round(height * factor), round(width * factor))
    scale = np.array(size) / (height, width)
    labels = F.interpolate(scene.instances[None, None].float(), size, mode="nearest-exact")[0, 0]
    return replace(
        scene,
        image=F.interpolate(scene.image[None], size, mode="bilinear", antialias=True)[0],
        instances=labels.to(torch.uint8),
        ignore=F.interpolate(scene.ignore[None].float(), size, mode="nearest-exact")[0] > 0,
        landmarks={k: (p + 0.5) * scale - 0.5 for k, p in scene.landmarks.items()},
        focus=(scene.focus + 0.5) * scale - 0.5,
        depth_px=BASE_DEPTH_PX,
    )


def _plain(scene: Scene) -> dict[str, Any]:
    """Return a scene as tensors and numbers, grey values at half precision."""
    values = {f.name: getattr(scene, f.name) for f in fields(Scene)}
    return values | {
        "image": scene.image.half(),
        "landmarks": {int(k): torch.from_numpy(p) for k, p in scene.landmarks.items()},
        "fracturable": [int(k) for k in scene.fracturable],
        "focus": torch.from_numpy(scene.focus),
        "depth_px": float(scene.depth_px),
    }


def _scene(values: dict[str, Any]) -> Scene:
    return Scene(
        **values
        | {
            "image": values["image"].float(),
            "landmarks": {k: p.numpy() for k, p in values["landmarks"].items()},
            "fracturable": tuple(values["fracturable"]),
            "focus": values["focus"].numpy(),
        }
    )
