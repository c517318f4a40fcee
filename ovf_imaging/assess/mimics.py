"""What may only look like a fracture: patterns of knowledge/mimics.toml, looked for in a whole column's findings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ovf_imaging.assess.body import ENDPLATES, Rows, value_of
from ovf_imaging.assess.grade import POSITIONS, loss_rows
from ovf_imaging.knowledge.mimics import Mimic, mimics
from ovf_imaging.types import Caveat, Finding, level_name, level_order


def with_mimics(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Return findings head to foot, those that fit a mimic marked: fractured becomes "cannot tell", with the reasons.

    Oedema and a cleft speak for a fracture, so such a body is left as it is.
    """
    rows = {f.level: rows_of(f) for f in findings}
    row_of_wedges = _scheuermann(findings, rows)
    return tuple(_marked(f, rows, findings, row_of_wedges) for f in findings)


def rows_of(finding: Finding) -> Rows:
    """Return the measurements that speak for a finding's level, changes left out."""
    return {m.quantity: m for m in reversed(finding.basis) if m.against is None}


def _marked(
    finding: Finding, rows: Mapping[int, Rows], findings: Sequence[Finding], wedges: Mapping[int, str]
) -> Finding:
    patterns, own = mimics(), rows[finding.level]
    for key, pattern, reason in (
        ("scheuermann", patterns.scheuermann, wedges.get(finding.level)),
        ("schmorl", patterns.schmorl, _schmorl(own)),
        ("short_vertebra", patterns.short_vertebra, _short(finding, rows, findings)),
        ("normal_wedge", patterns.normal_wedge, _normal_wedge(finding.level, own)),
    ):
        if reason is not None and _may_be(finding, pattern):
            text = f"{level_name(finding.level)} may be {pattern.name} rather than a fracture: {reason}"
            note = Caveat(code=f"mimic-{key.replace('_', '-')}", text=text, levels=(finding.level,), must_see=True)
            return replace(finding, fractured=None, mimic=key, caveats=(*finding.caveats, note))
    return finding


def _may_be(finding: Finding, pattern: Mimic) -> bool:
    grade = finding.grade or 0
    return 0 < grade <= pattern.grade_at_most and not finding.cleft and finding.acuity != "acute"


def _scheuermann(findings: Sequence[Finding], rows: Mapping[int, Rows]) -> dict[int, str]:
    """Return level → reason for the bodies of a row of wedged ones, at least one of them with an irregular endplate."""
    rule = mimics().scheuermann
    runs: list[list[int]] = [[]]
    for above, here in zip([None, *findings], findings, strict=False):
        wedge = value_of(rows[here.level], "wedge_angle")
        if not rule.span.holds(here.level) or wedge is None or wedge < rule.wedge_at_least_deg:
            continue
        if runs[-1] and (above is None or above.level != runs[-1][-1] or here.level - above.level != 1):
            runs.append([])
        runs[-1].append(here.level)
    found: dict[int, str] = {}
    for run in runs:
        irregular = [k for k in run if any((d or 0) >= rule.irregular_at_least for d in _dents(rows[k]))]
        if len(run) >= rule.bodies_at_least and irregular:
            reason = (
                f"{len(run)} bodies in a row, {level_name(run[0])} to {level_name(run[-1])}, are wedged by "
                f"{rule.wedge_at_least_deg:g}° or more, with a dented endplate at {level_name(irregular[0])}"
            )
            found |= dict.fromkeys(run, reason)
    return found


def _schmorl(rows: Rows) -> str | None:
    rule = mimics().schmorl
    rims = [value_of(rows, f"height_loss_{place}") for place in ("anterior", "posterior")]
    dents = _dents(rows)
    if any(v is None or v > rule.rim_loss_at_most for v in rims) or None in dents:
        return None
    low, high = sorted(d for d in dents if d is not None)
    if high < rule.dent_at_least or low > rule.other_at_most:
        return None
    side = ENDPLATES[dents.index(high)]
    return f"the {side} endplate alone is dented, and the height is kept in front and at the back"


def _short(finding: Finding, rows: Mapping[int, Rows], findings: Sequence[Finding]) -> str | None:
    rule, own = mimics().short_vertebra, rows[finding.level]
    losses = [loss for loss, _ in loss_rows(own).values()]
    if len(losses) < len(POSITIONS) or max(losses) - min(losses) > rule.spread_at_most:
        return None
    if any(d is None or d > rule.dent_at_most for d in _dents(own)):
        return None
    mine = _proportion(own)
    near = [f.level for f in findings if abs(level_order(f.level) - level_order(finding.level)) == 1]
    alike = [
        level_name(k)
        for k in near
        if mine and (theirs := _proportion(rows[k])) and abs(mine / theirs - 1) <= rule.proportion_within
    ]
    if not alike:
        return None
    return f"it is evenly low with straight endplates, and as tall for its depth as {' and '.join(alike)}"


def _normal_wedge(level: int, rows: Rows) -> str | None:
    rule, wedge = mimics().normal_wedge, value_of(rows, "wedge_angle")
    if not rule.span.holds(level) or wedge is None or not 0 <= wedge <= rule.wedge_at_most_deg:
        return None
    if any(d is None or d > rule.dent_at_most for d in _dents(rows)):
        return None
    return f"bodies here are wedged in health, this one by {wedge:.0f}°, and its endplates are straight"


def _dents(rows: Rows) -> list[float | None]:
    return [value_of(rows, f"{side}_endplate_dent") for side in ENDPLATES]


def _proportion(rows: Rows) -> float | None:
    """Return mean height over depth."""
    heights = [value_of(rows, f"{position}_height") for position in POSITIONS]
    known, depth = [h for h in heights if h is not None], value_of(rows, "depth")
    return sum(known) / len(known) / depth if depth and len(known) == len(heights) else None
