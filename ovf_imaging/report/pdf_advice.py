"""The recommendations in the report, arm by arm, as long or as short as a plan wants them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

from ovf_imaging.report.blocks import Block, Type, heading, paragraph, space
from ovf_imaging.report.sheet import ACCENT, AMBER, GREY, Colour, Sheet
from ovf_imaging.report.words import (
    arm_title,
    basis,
    because,
    evidence,
    in_short,
    label,
    phrase,
    sections,
    shared_reasons,
)
from ovf_imaging.report.words.balance import Group, Section, grouped
from ovf_imaging.types import Case, Reason, Recommendation, RuleKind

_GUTTER_MM = 23.5  # the kind of a statement stands in it
_WIDE_GUTTER_MM = 38.0  # kind and rule stand in it
_ITEM_MM = 7.0  # kind and rule need two lines
_GAP_MM = 2.5  # between an arm's title and the remark beside it
_TITLE = Type(size=9.0, bold=True, colour=ACCENT)
_TEXT, _SMALL = Type(size=8.6), Type(size=7.5, colour=GREY)
_SIDE = Type(size=7.8, bold=True)
_KINDS: dict[RuleKind, Colour] = {
    RuleKind.RECOMMEND: (18, 104, 78),
    RuleKind.OPTION: (25, 91, 160),
    RuleKind.CAUTION: AMBER,
    RuleKind.AVOID: (160, 24, 38),
    RuleKind.INSUFFICIENT: (98, 70, 128),
    RuleKind.INFORMATION: GREY,
}
# What an arm keeps longest where a page is too short.
_WEIGHT = (
    RuleKind.AVOID,
    RuleKind.CAUTION,
    RuleKind.RECOMMEND,
    RuleKind.OPTION,
    RuleKind.INSUFFICIENT,
    RuleKind.INFORMATION,
)


class Basis(IntEnum):
    """How much is printed of what a statement rests on."""

    FULL = 2
    SHORT = 1
    NUMBERS = 0  # the references alone, on the statement's own line


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much of the report's end is printed; the rest is counted, named where it can be, and stands in case.json."""

    basis: Basis = Basis.FULL
    background: bool = True
    statements: int | None = None  # None = all
    questions: int = 8
    caveat_lines: int | None = None
    panels: int | None = None  # of others, told in their first sentence; None = all of them, in full
    further_lines: int | None = None  # of each level's signs, canal and movement


def is_background(item: Recommendation) -> bool:
    """Return whether a statement is information that goes with no act; what asks about safety never is."""
    return item.kind is RuleKind.INFORMATION and item.arm != "safety"


def statements(case: Case) -> list[Recommendation]:
    """Return the statements that are no background, in the engine's order."""
    return [r for r in case.recommendations if not is_background(r)]


def weightiest(items: Sequence[Recommendation], most: int | None) -> list[Recommendation]:
    """Return at most so many statements, in their order: safety stays longest, then the first matters of each arm.

    A balance stays or goes as a whole.
    """
    ranks: dict[str, tuple[bool, int, int]] = {}
    for arm in {item.arm for item in items}:
        members = sorted((_WEIGHT.index(r.kind), n, r.rule) for n, r in enumerate(items) if r.arm == arm)
        ranks |= {rule: (arm != "safety", place, weight) for place, (weight, _, rule) in enumerate(members)}
    kept: set[str] = set()
    for group in sorted(grouped(items), key=lambda group: min(ranks[item.rule] for item in group.members)):
        if most is None or len(kept) + len(group.members) <= most:
            kept |= {item.rule for item in group.members}
    return [item for item in items if item.rule in kept]


def advice(sheet: Sheet, case: Case, plan: Plan) -> list[Block]:
    """Return the statements of the review that apply, each with its basis, its background small, and others apart."""
    known = statements(case)
    shown = weightiest(known, plan.statements)
    blocks = [heading(sheet, "Recommendations", keep=24.0)]
    if case.recommendations:
        blocks += paragraph(sheet, phrase("document", "decision_support"), _SMALL)
    if not shown:
        blocks += paragraph(sheet, phrase("statements", "no_recommendations"), Type(size=9.0))
    for section in sections(shown):
        blocks += _arm(sheet, section, case.missing, plan)
    left_out = [r.rule for r in known if r not in shown]
    if left_out:
        text = phrase("statements", "more_statements", count=str(len(left_out)), rules=", ".join(left_out))
        blocks += [space(sheet, 1.0), *paragraph(sheet, text, Type(size=8.0, bold=True))]
    blocks += _background(sheet, [r for r in case.recommendations if is_background(r)], plan)
    return blocks + _others(sheet, case, plan)


def small_print(item: Recommendation, wanted: Basis, asked: Collection[str] = (), told: Collection[Reason] = ()) -> str:
    """Return why a statement applies and where it comes from; what is `asked` or `told` elsewhere isn't repeated."""
    full = wanted is Basis.FULL
    lines = (*basis(item, asked, told=told), *evidence(item)) if full else in_short(item, asked, told)
    return " ".join(f"{name}: {what.rstrip('.')}." for name, what in lines)


def _arm(sheet: Sheet, section: Section, asked: Collection[str], plan: Plan) -> list[Block]:
    if plan.basis is Basis.NUMBERS:
        return _arm_in_lines(sheet, section)
    title, told = arm_title(section.arm), shared_reasons(section.members)
    reasons = phrase("statements", "all_because", reasons="; ".join(because(r) for r in told)) if told else ""
    if not _fits_beside(sheet, title, reasons):
        told, reasons = (), ""
    blocks = _laid(sheet, section, lambda item: _item(sheet, item, small_print(item, plan.basis, asked, told)))
    return [_subheading(sheet, title, reasons, keep=blocks[0].height), *blocks]


def _arm_in_lines(sheet: Sheet, section: Section) -> list[Block]:
    """Return an arm's statements with all that they rest on told once, below its title."""
    told = dict.fromkeys(because(reason) for item in section.members for reason in item.because)
    reasons = phrase("statements", "arm_because", reasons="; ".join(told)) if told else ""
    title, blocks = arm_title(section.arm), _laid(sheet, section, lambda item: _line(sheet, item))
    if _fits_beside(sheet, title, reasons):
        return [_subheading(sheet, title, reasons, keep=blocks[0].height), *blocks]
    below = paragraph(sheet, reasons, _SMALL)
    keep = sum(line.height for line in below) + 0.6 + blocks[0].height
    return [_subheading(sheet, title, "", keep=keep), *below, space(sheet, 0.6), *blocks]


def _laid(sheet: Sheet, section: Section, block: Callable[[Recommendation], Block]) -> list[Block]:
    """Return an arm's statements, each balance under its headings, and a line for each that stands elsewhere."""
    blocks = [part for group in section.groups for part in _group(sheet, group, block)]
    for item, arm in section.elsewhere:
        blocks += paragraph(sheet, phrase("statements", "elsewhere", rule=item.rule, arm=arm_title(arm)), _SMALL)
    return blocks


def _group(sheet: Sheet, group: Group, block: Callable[[Recommendation], Block]) -> Iterator[Block]:
    """Yield a statement alone, or a balance: its heading, one side, and the other side under its own."""
    titles = ("balance", "other_side") if len(group.sides) > 1 else (None,)
    for title, side in zip(titles, group.sides, strict=True):
        blocks = [block(item) for item in side]
        if title is not None:
            (*lines, last) = paragraph(sheet, phrase("statements", title), _SIDE)
            yield from (*lines, replace(last, keep=blocks[0].height))
        yield from blocks
    if len(group.sides) > 1:
        yield space(sheet, 1.2)


def _fits_beside(sheet: Sheet, title: str, remark: str) -> bool:
    _TITLE.take(sheet)
    room = sheet.measure - sheet.get_string_width(title) - _GAP_MM
    return room > 0 and len(_SMALL.lines(sheet, remark, room)) <= 1


def _subheading(sheet: Sheet, text: str, remark: str, keep: float) -> Block:
    """Return an arm's title with a remark beside it."""

    def write() -> None:
        sheet.set_y(sheet.get_y() + 1.0)
        top = sheet.get_y()
        _TITLE.flow(sheet, text, sheet.side, sheet.measure)
        below = sheet.get_y()
        indent = sheet.get_string_width(text) + _GAP_MM
        _SMALL.take(sheet)
        sheet.word(remark, sheet.side + indent, top + 0.55, sheet.measure - indent)
        sheet.rule(below + 0.2)
        sheet.set_y(below + 0.9)

    return Block(height=1.0 + _TITLE.tall(sheet, text, sheet.measure) + 0.9, write=write, keep=keep)


def _item(sheet: Sheet, item: Recommendation, small: str) -> Block:
    left, width = sheet.side + _GUTTER_MM, sheet.measure - _GUTTER_MM
    height = max(_TEXT.tall(sheet, item.text, width) + _SMALL.tall(sheet, small, width), _ITEM_MM) + 0.7

    def write() -> None:
        top = sheet.get_y()
        sheet.pen(8.3, bold=True, colour=_KINDS[item.kind])
        sheet.word(label("kinds", item.kind), sheet.side, top, _GUTTER_MM - 1.0)
        _SMALL.take(sheet)
        sheet.word(item.rule, sheet.side, top + 3.6, _GUTTER_MM - 1.0)
        sheet.set_y(top)
        _TEXT.flow(sheet, item.text, left, width)
        _SMALL.flow(sheet, small, left, width)
        sheet.set_y(top + height)

    return Block(height=height, write=write)


def _line(sheet: Sheet, item: Recommendation) -> Block:
    """Return a statement with its kind, its rule and its references on the line where it begins."""
    left, width = sheet.side + _WIDE_GUTTER_MM, sheet.measure - _WIDE_GUTTER_MM
    text = item.text + (f" [{', '.join(item.refs)}]" if item.refs else "")
    height = _TEXT.tall(sheet, text, width) + 0.5

    def write() -> None:
        top = sheet.get_y()
        sheet.pen(8.3, bold=True, colour=_KINDS[item.kind])
        sheet.word(label("kinds", item.kind), sheet.side, top, _GUTTER_MM - 1.0)
        _SMALL.take(sheet)
        sheet.word(item.rule, sheet.side + _GUTTER_MM, top + 0.4, _WIDE_GUTTER_MM - _GUTTER_MM - 1.0)
        sheet.set_y(top)
        _TEXT.flow(sheet, text, left, width)
        sheet.set_y(top + height)

    return Block(height=height, write=write)


def _background(sheet: Sheet, items: list[Recommendation], plan: Plan) -> list[Block]:
    """Return what the review says besides, in one paragraph, or how much of it stands elsewhere."""
    if not items:
        return []
    if not plan.background:
        named = phrase(
            "statements", "more_background", count=str(len(items)), rules=", ".join(item.rule for item in items)
        )
        return [space(sheet, 1.0), *paragraph(sheet, named, _SMALL)]
    refs = [f" [{', '.join(item.refs)}]" if item.refs else "" for item in items]
    parts = [f"{item.text} ({item.rule}{ref})" for item, ref in zip(items, refs, strict=True)]
    lines = paragraph(sheet, " ".join(parts), Type(size=7.5))
    return [_subheading(sheet, phrase("document", "background"), "", keep=8.0), *lines]


def _others(sheet: Sheet, case: Case, plan: Plan) -> list[Block]:
    """Return what other guidelines and scores say, small and apart; what has no room is named."""
    if not case.others:
        return []
    blocks = [_subheading(sheet, phrase("document", "others"), "", keep=8.0)]
    blocks += paragraph(sheet, phrase("document", "others_note"), _SMALL)
    for panel in case.others[: plan.panels]:
        said = " ".join(panel.says if plan.panels is None else panel.says[:1])
        blocks += paragraph(sheet, f"{panel.title} ({panel.status}): {said}", Type(size=7.5))
    rest = case.others[plan.panels :] if plan.panels is not None else ()
    if rest:
        titles = "; ".join(panel.title for panel in rest)
        blocks += paragraph(sheet, phrase("statements", "more_others", count=str(len(rest)), titles=titles), _SMALL)
    return blocks
