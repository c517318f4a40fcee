"""The measurements of a case as a tidy table: one row a measurement, an empty cell for "cannot tell"."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Iterator

from ovf_imaging.types import Case, Caveat, Measurement, level_name

COLUMNS = (
    *("study", "reading", "against", "prior", "view", "sequence", "position", "scale", "scale_source"),
    *("upper_level", "lower_level", "upper_number", "lower_number"),
    *("quantity", "value", "unit", "lower", "upper", "reference_levels", "caveats"),
)


def measurements_csv(case: Case) -> str:
    """Return the case's measurements and angles as CSV text.

    `reading` counts from 1 as the files' names do; a change has the reading that it is measured `against`. `prior` is
    "yes" where the reading is of the prior study, whose UID is then `study`.
    """
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(COLUMNS)
    table.writerows(_row(case, m) for m in all_measurements(case))
    return out.getvalue()


def all_measurements(case: Case) -> Iterator[Measurement]:
    """Yield the measurements, then those angles of the assessment that aren't among them."""
    yield from case.measurements
    yield from (angle for angle in case.assessment.angles if angle not in case.measurements)


def _row(case: Case, m: Measurement) -> tuple[str, ...]:
    reading = case.readings[m.reading] if 0 <= m.reading < len(case.readings) else None
    image, prior = (reading.image, reading.prior) if reading else (None, False)
    study = case.prior if prior and case.prior is not None else case.study
    low, high = m.interval or (None, None)
    return (
        study.uid,
        str(m.reading + 1),
        "" if m.against is None else str(m.against + 1),
        "yes" if prior else "",
        *((image.view, image.sequence, image.position, image.scale, image.scale_source) if image else ("",) * 5),
        *(level_name(level) for level in m.levels),
        *(str(int(level)) for level in m.levels),
        m.quantity,
        _number(m.value),
        m.unit,
        _number(low),
        _number(high),
        " ".join(level_name(level) for level in m.reference),
        codes(m.caveats),
    )


def codes(caveats: Iterable[Caveat]) -> str:
    """Return the codes of caveats, each once, parted by a space."""
    return " ".join(dict.fromkeys(caveat.code for caveat in caveats))


def _number(value: float | None) -> str:
    return "" if value is None or not math.isfinite(value) else repr(float(value))
