"""All measurements of one reading."""

from __future__ import annotations

from dataclasses import replace

from ovf_imaging.knowledge.intervals import interval_factors
from ovf_imaging.measure.angles import angle_rows, regional_rows
from ovf_imaging.measure.bodies import POSITIONS, POSTERIOR, Bodies, read_bodies
from ovf_imaging.measure.canal import canal_rows
from ovf_imaging.measure.endplates import endplate_rows
from ovf_imaging.measure.reference import Losses, height_losses
from ovf_imaging.measure.rows import calibrated, row
from ovf_imaging.measure.signals import sign_rows
from ovf_imaging.measure.wall import wall_lines, wall_rows
from ovf_imaging.types import Level, Measurement, Reading, Scale


def measure(reading: Reading, index: int) -> tuple[Measurement, ...]:
    """Return every measurement of a reading, head to foot; `index` is the reading's place in its study.

    The package's docstring lists the quantities. None means can't tell, with the reason as a caveat. Intervals are as
    wide as knowledge/intervals.toml found them to have to be for the reading's reader.
    Raises GeometryError when the image's affine spans no plane.
    """
    if not reading.vertebrae:
        return ()
    bodies = read_bodies(reading)
    ordered = replace(reading, vertebrae=bodies.vertebrae)
    losses = height_losses(bodies)
    lines = wall_lines(bodies, losses)
    walls = wall_rows(bodies, lines, reading.image.scale, index)
    canals = canal_rows(bodies, lines, reading.image, index)
    endplates = endplate_rows(bodies, index)
    found: list[Measurement] = []
    for n, level in enumerate(bodies.levels):
        if level == Level.S1 or level in bodies.levels[:n]:
            continue
        found += _lengths(bodies, n, reading.image.scale, index)
        found += _ratios(bodies, n, index)
        found += _loss_rows(bodies, losses, n, index)
        found += angle_rows(bodies, n, index)
        found += endplates[n]
        found += (*walls[n], canals[n])
    found += (*sign_rows(ordered, index), *regional_rows(bodies, index))
    factors = interval_factors(reading.reader)
    return tuple(calibrated(m, factors) for m in found)


def _lengths(bodies: Bodies, n: int, scale: Scale, index: int) -> list[Measurement]:
    """Return three heights and the depth of a body in millimetres, or None without a scale."""
    level = bodies.levels[n]
    rows = [
        row(
            (level, level),
            f"{position}_height",
            "mm",
            (float(bodies.heights[n, k]), float(bodies.height_var[n, k])),
            reading=index,
            reason=bodies.height_problem(n, k),
            scale=scale,
        )
        for k, position in enumerate(POSITIONS)
    ]
    depth = (float(bodies.depth[n]), float(bodies.depth_var[n]))
    reason = bodies.depth_problem(n)
    return [*rows, row((level, level), "depth", "mm", depth, reading=index, reason=reason, scale=scale)]


def _ratios(bodies: Bodies, n: int, index: int) -> list[Measurement]:
    """Return the front-to-back and middle-to-back ratios of a body."""
    level, found = bodies.levels[n], []
    for k, position in enumerate(POSITIONS[:POSTERIOR]):
        top, bottom = bodies.heights[n, k], bodies.heights[n, POSTERIOR]
        ratio = top / bottom
        variance = (bodies.height_var[n, k] + ratio**2 * bodies.height_var[n, POSTERIOR]) / bottom**2
        reason = bodies.height_problem(n, k) or bodies.height_problem(n, POSTERIOR)
        estimate = (float(ratio), float(variance))
        found.append(row((level, level), f"{position}_posterior_ratio", "1", estimate, reading=index, reason=reason))
    return found


def _loss_rows(bodies: Bodies, losses: Losses, n: int, index: int) -> list[Measurement]:
    """Return the posterior height against its reference and the height loss at three positions."""
    level, found = bodies.levels[n], []
    for k, position in enumerate(POSITIONS):
        loss, variance = float(losses.loss[n, k]), float(losses.loss_var[n, k])
        reason = bodies.height_problem(n, k) or losses.reasons[n]
        names = {f"height_loss_{position}": loss}
        if k == POSTERIOR:
            names = {"posterior_reference_ratio": 1 - loss, **names}
        found += [
            row(
                (level, level),
                quantity,
                "1",
                (value, variance),
                reading=index,
                reason=reason,
                reference=losses.references[n],
                caveats=losses.caveats[n],
            )
            for quantity, value in names.items()
        ]
    return found
