"""Measure the whole pipeline on cases that `ovf simulate` wrote, against their truth files.

    ovf simulate --modality radiograph --n 60 --seed 901 --out runs/cases/films
    python -m ovf_imaging.training.evaluate_cases runs/cases/films --out runs/cases/films_result

Writes bodies.csv (a row a body), numbers.csv (a row a number that has an interval) and summary.json (per source and
true grade). Simulated and painted cases are never pooled.

A number's truth is what `measure` makes of the true landmarks. That of a height loss is against the body's own unbroken
heights; the product can only compare with neighbours, so the natural difference between bodies is part of its error.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ovf_imaging.assess.fuse import is_sign
from ovf_imaging.compare import categorical
from ovf_imaging.errors import InputError
from ovf_imaging.knowledge.intervals import interval_factors
from ovf_imaging.measure import measure
from ovf_imaging.measure.bodies import POSITIONS
from ovf_imaging.pipeline import Config, Pipeline
from ovf_imaging.training.evaluate import Row
from ovf_imaging.training.evaluate_summary import rows_csv
from ovf_imaging.types import Case, Image, Level, Reading, Vertebra, level_order
from ovf_imaging.types import Sequence as Contrast

Array = NDArray[np.float64]
FOUND_WITHIN = 0.3  # body depths between true and found centre
LANDMARK = "landmark"  # the quantity of a landmark's row or column, in pixels
SUMMARISED = {
    "landmark": (LANDMARK,),
    "loss": tuple(f"height_loss_{p}" for p in POSITIONS),
    "height": tuple(f"{p}_height" for p in POSITIONS),
    "wedge": ("wedge_angle",),
    "local_cobb": ("local_cobb",),
}
_CORNERS = (0, 2, 3, 5)
_GRADES = ("0", "1", "2", "3")
_Z95 = NormalDist().inv_cdf(0.975)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """What cases gave."""

    bodies: tuple[Row, ...] = ()
    numbers: tuple[Row, ...] = ()

    @classmethod
    def joined(cls, parts: Iterable[Rows]) -> Rows:
        """Return the rows of all parts."""
        held = list(parts)
        return cls(bodies=tuple(r for p in held for r in p.bodies), numbers=tuple(r for p in held for r in p.numbers))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Match:
    """A body of the truth that a picture shows whole, and the one read there."""

    truth: Mapping[str, Any]
    landmarks: Array  # (6, 3) true ones as (slice, row, column) of the image read
    found: Vertebra | None


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the pipeline on every case of the folders, write the rows and print the summary."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--models", type=Path, default=Path("models"))
    given = parser.parse_args(arguments)
    pipeline = Pipeline.load(Config(models_dir=given.models))
    truths = sorted(path for folder in given.folders for path in folder.glob("*/truth.json"))
    rows = Rows.joined(case_rows(pipeline, path) for path in truths)
    given.out.mkdir(parents=True, exist_ok=True)
    (given.out / "bodies.csv").write_text(rows_csv(rows.bodies), encoding="utf-8")
    (given.out / "numbers.csv").write_text(rows_csv(rows.numbers), encoding="utf-8")
    summary = summarise(rows)
    (given.out / "summary.json").write_text(json.dumps(summary, indent=1), encoding="utf-8")
    print(as_table(summary))  # noqa: T201  this is a command


def case_rows(pipeline: Pipeline, path: Path) -> Rows:
    """Return the rows of one case, every picture of it."""
    truth = json.loads(path.read_text(encoding="utf-8"))
    parts: list[Rows] = []
    for study in truth["studies"]:
        pictures = [p for p in study["images"] if p["view"] in ("lateral", "sagittal")]
        shared = {
            "source": f"{truth['kind']} {truth['modality']}",
            "patient": truth["source"] or path.parent.name,  # several cases are painted into one patient's picture
            "case": path.parent.name,
            "study": study["folder"],
        }
        try:
            case = _run(pipeline, path.parent / study["folder"], pictures, truth["kind"]) if pictures else None
        except InputError as error:
            case, shared["refused"] = None, str(error)
        parts += [picture_rows(shared | {"picture": p["files"]}, case, p) for p in pictures]
    return Rows.joined(parts)


def _run(pipeline: Pipeline, folder: Path, pictures: Sequence[Mapping[str, Any]], kind: str) -> Case:
    """Return the case of a study's pictures; a painted volume's files don't tell its sequence, so it is given."""
    if kind == "painted" and "sequence" in pictures[0]:
        config = replace(pipeline.config, sequence=Contrast(pictures[0]["sequence"]))
        pipeline = replace(pipeline, config=config)
    return pipeline.run([folder / p["files"] for p in pictures])


def picture_rows(shared: Row, case: Case | None, picture: Mapping[str, Any]) -> Rows:
    """Return a row for each whole body of a picture, and one for each number measured on those found."""
    whole = [b for b in picture["bodies"] if b["shown"] and not b["cut"] and b["level"] != Level.S1]
    index = None if case is None else reading_of(case.readings, picture)
    if case is None or index is None:
        return Rows(bodies=tuple(shared | _true_columns(body) | {"found": False} for body in whole))
    matches = [match(body, case.readings[index]) for body in whole]
    return Rows(
        bodies=tuple(shared | _body_row(case, index, m) for m in matches),
        numbers=tuple(shared | row for row in number_rows(case, index, matches)),
    )


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


def match(body: Mapping[str, Any], reading: Reading) -> Match:
    """Return a true body with the one read nearest to it, if that is near enough."""
    image = reading.image
    truth = _true_landmarks(body, image)
    there = _in_plane(image, truth)
    away = {v: float(np.linalg.norm((_in_plane(image, v.landmarks) - there).mean(0))) for v in reading.vertebrae}
    near = min(away, key=lambda v: away[v], default=None)
    found = near if near is not None and away[near] <= FOUND_WITHIN * _depth(there) else None
    return Match(truth=body, landmarks=truth, found=found)


def _true_landmarks(body: Mapping[str, Any], image: Image) -> Array:
    """Return (6, 3) as (slice, row, column): from millimetres on MRI, whose volumes may be laid out anew."""
    at_mm = np.array(body["landmarks_mm"], dtype=float)
    if image.sequence is Contrast.NONE:
        return np.array(body["landmarks"], dtype=float)
    return np.asarray((at_mm - image.affine[:3, 3]) @ np.linalg.inv(image.affine[:3, :3]).T)


def _in_plane(image: Image, landmarks: Array) -> Array:
    return image.to_mm(landmarks)[:, 1:]


def _depth(points: Array) -> float:
    """Return the distance of the middles of front and back of (6, 2) landmarks."""
    return float(np.linalg.norm(points[[0, 3]].mean(0) - points[[2, 5]].mean(0)))


def _true_columns(body: Mapping[str, Any]) -> Row:
    fracture = body["fracture"] or {}
    return {
        "level": body["level"],
        "true_kind": fracture.get("kind", "none"),
        "true_age": fracture.get("age"),
        "true_grade": body["genant_grade"],
        "true_loss": max(body["height_loss"]),
    }


def _body_row(case: Case, index: int, pair: Match) -> Row:
    row, found = _true_columns(pair.truth) | {"found": pair.found is not None}, pair.found
    if found is None:
        return row
    image = case.readings[index].image
    here, there = _in_plane(image, found.landmarks), _in_plane(image, pair.landmarks)
    corners = [100 * float(np.linalg.norm(here[k] - there[k])) / _depth(there) for k in _CORNERS]
    row |= {"level_right": found.level == pair.truth["level"], "corner_percent": corners}
    finding = next((f for f in case.assessment.findings if f.level == found.level), None)
    return row if finding is None else row | {"grade": finding.grade, "shape": finding.shape}


def number_rows(case: Case, index: int, matches: Sequence[Match]) -> Iterator[Row]:
    """Yield every landmark's coordinates and every number with an interval.

    `error`; `half`, the half-width before calibration; `held`, whether the interval as calibrated holds the truth;
    `true_grade`, the worst of the bodies from a number's upper level to its lower.
    """
    reading = case.readings[index]
    factors, weights = interval_factors(reading.reader), case.provenance.models.get(reading.reader, "unknown")
    seen = [(m, m.found) for m in matches if m.found is not None]
    grades = {v.level: m.truth["genant_grade"] for m, v in seen}
    for pair, found in seen:
        error = (found.landmarks - pair.landmarks)[:, 1:]
        half = _Z95 * np.sqrt(np.einsum("kii->ki", found.covariance))
        shared = {"reader": reading.reader, "weights": weights, "quantity": LANDMARK, "level": found.level}
        for e, h in zip(error.ravel(), half.ravel(), strict=True):
            yield shared | {"true_grade": grades[found.level], "error": e, "half": h, "held": abs(e) <= h}
    truth = _true_values(reading, seen)
    for m in case.measurements:
        true = None if m.reading != index or m.against is not None else truth.get((m.quantity, m.levels))
        if true is None or m.value is None or m.interval is None:
            continue
        upper, lower = (level_order(level) for level in m.levels)
        yield {
            "reader": reading.reader,
            "weights": weights,
            "quantity": m.quantity,
            "level": m.levels[0],
            "true_grade": max(g for level, g in grades.items() if upper <= level_order(level) <= lower),
            "error": m.value - true,
            "half": (m.interval[1] - m.interval[0]) / 2 / factors.get(m.quantity, 1.0),
            "held": m.interval[0] <= true <= m.interval[1],
        }


def _true_values(reading: Reading, seen: Sequence[tuple[Match, Vertebra]]) -> dict[tuple[str, tuple[int, int]], float]:
    """Return (quantity, levels) → the true value, under the levels that were read; of shapes, not of grey values."""
    true = replace(
        reading, reader="edited to the truth", vertebrae=tuple(replace(v, landmarks=m.landmarks) for m, v in seen)
    )
    shapes = [m for m in measure(true, 0) if not is_sign(m.quantity) and m.quantity != "canal_narrowing"]
    values = {(m.quantity, m.levels): m.value for m in shapes if m.value is not None}
    for pair, vertebra in seen:
        own = vertebra.level, vertebra.level
        losses = dict(zip(POSITIONS, pair.truth["height_loss"], strict=True))
        values |= {(f"height_loss_{position}", own): loss for position, loss in losses.items()}
        values["posterior_reference_ratio", own] = 1 - losses["posterior"]
    return values


def summarise(rows: Rows) -> dict[str, Any]:
    """Return per source and true grade: bodies, found, level right, errors, intervals held; and how grades agree."""
    out: dict[str, Any] = {}
    for source in dict.fromkeys(row["source"] for row in rows.bodies):
        grades = sorted({row["true_grade"] for row in rows.bodies if row["source"] == source})
        out[source] = {"all": _summary(_picked(rows, source=source))}
        out[source] |= {f"grade {g}": _summary(_picked(rows, source=source, true_grade=g)) for g in grades}
    return out


def _picked(rows: Rows, **values: str | int) -> Rows:
    """Return the rows that hold all these values."""
    of_bodies, of_numbers = (
        tuple(row for row in some if all(row[key] == value for key, value in values.items()))
        for some in (rows.bodies, rows.numbers)
    )
    return Rows(bodies=of_bodies, numbers=of_numbers)


def _summary(rows: Rows) -> dict[str, Any]:
    seen = [r for r in rows.bodies if r["found"]]
    graded = [r for r in seen if r.get("grade") is not None]
    out: dict[str, Any] = {
        "cases": len({r["case"] for r in rows.bodies}),
        "bodies": len(rows.bodies),
        "found_percent": _percent([r["found"] for r in rows.bodies]),
        "level_right_percent": _percent([r["level_right"] for r in seen]),
        "called_fractured_percent": _percent([r["grade"] > 0 for r in graded]),
        "grades_found": dict(sorted(Counter(str(r["grade"]) for r in graded).items())),
        **_kappas(graded),
        "corner_percent": _spread([v for r in seen for v in r["corner_percent"]]),
    }
    for name, quantities in SUMMARISED.items():
        some = [r for r in rows.numbers if r["quantity"] in quantities]
        out[f"{name}_error"] = _spread([abs(r["error"]) for r in some])
        out[f"{name}_held_percent"] = _percent([r["held"] for r in some])
    return {name: value for name, value in out.items() if value is not None}


def as_table(summary: Mapping[str, Any]) -> str:
    """Return a Markdown table of a summary: errors as mean / 95th percentile."""
    heads = ["", "bodies", "found, %", "level right, %", "called fractured, %", "corner, % of depth", "loss"]
    heads += ["height, mm", "wedge, °", "local Cobb, °", "weighted kappa"]
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for source, groups in summary.items():
        for group, told in groups.items():
            shares = [told.get(f"{k}_percent", "–") for k in ("found", "level_right", "called_fractured")]
            names = ("corner_percent", "loss_error", "height_error", "wedge_error", "local_cobb_error")
            errors = [f"{told[k]['mean']:.2g} / {told[k]['p95']:.2g}" if k in told else "–" for k in names]
            kappa = f"{told['kappa_linear'][0]:.2f}" if "kappa_linear" in told else "–"
            cells = [f"{source}, {group}", told["bodies"], *shares, *errors, kappa]
            lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines)


def _kappas(graded: Sequence[Row]) -> dict[str, Any]:
    """Return weighted kappa of true and found grades with its interval, where they can be told."""
    if len({r["true_grade"] for r in graded}) < 2:
        return {}
    true, found = ([str(r[key]) for r in graded] for key in ("true_grade", "grade"))
    counts = categorical.tables(true, found, _GRADES, [r["patient"] for r in graded])
    estimates = {"kappa_linear": categorical.kappa(counts, 1), "kappa_quadratic": categorical.kappa(counts, 2)}
    return {
        k: [round(v, 3) for v in (e.value, *(e.interval or ()))] for k, e in estimates.items() if e.value is not None
    }


def _percent(values: Iterable[bool]) -> float | None:
    known = list(values)
    return round(100 * float(np.mean(known)), 1) if known else None


def _spread(values: Sequence[float]) -> dict[str, float] | None:
    if not values:
        return None
    middle, high = np.percentile(values, [50, 95])
    return {"mean": round(float(np.mean(values)), 3), "p50": round(float(middle), 3), "p95": round(float(high), 3)}


if __name__ == "__main__":
    main()
