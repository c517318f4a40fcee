"""What would change if a fact were another: the advice as it is and as it would be, side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ovf_imaging.errors import ContextError
from ovf_imaging.knowledge.rules import rule_book
from ovf_imaging.recommend.advise import Advice, Status, advise
from ovf_imaging.recommend.context import UNKNOWN_WORD, check_context, field_named, value_said
from ovf_imaging.recommend.evidence import gather
from ovf_imaging.recommend.trace import Known
from ovf_imaging.types import Assessment, Caveat, Context, Fact, Measurement


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumption:
    """One fact taken to be another than is known."""

    fact: str
    value: Fact | None  # None = as if nobody had stated it
    instead_of: Known


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A record that the assumptions bring another status."""

    rule: str
    before: Status
    after: Status

    @property
    def appears(self) -> bool:
        """Whether the record applies only under the assumptions."""
        return self.after is Status.APPLIES

    @property
    def disappears(self) -> bool:
        """Whether the record applies only without the assumptions."""
        return self.before is Status.APPLIES


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """The advice before and after, and what differs."""

    assumed: tuple[Assumption, ...]
    before: Advice
    after: Advice
    changes: tuple[Change, ...]  # in clinical order

    @property
    def caveats(self) -> tuple[Caveat, ...]:
        """The caveats that the assumptions bring; an image that they override is one."""
        return tuple(caveat for caveat in self.after.caveats if caveat not in self.before.caveats)


def parse_assumptions(texts: Iterable[str]) -> dict[str, Fact]:
    """Return facts and values given as "pain_vas=8" or "cleft=present"; "unknown" takes a statement back.

    A fact's short name serves as well as its own. Raises ContextError, one line, for another form, an unknown fact or a
    wrong value.
    """
    own = {spec.short: name for name, spec in rule_book().facts.items() if spec.short}
    found: dict[str, Fact] = {}
    for text in texts:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not (name and equals and value):
            raise ContextError(f'what-if: wanted FACT=VALUE such as pain_vas=8, got "{text}"')
        name = own.get(name, name)
        if name in found:
            raise ContextError(f'what-if: "{name}" is given twice; keep one')
        found[name] = value if value == UNKNOWN_WORD else value_said(field_named(name, rule_book()), value)
    return found


def what_if(
    assessment: Assessment, measurements: Sequence[Measurement], context: Context, assumed: Mapping[str, Fact]
) -> WhatIf:
    """Return what the advice would become if facts were as assumed, whatever context and images say.

    Raises ContextError as `recommend` does.
    """
    book = rule_book()
    now, then = check_context(context.values), check_context({**context.values, **assumed})
    known = gather(book, assessment, measurements, now).facts
    before, after = (advise(book, assessment, measurements, facts) for facts in (now, then))
    statuses = ((rule.id, before.status(rule.id), after.status(rule.id)) for rule in book.rules)
    return WhatIf(
        assumed=tuple(Assumption(fact=n, value=then.values.get(n), instead_of=known[n]) for n in assumed),
        before=before,
        after=after,
        changes=tuple(Change(rule=rule, before=old, after=new) for rule, old, new in statuses if old is not new),
    )
