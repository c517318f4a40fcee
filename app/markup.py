"""The panels' content as HTML: findings, measurements, recommendations, caveats, provenance. Everything is escaped."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from ovf_imaging import Case, Caveat, Finding, Measurement, Recommendation, RuleKind, words

TONES = {
    RuleKind.RECOMMEND: "good",
    RuleKind.OPTION: "calm",
    RuleKind.CAUTION: "warn",
    RuleKind.AVOID: "bad",
    RuleKind.INSUFFICIENT: "mute",
    RuleKind.INFORMATION: "mute",
}


def badge(text: str, tone: str) -> str:
    """Return a small label; `tone` is good, calm, warn, bad or mute, and the text says it as well."""
    return f'<span class="ovf-badge ovf-{tone}">{escape(text)}</span>'


def caveat_list(caveats: Iterable[Caveat]) -> str:
    """Return caveats, those that must be seen first."""
    items = []
    for caveat in sorted(caveats, key=lambda c: not c.must_see):
        label = badge("Must be seen", "warn") if caveat.must_see else badge("Note", "mute")
        text = escape(words.caveat_text(caveat))
        items.append(f'<li>{label} {text} <code class="ovf-code">{escape(caveat.code)}</code></li>')
    return f'<ul class="ovf-list">{"".join(items)}</ul>' if items else _empty("No caveats.")


def summary(case: Case) -> str:
    """Return the case in one sentence."""
    return f'<h4 class="ovf-part">{escape(words.summary(case))}</h4>'


def findings(case: Case) -> str:
    """Return the findings in words: a card for each level that is told, a line for the others."""
    cards = [_finding_card(f) for f in case.assessment.findings if words.is_told(f)]
    lines = (*words.overall(case), *words.closing(case))
    return "".join([*cards, *(f'<p class="ovf-line">{escape(line)}</p>' for line in lines)])


def _finding_card(finding: Finding) -> str:
    tone = "bad" if finding.fractured else "warn"
    known = words.sentences(finding)
    said = f'<p class="ovf-say">{escape(" ".join(known))}</p>' if known else ""
    said += _note(words.further(finding)) if words.further(finding) else ""
    rest = " ".join(text for text in (words.unknowns(finding), words.confidence(finding)) if text)
    notes = "".join(f'<p class="ovf-note">{escape(words.caveat_text(c))}</p>' for c in finding.caveats)
    return (
        f'<section class="ovf-card ovf-edge-{tone}"><h4>{escape(words.level_name(finding.level))}</h4>'
        f'<p class="ovf-say"><b>{escape(words.headline(finding))}</b></p>{said}'
        f'<p class="ovf-note">{escape(rest)}</p>{notes}</section>'
    )


def angles(case: Case) -> str:
    """Return the angles of the assessment as a table."""
    if not case.assessment.angles:
        return _empty("No angle could be measured.")
    rows = "".join(
        f'<tr><th scope="row">{escape(words.level_span(a.levels))}</th>'
        f"<td>{escape(words.quantity_name(a.quantity))}</td>"
        f'<td class="ovf-number">{_angle(a)}{_doubt(a.caveats)}</td></tr>'
        for a in case.assessment.angles
    )
    head = '<tr><th scope="col">Levels</th><th scope="col">Angle</th><th scope="col">Value (95 % interval)</th></tr>'
    return _table(head, rows, "Angles") + _note(words.phrase("document", "angles_note"))


def _angle(angle: Measurement) -> str:
    value, interval = words.value_and_interval(angle)
    if value == words.DASH:
        return _cannot_tell()
    return escape(value + words.unit_sign(angle.unit) + (f" ({interval})" if interval else ""))


def measurements(case: Case, reading: int) -> str:
    """Return one reading's measurements, a row for each level and a column for each quantity."""
    alone = (m for m in case.measurements if m.reading == reading and m.against is None)
    chosen = [m for m in alone if m.levels[0] == m.levels[1]]
    if not chosen or not 0 <= reading < len(case.readings):
        return _empty("Nothing could be measured on this image.")
    shown = case.readings[reading]
    columns = list(dict.fromkeys((m.quantity, m.unit) for m in chosen))
    levels = list(dict.fromkeys(m.levels[0] for m in chosen))
    cut = {v.level for v in shown.vertebrae if not v.complete}
    cells = {(m.levels[0], m.quantity, m.unit): m for m in chosen}
    head = "".join(
        f'<th scope="col">{escape(words.quantity_name(quantity))}'
        f"<small>{escape(words.unit_sign(unit, shown.image.scale))}</small></th>"
        for quantity, unit in columns
    )
    rows = "".join(
        _measurement_row(
            words.level_name(level) + ("†" if level in cut else ""), [cells.get((level, *column)) for column in columns]
        )
        for level in levels
    )
    head = f'<tr><th scope="col">Level</th>{head}<th scope="col">Reference levels</th></tr>'
    return _table(head, rows, "Measurements by level")


def _measurement_row(name: str, cells: list[Measurement | None]) -> str:
    references = dict.fromkeys(r for m in cells if m is not None for r in m.reference)
    compared = ", ".join(words.level_name(r) for r in references) or words.DASH
    return (
        f'<tr><th scope="row">{escape(name)}</th>{"".join(_measurement_cell(m) for m in cells)}'
        f'<td class="ovf-mute">{escape(compared)}</td></tr>'
    )


def _measurement_cell(measurement: Measurement | None) -> str:
    if measurement is None:
        return "<td></td>"
    value, interval = words.value_and_interval(measurement)
    shown = _cannot_tell() if value == words.DASH else escape(value)
    small = f"<small>{escape(interval)}</small>" if interval else ""
    return f'<td class="ovf-number">{shown}{_doubt(measurement.caveats)}{small}</td>'


def _cannot_tell() -> str:
    return f'<span class="ovf-mute">{escape(words.phrase("statements", "cannot_tell"))}</span>'


def _doubt(caveats: tuple[Caveat, ...]) -> str:
    if not caveats:
        return ""
    text = escape(" ".join(c.text for c in caveats), quote=True)
    return f'<abbr class="ovf-doubt" title="{text}">?</abbr>'


def recommendations(case: Case) -> str:
    """Return the recommendations grouped by arm in the engine's order, each with its kind and what it rests on."""
    if not case.recommendations:
        return _empty(words.phrase("statements", "no_recommendations"))
    parts = [_note(words.phrase("document", "decision_support"))]
    for section in words.sections(case.recommendations):
        title = f'{escape(words.arm_title(section.arm))} <span class="ovf-mute">{len(section.members)}</span>'
        parts.append(f'<h4 class="ovf-arm">{title}</h4>')
        parts += [_together(group) for group in section.groups]
        for item, arm in section.elsewhere:
            parts.append(_note(words.phrase("statements", "elsewhere", rule=item.rule, arm=words.arm_title(arm))))
    return "".join(parts) + others(case)


def others(case: Case) -> str:
    """Return what other guidelines and scores say, apart from the recommendations; nothing where there are none."""
    if not case.others:
        return ""
    cards = []
    for panel in case.others:
        lines = [_labelled(name, what) for name, what in words.panel_basis(panel)]
        said = "".join(f'<p class="ovf-say">{escape(line)}</p>' for line in panel.says)
        head = f'<p class="ovf-say"><b>{escape(panel.title)}</b> ({escape(panel.status)})</p>'
        cards.append(f'<section class="ovf-card ovf-edge-mute">{head}{said}{"".join(lines)}</section>')
    title = escape(words.phrase("document", "others"))
    note = _note(words.phrase("document", "others_note"))
    return f'<h4 class="ovf-arm">{title}</h4>{note}{"".join(cards)}'


def _together(group: words.Group) -> str:
    """Return a statement alone, or a balance: one side, and the other under its own heading."""
    if len(group.sides) == 1:
        return _recommendation(group.sides[0][0])
    parts = []
    for title, side in zip(("balance", "other_side"), group.sides, strict=True):
        parts.append(f'<p class="ovf-line"><b>{escape(words.phrase("statements", title))}</b></p>')
        parts += [_recommendation(item) for item in side]
    return f'<div class="ovf-balance">{"".join(parts)}</div>'


def _recommendation(record: Recommendation) -> str:
    tone = TONES[record.kind]
    label = badge(words.label("kinds", record.kind), tone)
    origin = " ".join(f"{name}: {what.rstrip('.')}." for name, what in words.evidence(record))
    return (
        f'<section class="ovf-card ovf-edge-{tone}"><p class="ovf-say">{label} {escape(record.text)}</p>'
        f"{''.join(_labelled(name, what) for name, what in words.basis(record))}"
        f'<p class="ovf-note"><code class="ovf-code">{escape(record.rule)}</code> {escape(origin)}</p></section>'
    )


def _labelled(name: str, what: str) -> str:
    return f'<p class="ovf-why"><b>{escape(name)}</b> {escape(what)}</p>'


def missing(case: Case) -> str:
    """Return what would decide more if it were known, most useful first."""
    items = "".join(f"<li>{escape(words.question(name))}</li>" for name in case.missing)
    return (
        f'<ol class="ovf-list ovf-ranked">{items}</ol>'
        if items
        else _empty(words.phrase("statements", "nothing_missing"))
    )


def provenance(case: Case) -> str:
    """Return what made the case: versions, hashes, device, time, readers and scale."""
    made = case.provenance
    rows = {"ovf-imaging": made.version, "Device": made.device}
    if made.made is not None:
        rows["Made"] = made.made.isoformat(sep=" ", timespec="minutes")
    for place, reading in enumerate(case.readings, start=1):
        rows[f"Image {place}"] = f"{reading.reader}; millimetres: {words.scale_name(reading.image)}"
    rows |= {f"Model {name}": digest for name, digest in made.models.items()}
    if made.rules is not None:
        rows["Rule set"] = f"{made.rules.version}, sha256 {made.rules.sha256}"
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
        f'<tr><th scope="row">{escape(words.capital(words.label("facts", name)))}</th>'
        f"<td>{escape(words.fact(value))}</td></tr>"
        for name, value in case.context.values.items()
    )
    return _table("", body, "Clinical context")


def _table(head: str, body: str, name: str) -> str:
    head = f"<thead>{head}</thead>" if head else ""
    return (
        f'<div class="ovf-scroll"><table class="ovf-table" aria-label="{escape(name)}">'
        f"{head}<tbody>{body}</tbody></table></div>"
    )


def _note(text: str) -> str:
    return f'<p class="ovf-line ovf-mute ovf-small">{escape(text)}</p>'


def _empty(text: str) -> str:
    return f'<p class="ovf-line ovf-mute">{escape(text)}</p>'
