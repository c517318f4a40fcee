"""Fit how much wider than propagated each network's 95 % intervals must be to hold, and tell how often they then do.

    python -m ovf_imaging.training.calibrate runs/cases/*/numbers.csv --out ovf_imaging/knowledge/intervals.toml

Reads what `evaluate_cases` wrote. A factor is the 95th percentile of |error| / half-width; a network's sources count
alike, however many cases each has. Intervals are never narrowed: the cases come from the simulator and the sources that
the networks were trained on, and images of other places are harder. A source on which a quantity is biased is left out:
no width mends that. Told is how intervals hold on each half of the patients with the factors that the other half gives;
written are those that all patients give. Source: split conformal prediction with a scaled residual (Lei 2018, J Am Stat
Assoc 113:1094).
"""

from __future__ import annotations

import argparse
import csv
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ovf_imaging.training.evaluate_cases import LANDMARK

Factors = Mapping[tuple[str, str], float]  # network, quantity
FEWEST = 40  # numbers that every source of a quantity must have
BIASED = 0.5  # a median error of this many half-widths, about a standard deviation, is a bias
_HOLD = 0.95
_HEAD = """\
# By how much the 95 % intervals of what a network reads, as propagated from its landmarks' covariance, are widened to
# hold as often as they say. Written by `python -m ovf_imaging.training.calibrate`: anew for new weights.
version = "1.0.0"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """One measured number."""

    network: str
    weights: str
    source: str
    patient: str
    quantity: str
    fractured: bool
    off: float  # error in half-widths of its interval as propagated


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the factors, and print how intervals hold per source and quantity."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("numbers", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args(arguments)
    numbers = [number for path in given.numbers for number in read_numbers(path)]
    print(held_table(numbers))  # noqa: T201  this is a command
    given.out.write_text(as_toml(fit(numbers), numbers), encoding="utf-8")


def read_numbers(path: Path) -> list[Number]:
    """Return the rows of a numbers.csv."""
    with path.open(newline="", encoding="utf-8") as file:
        return [
            Number(
                network=row["reader"].partition(" ")[0],
                weights=row["weights"],
                source=row["source"],
                patient=row["patient"],
                quantity=row["quantity"],
                fractured=row["true_grade"] != "0",
                off=float(row["error"]) / float(row["half"]),
            )
            for row in csv.DictReader(file)
        ]


def fit(numbers: Iterable[Number]) -> Factors:
    """Return the factor of each network and quantity, left out where a source has too few numbers to tell."""
    groups: dict[tuple[str, str], dict[str, list[Number]]] = defaultdict(lambda: defaultdict(list))
    for n in numbers:
        if n.quantity != LANDMARK:  # its covariance has a factor of its own in the network's bundle
            groups[n.network, n.quantity][n.source].append(n)
    found = {}
    for key, sources in groups.items():
        fair = [n for some in sources.values() if not biased(n.off for n in some) for n in some]
        if fair and min(map(len, sources.values())) >= FEWEST:
            factor = _percentile(fair)
            found[key] = math.ceil(100 * max(factor, 1.0)) / 100
    return found


def biased(offs: Iterable[float]) -> bool:
    """Return whether the errors of one source lie to one side."""
    return abs(float(np.median(list(offs)))) > BIASED


def _percentile(numbers: Sequence[Number]) -> float:
    """Return how far off 95 % of the numbers are at most, when every source counts alike."""
    sizes = Counter(n.source for n in numbers)
    offs, shares = [abs(n.off) for n in numbers], [1 / sizes[n.source] for n in numbers]
    return float(np.quantile(offs, _HOLD, weights=shares, method="inverted_cdf"))


def crossed(numbers: Sequence[Number]) -> list[tuple[Number, float]]:
    """Return the numbers with the factor that the other half of the patients gives, where it gives one."""
    patients = sorted({(n.source, n.patient) for n in numbers})
    places = {patient: place for place, patient in enumerate(patients)}
    halves = [[n for n in numbers if places[n.source, n.patient] % 2 == side] for side in (0, 1)]
    told = []
    for half, other in (halves, halves[::-1]):
        factors = fit(other)
        told += [(n, f) for n in half if (f := factors.get((n.network, n.quantity))) is not None]
    return told


def held_table(numbers: Sequence[Number]) -> str:
    """Return a Markdown table per quantity and source: % of intervals that hold, propagated → calibrated."""
    groups: dict[tuple[str, str], list[tuple[Number, float]]] = defaultdict(list)
    for number, factor in crossed(numbers):
        groups[number.quantity, number.source].append((number, factor))
    quantities, sources = (list(dict.fromkeys(key[side] for key in groups)) for side in (0, 1))
    lines = [f"| | {' | '.join(sources)} |", "|---" * (len(sources) + 1) + "|"]
    for quantity in quantities:
        cells = [_held(groups.get((quantity, source), [])) for source in sources]
        lines.append(f"| {quantity} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _held(pairs: Sequence[tuple[Number, float]]) -> str:
    """Return "91 → 97 of 423, fractured 92 of 33", and by how many half-widths a biased quantity is off."""
    if not pairs:
        return "–"
    held = [abs(n.off) <= factor for n, factor in pairs]
    broken = [h for h, (n, _) in zip(held, pairs, strict=True) if n.fractured]
    before = [abs(n.off) <= 1 for n, _ in pairs]
    text = f"{100 * np.mean(before):.0f} → {100 * np.mean(held):.0f} of {len(held)}"
    text += f", fractured {100 * np.mean(broken):.0f} of {len(broken)}" if broken else ""
    offs = [n.off for n, _ in pairs]
    return f"{text}, biased by {np.median(offs):+.1f}" if biased(offs) else text


def as_toml(factors: Factors, numbers: Sequence[Number]) -> str:
    """Return the text of intervals.toml."""
    text = _HEAD
    for network in sorted({network for network, _ in factors}):
        own = [n for n in numbers if n.network == network]
        weights = ", ".join(sorted({n.weights[:8] for n in own}))
        patients = defaultdict(set)
        for n in own:
            patients[n.source].add(n.patient)
        who = ", ".join(f"{len(found)} {source}" for source, found in sorted(patients.items()))
        text += f'\n[{network}]\nsource = "ovf_imaging.training.calibrate on weights {weights}; patients: {who}."\n'
        text += f"\n[{network}.factors]\n"
        text += "".join(f"{q} = {f:.2f}\n" for (name, q), f in sorted(factors.items()) if name == network)
    return text


if __name__ == "__main__":
    main()
