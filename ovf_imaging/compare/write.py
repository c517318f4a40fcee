"""The agreement's files, all of them or none."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from ovf_imaging.compare.figure import bland_altman
from ovf_imaging.compare.page import MARK, page
from ovf_imaging.compare.records import Agreement
from ovf_imaging.compare.tables import agreement_csv, pairs_csv
from ovf_imaging.report.place import Kind, put

_AGREEMENT = Kind(
    main="agreement.html",
    mark=MARK.encode(),
    names=re.compile(r"agreement\.(html|csv)|pairs\.csv|bland_altman\.svg"),
)


def write_agreement(agreement: Agreement, out: Path) -> tuple[Path, ...]:
    """Write page, tables and figure into the folder `out` and return their paths, the page first.

    Raises OutputError and leaves everything as it was when `out` can't be written or holds such files of another's.
    """
    return put(_contents(agreement), _AGREEMENT, out)


def _contents(agreement: Agreement) -> Iterator[tuple[str, bytes]]:
    figure = bland_altman(agreement)
    texts = {
        "agreement.csv": agreement_csv(agreement),
        "pairs.csv": pairs_csv(agreement.pairs),
        "bland_altman.svg": figure,
        "agreement.html": page(agreement, figure),
    }
    for name, text in texts.items():
        yield name, text.encode("utf-8", "replace")
