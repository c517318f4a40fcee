"""The one way from an Image to a Reading: picks the network that fits the view."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch

from ovf_imaging.errors import OVFError, ReadingError
from ovf_imaging.types import Caveat, Image, Reading, View
from ovf_imaging.vision.mri import MriReader
from ovf_imaging.vision.radiograph import FilmReader
from ovf_imaging.vision.weights import load_bundle

MRI_BUNDLE = "vertebrae_mri"
FILM_BUNDLE = "vertebrae_radiograph"


def choose_device(wanted: str) -> torch.device:
    """Return the device for "auto", "cpu" or "cuda"; auto takes the GPU when there is one."""
    if wanted == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if wanted == "cuda" and not torch.cuda.is_available():
        raise OVFError("--device cuda was asked for, but torch sees no GPU; use --device cpu or auto")
    if wanted not in ("cpu", "cuda"):
        raise ValueError(f'device wanted as "auto", "cpu" or "cuda", got "{wanted}"')
    return torch.device(wanted)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reader:
    """Both networks, loaded once; `read` may be called from several threads."""

    mri: MriReader
    film: FilmReader
    device: str
    _one_at_a_time: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @classmethod
    def load(cls, models_dir: Path, device: str = "auto", lowest: int | None = None) -> Reader:
        """Return the reader of the bundles under `models_dir`; WeightsError when one is absent or altered.

        `lowest` is the level of the lowest vertebra on the images, where a person states it.
        """
        where = choose_device(device)
        return cls(
            mri=MriReader.load(load_bundle(models_dir, MRI_BUNDLE), where, lowest),
            film=FilmReader.load(load_bundle(models_dir, FILM_BUNDLE), where, lowest),
            device=where.type,
        )

    @property
    def models(self) -> Mapping[str, str]:
        """Bundle name and version → sha256 of its weights."""
        return {f"{r.bundle.name} {r.bundle.version}": r.bundle.sha256 for r in (self.mri, self.film)}

    def read(self, image: Image) -> Reading:
        """Return what is seen on a sagittal MRI, a lateral film or a picture of either.

        Raises ReadingError for another view, or when no column of vertebrae is found.
        """
        with self._one_at_a_time:
            if image.view is View.SAGITTAL:
                return self.mri.read(image)
            if image.view is View.LATERAL:
                return self.film.read(image)
            if image.view is View.UNKNOWN:
                return self._read_picture(image)
        raise ReadingError(f"a sagittal MRI or a lateral film is wanted, this image is {image.view.value}")

    def _read_picture(self, image: Image) -> Reading:
        """Read a picture of unknown kind as a film when its bodies are surely a film's, else as MRI, and say which."""
        sight = self.film.look(image)
        self.film.refuse_frontal(sight)
        film, refusal = _try(lambda: self.film.read_sight(replace(image, view=View.LATERAL), sight))
        sure = self.film.bundle.settings["picture_confidence"]
        reading = film if film is not None and _confidence(film) >= sure else None
        if reading is None:
            reading, _ = _try(lambda: self.mri.read(replace(image, view=View.SAGITTAL)))
        reading = reading or film
        if reading is None:
            raise refusal or ReadingError("a sagittal MRI or a lateral film is wanted")
        view = reading.image.view
        name = "lateral radiograph" if view is View.LATERAL else "sagittal MRI"
        caveat = Caveat(
            code="view-guessed",
            text=f"The file does not say what it shows; it was read as a {name}. Say so with --view {view.value}.",
            must_see=True,
        )
        return replace(reading, caveats=(*reading.caveats, caveat))


def _try(read: Callable[[], Reading]) -> tuple[Reading | None, ReadingError | None]:
    try:
        return read(), None
    except ReadingError as error:
        return None, error


def _confidence(reading: Reading) -> float:
    return sum(v.confidence for v in reading.vertebrae) / len(reading.vertebrae)
