"""The fitted weights that turn what is measured of a region into the probability of a sign.

They are no clinical figures: knowledge/sign_weights.toml says what they were fitted on and how. A wrong file raises
KnowledgeError with the file, the key, the value and what was wanted.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ovf_imaging.errors import KnowledgeError
from ovf_imaging.knowledge.loader import KNOWLEDGE_DIR, Entry, read_table, table

MODELS = ("fluid", "fluid_t2", "gas", "gas_film", "oedema")


@dataclass(frozen=True, slots=True, kw_only=True)
class Logistic:
    """A logistic model over named features."""

    intercept: float
    weights: Mapping[str, float]

    def probability(self, features: Mapping[str, float]) -> float:
        """Return the probability (0–1) of a region with these features; features without a weight don't count."""
        score = self.intercept + sum(weight * features[name] for name, weight in self.weights.items())
        return 1 / (1 + math.exp(-min(max(score, -50.0), 50.0)))


@lru_cache
def sign_weights(path: Path = KNOWLEDGE_DIR / "sign_weights.toml") -> Mapping[str, Logistic]:
    """Return the model of each of MODELS."""
    data = read_table(path)
    return {name: _logistic(path, name, table(path, data, name)) for name in MODELS}


def _logistic(path: Path, name: str, entry: Entry) -> Logistic:
    numbers = {key: value for key, value in entry.items() if key != "source"}
    for key, value in numbers.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise KnowledgeError(f'{path.name}: "{name}.{key}" wanted a number, got {value!r}')
    if "intercept" not in numbers:
        raise KnowledgeError(f'{path.name}: "{name}.intercept" wanted a number, got none')
    intercept = float(numbers.pop("intercept"))
    return Logistic(intercept=intercept, weights={key: float(value) for key, value in numbers.items()})
