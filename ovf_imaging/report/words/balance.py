"""Which statements stand together: those that the review sets against each other form a balance with two sides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ovf_imaging.types import Recommendation

Side = tuple[Recommendation, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One statement alone, or the two sides of a balance; it stands in the arm of its first statement."""

    sides: tuple[Side, ...]  # one, or two

    @property
    def members(self) -> Side:
        """Every statement of the group, side after side."""
        return tuple(item for side in self.sides for item in side)

    @property
    def arm(self) -> str:
        """The arm that the group stands in."""
        return self.sides[0][0].arm


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One arm: its groups, and its statements that stand in a balance of another arm."""

    arm: str
    groups: tuple[Group, ...]
    elsewhere: tuple[tuple[Recommendation, str], ...] = ()  # a statement and the arm where it stands

    @property
    def members(self) -> Side:
        """Every statement that stands here."""
        return tuple(item for group in self.groups for item in group.members)


def sections(items: Sequence[Recommendation]) -> tuple[Section, ...]:
    """Return statements arm by arm in the order given, each balance in one place."""
    groups = tuple(grouped(items))
    moved = [(item, group.arm) for group in groups for item in group.members if item.arm != group.arm]
    return tuple(
        Section(
            arm=arm,
            groups=tuple(group for group in groups if group.arm == arm),
            elsewhere=tuple((item, place) for item, place in moved if item.arm == arm),
        )
        for arm in dict.fromkeys(item.arm for item in items)
    )


def grouped(items: Sequence[Recommendation]) -> Iterator[Group]:
    """Yield statements in the order given, those against each other together where the first of them stands.

    What a statement is still `against` in a balance is what doesn't stand there.
    """
    by_rule = {item.rule: item for item in items}
    placed: set[str] = set()
    ties = _ties(by_rule)
    for item in items:
        if item.rule in placed:
            continue
        side_of = _sides(item.rule, ties)
        placed |= set(side_of)
        sides: tuple[list[Recommendation], list[Recommendation]] = ([], [])
        for rule in (rule for rule in by_rule if rule in side_of):
            rest = tuple(other for other in by_rule[rule].against if other not in side_of)
            sides[side_of[rule]].append(replace(by_rule[rule], against=rest))
        yield Group(sides=tuple(tuple(side) for side in sides if side))


def _ties(by_rule: Mapping[str, Recommendation]) -> dict[str, list[str]]:
    """Return each rule with those against it."""
    ties: dict[str, list[str]] = {rule: [] for rule in by_rule}
    for rule, item in by_rule.items():
        for other in item.against:
            if other in ties:
                ties[rule].append(other)
                ties[other].append(rule)
    return ties


def _sides(first: str, ties: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Return the rules tied to the first by chains of contradiction, those an even number of steps away as 0."""
    side_of, waiting = {first: 0}, [first]
    while waiting:
        rule = waiting.pop(0)
        for other in ties[rule]:
            if other not in side_of:
                side_of[other] = 1 - side_of[rule]
                waiting.append(other)
    return side_of
