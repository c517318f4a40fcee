"""The end of the report: recommendations with their basis, what is missing, caveats, and what made the case."""

from __future__ import annotations

from collections.abc import Collection
from itertools import accumulate

from ovf_imaging.report.sheet import ACCENT, AMBER, GREY, Colour, Sheet
from ovf_imaging.report.words import arm_title, basis, caveat_text, evidence, joint_hash, label, phrase, question
from ovf_imaging.types import Case, Recommendation, RuleKind

_GUTTER_MM = 23.5  # the kind of a statement stands in it
_INDENT_MM = 5.0
_TEXT_PT, _SMALL_PT = 8.6, 6.8
MOST_ASKED, _FEWEST_ASKED = 8, 3  # the first questions; case.json lists all
_KINDS: dict[RuleKind, Colour] = {
    RuleKind.RECOMMEND: (18, 104, 78),
    RuleKind.OPTION: (25, 91, 160),
    RuleKind.CAUTION: AMBER,
    RuleKind.AVOID: (160, 24, 38),
    RuleKind.INSUFFICIENT: (98, 70, 128),
    RuleKind.INFORMATION: GREY,
}


def write_advice(sheet: Sheet, case: Case) -> None:
    """Write the statements of the review that apply, arm by arm, each with its basis, and its background small."""
    sheet.heading("Recommendations", keep=24.0)
    shown = [r for r in case.recommendations if not is_background(r)]
    if case.recommendations:
        sheet.pen(7.2, colour=GREY)
        sheet.flow(phrase("document", "decision_support"), sheet.side, sheet.measure)
    if not shown:
        sheet.pen(9.0)
        sheet.flow(phrase("statements", "no_recommendations"), sheet.side, sheet.measure)
    for arm in dict.fromkeys(r.arm for r in shown):  # the engine has put them in order
        items = [r for r in shown if r.arm == arm]
        _write_subheading(sheet, arm_title(arm), keep=_tall(sheet, items[0].text, small_print(items[0], case.missing)))
        for item in items:
            _write_item(sheet, item, small_print(item, case.missing))
    if background := [r for r in case.recommendations if is_background(r)]:
        _write_background(sheet, background)


def is_background(item: Recommendation) -> bool:
    """Return whether a statement is information that goes with no act; what asks about safety never is."""
    return item.kind is RuleKind.INFORMATION and item.arm != "safety"


def write_missing(sheet: Sheet, case: Case, x: float, most: int = MOST_ASKED) -> None:
    """Write what would decide more, most useful first and no more than `most`, from `x` to the right margin."""
    sheet.heading("What would decide more", keep=10.0, x=x)
    width = sheet.side + sheet.measure - x
    sheet.pen(9.0)
    if not case.missing:
        sheet.flow(phrase("statements", "nothing_missing"), x, width)
    for number, name in enumerate(case.missing[:most], start=1):
        line = question(name)
        sheet.room(sheet.tall(line, width - _INDENT_MM))
        top = sheet.get_y()
        sheet.word(f"{number}.", x, top, _INDENT_MM - 1.0)
        sheet.set_y(top)
        sheet.flow(line, x + _INDENT_MM, width - _INDENT_MM)
    if (rest := len(case.missing) - most) > 0:
        sheet.pen(8.0, colour=GREY)
        sheet.flow(phrase("statements", "more_missing", count=str(rest)), x + _INDENT_MM, width - _INDENT_MM)


def questions_that_fit(sheet: Sheet, case: Case, x: float, bottom: float) -> int | None:
    """Return how many questions fit above `bottom`, or None when too few do for `write_missing` to be called there."""
    sheet.pen(9.0)
    width = sheet.side + sheet.measure - x - _INDENT_MM
    room = bottom - sheet.get_y() - 15.0
    lines = [question(name) for name in case.missing[:MOST_ASKED]] or [phrase("statements", "nothing_missing")]
    heights = list(accumulate(sheet.tall(line, width) for line in lines))
    count = sum(height <= room for height in heights)
    return count if count >= min(_FEWEST_ASKED, len(lines)) else None


def write_caveats(sheet: Sheet, case: Case) -> None:
    """Write the caveats of the case; those that must be seen stand beside the picture."""
    lines = [caveat_text(c).rstrip(".") + "." for c in case.all_caveats() if not c.must_see]
    if not lines:
        return
    text = " ".join(lines)
    sheet.pen(7.6)
    sheet.heading("What could not be told, and caveats", keep=min(sheet.tall(text, sheet.measure), 30.0))
    sheet.pen(7.6)
    sheet.flow(text, sheet.side, sheet.measure)


def write_provenance(sheet: Sheet, case: Case) -> None:
    """Write versions and hashes, small."""
    made = case.provenance
    lines = [f"ovf-imaging {made.version}, computed on {made.device}."]
    lines += [f"Weights {name}: sha256 {value}." for name, value in sorted(made.models.items())]
    rules, everything = joint_hash(made.knowledge, "rules/"), joint_hash(made.knowledge)
    lines += [f"Rule set: sha256 {rules}."] if rules else []
    lines += [f"All {len(made.knowledge)} knowledge files: sha256 {everything}."] if everything else []
    sheet.pen(6.5, colour=GREY)
    text = " ".join(lines)
    sheet.room(sheet.tall(text, sheet.measure) + 3.2)
    sheet.rule(sheet.get_y() + 2.0)
    sheet.set_y(sheet.get_y() + 3.0)
    sheet.flow(text, sheet.side, sheet.measure)


def small_print(item: Recommendation, asked: Collection[str] = ()) -> str:
    """Return why a statement applies and where it comes from; facts `asked` for elsewhere aren't named as unknown."""
    lines = (*basis(item, asked), *evidence(item))
    return " ".join(f"{name}: {what.rstrip('.')}." for name, what in lines)


def _write_subheading(sheet: Sheet, text: str, keep: float) -> None:
    sheet.room(7.0 + keep)
    sheet.set_y(sheet.get_y() + 1.2)
    sheet.pen(9.0, bold=True, colour=ACCENT)
    sheet.flow(text, sheet.side, sheet.measure)
    sheet.rule(sheet.get_y() + 0.2)
    sheet.set_y(sheet.get_y() + 1.0)


def _write_item(sheet: Sheet, item: Recommendation, small: str) -> None:
    sheet.room(_tall(sheet, item.text, small))
    left, width, top = sheet.side + _GUTTER_MM, sheet.measure - _GUTTER_MM, sheet.get_y()
    sheet.pen(8.3, bold=True, colour=_KINDS[item.kind])
    sheet.word(label("kinds", item.kind), sheet.side, top, _GUTTER_MM - 1.0)
    sheet.pen(6.8, colour=GREY)
    sheet.word(item.rule, sheet.side, top + 3.7, _GUTTER_MM - 1.0)
    sheet.set_y(top)
    sheet.pen(_TEXT_PT)
    sheet.flow(item.text, left, width)
    sheet.pen(_SMALL_PT, colour=GREY)
    sheet.flow(small, left, width)
    sheet.set_y(max(sheet.get_y(), top + 6.8) + 0.7)


def _tall(sheet: Sheet, text: str, small: str) -> float:
    width = sheet.measure - _GUTTER_MM
    sheet.pen(_TEXT_PT)
    height = sheet.tall(text, width)
    sheet.pen(_SMALL_PT)
    return max(height + sheet.tall(small, width), 6.8)


def _write_background(sheet: Sheet, items: list[Recommendation]) -> None:
    """Write what the review says besides, in one paragraph."""
    _write_subheading(sheet, phrase("document", "background"), keep=8.0)
    sheet.pen(6.8)
    refs = [f" [{', '.join(item.refs)}]" if item.refs else "" for item in items]
    parts = [f"{item.text} ({item.rule}{ref})" for item, ref in zip(items, refs, strict=True)]
    sheet.flow(" ".join(parts), sheet.side, sheet.measure)
