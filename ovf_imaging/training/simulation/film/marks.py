"""What is put on a film by hand: collimation, lead letters, printed text, a ruler."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from scipy.ndimage import gaussian_filter1d

from ovf_imaging.training.simulation.film.camera import Map
from ovf_imaging.training.simulation.film.settings import FilmSettings

_WORDS = ("L", "R", "L", "R", "LAT", "LATERAL", "1", "2", "7 4", "STEH", "ERECT", "SUPINE", "R  04")


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A word on the film."""

    word: str
    place: tuple[float, float]  # of its upper left corner, parts of the film's height and width
    size: float  # part of the film's height
    mirrored: bool
    brightness: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """Everything put on one film."""

    covered: tuple[float, float, float, float] | None  # by collimation: top, bottom, left, right, parts of the film
    blackened: bool  # what is covered is shown black instead of white
    letters: tuple[Letter, ...]
    ruler: float | None  # place across, part of the film's width


def draw_marks(rng: np.random.Generator, settings: FilmSettings) -> Marks:
    """Return marks drawn at random."""
    covered = rng.uniform(*settings.collimation, 4)
    words = int(rng.integers(1, 4)) if rng.random() < settings.letters else 0
    collimated, blackened, ruled = rng.random(3) < (settings.collimated, settings.blackened, settings.ruler)
    return Marks(
        covered=(float(covered[0]), float(covered[1]), float(covered[2]), float(covered[3])) if collimated else None,
        blackened=bool(blackened),
        letters=tuple(_letter(rng) for _ in range(words)),
        ruler=float(rng.choice([rng.uniform(0.02, 0.12), rng.uniform(0.82, 0.93)])) if ruled else None,
    )


def _letter(rng: np.random.Generator) -> Letter:
    across = rng.uniform(0.02, 0.2) if rng.random() < 0.5 else rng.uniform(0.7, 0.9)
    return Letter(
        word=str(rng.choice(_WORDS)),
        place=(float(rng.uniform(0.02, 0.93)), float(across)),
        size=float(rng.uniform(0.018, 0.05)),
        mirrored=bool(rng.random() < 0.15),
        brightness=float(rng.uniform(0.75, 1.0)),
    )


def open_field(marks: Marks, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Return (H, W) what collimation leaves open."""
    is_open = np.zeros(shape, dtype=bool)
    top, bottom, left, right = marks.covered or (0.0, 0.0, 0.0, 0.0)
    rows, columns = (
        (round(top * shape[0]), round((1 - bottom) * shape[0])),
        (round(left * shape[1]), round((1 - right) * shape[1])),
    )
    is_open[rows[0] : rows[1], columns[0] : columns[1]] = True
    return is_open


def collimated(light: Map, marks: Marks) -> Map:
    """Return light (H, W) after the collimator, whose edges are a little soft."""
    if marks.covered is None:
        return light
    field = open_field(marks, (light.shape[0], light.shape[1]))
    profiles = [gaussian_filter1d(field.any(axis=k).astype(np.float32), 1.5) for k in (1, 0)]
    return np.asarray(light * (np.float32(0.004) + np.outer(*profiles).astype(np.float32)))


def marked(grey: Map, marks: Marks) -> Map:
    """Return grey values (H, W) with all that lies on the film."""
    height, width = grey.shape
    sheet = Image.new("L", (width, height), 0)
    pen = ImageDraw.Draw(sheet)
    if marks.ruler is not None:
        _draw_ruler(pen, marks.ruler * width, height)
    for letter in marks.letters:
        sheet.paste(*_stamp(letter, height, width))
    layer = np.asarray(sheet, dtype=np.float32) / 255
    if marks.blackened and marks.covered is not None:
        grey = np.where(open_field(marks, (height, width)), grey, 0)
    return np.maximum(grey, layer)


def _stamp(letter: Letter, height: int, width: int) -> tuple[Image.Image, tuple[int, int]]:
    font = ImageFont.load_default(max(8, letter.size * height))
    left, top, right, bottom = font.getbbox(letter.word)
    stamp = Image.new("L", (int(right - left) + 2, int(bottom - top) + 2), 0)
    ImageDraw.Draw(stamp).text((1 - left, 1 - top), letter.word, fill=round(255 * letter.brightness), font=font)
    if letter.mirrored:
        stamp = stamp.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return stamp, (round(letter.place[1] * width), round(letter.place[0] * height))


def _draw_ruler(pen: ImageDraw.ImageDraw, column: float, height: int) -> None:
    step = height / 45
    pen.line([(column, 0), (column, height)], fill=235, width=1)
    font = ImageFont.load_default(max(7, height / 90))
    for tick in range(46):
        long = tick % 5 == 0
        pen.line([(column, tick * step), (column + (14 if long else 7), tick * step)], fill=235, width=1)
        if long:
            pen.text((column + 17, tick * step - 6), str(tick), fill=235, font=font)
