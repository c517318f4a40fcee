"""The panels' content as HTML: findings, measurements, recommendations, caveats, provenance. Everything is escaped."""

from __future__ import annotations

import math
from collections.abc import Iterable
from html import escape
from itertools import groupby

from ovf_imaging import Case, Caveat, Finding, Measurement, Recommendation, RuleKind
from words import (
    CANNOT_TELL,
    fact_text,
    is_noteworthy,
    level_name,
    levels_name,
    number,
    plain,
    sentence,
    span,
    unit_sign,
    value_text,
    yes_no,
)

ARMS = ("safety", "general", "conservative", "augmentation", "surgery", "drugs")  # order on the page
KINDS = {
    RuleKind.RECOMMEND: ("Recommended", "good"),
    RuleKind.OPTION: ("Option", "calm"),
    RuleKind.CAUTION: ("Caution", "warn"),
    RuleKind.AVOID: ("Avoid", "bad"),
    RuleKind.INSUFFICIENT: ("Evidence insufficient", "mute"),
    RuleKind.INFORMATION: ("Information", "mute"),
}
NOT_KNOWN = f'<span class="ovf-mute">{CANNOT_TELL}</span>'


def badge(text: str, tone: str) -> str:
    """Return a small label; `tone` is good, calm, warn, bad or mute, and the text says it as well."""
    return f'<span class="ovf-badge ovf-{tone}">{escape(text)}</span>'


def caveat_list(caveats: Iterable[Caveat]) -> str:
    """Return caveats, those that must be seen first."""
    items = []
    for caveat in sorted(caveats, key=lambda c: not c.must_see):
        label = badge("Must be seen", "warn") if caveat.must_see else badge("Note", "mute")
        name = levels_name(caveat.levels) if caveat.levels else ""
        where = "" if not name or caveat.text.startswith(name) else f" <b>{escape(name)}</b>"
        items.append(
            f'<li>{label}{where} {escape(caveat.text)} <code class="ovf-code">{escape(caveat.code)}</code></li>'
        )
    return f'<ul class="ovf-list">{"".join(items)}</ul>' if items else _empty("No caveats.")


def findings(case: Case) -> str:
    """Return the findings in words: a card for each level that needs one, one line for the others."""
    cards = [_finding_card(f) for f in case.assessment.findings if is_noteworthy(f)]
    rest = [level_name(f.level) for f in case.assessment.findings if not is_noteworthy(f) and f.grade == 0]
    unknown = [level_name(f.level) for f in case.assessment.findings if not is_noteworthy(f) and f.grade is None]
    graded = any(f.grade is not None for f in case.assessment.findings)
    nothing = "No deformity found in the levels that could be graded." if graded else "No level could be graded."
    lines = cards or [_empty(nothing)]
    if rest:
        lines.append(f'<p class="ovf-line"><b>No deformity:</b> {escape(", ".join(rest))}.</p>')
    if unknown:
        lines.append(f'<p class="ovf-line"><b>Cannot tell:</b> {escape(", ".join(unknown))}.</p>')
    return "".join(lines)


def _finding_card(finding: Finding) -> str:
    tone = "bad" if (finding.grade or 0) > 1 or finding.fractured else "warn"
    facts = {
        "Fracture": yes_no(finding.fractured),
        "OF class": CANNOT_TELL if finding.of_class is None else f"OF {finding.of_class}",
        "Cleft": yes_no(finding.cleft, finding.cleft_kind),
        "Acuity": finding.acuity or CANNOT_TELL,
        "Stability": finding.stability or CANNOT_TELL,
        "Confidence": f"{number(finding.confidence, '1')} %",
    }
    cells = "".join(
        f"<div><dt>{name}</dt><dd>{NOT_KNOWN if text == CANNOT_TELL else escape(text)}</dd></div>"
        for name, text in facts.items()
    )
    notes = "".join(f'<p class="ovf-note">{escape(c.text)}</p>' for c in finding.caveats)
    return (
        f'<section class="ovf-card ovf-edge-{tone}"><h4>{escape(level_name(finding.level))}</h4>'
        f'<p class="ovf-say">{escape(sentence(finding))}</p><dl class="ovf-facts">{cells}</dl>{notes}</section>'
    )


def angles(case: Case) -> str:
    """Return the angles of the assessment as a table."""
    if not case.assessment.angles:
        return _empty("No angle could be measured.")
    rows = "".join(
        f'<tr><th scope="row">{escape(levels_name(a.levels))}</th><td>{escape(plain(a.quantity))}</td>'
        f'<td class="ovf-number">{escape(value_text(a))}{_doubt(a.caveats)}</td></tr>'
        for a in case.assessment.angles
    )
    head = '<tr><th scope="col">Levels</th><th scope="col">Angle</th><th scope="col">Value (95 %)</th></tr>'
    return _table(head, rows, "Angles")


def measurements(case: Case, reading: int) -> str:
    """Return one reading's measurements, a row for each level and a column for each quantity."""
    chosen = [m for m in case.measurements if m.reading == reading and m.levels[0] == m.levels[1]]
    if not chosen:
        return _empty("Nothing could be measured on this image.")
    columns = list(dict.fromkeys((m.quantity, m.unit) for m in chosen))
    levels = list(dict.fromkeys(m.levels[0] for m in chosen))
    cells = {(m.levels[0], m.quantity, m.unit): m for m in chosen}
    head = "".join(
        f'<th scope="col">{escape(plain(quantity))}<small>{escape(unit_sign(unit))}</small></th>'
        for quantity, unit in columns
    )
    rows = "".join(_measurement_row(level, [cells.get((level, *column)) for column in columns]) for level in levels)
    head = f'<tr><th scope="col">Level</th>{head}<th scope="col">Compared with</th></tr>'
    return _table(head, rows, "Measurements by level")


def _measurement_row(level: int, cells: list[Measurement | None]) -> str:
    references = dict.fromkeys(r for m in cells if m is not None for r in m.reference)
    compared = ", ".join(level_name(r) for r in references) or "–"
    return (
        f'<tr><th scope="row">{escape(level_name(level))}</th>{"".join(_measurement_cell(m) for m in cells)}'
        f'<td class="ovf-mute">{escape(compared)}</td></tr>'
    )


def _measurement_cell(measurement: Measurement | None) -> str:
    if measurement is None:
        return "<td></td>"
    if measurement.value is None or not math.isfinite(measurement.value):
        return f'<td class="ovf-number">{NOT_KNOWN}{_doubt(measurement.caveats)}</td>'
    interval = escape(span(measurement.interval, measurement.unit))
    value = escape(number(measurement.value, measurement.unit))
    return f'<td class="ovf-number">{value}{_doubt(measurement.caveats)}<small>{interval}</small></td>'


def _doubt(caveats: tuple[Caveat, ...]) -> str:
    if not caveats:
        return ""
    text = escape(" ".join(c.text for c in caveats), quote=True)
    return f'<abbr class="ovf-doubt" title="{text}">?</abbr>'


def recommendations(case: Case) -> str:
    """Return the recommendations grouped by arm, each with its kind and what it rests on."""
    if not case.recommendations:
        return _empty("No record of the review applies to what is known of this study.")
    known = {r.rule: r for r in case.recommendations}
    ordered = sorted(case.recommendations, key=lambda r: (_arm_place(r.arm), r.arm))
    parts = []
    for arm, group in groupby(ordered, key=lambda r: r.arm):
        cards = [_recommendation(r, known) for r in group]
        parts.append(
            f'<h4 class="ovf-arm">{escape(plain(arm))} <span class="ovf-mute">{len(cards)}</span></h4>{"".join(cards)}'
        )
    return "".join(parts)


def _arm_place(arm: str) -> int:
    return ARMS.index(arm) if arm in ARMS else len(ARMS)


def _recommendation(record: Recommendation, known: dict[str, Recommendation]) -> str:
    label, tone = KINDS[record.kind]
    source = " · ".join(t for t in (record.source, record.source_strength, record.evidence_type) if t)
    against = [f"{rule}: {known[rule].text}" if rule in known else rule for rule in record.against]
    because = [f"{plain(r.fact)}: {fact_text(r.value)} ({r.origin})" for r in record.because]
    return (
        f'<section class="ovf-card ovf-edge-{tone}"><p class="ovf-say">{badge(label, tone)} {escape(record.text)}</p>'
        f"{_labelled('Because', because)}{_labelled('Against', against)}"
        f"{_labelled('Would decide more', [plain(n) for n in record.needs])}"
        f"{_labelled('Figures', [record.figures] if record.figures else [])}"
        f"{_labelled('Disputed', [record.controversy] if record.controversy else [])}"
        f'<p class="ovf-note"><code class="ovf-code">{escape(record.rule)}</code> {escape(source)}'
        f"{escape(' · refs ' + ', '.join(record.refs)) if record.refs else ''}</p></section>"
    )


def _labelled(label: str, items: list[str]) -> str:
    if not items:
        return ""
    return f'<p class="ovf-why"><b>{label}</b> {"; ".join(escape(item) for item in items)}</p>'


def missing(case: Case) -> str:
    """Return what would decide more if it were known, most useful first."""
    items = "".join(f"<li>{escape(plain(name))}</li>" for name in case.missing)
    return f'<ol class="ovf-list ovf-ranked">{items}</ol>' if items else _empty("Nothing is missing.")


def provenance(case: Case) -> str:
    """Return what made the case: versions, hashes, device, time, readers and scale."""
    made = case.provenance
    rows = {"ovf-imaging": made.version, "Device": made.device}
    if made.made is not None:
        rows["Made"] = made.made.isoformat(sep=" ", timespec="minutes")
    for place, reading in enumerate(case.readings, start=1):
        rows[f"Image {place}"] = f"{reading.reader}; scale: {reading.image.scale_source or reading.image.scale.value}"
    rows |= {f"Model {name}": digest for name, digest in made.models.items()}
    rows |= {f"Knowledge {name}": digest for name, digest in made.knowledge.items()}
    body = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td class="ovf-hash">{escape(text)}</td></tr>'
        for name, text in rows.items()
    )
    return _table("", body, "Provenance")


def context(case: Case) -> str:
    """Return the clinical context that was given."""
    if not case.context.values:
        return _empty("No clinical context was given: recommendations rest on the images alone.")
    body = "".join(
        f'<tr><th scope="row">{escape(plain(name))}</th><td>{escape(fact_text(value))}</td></tr>'
        for name, value in case.context.values.items()
    )
    return _table("", body, "Clinical context")


def _table(head: str, body: str, name: str) -> str:
    head = f"<thead>{head}</thead>" if head else ""
    return (
        f'<div class="ovf-scroll"><table class="ovf-table" aria-label="{escape(name)}">'
        f"{head}<tbody>{body}</tbody></table></div>"
    )


def _empty(text: str) -> str:
    return f'<p class="ovf-line ovf-mute">{escape(text)}</p>'
