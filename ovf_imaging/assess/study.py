"""The assessment of a study: a finding for each level, and the angles that matter."""

from __future__ import annotations

from dataclasses import replace

from ovf_imaging.assess.fuse import disagreements, ranked_bodies, ranked_rows
from ovf_imaging.assess.grade import Grade, Rows, grade, own_shape_loss
from ovf_imaging.knowledge.tables import heights, kyphosis
from ovf_imaging.types import Assessment, Caveat, Finding, Measurement, Reading, level_name, level_order

_NOT_YET = Caveat(
    code="not-assessed",
    text="Cleft, acuity, OF class and stability are not assessed by this version; mild deformities are not told "
    "apart from Scheuermann's disease, Schmorl's nodes and short or naturally wedged vertebrae.",
)
_LOCAL = ("local_cobb", "gardner_angle", "wedge_angle")


def assess(readings: tuple[Reading, ...], measurements: tuple[Measurement, ...]) -> Assessment:
    """Return findings head to foot and angles: the regional ones, and the local ones of fractured levels."""
    bodies: dict[int, dict[int, dict[str, Measurement]]] = {}  # level → reading → quantity
    for row in measurements:
        if row.levels[0] == row.levels[1]:
            bodies.setdefault(row.levels[0], {}).setdefault(row.reading, {})[row.quantity] = row
    findings = tuple(_finding(readings, level, bodies[level]) for level in sorted(bodies, key=level_order))
    fractured = [finding.level for finding in findings if finding.fractured]
    caveats = (_NOT_YET,) if findings else ()
    return Assessment(findings=findings, angles=_angles(readings, measurements, fractured), caveats=caveats)


def _finding(readings: tuple[Reading, ...], level: int, candidates: dict[int, dict[str, Measurement]]) -> Finding:
    """Return what one level's measurements say, by the reading that speaks for it."""
    order = ranked_bodies(readings, dict(candidates))
    rows = candidates[order[0]]
    basis = tuple(rows.values())
    found = grade(rows)
    confidence = _confidence(readings[order[0]], level)
    if found is None:
        return _ungraded(level, rows, confidence)
    notes = (*found.worst.caveats, *_missing(level, found, rows))
    for quantity, row in rows.items():
        if quantity.startswith("height_loss"):
            others = [candidates[i][quantity] for i in order[1:] if quantity in candidates[i]]
            notes = (*notes, *disagreements(readings, row, others, (level,)))
    return Finding(
        level=level,
        height_loss=found.loss,
        height_loss_interval=found.worst.interval,
        grade=found.grade,
        near_threshold=found.near_threshold,
        shape=found.shape,
        fractured=None if found.grade is None else found.grade > 0,
        confidence=confidence,
        basis=basis,
        caveats=_once(notes),
    )


def _ungraded(level: int, rows: Rows, confidence: float) -> Finding:
    """Return the finding of a level without any height loss: a fracture only by its own shape."""
    notes = tuple(c for quantity, row in rows.items() if quantity.startswith("height_loss") for c in row.caveats)
    lost = own_shape_loss(rows, level)
    deformed = lost is not None and lost >= heights().shape_reduced_at
    if deformed and lost is not None:
        text = (
            f"{level_name(level)} has lost {lost:.0%} against its own tallest part; without a neighbour to compare "
            "with its grade can't be told"
        )
        notes = (*notes, Caveat(code="deformed-by-own-shape", text=text, levels=(level,), must_see=True))
    return Finding(
        level=level,
        height_loss=None,
        fractured=True if deformed else None,
        confidence=confidence,
        basis=tuple(rows.values()),
        caveats=_once(notes),
    )


def _missing(level: int, found: Grade, rows: Rows) -> tuple[Caveat, ...]:
    """Return why positions could not be graded, and what that leaves open."""
    if not found.missing:
        return ()
    absent = [rows[name] for position in found.missing if (name := f"height_loss_{position}") in rows]
    reasons = tuple(caveat for row in absent for caveat in row.caveats)
    where = " and ".join(found.missing)
    left = "no grade can be told" if found.grade is None else f"the grade is at least {found.grade}"
    text = f"{level_name(level)}: the {where} height loss is not known; {left}"
    return (*reasons, Caveat(code="position-missing", text=text, levels=(level,)))


def _confidence(reading: Reading, level: int) -> float:
    """Return how sure the reader was of a body; the least when it read the level more than once."""
    return min((v.confidence for v in reading.vertebrae if v.level == level), default=0.0)


def _angles(
    readings: tuple[Reading, ...], measurements: tuple[Measurement, ...], fractured: list[int]
) -> tuple[Measurement, ...]:
    """Return each angle once, from the image that speaks for it, disagreements as its caveats."""
    regional = {angle.quantity for angle in kyphosis()}
    groups: dict[tuple[str, tuple[int, int]], list[Measurement]] = {}
    for row in measurements:
        if row.quantity in regional or (row.quantity in _LOCAL and any(_is_about(row, k) for k in fractured)):
            groups.setdefault((row.quantity, row.levels), []).append(row)
    found = []
    for (_, levels), rows in groups.items():
        first, *others = ranked_rows(readings, rows)
        notes = disagreements(readings, first, others, tuple(dict.fromkeys(levels)))
        found.append(replace(first, caveats=(*first.caveats, *notes)))
    return tuple(found)


def _is_about(row: Measurement, level: int) -> bool:
    """Return whether a local angle describes a level: between the two of a local Cobb, the lower of a Gardner."""
    upper, lower = row.levels
    if row.quantity == "local_cobb":
        return level in row.levels if upper == lower else level_order(upper) < level_order(level) < level_order(lower)
    return lower == level


def _once(caveats: tuple[Caveat, ...]) -> tuple[Caveat, ...]:
    return tuple(dict.fromkeys(caveats))
