"""The recipes behind the committed weights: train the networks of a bundle, one after another, then write it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import torch
from torch import nn

from ovf_imaging.errors import InputError, OutputError
from ovf_imaging.pipeline import Config, Watch
from ovf_imaging.training import train_film, train_mri_refiner
from ovf_imaging.training.export import averaged_weights, export
from ovf_imaging.training.fit import Run
from ovf_imaging.training.train_mri import train_mri
from ovf_imaging.vision import choose_device

MODELS = "models"  # below --out: all bundles, so that Config(models_dir=…) can name the folder
HOURS = 4.0  # all networks together
_ORDER = "run.json"
_FOLDERS = (
    "radiographs_lateral_lumbar",
    "radiographs_ap_landmarks",
    "mri_vertebral_bodies",
    "mri_lumbar_polygons",
    "meshes",
)  # each network also learns what it is not to read


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One network of a bundle."""

    name: str  # of its tensors in the bundle, and of its folder
    share: float  # of the recipe's hours
    train: Callable[[Path, Run], nn.Module]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How a bundle's networks are made."""

    bundle: str
    needs: tuple[str, ...]  # folders of the data
    parts: tuple[Part, ...]


RECIPES: Mapping[str, Recipe] = {
    "radiograph": Recipe(
        bundle="vertebrae_radiograph",
        needs=_FOLDERS,
        parts=(
            Part(name="localiser", share=0.56, train=train_film.train_localiser),
            Part(name="refiner", share=0.44, train=train_film.train_refiner),
        ),
    ),
    "mri": Recipe(
        bundle="vertebrae_mri",
        needs=_FOLDERS,
        parts=(
            Part(name="vertebrae", share=0.75, train=train_mri),
            Part(name="refiner", share=0.25, train=train_mri_refiner.train_refiner),
        ),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A training that someone wants."""

    data: Path
    out: Path
    hours: float | None = None  # None = as many as it was begun with, or HOURS
    device: str = "auto"
    resume: bool = False
    models: Path = field(default_factory=lambda: Config().models_dir)  # bundles whose configuration is taken over
    watch: Watch = lambda what, done, total: None  # told minutes


def train(recipe: Recipe, order: Order) -> Path:
    """Train the networks of a recipe and return the folder of bundles, the recipe's one with the new weights.

    With `resume` what lies below `order.out` is gone on with. Raises InputError for data that lack a folder, and
    OutputError for an `out` that holds something else.
    """
    lacking = [name for name in recipe.needs if not (order.data / name).is_dir()]
    if lacking:
        raise InputError(f"{order.data}: wanted the folder {', '.join(lacking)} in it; name the given data with --data")
    device = choose_device(order.device).type
    hours = _claim(recipe, order)
    torch.set_num_threads(max(1, (os.cpu_count() or 1) - 1))  # a core stays free
    for part in recipe.parts:
        own = hours * part.share
        watch = partial(_tell, order.watch, part.name, own)
        part.train(order.data, Run(out=order.out / part.name, hours=own, device=device, watch=watch))
    return _bundles(recipe, order)


def _tell(watch: Watch, name: str, hours: float, used_s: float) -> None:
    watch(f"training the {name}, minutes", int(used_s / 60), round(hours * 60))


def _claim(recipe: Recipe, order: Order) -> float:
    """Take the folder for this training, or make sure that it is this training's, and return the hours."""
    out, file = order.out, order.out / _ORDER
    begun = json.loads(file.read_text(encoding="utf-8")) if order.resume and file.is_file() else {}
    if not begun and out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise OutputError(
            f"{out}: wanted a new or empty folder, or with --resume one where a training was begun; name another"
        )
    wanted = {"bundle": recipe.bundle, "hours": order.hours or begun.get("hours", HOURS)}
    if begun and begun != wanted:
        raise OutputError(f"{out}: wanted a training of {wanted} to go on with, it holds {begun}; name another")
    out.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(wanted) + "\n", encoding="utf-8")
    return float(wanted["hours"])


def _bundles(recipe: Recipe, order: Order) -> Path:
    """Write the new weights into a copy of all bundles, without the model card: its figures are of other weights."""
    out = order.out / MODELS
    shutil.copytree(order.models, out, dirs_exist_ok=True)
    shutil.rmtree(out / recipe.bundle / "docs", ignore_errors=True)
    networks = {part.name: averaged_weights(order.out / part.name) for part in recipe.parts}
    export(out / recipe.bundle, networks, {})
    return out
