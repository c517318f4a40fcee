"""docs/coverage.md is up to date, and no record, contradiction or trap of the inventory is missing."""

import re
from collections import Counter

from ovf_imaging.knowledge.rules import rule_book
from tests.recommend.coverage import LEFT_OUT, PAGE, coverage

# The inventory's records by topic; tests/knowledge/test_rules.py compares each id where the inventory is at hand.
RECORDS = {
    "GEN": 8, "CON": 5, "PAIN": 8, "BRACE": 7, "EX": 7, "VA": 16, "VAC": 5, "LEAK": 6, "REF": 6, "ASF": 8, "SUR": 8,
    "METH": 11, "SCR": 3, "FIX": 5, "BSI": 8, "HOOK": 6, "IBF": 3, "HU": 5, "PROG": 6, "OPT": 2, "HEAL": 11, "TAB": 25,
}  # fmt: skip
OURS = re.compile(r"SAFE-\d\d|NOTE-\d\d|SUR-05-OR")


def ids_on_the_page() -> list[str]:
    rows = [line.split(" | ")[0].removeprefix("| ") for line in PAGE.read_text(encoding="utf-8").splitlines()]
    return [first for first in rows if first.partition("-")[0] in RECORDS and not OURS.fullmatch(first)]


def test_page_is_up_to_date() -> None:
    """Else: python -m tests.recommend.coverage."""
    assert PAGE.read_text(encoding="utf-8") == coverage()


def test_page_holds_each_of_the_169_records() -> None:
    listed = ids_on_the_page()
    assert len(set(listed)) == len(listed) == sum(RECORDS.values()) == 169
    assert Counter(record.partition("-")[0] for record in listed) == RECORDS
    assert set(listed) - {rule.id for rule in rule_book().rules} == {LEFT_OUT}


def test_each_contradiction_and_trap_is_carried() -> None:
    page = coverage()
    assert [n for n in range(1, 18) if f"\n| C-{n:02} | " not in page or f"\n| D-{n:02} | " not in page] == []
