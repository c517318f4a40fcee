"""One slice as a Plotly figure in native pixel coordinates: the picture, and what was read on it as layers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import plotly.graph_objects as go  # type: ignore[import-untyped]
from numpy.typing import NDArray
from skimage.measure import approximate_polygon, find_contours

from display import HALF_PIXEL, Plane, Shown, Window, to_data_uri, to_grey
from ovf_imaging import Finding, Landmark, Points, Reading, Scale, Vertebra, View, words

# The report's colours: Okabe and Ito's palette, told apart with every colour blindness. Neighbours alternate.
# Source: https://jfly.uni-koeln.de/color/
BODIES, FRACTURED = ("#56b4e9", "#e69f00"), "#f0e442"
MARK, PAPER = "#f4f7f9", "#05080a"
DIMMED, FAINT = 0.28, 0.65  # opacity of landmarks, and of names, that lie on another slice
SHADE = "rgba(5, 8, 10, 0.55)"  # behind words, so that they can be read on bright pixels
FILL = "rgba(240, 228, 66, 0.18)"
BAR_MM = 50.0
SUPERIOR = (Landmark.SUPERIOR_ANTERIOR, Landmark.SUPERIOR_MIDDLE, Landmark.SUPERIOR_POSTERIOR)
INFERIOR = (Landmark.INFERIOR_ANTERIOR, Landmark.INFERIOR_MIDDLE, Landmark.INFERIOR_POSTERIOR)


class Layer(StrEnum):
    """What can be laid over the picture."""

    CONTOURS = "Contours"
    LEVELS = "Levels"
    LANDMARKS = "Landmarks"
    ENDPLATES = "Endplates"
    SCALE = "Scale bar"


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How the reader wants to see a slice."""

    slice: int
    window: Window
    layers: frozenset[Layer]


Outline = NDArray[np.float64]  # (n, 2), row and column


def outlines(labels: NDArray[np.uint8], tolerance_px: float) -> dict[int, tuple[Outline, ...]]:
    """Return the contours of each label on one slice (H, W), thinned to within `tolerance_px`."""
    found = {}
    for level in np.unique(labels[labels > 0]).tolist():
        rows, columns = np.nonzero(labels == level)
        top, left = int(rows.min()), int(columns.min())
        body = np.pad(labels[top : rows.max() + 1, left : columns.max() + 1] == level, 1)
        lines = find_contours(body.astype(np.float32), HALF_PIXEL)
        corner = (top - 1, left - 1)
        found[level] = tuple(approximate_polygon(line, tolerance_px) + corner for line in lines)
    return found


def figure(
    reading: Reading,
    look: Look,
    plane: tuple[Plane, Shown],
    lines: Mapping[int, tuple[Outline, ...]],
    findings: Iterable[Finding],
) -> go.Figure:
    """Return one slice with its layers; both axes count native pixels, head up.

    `plane` is the slice as `display.shrink` returned it, `lines` its contours from `outlines`.
    """
    drawn = go.Figure()
    found = {f.level: f for f in findings}
    styles = {v.level: _style(place, found.get(v.level)) for place, v in enumerate(reading.vertebrae)}
    _frame(drawn, reading, plane[1])
    _lay_picture(drawn, to_grey(plane[0], look.window), reading, plane[1])
    if Layer.CONTOURS in look.layers:
        for level, contours in lines.items():
            _contour(drawn, contours, styles.get(level, _style(level, None)))
    for vertebra in reading.vertebrae:
        if np.isfinite(vertebra.landmarks).all():
            on_slice = vertebra_slice(vertebra) == look.slice
            _vertebra(drawn, vertebra, look.layers, styles[vertebra.level], on_slice)
    _notes(drawn, reading, look)
    if Layer.SCALE in look.layers and reading.image.scale is not Scale.UNKNOWN:
        _scale_bar(drawn, reading, plane[1])
    return drawn


def vertebra_slice(vertebra: Vertebra) -> int | None:
    """Return the slice that a body's landmarks lie on, or None where no landmark was placed."""
    slices = vertebra.landmarks[:, 0]
    slices = slices[np.isfinite(slices)]
    return int(np.rint(np.median(slices))) if slices.size else None


def opening_slice(reading: Reading, worst: int | None) -> int:
    """Return the slice to open with: that of the worst level, else that of most bodies, else the middle one."""
    last = int(reading.image.pixels.shape[0]) - 1
    slices = {v.level: place for v in reading.vertebrae if (place := vertebra_slice(v)) is not None}
    wanted = int(np.median(list(slices.values()))) if slices else last // 2
    if worst in slices:
        wanted = slices[worst]
    return max(0, min(wanted, last))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Style:
    """How a body is drawn."""

    colour: str
    fractured: bool
    remark: str  # after the level's name


def _style(place: int, finding: Finding | None) -> _Style:
    fractured = finding is not None and finding.fractured is True
    remark = f" grade {finding.grade}" if finding is not None and finding.grade else ""
    return _Style(colour=FRACTURED if fractured else BODIES[place % 2], fractured=fractured, remark=remark)


def _flips(reading: Reading) -> tuple[bool, bool]:
    """Return whether rows and columns are drawn backwards: head up; MRI with the front on the left.

    A film that came head down is turned, never mirrored.
    """
    head_down = reading.image.superior_up is False
    film = reading.image.view is View.LATERAL
    return head_down, head_down if film else reading.image.anterior_left is False


def _steps(reading: Reading) -> tuple[float, float]:
    """Return the row and column step; pixels whose affine tells none are drawn square."""
    row, column = reading.image.pixel_mm
    return (row, column) if 0 < row < np.inf and 0 < column < np.inf else (1.0, 1.0)


def _frame(drawn: go.Figure, reading: Reading, shown: Shown) -> None:
    row_step, column_step = _steps(reading)
    ratio = row_step / column_step
    rows, columns = _flips(reading)
    down = [shown.height - HALF_PIXEL, -HALF_PIXEL]  # Plotly's axes point up, rows point down
    across = [-HALF_PIXEL, shown.width - HALF_PIXEL]
    hidden = {"visible": False, "constrain": "domain", "showgrid": False, "zeroline": False}
    drawn.update_layout(
        margin={"l": 0, "r": 0, "t": 0, "b": 0},
        paper_bgcolor=PAPER,
        plot_bgcolor=PAPER,
        showlegend=False,
        dragmode="pan",
        hovermode="closest",
        uirevision="keep",
        xaxis=hidden | {"range": across[::-1] if columns else across},
        yaxis=hidden | {"range": down[::-1] if rows else down, "scaleanchor": "x", "scaleratio": ratio},
    )


def _lay_picture(drawn: go.Figure, grey: NDArray[np.uint8], reading: Reading, shown: Shown) -> None:
    rows, columns = _flips(reading)
    drawn.add_layout_image(
        source=to_data_uri(grey[:: -1 if rows else 1, :: -1 if columns else 1]),
        xref="x",
        yref="y",
        x=shown.width - HALF_PIXEL if columns else -HALF_PIXEL,
        y=shown.height - HALF_PIXEL if rows else -HALF_PIXEL,
        sizex=shown.width,
        sizey=shown.height,
        sizing="stretch",
        layer="below",
    )


def _contour(drawn: go.Figure, contours: tuple[Outline, ...], style: _Style) -> None:
    gap = np.full((1, 2), np.nan)
    points = np.concatenate([part for contour in contours for part in (contour, gap)])
    drawn.add_scatter(
        x=points[:, 1],
        y=points[:, 0],
        mode="lines",
        line={"color": style.colour, "width": 2.4 if style.fractured else 1.4},
        fill="toself" if style.fractured else "none",
        fillcolor=FILL,
        hoverinfo="skip",
    )


def _vertebra(drawn: go.Figure, vertebra: Vertebra, layers: frozenset[Layer], style: _Style, on_slice: bool) -> None:
    opacity = 1.0 if on_slice else DIMMED
    if Layer.ENDPLATES in layers:
        for rows in (SUPERIOR, INFERIOR):
            _endplate(drawn, vertebra.landmarks[list(rows)], opacity)
    if Layer.LANDMARKS in layers:
        _landmarks(drawn, vertebra, opacity)
    if Layer.LEVELS in layers:
        _level(drawn, vertebra, style, 1.0 if on_slice else FAINT)


def _endplate(drawn: go.Figure, points: Points, opacity: float) -> None:
    drawn.add_scatter(
        x=points[:, 2],
        y=points[:, 1],
        mode="lines",
        line={"color": MARK, "width": 1.5},
        opacity=opacity,
        hoverinfo="skip",
    )


def _landmarks(drawn: go.Figure, vertebra: Vertebra, opacity: float) -> None:
    """Draw the six landmarks: triangles that point up on the superior endplate, down on the inferior."""
    points = vertebra.landmarks
    doubt_px = np.sqrt(np.trace(vertebra.covariance, axis1=1, axis2=2) / 2)
    names = [row.name.replace("_", " ").lower() for row in Landmark]
    drawn.add_scatter(
        x=points[:, 2],
        y=points[:, 1],
        mode="markers",
        marker={
            "symbol": ["triangle-up"] * len(SUPERIOR) + ["triangle-down"] * len(INFERIOR),
            "size": 7,
            "color": MARK,
            "line": {"width": 1, "color": PAPER},
        },
        opacity=opacity,
        text=[
            f"{words.level_name(vertebra.level)} {name} ± {px:.1f} px" for name, px in zip(names, doubt_px, strict=True)
        ],
        hovertemplate="%{text}<br>row %{y:.1f}, column %{x:.1f}<extra></extra>",
        hoverlabel={"bgcolor": PAPER, "font": {"color": MARK}},
    )


def _level(drawn: go.Figure, vertebra: Vertebra, style: _Style, opacity: float) -> None:
    """Write the level's name in front of the body, on the outer side of its anterior wall."""
    front = vertebra.landmarks[[Landmark.SUPERIOR_ANTERIOR, Landmark.INFERIOR_ANTERIOR], 2]
    back = vertebra.landmarks[[Landmark.SUPERIOR_POSTERIOR, Landmark.INFERIOR_POSTERIOR], 2]
    towards_zero = bool(front.mean() < back.mean())
    x_reversed = drawn.layout.xaxis.range[0] > drawn.layout.xaxis.range[1]
    to_left = towards_zero != x_reversed
    name = words.level_name(vertebra.level) + ("" if vertebra.complete else " (cut)")
    drawn.add_annotation(
        x=float(front.min() if towards_zero else front.max()),
        y=float(vertebra.landmarks[:, 1].mean()),
        text=f"<b>{name}</b>{style.remark}",
        showarrow=False,
        xanchor="right" if to_left else "left",
        xshift=-10 if to_left else 10,
        font={"color": style.colour, "size": 13},
        bgcolor=SHADE,
        borderpad=1,
        opacity=opacity,
    )


def _notes(drawn: go.Figure, reading: Reading, look: Look) -> None:
    """Write into the corners what a reader looks for there: slice, window, sides; and no scale where none is known."""
    count = reading.image.pixels.shape[0]
    slice_note = f"Slice {look.slice + 1} of {count}<br>" if count > 1 else ""
    _note(drawn, f"{slice_note}W {look.window.width:.4g}  L {look.window.level:.4g}", (0, 1), "left", "top")
    if reading.image.scale is Scale.UNKNOWN:
        _note(drawn, "No scale: ratios and angles only", (0, 0), "left", "bottom")
    if reading.image.anterior_left is not None:
        left, right = ("A", "P") if reading.image.anterior_left != _flips(reading)[1] else ("P", "A")
        _note(drawn, f"<b>{left}</b>", (0, 0.5), "left", "middle")
        _note(drawn, f"<b>{right}</b>", (1, 0.5), "right", "middle")


def _note(drawn: go.Figure, text: str, place: tuple[float, float], across: str, along: str) -> None:
    drawn.add_annotation(
        text=text,
        x=place[0],
        y=place[1],
        xref="paper",
        yref="paper",
        xanchor=across,
        yanchor=along,
        xshift=8 if across == "left" else -8,
        yshift={"top": -6, "bottom": 6}.get(along, 0),
        align=across,
        showarrow=False,
        font={"color": MARK, "size": 12},
        bgcolor=SHADE,
        borderpad=2,
    )


def _scale_bar(drawn: go.Figure, reading: Reading, shown: Shown) -> None:
    """Draw a bar of known length; where only the detector's millimetres are known it says so."""
    rows, columns = _flips(reading)
    length_px = BAR_MM / _steps(reading)[1]
    row = (0.03 if rows else 0.97) * shown.height
    start = (0.97 if columns else 0.03) * shown.width
    drawn.add_scatter(
        x=[start, start + (-length_px if columns else length_px)],
        y=[row, row],
        mode="lines",
        line={"color": MARK, "width": 3},
        hoverinfo="skip",
    )
    drawn.add_annotation(
        x=start,
        y=row,
        text=f"{BAR_MM:.0f} {words.unit_sign('mm', reading.image.scale)}",
        showarrow=False,
        xanchor="left",
        yanchor="bottom",
        yshift=3,
        font={"color": MARK, "size": 12},
        bgcolor=SHADE,
    )
