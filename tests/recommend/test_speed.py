"""Rules stay fast: 50 ms to read them, 5 ms a case (bench/conclude.py has the figures), twice that when busy.

CPU time, the least of some rounds, so that neither other processes nor a slow first round count.
"""

import pytest

from ovf_imaging.knowledge.loader import KNOWLEDGE_DIR
from ovf_imaging.knowledge.rules import read_rules
from tests.recommend.cases import advice
from tests.recommend.vignettes import VIGNETTES
from tests.timing import milliseconds

BUSY = 2


def test_rules_are_read_in_time() -> None:
    assert milliseconds(lambda: read_rules(KNOWLEDGE_DIR)) < 50 * BUSY


@pytest.mark.parametrize("name", ["V2", "V10", "V14"])
def test_a_case_is_advised_in_time(name: str) -> None:
    vignette = VIGNETTES[name]
    assert milliseconds(lambda: advice(vignette.values, vignette.seen)) < 5 * BUSY
