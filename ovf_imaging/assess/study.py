"""The assessment of a study: a finding for each level, the angles that matter, and what holds for the column."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ovf_imaging.assess.body import Body, Opinion, Rows
from ovf_imaging.assess.column import deformity_index, index_level
from ovf_imaging.assess.fuse import disagreements, fused_rows, ranked_bodies, ranked_rows
from ovf_imaging.assess.grade import Grade, grade, own_shape_loss
from ovf_imaging.assess.mimics import rows_of, with_mimics
from ovf_imaging.assess.of_class import of_class
from ovf_imaging.assess.progress import change
from ovf_imaging.assess.signs import acuity, cleft, cleft_kind
from ovf_imaging.assess.stability import stability
from ovf_imaging.knowledge.tables import heights, kyphosis
from ovf_imaging.types import Assessment, Caveat, Finding, Measurement, Reading, level_name, level_order

_LOCAL = ("local_cobb", "gardner_angle", "wedge_angle", "farcy_index")


def assess(readings: tuple[Reading, ...], measurements: tuple[Measurement, ...]) -> Assessment:
    """Return findings head to foot and angles: the regional ones, and the local ones of fractured levels.

    Findings and angles are of the current study; a prior study's readings only tell what has changed since.
    """
    bodies = _bodies(readings, measurements, prior=False)
    before = {body.level: _finding(body) for body in _bodies(readings, measurements, prior=True)}
    found = with_mimics([_finding(body) for body in bodies])
    found = tuple(_concluded(f, body, before) for f, body in zip(found, bodies, strict=True))
    fractured = [finding.level for finding in found if finding.fractured]
    current = [m for m in measurements if m.against is None and not readings[m.reading].prior]
    index, total = index_level(found), deformity_index(found)
    return Assessment(
        findings=found,
        angles=_angles(readings, current, fractured),
        index_level=index.value,
        deformity_index=total.value,
        caveats=(*index.caveats, *total.caveats),
    )


def _bodies(readings: tuple[Reading, ...], measurements: tuple[Measurement, ...], *, prior: bool) -> list[Body]:
    """Return the levels of the current or of the prior study, head to foot."""
    rows: dict[int, dict[int, dict[str, Measurement]]] = {}  # level → reading → quantity
    changes = [m for m in measurements if m.against is not None and not prior]
    for row in measurements:
        if row.levels[0] == row.levels[1] and row.against is None and readings[row.reading].prior is prior:
            rows.setdefault(row.levels[0], {}).setdefault(row.reading, {})[row.quantity] = row
    return [
        Body(
            level=level,
            readings=readings,
            rows=rows[level],
            changes=tuple(m for m in changes if _is_about(m, level)),
        )
        for level in sorted(rows, key=level_order)
    ]


def _finding(body: Body) -> Finding:
    """Return what one level's heights and signs say, each by the image that speaks for it."""
    rows, notes = fused_rows(body)
    shape = _shape_finding(body, rows)
    seen, marrow = cleft(body), acuity(body)
    kind = cleft_kind(body, seen)
    finding = replace(shape, cleft=seen.value, cleft_kind=kind.value, acuity=marrow.value)
    said = (seen, kind, marrow) if _matters(finding) else tuple(o for o in (seen, marrow) if o.value)
    return _with(finding, said, basis=tuple(rows.values()), caveats=notes)


def _concluded(finding: Finding, body: Body, before: dict[int, Finding]) -> Finding:
    """Return a finding with OF class, stability and change, which need the others."""
    kind = of_class(finding.level, rows_of(finding), finding.grade, finding.shape, finding.acuity)
    said: list[Opinion[int] | Opinion[str]] = []
    if _matters(finding) or kind.value is not None:
        said.append(kind)
        finding = replace(finding, of_class=kind.value)
    if not finding.grade and finding.acuity == "acute" and finding.fractured is False:
        text = "oedema without lost height: a fresh fracture, or another cause of oedema"
        said.append(Opinion(value=None, caveats=(body.caveat("oedema-alone", text, must_see=True),)))
        finding = replace(finding, fractured=None)
    collapsed = any(found.grade for rows in body.rows.values() if (found := grade(rows)) is not None)
    if _matters(finding) or collapsed:
        moves = stability(body)
        said.append(moves)
        finding = replace(finding, stability=moves.value)
    if finding.fractured is False and collapsed and finding.stability == "unstable":
        text = "height is lost in one position and regained in another: it is counted as a fracture"
        said.append(Opinion(value=None, caveats=(body.caveat("regains-height", text, must_see=True),)))
        finding = replace(finding, fractured=True)
    if finding.cleft and finding.fractured is False:
        text = "what looks like a cleft lies in a body that has lost no height, so it is not called one"
        said.append(Opinion(value=None, caveats=(body.caveat("cleft-without-collapse", text),)))
        finding = replace(finding, cleft=None, cleft_kind=None)
    if any(reading.prior for reading in body.readings):
        since = change(body, finding, before.get(finding.level))
        said.append(since)
        finding = replace(finding, change=since.value)
    return _with(finding, said)


def _matters(finding: Finding) -> bool:
    """Return whether a level is, or may be, fractured, so that what can't be told of it is worth a caveat."""
    return finding.fractured is not False and (finding.height_loss is not None or bool(finding.fractured))


def _with(
    finding: Finding,
    said: Iterable[Opinion[bool] | Opinion[int] | Opinion[str]],
    *,
    basis: tuple[Measurement, ...] = (),
    caveats: tuple[Caveat, ...] = (),
) -> Finding:
    """Return a finding with more basis and caveats, and those of opinions, each once."""
    opinions = list(said)
    rests = dict.fromkeys(map(id, finding.basis))
    more = {id(m): m for m in (*basis, *(m for o in opinions for m in o.basis)) if id(m) not in rests}
    notes = (*finding.caveats, *caveats, *(c for o in opinions for c in o.caveats))
    return replace(finding, basis=(*finding.basis, *more.values()), caveats=tuple(dict.fromkeys(notes)))


def _shape_finding(body: Body, rows: Rows) -> Finding:
    """Return what one level's heights say, by the reading that speaks for it."""
    speaker = body.readings[ranked_bodies(body.readings, body.rows)[0]]
    confidence = _confidence(speaker, body.level)
    found = grade(rows)
    if found is None:
        return _ungraded(body.level, rows, confidence)
    return Finding(
        level=body.level,
        height_loss=found.loss,
        height_loss_interval=found.worst.interval,
        grade=found.grade,
        near_threshold=found.near_threshold,
        shape=found.shape,
        fractured=None if found.grade is None else found.grade > 0,
        confidence=confidence,
        caveats=(*found.worst.caveats, *_missing(body.level, found, rows)),
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
        level=level, height_loss=None, fractured=True if deformed else None, confidence=confidence, caveats=notes
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
    readings: tuple[Reading, ...], measurements: Iterable[Measurement], fractured: list[int]
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
    """Return whether a row describes a level: between the two of a local Cobb, the lower of the others."""
    upper, lower = row.levels
    if row.quantity.endswith("local_cobb"):
        return level in row.levels if upper == lower else level_order(upper) < level_order(level) < level_order(lower)
    return lower == level
