"""What a recommendation rests on, in words."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType

from ovf_imaging.report.words.vocabulary import fact, label
from ovf_imaging.types import Reason, Recommendation

Line = tuple[str, str]  # its name and what it says
_NO_TEXTS: Mapping[str, str] = MappingProxyType({})


def basis(item: Recommendation, asked: Collection[str] = (), texts: Mapping[str, str] = _NO_TEXTS) -> tuple[Line, ...]:
    """Return why a statement applies and what pulls the other way, line by line.

    Facts that are `asked` for elsewhere aren't named again as unknown; a rule of `texts` is named with its text.
    """
    lines = (
        ("Because", "; ".join(because(reason) for reason in item.because)),
        ("Figures", item.figures),
        ("Disputed", item.controversy),
        ("Pulls the other way", "; ".join(f"{r}: {texts[r]}" if r in texts else r for r in item.against)),
        ("Not known", ", ".join(label("facts", name) for name in item.needs if name not in asked)),
    )
    return tuple(line for line in lines if line[1])


def evidence(item: Recommendation) -> tuple[Line, ...]:
    """Return where a statement comes from, and how strong it is where the review says so."""
    strength = "" if item.source_strength == "ungraded" else item.source_strength
    return tuple(line for line in (("Source", source(item)), ("Strength", strength)) if line[1])


def source(item: Recommendation) -> str:
    """Return the review's section with its reference numbers in brackets, and the kind of evidence."""
    place = item.source + (f" [{', '.join(item.refs)}]" if item.refs else "")
    told = not item.evidence_type or item.evidence_type.lower() in item.source.lower()
    return place if told else f"{place}, {item.evidence_type}"


def because(reason: Reason) -> str:
    """Return a fact that holds as its name alone, others with their value, and where it came from.

    The origin is in plain letters and without the fact's own name: "acuity: acute (finding: L1)".
    """
    name = label("facts", reason.fact)
    kind, _, what = reason.origin.partition(": ")
    origin = kind if what == reason.fact else reason.origin.replace("_", " ")
    return f"{name} ({origin})" if reason.value is True else f"{name}: {fact(reason.value)} ({origin})"
