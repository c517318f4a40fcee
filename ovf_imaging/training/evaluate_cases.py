"""Measure the whole pipeline on cases that `ovf simulate` wrote, against their truth files.

    ovf simulate --modality radiograph --n 60 --seed 901 --out runs/cases/films
    python -m ovf_imaging.training.evaluate_cases runs/cases/films --out runs/cases/films_result

Simulated and painted cases are never pooled. A height loss in the truth is against the body's own unbroken heights; the
product can only compare with neighbours, so the natural difference between bodies is part of its error.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ovf_imaging.errors import InputError
from ovf_imaging.measure.bodies import POSITIONS
from ovf_imaging.pipeline import Config, Pipeline
from ovf_imaging.training.evaluate import Row, write_rows
from ovf_imaging.types import Case, Finding, Level, Measurement, Reading, Vertebra
from ovf_imaging.types import Sequence as Contrast

Array = NDArray[np.float64]
FOUND_WITHIN = 0.3  # body depths between true and found centre
_CORNERS = (0, 2, 3, 5)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the pipeline on every case of the folders, write one row a body and print the summary."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--models", type=Path, default=Path("models"))
    given = parser.parse_args(arguments)
    pipeline = Pipeline.load(Config(models_dir=given.models))
    truths = sorted(path for folder in given.folders for path in folder.glob("*/truth.json"))
    rows = [row for path in truths for row in case_rows(pipeline, path)]
    given.out.mkdir(parents=True, exist_ok=True)
    write_rows(given.out / "bodies.csv", rows)
    text = json.dumps(summarise(rows), indent=1)
    (given.out / "summary.json").write_text(text, encoding="utf-8")
    print(text)  # noqa: T201  this is a command


def case_rows(pipeline: Pipeline, path: Path) -> Iterator[Row]:
    """Yield a row for each body of each picture of a case that the picture shows whole."""
    truth = json.loads(path.read_text(encoding="utf-8"))
    for study in truth["studies"]:
        pictures = [p for p in study["images"] if p["view"] in ("lateral", "sagittal")]
        if not pictures:
            continue
        shared = {"source": f"{truth['kind']} {truth['modality']}", "case": path.parent.name, "study": study["folder"]}
        try:
            case = pipeline.run(path.parent / study["folder"])
        except InputError as error:
            case, shared["refused"] = None, str(error)
        for picture in pictures:
            index = None if case is None else reading_of(case.readings, picture)
            for body in picture["bodies"]:
                if body["shown"] and not body["cut"] and body["level"] != Level.S1:
                    yield shared | _row(case, index, picture, body)


def reading_of(readings: Sequence[Reading], picture: Mapping[str, Any]) -> int | None:
    """Return the index of the reading of a picture, by its sequence, or by its position among films."""
    for index, reading in enumerate(readings):
        image = reading.image
        if "affine" in picture:
            if image.sequence is Contrast(picture["sequence"]):
                return index
        elif len(readings) == 1 or image.position.value == picture["patient"]["position"]:
            return index
    return None


def _row(case: Case | None, index: int | None, picture: Mapping[str, Any], body: Mapping[str, Any]) -> Row:
    fracture = body["fracture"] or {}
    row: Row = {
        "picture": picture["files"],
        "level": body["level"],
        "true_kind": fracture.get("kind", "none"),
        "true_age": fracture.get("age"),
        "true_grade": body["genant_grade"],
        "true_loss": max(body["height_loss"]),
        "found": False,
    }
    if case is None or index is None:
        return row
    reading = case.readings[index]
    truth, found = _points(reading, picture, body)
    depth = float(np.linalg.norm(truth[[0, 3]].mean(0) - truth[[2, 5]].mean(0)))
    near = min(found, key=lambda v: float(np.linalg.norm(found[v].mean(0) - truth.mean(0))), default=None)
    if near is None or np.linalg.norm(found[near].mean(0) - truth.mean(0)) > FOUND_WITHIN * depth:
        return row
    corners = [100 * float(np.linalg.norm(found[near][k] - truth[k])) / depth for k in _CORNERS]
    row |= {"found": True, "level_right": near.level == body["level"], "corner_percent": corners}
    return row | _measured(case, index, near.level, picture, body)


def _points(
    reading: Reading, picture: Mapping[str, Any], body: Mapping[str, Any]
) -> tuple[Array, dict[Vertebra, Array]]:
    """Return true (6, 2) and found landmarks: millimetres in the sagittal plane of MRI, pixels of a film."""
    if "affine" in picture:
        truth = np.array(body["landmarks_mm"], dtype=float)[:, 1:]
        return truth, {v: reading.image.to_mm(v.landmarks)[:, 1:] for v in reading.vertebrae}
    truth = np.array(body["landmarks"], dtype=float)[:, 1:]
    return truth, {v: v.landmarks[:, 1:] for v in reading.vertebrae}


def _measured(case: Case, index: int, level: int, picture: Mapping[str, Any], body: Mapping[str, Any]) -> Row:
    rows = {
        m.quantity: m
        for m in case.measurements
        if m.reading == index and m.levels == (level, level) and m.against is None
    }
    out: Row = {}
    for k, position in enumerate(POSITIONS):
        out |= _against(f"loss_{position}", rows.get(f"height_loss_{position}"), body["height_loss"][k])
        if "affine" in picture:
            out |= _against(f"height_{position}", rows.get(f"{position}_height"), body["heights_mm"][k])
    wedges = {a["levels"][0]: a["degrees"] for a in picture["patient"]["angles"] if a["quantity"] == "wedge_angle"}
    out |= _against("wedge", rows.get("wedge_angle"), wedges.get(body["level"]))
    finding: Finding | None = next((f for f in case.assessment.findings if f.level == level), None)
    if finding is not None:
        out |= {"grade": finding.grade, "fractured": finding.fractured, "shape": finding.shape}
    return out


def _against(name: str, row: Measurement | None, truth: float | None) -> Row:
    if row is None or row.value is None or truth is None:
        return {}
    held = None if row.interval is None else row.interval[0] <= truth <= row.interval[1]
    return {f"{name}_error": row.value - truth, f"{name}_held": held}


def summarise(rows: Iterable[Row]) -> dict[str, Any]:
    """Return per source and true grade: bodies, found, level right, errors; and how the grades agree."""
    groups: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        for group in ("all", f"grade {row['true_grade']}"):
            groups[row["source"], group].append(row)
    out: dict[str, Any] = {}
    for (source, group), some in sorted(groups.items()):
        out.setdefault(source, {})[group] = _summary(some)
    return out


def _summary(rows: Sequence[Row]) -> dict[str, Any]:
    seen = [r for r in rows if r["found"]]
    graded = [r for r in seen if r.get("grade") is not None]
    out: dict[str, Any] = {
        "bodies": len(rows),
        "found_percent": _percent([r["found"] for r in rows]),
        "level_right_percent": _percent([r["level_right"] for r in seen]),
        "called_fractured_percent": _percent([r["grade"] > 0 for r in graded]),
        "grades_found": dict(sorted(Counter(str(r["grade"]) for r in graded).items())),
        "corner_percent": _spread([v for r in seen for v in r["corner_percent"]]),
    }
    for name in ("loss", "height"):
        out[f"{name}_error"] = _spread([abs(r[k]) for r in seen for p in POSITIONS if (k := f"{name}_{p}_error") in r])
        out[f"{name}_held_percent"] = _percent(
            [r[k] for r in seen for p in POSITIONS if (k := f"{name}_{p}_held") in r]
        )
    out["wedge_error"] = _spread([abs(r["wedge_error"]) for r in seen if "wedge_error" in r])
    out["wedge_held_percent"] = _percent([r["wedge_held"] for r in seen if "wedge_held" in r])
    return {name: value for name, value in out.items() if value is not None}


def _percent(values: Iterable[bool | None]) -> float | None:
    known = [v for v in values if v is not None]
    return round(100 * float(np.mean(known)), 1) if known else None


def _spread(values: Sequence[float]) -> dict[str, float] | None:
    if not values:
        return None
    middle, high = np.percentile(values, [50, 95])
    return {"mean": round(float(np.mean(values)), 3), "p50": round(float(middle), 3), "p95": round(float(high), 3)}


if __name__ == "__main__":
    main()
