"""A reading drawn over its image: contours, level names, landmarks and endplate lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from pathlib import Path

import numpy as np
import PIL.Image
from numpy.typing import NDArray
from PIL import ImageDraw, ImageFilter, ImageFont
from scipy.ndimage import find_objects

from ovf_imaging.report.arrays import is_left_out
from ovf_imaging.report.display import Display, Span, fitted, grey
from ovf_imaging.types import Landmark, Points, Reading, Vertebra, level_name

FONT = Path(__file__).parent / "fonts" / "SourceSansPro-Semibold.ttf"
Colour = tuple[int, int, int]
Part = tuple[NDArray[np.bool_], tuple[int, int]]  # a mask's rectangle, its first row and column
# Okabe and Ito's palette, told apart with every colour blindness. Source: https://jfly.uni-koeln.de/color/
COLOURS = ((86, 180, 233), (230, 159, 0))
MARKED = (240, 228, 66)
WHITE, BLACK = (255, 255, 255), (0, 0, 0)
SLIMMEST = 0.5  # width over height of a cropped picture, unless the image is slimmer
_FINE = 2  # drawn at twice the size, then halved: smooth lines
_UPPER = [Landmark.SUPERIOR_ANTERIOR, Landmark.SUPERIOR_MIDDLE, Landmark.SUPERIOR_POSTERIOR]
_LOWER = [Landmark.INFERIOR_ANTERIOR, Landmark.INFERIOR_MIDDLE, Landmark.INFERIOR_POSTERIOR]
_OUTLINE = [*_UPPER, *_LOWER[::-1]]


def overlay(
    reading: Reading, *, box: tuple[int, int] = (1000, 1400), crop: bool = False, marked: Collection[int] = ()
) -> NDArray[np.uint8]:
    """Return a picture (height, width, 3) of the slice that holds most landmarks, with the reading drawn on it.

    The picture is the largest that fits the box (width, height); `crop` shows the column only, with a margin.
    The levels in `marked` are drawn in a colour of their own and filled.
    """
    index = shown_slice(reading)
    rows, columns = column_part(reading) if crop else (None, None)
    display = fitted(reading.image, box, rows, columns)
    base = PIL.Image.fromarray(grey(reading.image, index, display)).convert("RGBA")
    layer = PIL.Image.new("RGBA", (base.width * _FINE, base.height * _FINE))
    fine = Display(
        rows=display.rows,
        columns=display.columns,
        size=layer.size,
        flip_rows=display.flip_rows,
        flip_columns=display.flip_columns,
    )
    bodies = [v for v in reading.vertebrae if np.isfinite(v.landmarks[_UPPER]).all()]
    masks = _masks(reading, index)
    for number, body in enumerate(bodies):
        colour = MARKED if body.level in marked else COLOURS[number % 2]
        _draw_contour(layer, masks.get(body.level), body, fine, (colour, body.level in marked))
    size = _name_size(bodies, fine)
    for number, body in enumerate(bodies):
        colour = MARKED if body.level in marked else COLOURS[number % 2]
        _draw_landmarks(layer, body, fine, index)
        _draw_name(layer, body, fine, colour, size)
    _draw_sides(layer, reading, fine)
    return np.asarray(PIL.Image.alpha_composite(base, layer.reduce(_FINE)).convert("RGB"))


def shown_slice(reading: Reading) -> int:
    """Return the slice that holds most landmarks; of equals the one nearest the middle."""
    count = reading.image.pixels.shape[0]
    planes = _marks(reading)[:, 0]
    votes = Counter(int(s) for s in np.clip(np.rint(planes), 0, count - 1))
    middle = (count - 1) / 2
    return max(votes or {count // 2: 1}, key=lambda s: (votes[s], -abs(s - middle)))


def _marks(reading: Reading) -> Points:
    """Return the landmarks that lie somewhere, (n, 3)."""
    points = np.concatenate([np.empty((0, 3)), *(v.landmarks for v in reading.vertebrae)])
    return np.asarray(points[np.isfinite(points).all(axis=1)])


def column_part(reading: Reading) -> tuple[Span, Span]:
    """Return the rows and columns that hold all bodies with a margin of one body depth, or the whole image."""
    _, height, width = reading.image.pixels.shape
    points = _marks(reading)[:, 1:]
    if not len(points):
        return (0, height), (0, width)
    steps = np.asarray(reading.image.pixel_mm)
    ends = [v.landmarks[_UPPER][:, 1:] for v in reading.vertebrae if np.isfinite(v.landmarks[_UPPER]).all()]
    depth = float(np.median([np.linalg.norm((end[0] - end[2]) * steps) for end in ends])) if ends else 0.0
    margin = depth / steps
    low = np.floor(np.clip(points.min(axis=0) - margin * (0.6, 1.0), 0, (height - 1, width - 1))).astype(int)
    high = np.ceil(np.clip(points.max(axis=0) + margin * (0.6, 1.0), low + 1, (height, width))).astype(int)
    tall = float(high[0] - low[0]) * steps[0] / steps[1]
    return (int(low[0]), int(high[0])), _widened((int(low[1]), int(high[1])), round(SLIMMEST * tall), width)


def _widened(span: Span, wanted: int, limit: int) -> Span:
    """Return the span grown evenly to the wanted width, moved or cut to lie within the limit."""
    missing = max(0, min(wanted, limit) - (span[1] - span[0]))
    first = min(max(0, span[0] - missing // 2), limit - (span[1] - span[0]) - missing)
    return first, first + (span[1] - span[0]) + missing


def _masks(reading: Reading, index: int) -> dict[int, Part]:
    """Return, for each level labelled on the slice, its pixels and the rectangle's first row and column."""
    if is_left_out(reading.labels):
        return {}
    labels = reading.labels[index]
    boxes = enumerate(find_objects(labels), start=1)
    return {
        level: (np.asarray(labels[box] == level), (int(box[0].start), int(box[1].start)))
        for level, box in boxes
        if box is not None
    }


def _draw_contour(
    layer: PIL.Image.Image, part: Part | None, body: Vertebra, display: Display, style: tuple[Colour, bool]
) -> None:
    """Draw the edge of the mask, or the polygon of the landmarks where there is no mask, in a colour, filled or not."""
    colour, fill = style
    width = max(2, layer.height // 500) * _FINE // 2 * 2 + 1
    if part is None and not np.isfinite(body.landmarks).all():
        return  # a sacrum of which the upper endplate alone is known
    shape, place = _smooth(part, display, width) if part else _polygon(body, display, width)
    inside = np.asarray(shape)
    edge = (np.asarray(shape.filter(ImageFilter.BoxBlur(width // 2))) > 0) & (inside == 0)
    alpha = np.where(edge, 255, np.where(inside > 0, 48 if fill else 0, 0)).astype(np.uint8)
    patch = PIL.Image.new("RGBA", shape.size, (*colour, 0))
    patch.putalpha(PIL.Image.fromarray(alpha))
    layer.alpha_composite(patch, place)


def _polygon(body: Vertebra, display: Display, margin: int) -> tuple[PIL.Image.Image, tuple[int, int]]:
    """Return the landmarks' polygon, cut to where it is, with its place (x, y) in the picture."""
    xy = display.to_xy(body.landmarks[_OUTLINE])
    low, size = _rectangle(xy, display, margin)
    shape = PIL.Image.new("L", size)
    ImageDraw.Draw(shape).polygon([(float(x), float(y)) for x, y in xy - low], fill=255)
    return shape, (int(low[0]), int(low[1]))


def _smooth(part: Part, display: Display, margin: int) -> tuple[PIL.Image.Image, tuple[int, int]]:
    """Return a mask in the display's size, smoothed, cut to where it is, with its place (x, y) in the picture."""
    mask, (row, column) = part
    ends = np.array([[row - 1.5, column - 1.5], [row + mask.shape[0] + 0.5, column + mask.shape[1] + 0.5]])
    low, size = _rectangle(display.to_xy(ends), display, margin)
    origin = display.to_pixels(low) + 0.5 - (row, column)
    step = display.to_pixels(low + 1.0) + 0.5 - (row, column) - origin
    way = (float(step[1]), 0.0, float(origin[1]), 0.0, float(step[0]), float(origin[0]))
    source = PIL.Image.fromarray(mask.astype(np.uint8) * 255)
    grown = source.transform(size, PIL.Image.Transform.AFFINE, way, PIL.Image.Resampling.BILINEAR)
    soft = grown.filter(ImageFilter.GaussianBlur(0.9 * max(display.scale)))
    return soft.point([0] * 128 + [255] * 128), (int(low[0]), int(low[1]))


def _rectangle(xy: NDArray[np.float64], display: Display, margin: int) -> tuple[NDArray[np.float64], tuple[int, int]]:
    """Return the first corner (x, y) and the size of the rectangle of whole pixels that holds points and margin."""
    limit = np.array(display.size, dtype=np.float64)
    low = np.floor(np.clip(xy.min(axis=0) - margin, 0, limit - 1))
    high = np.ceil(np.clip(xy.max(axis=0) + margin, low + 1, limit))
    return low, (int(high[0] - low[0]), int(high[1] - low[1]))


def _draw_landmarks(layer: PIL.Image.Image, body: Vertebra, display: Display, index: int) -> None:
    """Draw the endplate lines and the six landmarks, hollow where they lie on another slice."""
    pen = ImageDraw.Draw(layer)
    unit = max(1.0, layer.height / 1400)
    xy = display.to_xy(body.landmarks)
    for rows in (_UPPER, _LOWER):
        if np.isfinite(xy[rows]).all():
            pen.line([(float(x), float(y)) for x, y in xy[rows]], fill=(*WHITE, 210), width=round(2 * unit))
    known = np.isfinite(body.landmarks).all(axis=1)
    for (x, y), place in zip(xy[known], body.landmarks[known, 0], strict=True):
        radius = 4.0 * unit
        inner = (*WHITE, 255) if round(float(place)) == index else (*BLACK, 90)
        pen.ellipse(
            (x - radius, y - radius, x + radius, y + radius), fill=inner, outline=(*BLACK, 255), width=round(unit)
        )


def _name_size(bodies: list[Vertebra], display: Display) -> float:
    """Return one letter size for all names, under half a usual body's height and never too small to read."""
    ends = [display.to_xy(b.landmarks)[[Landmark.SUPERIOR_POSTERIOR, Landmark.INFERIOR_POSTERIOR]] for b in bodies]
    heights = [h for upper, lower in ends if np.isfinite(h := float(np.linalg.norm(upper - lower)))]
    height = float(np.median(heights)) if heights else 0.0
    return min(max(0.45 * height, display.size[1] / 50), display.size[1] / 28)


def _draw_name(layer: PIL.Image.Image, body: Vertebra, display: Display, colour: Colour, size: float) -> None:
    """Write the level in front of the body, or behind it where the picture ends."""
    xy = display.to_xy(body.landmarks)
    font = ImageFont.truetype(FONT, max(1, round(size)), layout_engine=ImageFont.Layout.BASIC)
    front = np.nanmean(xy[[Landmark.SUPERIOR_ANTERIOR, Landmark.INFERIOR_ANTERIOR]], axis=0)
    back = np.nanmean(xy[[Landmark.SUPERIOR_POSTERIOR, Landmark.INFERIOR_POSTERIOR]], axis=0)
    text = level_name(body.level)
    room = font.getlength(text) + 0.8 * size
    leftwards = bool(front[0] < back[0])
    fits = front[0] - room >= 0 if leftwards else front[0] + room <= layer.width
    anchor = front if fits else back
    leftwards = leftwards if fits else not leftwards
    x = float(anchor[0]) + (-0.6 if leftwards else 0.6) * size
    ImageDraw.Draw(layer).text(
        (x, float(anchor[1])),
        text,
        font=font,
        anchor="rm" if leftwards else "lm",
        fill=(*colour, 255),
        stroke_width=round(size / 9),
        stroke_fill=(*BLACK, 230),
    )


def _draw_sides(layer: PIL.Image.Image, reading: Reading, display: Display) -> None:
    """Write A and P at the picture's sides when it is known which is the front."""
    front_left = reading.image.anterior_left
    if front_left is None:
        return
    left, right = ("A", "P") if front_left != display.flip_columns else ("P", "A")
    size = layer.height / 32
    font = ImageFont.truetype(FONT, max(1, round(size)), layout_engine=ImageFont.Layout.BASIC)
    pen = ImageDraw.Draw(layer)
    for text, x, anchor in ((left, 0.5 * size, "lm"), (right, layer.width - 0.5 * size, "rm")):
        pen.text(
            (x, layer.height / 2),
            text,
            font=font,
            anchor=anchor,
            fill=(*WHITE, 200),
            stroke_width=round(size / 12),
            stroke_fill=(*BLACK, 200),
        )
