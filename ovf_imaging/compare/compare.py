"""The room's one composition: read both readers' cases, pair them, and say how well they agree."""

from __future__ import annotations

from pathlib import Path

from ovf_imaging.compare.agreement import agree
from ovf_imaging.compare.pairing import pair
from ovf_imaging.compare.read import read_cases
from ovf_imaging.compare.records import Agreement, Side


def compare_readers(a: Path, b: Path, reference: Side | None = None) -> Agreement:
    """Return how well the cases at `a` agree with those at `b`: a case.json, a case folder or a folder of many.

    The `reference` is taken for the truth: sensitivity, specificity and the names of levels go by it. Raises
    InputError when there is no case, a file is none, or no image was read by both.
    """
    return agree(pair(read_cases(a), read_cases(b)), reference)
