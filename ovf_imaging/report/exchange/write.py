"""The files that other systems read of a case's advice."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from ovf_imaging.errors import InputError
from ovf_imaging.knowledge.rules import rule_set
from ovf_imaging.report.exchange.cards import cards
from ovf_imaging.report.exchange.elements import written
from ovf_imaging.report.exchange.guidance import guidance_response, request_group
from ovf_imaging.report.exchange.plan import plan_definition
from ovf_imaging.report.exchange.questionnaire import questionnaire
from ovf_imaging.report.place import Kind, put
from ovf_imaging.types import Case

_ADVICE = Kind(
    main="guidance_response.json",
    mark=b'"id": "ovf-imaging-',
    names=re.compile(r"(cards|guidance_response|plan_definition|questionnaire|request_group)\.json"),
)


def write_advice(case: Case, folder: Path) -> tuple[Path, ...]:
    """Write a case's advice as CDS Hooks cards and FHIR resources, and return the files' paths.

    Raises InputError when the case was concluded under other rules than those installed, OutputError as `write_case`
    does. Equal cases give equal bytes.
    """
    if case.provenance.rules != rule_set():
        raise InputError("the case was concluded under other rules than those installed; run ovf recommend on it")
    return put(_contents(case), _ADVICE, folder)


def _contents(case: Case) -> Iterator[tuple[str, bytes]]:
    yield "cards.json", written(cards(case))
    yield "plan_definition.json", written(plan_definition())
    yield "questionnaire.json", written(questionnaire())
    yield "request_group.json", written(request_group(case))
    yield "guidance_response.json", written(guidance_response(case))
