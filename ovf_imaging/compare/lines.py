"""What was compared, in lines for screen and page."""

from __future__ import annotations

from collections.abc import Iterator

from ovf_imaging.compare.agreement import BODY
from ovf_imaging.compare.records import Agreement, Side

_PLURALS = {"study": "studies", "body": "bodies"}


def compared(agreement: Agreement) -> Iterator[str]:
    """Yield who was compared with whom on what, and how much has no partner."""
    pairs = agreement.pairs
    for side, readers in ((Side.A, pairs.readers_a), (Side.B, pairs.readers_b)):
        role = " (reference)" if side is agreement.reference else ""
        yield f"{side}{role}: {'; '.join(readers) or 'no reading'}"
    yield f"Read by both: {count(pairs.studies, 'study')}, {count(pairs.images, 'image')}"
    bodies = [s for s in agreement.statistics if s.quantity == BODY]
    for view in dict.fromkeys(s.view for s in bodies):
        both, only_a, only_b = (s.n for s in bodies if s.view == view)
        yield f"{view}: {count(both, 'body')} seen by both, {only_a} by A alone, {only_b} by B alone"
    lone = [item.what for item in pairs.unpaired]
    parts = ", ".join(count(lone.count(what), what) for what in dict.fromkeys(lone))
    yield f"Without a partner, left out of all statistics: {parts or 'nothing'}"


def count(n: int, what: str) -> str:
    """Return "1 study" or "2 studies"."""
    return f"{n} {what if n == 1 else _PLURALS.get(what, what + 's')}"
