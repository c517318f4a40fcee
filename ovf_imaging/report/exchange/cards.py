"""The advice on a case as CDS Hooks 2.0 cards: few, for each further one is read less.

A red flag has a card of its own. Other statements share one where part of the advice, loudness and source are the same.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterable, Mapping, Sequence

from ovf_imaging.knowledge.exchange import Indicator, exchange
from ovf_imaging.knowledge.rules import rule_set
from ovf_imaging.report.exchange.elements import PROGRAM, Element, arm_code, authority, doubts
from ovf_imaging.report.pdf_advice import is_background, statements
from ovf_imaging.report.words import (
    arm_title,
    basis,
    caveat_text,
    evidence,
    label,
    panel_basis,
    phrase,
    question,
    study_mark,
)
from ovf_imaging.types import Case, Caveat, Panel, Recommendation, RuleKind

MOST_CHARACTERS = 139  # of a summary; the standard wants fewer than 140
_MOST_ASKED = 8  # questions of a card; the GuidanceResponse has all
_DOI = re.compile(r"\b10\.\d{4,9}/[^\s;,)]*[^\s;,).:]")


def cards(case: Case) -> Element:
    """Return the response to a CDS Hooks call: statements in the engine's order, then what else must be seen."""
    background = [item for item in case.recommendations if is_background(item)]
    texts = {item.rule: item.text for item in case.recommendations}
    found = [_statements(items, texts) for items in _together(statements(case))]
    found += [_caveat(caveat) for caveat in doubts(case) if caveat.must_see]
    found += [_questions(case.missing)] if case.missing else []
    found += [_others(case.others)] if case.others else []
    found += [_background(background)] if background else []
    return {"cards": [_named(card, case) for card in found], "extension": _rules()}


def _together(items: Iterable[Recommendation]) -> Iterable[Sequence[Recommendation]]:
    """Return the statements that share a card."""
    groups: dict[tuple[str, ...], list[Recommendation]] = {}
    for item in items:
        alone = item.rule if item.arm == "safety" else ""
        groups.setdefault((item.arm, _indicator(item), authority(item), alone), []).append(item)
    return groups.values()


def _indicator(item: Recommendation) -> Indicator:
    known = exchange()
    return (known.safety_indicators if item.arm == "safety" else known.indicators)[item.kind]


def _statements(items: Sequence[Recommendation], texts: Mapping[str, str]) -> Element:
    first, arm = items[0], arm_title(items[0].arm)
    # Among statements only what asks about a red flag is information.
    kind = arm if first.kind is RuleKind.INFORMATION else label("kinds", first.kind)
    title = f"{arm}, {len(items)} statements" if len(items) > 1 else kind
    detail = "\n\n".join(_statement(item, texts) for item in items)
    card = _card(f"{title}: {first.text}", _indicator(first), detail, _of_rules(authority(first)))
    card["source"]["topic"] = arm_code(first.arm)
    card["extension"]["ovf-imaging.rules"] = [item.rule for item in items]
    return card


def _statement(item: Recommendation, texts: Mapping[str, str]) -> str:
    title = f"**{label('kinds', item.kind)} · {item.rule}:** {_plain(item.text)}"
    return "\n".join([title, "", *_listed((*basis(item, texts=texts), *evidence(item)))])


def _caveat(caveat: Caveat) -> Element:
    text = caveat_text(caveat)
    return _card(text, Indicator.WARNING, _plain(text), _of_rules(PROGRAM))


def _questions(missing: Sequence[str]) -> Element:
    asked = [question(name) for name in missing[:_MOST_ASKED]]
    lines = [f"{number}. {_plain(text)}" for number, text in enumerate(asked, start=1)]
    rest = len(missing) - len(asked)
    more = ["", f"And {rest} more, listed in the GuidanceResponse."] if rest > 0 else []
    summary = f"{phrase('document', 'missing')}: {asked[0]}"
    return _card(summary, Indicator.INFO, "\n".join([*lines, *more]), _of_rules(PROGRAM))


def _others(panels: Sequence[Panel]) -> Element:
    """Return the card of other guidelines and scores, each with its status and source, linked where it has a DOI."""
    detail = [_plain(phrase("document", "others_note"))]
    for panel in panels:
        says = [f"- {_plain(text)}" for text in panel.says]
        title = f"**{_plain(panel.title)}** ({_plain(panel.status)})"
        detail.append("\n".join([title, "", *says, *_listed(panel_basis(panel))]))
    links = [
        {"label": panel.title, "url": f"https://doi.org/{doi}", "type": "absolute"}
        for panel in panels
        for doi in _DOI.findall(panel.source)
    ]
    card = _card(phrase("document", "others"), Indicator.INFO, "\n\n".join(detail), exchange().others)
    return {**card, "links": links} if links else card


def _background(items: Iterable[Recommendation]) -> Element:
    lines = [
        f"- {_plain(item.text)} ({item.rule}; {_plain(', '.join(what for _, what in evidence(item)))})"
        for item in items
    ]
    return _card(phrase("document", "background"), Indicator.INFO, "\n".join(lines), _of_rules(exchange().review))


def _card(summary: str, indicator: Indicator, detail: str, source: str) -> Element:
    return {
        "summary": _short(summary),
        "indicator": str(indicator),
        "detail": detail,
        "source": {"label": source},
        "extension": _rules(),
    }


def _named(card: Element, case: Case) -> Element:
    """Return a card with its uuid in front: the same card of the same study has the same."""
    content = f"{study_mark(case.study.uid)} {json.dumps(card)}"
    return {"uuid": str(uuid.uuid5(uuid.NAMESPACE_OID, content)), **card}


def _rules() -> Element:
    rules = rule_set()
    return {"ovf-imaging.rule-set": {"version": rules.version, "sha256": rules.sha256}}


def _of_rules(origin: str) -> str:
    return f"{origin}, rule set {rule_set().version}"


def _listed(lines: Iterable[tuple[str, str]]) -> list[str]:
    return [f"- **{name}:** {_plain(what)}" for name, what in lines]


def _short(text: str) -> str:
    """Return as many whole sentences as a summary holds, or the beginning of the first with "…"."""
    if len(text) <= MOST_CHARACTERS:
        return text
    head = text[: MOST_CHARACTERS - 1]
    ends = [match.end() for match in re.finditer(r"[.?!](?= )", head)]
    return f"{head[: ends[-1]]} …" if ends else f"{head.rpartition(' ')[0].rstrip(',;:')}…"


def _plain(text: str) -> str:
    """Return a text of which markdown makes nothing else."""
    return re.sub(r"([\\`*_<\[\]])", r"\\\1", text)
