"""What a recommendation rests on, in words."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType

from ovf_imaging.report.words.vocabulary import fact, label, phrase
from ovf_imaging.types import Panel, Reason, Recommendation

Line = tuple[str, str]  # its name and what it says
_NO_TEXTS: Mapping[str, str] = MappingProxyType({})


def basis(
    item: Recommendation,
    asked: Collection[str] = (),
    texts: Mapping[str, str] = _NO_TEXTS,
    told: Collection[Reason] = (),
) -> tuple[Line, ...]:
    """Return why a statement applies and what pulls the other way, line by line.

    Facts that are `asked` for elsewhere aren't named again as unknown, nor reasons `told` elsewhere; a rule of `texts`
    is named with its text.
    """
    lines = (
        ("Because", "; ".join(because(reason) for reason in item.because if reason not in told)),
        ("Figures", item.figures),
        ("Disputed", item.controversy),
        ("Pulls the other way", "; ".join(f"{r}: {texts[r]}" if r in texts else r for r in item.against)),
        ("Not known", ", ".join(label("facts", name) for name in item.needs if name not in asked)),
    )
    return tuple(line for line in lines if line[1])


def in_short(item: Recommendation, asked: Collection[str] = (), told: Collection[Reason] = ()) -> tuple[Line, ...]:
    """Return the lines of `basis` and `evidence` that a reader in a hurry needs: no figures, no section, no dispute."""
    kept = [line for line in basis(item, asked, told=told) if line[0] not in ("Figures", "Disputed")]
    kept += [("Disputed", phrase("statements", "see_case"))] if item.controversy else []
    cited = ", ".join(part for part in (f"[{', '.join(item.refs)}]" if item.refs else "", item.evidence_type) if part)
    strength = [line for line in evidence(item) if line[0] == "Strength"]
    return (*kept, *((("Evidence", cited),) if cited else ()), *strength)


def shared_reasons(items: Sequence[Recommendation]) -> tuple[Reason, ...]:
    """Return the reasons that each of several statements rests on, so that they need to be told once only."""
    resting = [item.because for item in items if item.because]
    if len(resting) < 2:
        return ()
    return tuple(reason for reason in resting[0] if all(reason in reasons for reasons in resting))


def evidence(item: Recommendation) -> tuple[Line, ...]:
    """Return where a statement comes from, and how strong it is where the review says so."""
    strength = "" if item.source_strength == "ungraded" else item.source_strength
    return tuple(line for line in (("Source", source(item)), ("Strength", strength)) if line[1])


def panel_basis(panel: Panel) -> tuple[Line, ...]:
    """Return what another guideline's or score's panel rests on, what it lacks, and where it comes from."""
    lines = (
        ("Because", "; ".join(because(reason) for reason in panel.because)),
        ("Not known", ", ".join(label("facts", name) for name in panel.needs)),
        ("Source", panel.source),
    )
    return tuple(line for line in lines if line[1])


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
