"""Painted cases: a real MRI volume or film of one split, with findings painted in at random."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ovf_imaging.errors import SettingsError
from ovf_imaging.training import film_data, mri_data
from ovf_imaging.training.simulation.cases.case import MODALITIES
from ovf_imaging.training.simulation.painted import (
    PaintedFilm,
    PaintedVolume,
    PaintSettings,
    draw_findings,
    paint_film,
    paint_volume,
    volume_sequence,
)
from ovf_imaging.types import Level

SPLITS = ("train", "held-back")
_FOLDERS = {"mri": "mri_vertebral_bodies", "radiograph": "radiographs_lateral_lumbar"}
_STREAM = 100  # apart from the generators of simulated cases


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PaintedCase:
    """One real picture with its findings painted in."""

    modality: str  # one of MODALITIES
    seed: int
    number: int
    split: str  # one of SPLITS: whether the networks may be trained on the picture's patient
    picture: PaintedVolume | PaintedFilm


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """The real pictures that may be painted on."""

    modality: str
    split: str
    folder: Path
    names: tuple[str, ...]

    @classmethod
    def of(cls, data: Path, modality: str, split: str) -> Sources:
        """Return the pictures of one split; patients held back from training are never in "train".

        Raises ValueError for a modality or split that is not known, SettingsError where `data` holds no pictures.
        """
        if modality not in MODALITIES or split not in SPLITS:
            raise ValueError(f"one of {MODALITIES} and one of {SPLITS} wanted, got {modality!r} and {split!r}")
        folder = data / _FOLDERS[modality]
        names = list_names(folder, modality, held_back=split == "held-back") if folder.is_dir() else []
        if not names:
            raise SettingsError(f"no pictures to paint on in {folder}; name the folder of images with --data")
        return cls(modality=modality, split=split, folder=folder, names=tuple(names))


def list_names(folder: Path, modality: str, *, held_back: bool) -> list[str]:
    """Return the names of a folder's volumes or films."""
    of_modality = mri_data.volume_names if modality == "mri" else film_data.film_names
    return of_modality(folder, held_back=held_back)


def draw_painted_case(sources: Sources, settings: PaintSettings, seed: int, number: int = 0) -> PaintedCase:
    """Return case `number` of a seed; it depends on nothing drawn before it."""
    stream = _STREAM + 2 * MODALITIES.index(sources.modality) + SPLITS.index(sources.split)
    rng = np.random.default_rng([seed, number, stream])
    name = str(rng.choice(sources.names))
    paint = _volume if sources.modality == "mri" else _film
    return PaintedCase(
        modality=sources.modality,
        seed=seed,
        number=number,
        split=sources.split,
        picture=paint(sources.folder, name, settings, rng),
    )


def _volume(folder: Path, name: str, settings: PaintSettings, rng: np.random.Generator) -> PaintedVolume:
    volume = mri_data.load_volume(folder, name)
    levels = [int(k) for k in np.unique(volume.labels) if k not in (0, Level.S1)]
    return paint_volume(volume, volume_sequence(name), draw_findings(rng, levels, settings), rng)


def _film(folder: Path, name: str, settings: PaintSettings, rng: np.random.Generator) -> PaintedFilm:
    entry = json.loads((folder / "landmarks.json").read_text(encoding="utf-8"))[name]
    scene = film_data.lateral_scene(folder / name, entry)
    return paint_film(scene, draw_findings(rng, scene.fracturable, settings, film=True), rng, name=name)
