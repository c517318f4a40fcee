"""CPU time of measuring 20 bodies and of all that is concluded from them, on one core: `make bench` runs it too.

python bench/conclude.py
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from ovf_imaging.knowledge.loader import KNOWLEDGE_DIR
from ovf_imaging.knowledge.rules import read_rules
from ovf_imaging.measure import measure, measure_changes
from ovf_imaging.pipeline import Pipeline
from ovf_imaging.recommend import recommend
from ovf_imaging.types import Assessment, Context, Level, Study
from tests.measure.build import spine
from tests.timing import milliseconds

LIMITS = {"conclude": "20", "read the rules": "50", "recommend": "5"}  # ms


def main() -> None:
    """Print a row for each step."""
    reading = spine({Level(k): (16.0 + k / 2, 16.0 + k / 2, 16.0 + k / 2) for k in range(Level.C6, Level.L6 + 1)})
    pair = (reading, replace(reading, prior=True))
    rows = (*measure(pair[0], 0), *measure(pair[1], 1))
    pipeline, study = Pipeline(), Study(uid="1")
    tasks: dict[str, Callable[[], object]] = {
        "measure": lambda: measure(reading, 0),
        "measure_changes, one pair": lambda: measure_changes(pair, rows),
        "read the rules": lambda: read_rules(KNOWLEDGE_DIR),
        "recommend": lambda: recommend(Assessment(), (), Context(values={"fracture_present": True})),
        "conclude": lambda: pipeline.conclude(study, (reading,), Context()),
    }
    table = [f"| {len(reading.vertebrae)} bodies | ms | limit |", "|---|---|---|"]
    table += [f"| {name} | {milliseconds(task):.1f} | {LIMITS.get(name, '')} |" for name, task in tasks.items()]
    sys.stdout.write("\n".join(table) + "\n")


if __name__ == "__main__":
    main()
