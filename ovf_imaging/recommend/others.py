"""What other guidelines and scores say of a case: panels apart from the review's records, and no votes on them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ovf_imaging.knowledge.others import Guideline, Item, ScoreCard, guidelines, of_score_card
from ovf_imaging.recommend.trace import Evidence, Trace, reasons, trace, unknown_facts
from ovf_imaging.types import Panel, Reason

OF_SCORE = "OF-SCORE"


def others(evidence: Evidence) -> tuple[Panel, ...]:
    """Return the panels that a case opens: the OF score first, then guidelines in the order of their file."""
    return (*_score(of_score_card(), evidence), *_guidelines(evidence))


def _guidelines(evidence: Evidence) -> Iterator[Panel]:
    for guideline in guidelines():
        if _opens(guideline, evidence):
            yield Panel(
                id=guideline.id,
                title=guideline.title,
                status=guideline.status,
                source=guideline.source,
                says=guideline.says,
            )


def _opens(said: ScoreCard | Guideline, evidence: Evidence) -> bool:
    """Return whether a case opens what others say; red flags close it, as they withhold the review's records."""
    return trace(said.when, evidence).value is True and trace(said.unless, evidence).value is not True


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """One line of a score in a case: the least and the most points that it can give, and why."""

    name: str
    low: float
    high: float
    trees: tuple[Trace, ...]  # of its options, down to the first that holds

    @property
    def words(self) -> str:
        return f"{self.name} {_span(self.low, self.high)}"

    @property
    def because(self) -> tuple[Reason, ...]:
        return tuple(reason for tree in self.trees for reason in reasons(tree)) if self.low == self.high else ()


def _score(card: ScoreCard, evidence: Evidence) -> Iterator[Panel]:
    """Yield the panel of a score: from the least to the most that it can be, and with unknowns as the card counts."""
    if not _opens(card, evidence):
        return
    lines = [_line(item, evidence) for item in card.items]
    low, high = sum(line.low for line in lines), sum(line.high for line in lines)
    counted = sum(line.low if line.low == line.high else card.unknown for line in lines)
    as_card = (
        ""
        if low == high
        else f"; {_number(counted)} with what is unknown counted as {card.unknown:g}, as the card does"
    )
    because = {reason.fact: reason for line in lines for reason in line.because}
    needs = dict.fromkeys(name for line in lines for tree in line.trees for name in unknown_facts(tree))
    yield Panel(
        id=OF_SCORE,
        title=card.title,
        status=f"{card.edition}; {card.status}",
        source=card.source,
        says=(
            f"{_span(low, high)} points{as_card}: {_verdict(card, low, high)}.",
            f"{'; '.join(line.words for line in lines)}.",
            card.validation,
        ),
        score=(low, high),
        because=tuple(because.values()),
        needs=tuple(needs),
    )


def _line(item: Item, evidence: Evidence) -> _Line:
    trees, points = [], []
    for option in item.options:
        tree = trace(option.when, evidence)
        trees.append(tree)
        if tree.value is not False:
            points.append(option.points)
        if tree.value:
            break
    return _Line(name=item.name, low=min(points), high=max(points), trees=tuple(trees))


def _verdict(card: ScoreCard, low: float, high: float) -> str:
    """Return what the score says, or from what to what where the least and the most lie in different bands."""
    ends = [next(band.says for band in card.bands if points <= band.at_most) for points in (low, high)]
    return ends[0] if ends[0] == ends[1] else f"anything from {ends[0]} to {ends[1]}"


def _span(low: float, high: float) -> str:
    return _number(low) if low == high else f"{_number(low)} to {_number(high)}"


def _number(points: float) -> str:
    return f"{points:g}".replace("-", "−")
