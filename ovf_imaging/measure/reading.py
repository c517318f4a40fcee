"""All measurements of one reading."""

from __future__ import annotations

from ovf_imaging.measure.angles import angle_rows, regional_rows
from ovf_imaging.measure.bodies import POSITIONS, Bodies, read_bodies
from ovf_imaging.measure.reference import Losses, height_losses
from ovf_imaging.measure.rows import row
from ovf_imaging.types import Caveat, Level, Measurement, Reading, Scale

_POSTERIOR = 2
_NO_SCALE = Caveat(
    code="no-scale",
    text="The image tells no millimetres, so heights are not given; ratios, losses and angles are.",
)
_DETECTOR = Caveat(
    code="detector-scale",
    text="Millimetres are at the detector and magnified, not the patient's; ratios, losses and angles hold.",
    must_see=True,
)


def measure(reading: Reading, index: int) -> tuple[Measurement, ...]:
    """Return every measurement of a reading, head to foot; `index` is the reading's place in its study.

    Quantities of a body: anterior_height, middle_height, posterior_height, depth (mm), anterior_posterior_ratio,
    middle_posterior_ratio, posterior_reference_ratio, height_loss_anterior, _middle, _posterior (1), wedge_angle,
    local_cobb, gardner_angle (deg). Of a region: the angles of knowledge/kyphosis.toml. None means can't tell.
    Raises GeometryError when the image's affine spans no plane.
    """
    if not reading.vertebrae:
        return ()
    bodies = read_bodies(reading)
    losses = height_losses(bodies)
    found: list[Measurement] = []
    for n, level in enumerate(bodies.levels):
        if level == Level.S1 or level in bodies.levels[:n]:
            continue
        found += _lengths(bodies, n, reading.image.scale, index)
        found += _ratios(bodies, n, index)
        found += _loss_rows(bodies, losses, n, index)
        found += angle_rows(bodies, n, index)
    return (*found, *regional_rows(bodies, index))


def _lengths(bodies: Bodies, n: int, scale: Scale, index: int) -> list[Measurement]:
    """Return three heights and the depth of a body in millimetres, or None without a scale."""
    level = bodies.levels[n]
    caveats = (_DETECTOR,) if scale is Scale.DETECTOR else ()
    absent = _NO_SCALE if scale is Scale.UNKNOWN else None
    rows = [
        row(
            (level, level),
            f"{position}_height",
            "mm",
            (float(bodies.heights[n, k]), float(bodies.height_var[n, k])),
            reading=index,
            reason=bodies.height_problem(n, k) or absent,
            caveats=caveats,
        )
        for k, position in enumerate(POSITIONS)
    ]
    depth = (float(bodies.depth[n]), float(bodies.depth_var[n]))
    reason = bodies.depth_problem(n) or absent
    return [*rows, row((level, level), "depth", "mm", depth, reading=index, reason=reason, caveats=caveats)]


def _ratios(bodies: Bodies, n: int, index: int) -> list[Measurement]:
    """Return the front-to-back and middle-to-back ratios of a body."""
    level, found = bodies.levels[n], []
    for k, position in enumerate(POSITIONS[:_POSTERIOR]):
        top, bottom = bodies.heights[n, k], bodies.heights[n, _POSTERIOR]
        ratio = top / bottom
        variance = (bodies.height_var[n, k] + ratio**2 * bodies.height_var[n, _POSTERIOR]) / bottom**2
        reason = bodies.height_problem(n, k) or bodies.height_problem(n, _POSTERIOR)
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
        if k == _POSTERIOR:
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
