"""Small cases with the real engine's advice, and the parts of FHIR resources that tests look at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from ovf_imaging.knowledge.rules import rule_set
from ovf_imaging.recommend import check_context, recommend
from ovf_imaging.types import Assessment, Case, Finding, Provenance, Study
from tests.recommend.cases import assessment

MADE = datetime(2025, 1, 15, 9, 30, tzinfo=UTC)
UID = "1.2.826.0.1.3680043.8.498.4711"


def case(values: Mapping[str, Any], *findings: Finding, **changes: Any) -> Case:
    """Return a case of these findings under a stated context, with what the engine says of it."""
    seen: Assessment = assessment(*findings)
    context = check_context(values)
    advice = recommend(seen, (), context)
    made = Case(
        study=Study(uid=UID, taken=datetime(2025, 1, 14, 8, 0), age_years=74.0, sex="F"),
        context=context,
        readings=(),
        measurements=(),
        assessment=seen,
        recommendations=advice.recommendations,
        missing=advice.missing,
        provenance=Provenance(version="0.1.0", rules=rule_set(), made=MADE),
        caveats=advice.caveats,
        others=advice.others,
    )
    return replace(made, **changes)


def leaves(actions: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield the actions that have none below them, in order."""
    for action in actions:
        if "action" in action:
            yield from leaves(action["action"])
        else:
            yield action
