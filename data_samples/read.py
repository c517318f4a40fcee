"""Read the simulated samples with the networks of this checkout and set what was found beside what is true.

    python data_samples/read.py data_samples

Writes expected/as_read.csv, a record that no test compares with: networks change, the truth does not.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ovf_imaging import Case, Config, Pipeline
from ovf_imaging.errors import OVFError
from ovf_imaging.types import level_name

HEADER = ("sample", "study", "level", "true loss", "true grade", "found loss", "found grade", "found shape", "signs")


def rows(pipeline: Pipeline, samples: Path, told: dict[str, Any]) -> Iterator[tuple[object, ...]]:
    """Yield a row for each body that is true or found in each study of a sample, or one with the refusal."""
    for study in told["studies"]:
        where = told["sample"], study["folder"]
        try:
            case = pipeline.run(samples / told["sample"] / study["folder"])
        except OVFError as error:
            yield (*where, "", "", "", "", "", "", str(error))
            continue
        yield from ((*where, *row) for row in beside(case, study["images"]))


def beside(case: Case, images: list[dict[str, Any]]) -> Iterator[tuple[object, ...]]:
    """Yield level, true loss and grade, found loss, grade and shape, and the signs seen in any series."""
    true: dict[int, dict[str, Any]] = {}
    for image in images:
        for body in image["bodies"]:
            if body["name"] != "S1" and max(body["height_loss"]) >= max(true.get(body["level"], body)["height_loss"]):
                true[body["level"]] = body
    found = {f.level: f for f in case.assessment.findings}
    for level in sorted(true.keys() | found.keys()):
        body, finding = true.get(level), found.get(level)
        seen = [s for r in case.readings for v in r.vertebrae if v.level == level for s in v.signs]
        yield (
            level_name(level),
            f"{max(body['height_loss']):.2f}" if body else "",
            body["genant_grade"] if body else "",
            f"{finding.height_loss:.2f}" if finding and finding.height_loss is not None else "",
            finding.grade if finding else "",
            finding.shape if finding else "",
            " ".join(sorted({f"{s.kind}:{s.probability:.2f}" for s in seen if s.probability is not None})),
        )


if __name__ == "__main__":
    root = Path(sys.argv[1])
    reader = Pipeline.load(Config(device="cpu"))
    expected = [json.loads(p.read_text("utf-8")) for p in sorted((root / "expected" / "simulated").glob("*.json"))]
    with (root / "expected" / "as_read.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(HEADER)
        for sample in expected:
            table.writerows(rows(reader, root, sample))
