"""The rule book for people: every record with its condition in words, as Markdown that reads well as it stands."""

from __future__ import annotations

from collections.abc import Iterator

from ovf_imaging.knowledge.conditions import clause
from ovf_imaging.knowledge.rules import Rule, RuleBook, rule_book
from ovf_imaging.report.words import arm_title, evidence, label, phrase

WRITTEN_BY = "ovf rules list --format markdown > docs/recommendations.md"


def rules_page() -> str:
    """Return every record of the rule book, arm by arm, and the shorthands that their conditions use."""
    book = rule_book()
    lines = [f"<!-- Written by `{WRITTEN_BY}`; change knowledge/rules/*.toml, not this page. -->"]
    lines += ["# What the recommendations say", "", phrase("document", "decision_support"), ""]
    lines += [f"{len(book.rules)} records, rule set {book.version}. {phrase('document', 'rules_note')}"]
    for arm in book.arms:
        lines += ["", f"## {arm.title}"]
        for rule in book.rules:
            if rule.arm == arm.id:
                lines += ["", f"### {rule.id}: {label('kinds', rule.kind)}", "", *_record(rule)]
    lines += ["", "## Shorthands", "", phrase("document", "shorthands_note"), ""]
    lines += [f"- `{name}`: {clause(spec.when)}." for name, spec in book.facts.items() if spec.when is not None]
    calculated = [(name, spec) for name, spec in book.facts.items() if spec.calculate is not None]
    lines += [f"- `{name}`: {spec.calculate} ({', '.join(spec.of)})." for name, spec in calculated]
    return "\n".join(lines) + "\n"


def rule_lines(rule_id: str) -> tuple[str, ...]:
    """Return one record as lines, with the shorthands of its condition; KeyError names the nearest id."""
    book = rule_book()
    rule = book.rule(rule_id)
    title = f"{rule.id}: {label('kinds', rule.kind)}, {arm_title(rule.arm)} (rules/{rule.topic}.toml)"
    return (title, "", *_record(rule), *_shorthands(rule, book))


def _record(rule: Rule) -> Iterator[str]:
    yield rule.text
    yield ""
    yield f"- Applies when {clause(rule.when)}."
    if rule.excluded_by:
        also = ", and while one of them is unknown" if rule.invasive else ""
        yield f"- Withheld when {' or '.join(rule.excluded_by)} is true{also}."
    if rule.ask:
        yield f"- Asked while undecided: {rule.ask}"
    for name, what in evidence(rule.statement()):
        yield f"- {name}: {what}."
    if rule.source_strength == "ungraded":
        yield "- Strength: ungraded."
    if rule.figures:
        yield f"- Figures: {rule.figures.rstrip('.')}."
    if rule.controversy:
        yield f"- Disputed: {rule.controversy}"
    if opposed := _opposed(rule):
        yield f"- Weighed against: {', '.join(opposed)}."
    if rule.needs:
        yield f"- Asks for: {', '.join(rule.needs)}."


def _opposed(rule: Rule) -> tuple[str, ...]:
    """Return the records that a record is against, and those against it."""
    return tuple(r.id for r in rule_book().rules if r.id in rule.against or rule.id in r.against)


def _shorthands(rule: Rule, book: RuleBook) -> Iterator[str]:
    for name, when in book.shorthands(rule.when).items():
        yield f"- {name} means {clause(when)}."
