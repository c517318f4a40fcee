"""Write docs/coverage.md: each record of the review's inventory, the rule file that holds it, and what exercises it.

python -m tests.recommend.coverage
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from ovf_imaging.knowledge.rules import Rule, rule_book
from tests.recommend.test_table import ROWS
from tests.recommend.vignettes import VIGNETTES

PAGE = Path(__file__).parents[2] / "docs" / "coverage.md"
RULES = "../ovf_imaging/knowledge/rules"
LEFT_OUT = "HEAL-11"
HEAD = f"""# Coverage: inventory → rule → test

Written by `python -m tests.recommend.coverage`; a test fails when this page is stale.

The inventory takes the review apart into 169 records. All stand in the rule files but {LEFT_OUT} (lower mortality under
teriparatide): only the review's abstract asserts it. Records named SAFE, NOTE and SUR-05-OR are the project's own.

*Table*: [test_table.py](../tests/recommend/test_table.py) has a case in which the record applies, one in which it does
not, and one that can't be decided, and raises each of its red flags; the header's records apply always. *Said in* and
*not said in*: the inventory's acceptance vignettes, in [vignettes.py](../tests/recommend/vignettes.py).
"""


def coverage() -> str:
    """Return the page: a row for each record, and one for each contradiction and trap of the inventory."""
    tabled = {rule for names, *_ in ROWS for rule in names.split()}
    records = [_row(rule, tabled) for rule in rule_book().rules]
    records.append((LEFT_OUT, "", "left out", "", *_vignettes(LEFT_OUT)))
    heads = ("record", "kind", "rule file", "table", "said in", "not said in")
    parts = (HEAD, *_table(heads, records), "", "## Contradictions (C) and traps (D) of the inventory", "")
    return "\n".join((*parts, *_table(("inventory", "shown by"), _carried()))) + "\n"


def _row(rule: Rule, tabled: set[str]) -> tuple[str, ...]:
    file = f"[{rule.topic}.toml]({RULES}/{rule.topic}.toml)"
    return (rule.id, rule.kind, file, "yes" if rule.id in tabled else "always", *_vignettes(rule.id))


def _vignettes(rule: str) -> tuple[str, str]:
    said = [name.split(",")[0] for name, vignette in VIGNETTES.items() if rule in vignette.present]
    unsaid = [name.split(",")[0] for name, vignette in VIGNETTES.items() if rule in vignette.absent]
    return ", ".join(dict.fromkeys(said)), ", ".join(dict.fromkeys(unsaid))


def _carried() -> list[tuple[str, str]]:
    carried: dict[str, list[str]] = {"D-03": [f"{LEFT_OUT} left out"]}
    for rule in rule_book().rules:
        for item in rule.inventory:
            carried.setdefault(item, []).append(rule.id)
    return [(item, ", ".join(rules)) for item, rules in sorted(carried.items())]


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    for row in (heads, ("---",) * len(heads), *rows):
        yield f"| {' | '.join(row)} |"


if __name__ == "__main__":
    PAGE.write_text(coverage(), encoding="utf-8")
