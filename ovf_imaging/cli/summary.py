"""A case as the lines and the JSON that the command line prints; its words are the report's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import ovf_imaging as ovf


def as_tree(case: ovf.Case, files: Sequence[Path] = ()) -> dict[str, Any]:
    """Return the case's summary as plain values, without pixels or landmarks (case.json has those)."""
    caveats, index = case.all_caveats(), case.assessment.index_level
    return {
        "status": "caveats" if must_see(case) else "done",
        "study": case.study.uid,
        "version": case.provenance.version,
        "device": case.provenance.device,
        "models": dict(case.provenance.models),
        "readings": [_reading(r) for r in case.readings],
        "findings": [_finding(f) for f in case.assessment.findings],
        "angles": [_measurement(a) for a in case.assessment.angles],
        "index_level": None if index is None else ovf.words.level_name(index),
        "deformity_index": case.assessment.deformity_index,
        "prior": None if case.prior is None else case.prior.uid,
        "recommendations": [asdict(r) for r in case.recommendations],
        "others": [asdict(panel) for panel in case.others],
        "missing": list(case.missing),
        "caveats": [
            {
                "code": c.code,
                "text": c.text,
                "levels": [ovf.words.level_name(n) for n in c.levels],
                "must_see": c.must_see,
            }
            for c in caveats
        ],
        "files": [str(f) for f in files],
    }


def as_lines(case: ovf.Case) -> Iterable[str]:
    """Yield the case's findings and what the reader must see, one line each, in the report's words."""
    words = ovf.words
    for reading in case.readings:
        seen = " ".join(words.level_name(v.level) for v in reading.vertebrae)
        name = words.reading_name(reading)
        yield f"{name}: {len(reading.vertebrae)} vertebrae ({seen}), read by {reading.reader}"
        yield f"  Millimetres: {words.scale_name(reading.image)}"
    yield f"Device: {_device(case.provenance.device)}"
    yield words.summary(case)
    for finding in case.assessment.findings:
        yield f"  {words.level_name(finding.level):>3}  {' '.join([words.headline(finding) + '.', *_said(finding)])}"
    yield from words.overall(case)
    for angle in case.assessment.angles:
        yield f"  {_angle(angle)}"
    yield f"{len(case.recommendations)} recommendations, {len(case.missing)} facts missing that would decide more"
    for caveat in must_see(case):
        yield f"! {words.caveat_text(caveat)}"


def must_see(case: ovf.Case) -> tuple[ovf.Caveat, ...]:
    """Return the caveats that turn exit code 0 into 3."""
    return tuple(c for c in case.all_caveats() if c.must_see)


def _device(device: str) -> str:
    return "GPU (cuda)" if device.startswith("cuda") else device.upper()


def _said(finding: ovf.Finding) -> list[str]:
    return ovf.words.sentences(finding) or [ovf.words.unknowns(finding)]


def _angle(angle: ovf.Measurement) -> str:
    words = ovf.words
    value, interval = words.value_and_interval(angle)
    if value == words.DASH:
        return f"{words.angle_name(angle)}: {words.phrase('statements', 'cannot_tell')}"
    return f"{words.angle_name(angle)}: {value}{words.unit_sign(angle.unit)}" + (f" ({interval})" if interval else "")


def _reading(reading: ovf.Reading) -> dict[str, Any]:
    image = reading.image
    return {
        "view": str(image.view),
        "sequence": str(image.sequence),
        "position": str(image.position),
        "scale": str(image.scale),
        "scale_source": image.scale_source,
        "reader": reading.reader,
        "prior": reading.prior,
        "levels": [ovf.words.level_name(v.level) for v in reading.vertebrae],
    }


def _finding(finding: ovf.Finding) -> dict[str, Any]:
    return {
        "level": ovf.words.level_name(finding.level),
        "height_loss": finding.height_loss,
        "height_loss_interval": finding.height_loss_interval,
        "grade": finding.grade,
        "near_threshold": finding.near_threshold,
        "shape": finding.shape,
        "fractured": finding.fractured,
        "of_class": finding.of_class,
        "cleft": finding.cleft,
        "cleft_kind": finding.cleft_kind,
        "acuity": finding.acuity,
        "stability": finding.stability,
        "mimic": finding.mimic,
        "change": finding.change,
        "confidence": finding.confidence,
    }


def _measurement(item: ovf.Measurement) -> dict[str, Any]:
    return {
        "levels": [ovf.words.level_name(n) for n in item.levels],
        "quantity": item.quantity,
        "value": item.value,
        "unit": item.unit,
        "interval": item.interval,
    }
