"""Fit and measure the signs that are read from grey values, with true landmarks; simulated and painted apart.

    python -m ovf_imaging.training.evaluate_signs --data ../shared/data --out runs/signs --n 40
    python -m ovf_imaging.training.evaluate_signs --data ../shared/data --out runs/signs --n 40 --fit

--fit writes sign_weights.toml to --out, fitted on training seeds and on the volumes and films that are not held back;
without it, the weights in knowledge/ are measured on other seeds and on those held back.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.stats import mannwhitneyu

from ovf_imaging.knowledge.sign_weights import MODELS, Logistic, sign_weights
from ovf_imaging.measure.signals.regions import Features
from ovf_imaging.measure.signals.see import body_regions
from ovf_imaging.training import sign_cases
from ovf_imaging.training.sign_cases import SignCase, Truth
from ovf_imaging.types import Sequence as Contrast

Array = NDArray[np.float64]

FIT_SEED, TEST_SEED = 101, 202
SERIES = {
    "T1+T2+fluid": (Contrast.T1, Contrast.T2, Contrast.FLUID),
    "T2+fluid": (Contrast.T2, Contrast.FLUID),
    "fluid": (Contrast.FLUID,),
    "T1+T2": (Contrast.T1, Contrast.T2),
    "T2": (Contrast.T2,),
    "film": (Contrast.NONE,),
}
_HIT = 0.4  # part of a region that lies in the true cleft
_NEAR_HIT = 0.1  # between the two a region teaches nothing
_LEAST_OEDEMA = 0.05  # part of the body; with less it is neither oedematous nor free of it
_RIDGE = 10.0
_PRIOR = 0.05  # part of the regions taken to be clefts: a body yields several, and few collapsed bodies have one
_ROUNDS = 4  # in which the region that is taken for the cleft may change
_DRAWS = 200


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Candidate:
    """One region of a body, and how much of it lies in the true cleft."""

    features: Features
    hit: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Example:
    """One body as one model sees it."""

    case: str
    series: str  # a key of SERIES
    model: str
    level: int
    positive: bool
    truth: Truth
    candidates: tuple[Candidate, ...]


def examples(case: SignCase) -> Iterator[Example]:
    """Yield each body of a case, for each set of series that it holds and each model that they serve."""
    held = {c for view in case.views for c in view.signals}
    for name, wanted in SERIES.items():
        if not set(wanted) <= held:
            continue
        views = [replace(v, signals={c: g for c, g in v.signals.items() if c in wanted}) for v in case.views]
        for body in body_regions(views):
            level = body.view.vertebra.level
            truth = case.truths[level]
            for model, regions in body.regions.items():
                positive = _positive(model, truth)
                if positive is None:
                    continue
                yield Example(
                    case=case.name,
                    series=name,
                    model=model,
                    level=level,
                    positive=positive,
                    truth=truth,
                    candidates=tuple(
                        Candidate(features=r.features, hit=float(truth.gap[r.mask].mean()) if r.mask.any() else 0.0)
                        for r in regions
                    ),
                )


def _positive(model: str, truth: Truth) -> bool | None:
    """Return whether a body has what a model looks for, None where that can't be said."""
    if model == "oedema":
        return None if 0 < truth.oedema < _LEAST_OEDEMA else truth.oedema > 0
    return None if truth.cleft == "closed" else truth.cleft == ("gas" if model.startswith("gas") else "fluid")


def scored(example: Example, model: Logistic) -> float:
    """Return the probability of the body's likeliest region."""
    return max((model.probability(c.features) for c in example.candidates), default=0.0)


def auc(positive: NDArray[np.bool_], scores: Array) -> float:
    """Return the area under the ROC curve, NaN without both kinds."""
    if positive.all() or not positive.any():
        return float("nan")
    yes, no = scores[positive], scores[~positive]
    return float(mannwhitneyu(yes, no).statistic / (len(yes) * len(no)))


def summary(group: Sequence[Example], model: Logistic, rng: np.random.Generator) -> dict[str, float | list[float]]:
    """Return AUC with its 95 % bootstrap interval (drawn by case), and rates at a probability of a half."""
    positive = np.array([e.positive for e in group], dtype=np.bool_)
    scores = np.array([scored(e, model) for e in group])
    broken = np.array([e.truth.fractured for e in group])
    cases = sorted({e.case for e in group})
    of_case = {c: np.array([n for n, e in enumerate(group) if e.case == c]) for c in cases}
    draws = []
    for _ in range(_DRAWS):
        drawn = np.concatenate([of_case[cases[k]] for k in rng.integers(len(cases), size=len(cases))])
        draws.append(auc(positive[drawn], scores[drawn]))
    found: dict[str, float | list[float]] = {
        "bodies": len(group),
        "positive": int(positive.sum()),
        "auc": auc(positive, scores),
        "auc_interval": [float(v) for v in np.nanpercentile(draws, [2.5, 97.5])] if positive.any() else [],
        "auc_among_fractured": auc(positive[broken], scores[broken]),
        "sensitivity_at_half": float((scores[positive] >= 0.5).mean()) if positive.any() else float("nan"),
        "false_positives_at_half": float((scores[~positive] >= 0.5).mean()),
    }
    return {k: round(v, 3) if isinstance(v, float) else v for k, v in found.items()}


def fit(group: Sequence[Example]) -> Logistic:
    """Return the ridge-penalised logistic model of one sign.

    A cleft's regions are those that lie in it; on films, whose simulated clefts have no mask, the likeliest one in
    its zone, found anew each round.
    """
    names = list(group[0].candidates[0].features)
    rows = [(e, c) for e in group for c in e.candidates]
    values = np.array([[c.features[n] for n in names] for _, c in rows])
    hits = np.array([c.hit if e.model != "oedema" else float(e.positive) for e, c in rows])
    positive = np.array([e.positive for e, _ in rows]) & (hits > _HIT)
    usable = positive | np.array([not e.positive or h <= _NEAR_HIT for (e, _), h in zip(rows, hits, strict=True)])
    body = np.unique([f"{e.case} {e.series} {e.level}" for e, _ in rows], return_inverse=True)[1]
    model = _ridge(values[usable], positive[usable], names)
    for _ in range(_ROUNDS if group[0].model == "gas_film" else 0):
        scores = np.where(positive, [model.probability(c.features) for _, c in rows], -1.0)
        best = np.zeros(len(rows), dtype=bool)
        for b in np.unique(body[positive]):
            of_body = np.flatnonzero(body == b)
            best[of_body[scores[of_body].argmax()]] = True
        model = _ridge(values[usable & (best | ~positive)], best[usable & (best | ~positive)], names)
    return model


def _ridge(values: Array, positive: NDArray[np.bool_], names: Sequence[str]) -> Logistic:
    """Return the model by Newton's method on standardised features, positive regions weighing _PRIOR of all."""
    weight = np.where(positive, _PRIOR / (1 - _PRIOR) * (~positive).sum() / max(positive.sum(), 1), 1.0)
    middle, spread = values.mean(0), values.std(0) + 1e-6
    terms = np.concatenate([np.ones((len(values), 1)), (values - middle) / spread], 1)
    penalty = np.diag([1e-6] + [_RIDGE] * len(names))
    weights = np.zeros(terms.shape[1])
    for _ in range(60):
        p = 1 / (1 + np.exp(-np.clip(terms @ weights, -30, 30)))
        curvature = (terms * (weight * p * (1 - p) + 1e-9)[:, None]).T @ terms + penalty
        step = np.linalg.solve(curvature, terms.T @ (weight * (positive - p)) - penalty @ weights)
        weights = weights + np.clip(step, -2, 2)
    slopes = weights[1:] / spread
    return Logistic(
        intercept=float(weights[0] - slopes @ middle), weights=dict(zip(names, slopes.tolist(), strict=True))
    )


def weights_toml(models: Mapping[str, Logistic], fitted_on: str) -> str:
    """Return the text of knowledge/sign_weights.toml."""
    lines = [
        "# Weights of the logistic models that turn a region's features (measure/signals/regions.py, oedema.py)",
        "# into the probability of a sign. Fitted, not clinical:",
        "# python -m ovf_imaging.training.evaluate_signs --fit writes this file.",
        'version = "1.0.0"',
    ]
    for name, model in models.items():
        lines += ["", f"[{name}]", f"intercept = {model.intercept:.4f}"]
        lines += [f"{feature} = {weight:.4f}" for feature, weight in model.weights.items()]
        lines.append(f"source = {json.dumps(f'Ridge-penalised logistic regression on {fitted_on}')}")
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> None:
    """Fit the models, or measure them per source and set of series, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--n", type=int, default=40, help="cases of each source")
    parser.add_argument("--fit", action="store_true")
    given = parser.parse_args(arguments)
    given.out.mkdir(parents=True, exist_ok=True)
    groups = _groups(given.data, given.n, held_back=not given.fit)
    if given.fit:
        pooled = {m: [e for (_, _, model), g in groups.items() if model == m for e in g] for m in MODELS}
        about = f"{given.n} simulated cases of seed {FIT_SEED} and {given.n} painted ones, not held back, a modality"
        text = weights_toml({m: fit(group) for m, group in pooled.items()}, about)
        (given.out / "sign_weights.toml").write_text(text, encoding="utf-8")
        return
    weights, rng = sign_weights(), np.random.default_rng(TEST_SEED)
    found = {" ".join(key): summary(group, weights[key[2]], rng) for key, group in groups.items()}
    text = json.dumps(found, indent=1)
    (given.out / "signs_summary.json").write_text(text, encoding="utf-8")
    print(text)  # noqa: T201  this is a command


def _groups(data: Path, count: int, *, held_back: bool) -> dict[tuple[str, str, str], list[Example]]:
    """Return (source, series, model) → examples; real bodies, which hold no cleft, only where nothing is fitted."""
    seed = TEST_SEED if held_back else FIT_SEED
    rng = np.random.default_rng(seed)
    volumes, films = data / "mri_vertebral_bodies", data / "radiographs_lateral_lumbar"
    sources: dict[str, Iterable[SignCase]] = {
        "simulated MRI": sign_cases.simulated("mri", data / "meshes", seed, range(count)),
        "simulated film": sign_cases.simulated("radiograph", data / "meshes", seed, range(count)),
        "painted MRI": sign_cases.painted_mri(volumes, rng, count, held_back=held_back),
        "painted film": sign_cases.painted_films(films, rng, count, held_back=held_back),
    }
    if held_back:
        sources |= {"real MRI": sign_cases.real_mri(volumes), "real film": sign_cases.real_films(films)}
    groups: dict[tuple[str, str, str], list[Example]] = {}
    for source, cases in sources.items():
        for example in (e for case in cases for e in examples(case)):
            groups.setdefault((source, example.series, example.model), []).append(example)
    return groups


if __name__ == "__main__":
    main()
