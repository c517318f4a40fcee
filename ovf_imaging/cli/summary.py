"""A case as the lines and the JSON that the command line prints."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import ovf_imaging as ovf

CANNOT_TELL = "cannot tell"


def as_json(case: ovf.Case, files: Sequence[Path] = ()) -> str:
    """Return the case's summary as JSON, without pixels or landmarks (case.json has those)."""
    caveats = case.all_caveats()
    summary = {
        "status": "caveats" if must_see(case) else "done",
        "study": case.study.uid,
        "version": case.provenance.version,
        "device": case.provenance.device,
        "models": dict(case.provenance.models),
        "readings": [_reading(r) for r in case.readings],
        "findings": [_finding(f) for f in case.assessment.findings],
        "angles": [_measurement(a) for a in case.assessment.angles],
        "recommendations": [
            {"rule": r.rule, "arm": r.arm, "kind": str(r.kind), "text": r.text, "needs": list(r.needs)}
            for r in case.recommendations
        ],
        "missing": list(case.missing),
        "caveats": [
            {"code": c.code, "text": c.text, "levels": [name(n) for n in c.levels], "must_see": c.must_see}
            for c in caveats
        ],
        "files": [str(f) for f in files],
    }
    return json.dumps(summary, indent=2, allow_nan=False, ensure_ascii=False)


def as_lines(case: ovf.Case) -> Iterable[str]:
    """Yield the case's findings and what the reader must see, one line each."""
    for reading in case.readings:
        image = reading.image
        seen = " ".join(name(v.level) for v in reading.vertebrae)
        yield f"{_kind(image)}: {len(reading.vertebrae)} vertebrae ({seen}), read by {reading.reader}"
        yield f"  scale: {image.scale_source or image.scale}"
    yield f"Device: {_device(case.provenance.device)}"
    for finding in case.assessment.findings:
        yield f"  {name(finding.level):>3}  {_height(finding)}"
    for angle in case.assessment.angles:
        value = CANNOT_TELL if angle.value is None else f"{angle.value:.1f} {angle.unit}"
        yield f"  {_plain(angle.quantity)} {span(angle.levels)}: {value}"
    yield f"{len(case.recommendations)} recommendations, {len(case.missing)} facts missing that would decide more"
    for caveat in must_see(case):
        yield f"! {caveat.text}"


def advice_lines(case: ovf.Case) -> Iterable[str]:
    """Yield the recommendations with what they rest on."""
    for item in case.recommendations:
        yield f"{item.kind} · {item.arm} · {item.rule} ({item.source}; {item.source_strength})"
        yield f"  {item.text}"
        for reason in item.because:
            yield f"  because {reason.fact} = {CANNOT_TELL if reason.value is None else reason.value} ({reason.origin})"
        if item.against:
            yield f"  against: {', '.join(item.against)}"
        if item.needs:
            yield f"  would be surer with: {', '.join(item.needs)}"
    if case.missing:
        yield f"Missing, most useful first: {', '.join(case.missing)}"


def must_see(case: ovf.Case) -> tuple[ovf.Caveat, ...]:
    """Return the caveats that turn exit code 0 into 3."""
    return tuple(c for c in case.all_caveats() if c.must_see)


def name(level: int) -> str:
    """Return a level's name, L1; a number that names none as it is."""
    return ovf.Level(level).name if level in set(ovf.Level) else str(level)


def span(levels: tuple[int, int]) -> str:
    """Return one level's name, or two as a span."""
    upper, lower = levels
    return name(upper) if upper == lower else f"{name(upper)}-{name(lower)}"


def _kind(image: ovf.Image) -> str:
    sequence = "" if image.sequence in (ovf.Sequence.NONE, ovf.Sequence.UNKNOWN) else f" {image.sequence.upper()}"
    position = "" if image.position is ovf.Position.UNKNOWN else f", {image.position}"
    return f"{image.view}{sequence}{position}"


def _device(device: str) -> str:
    return "GPU (cuda)" if device.startswith("cuda") else device.upper()


def _height(finding: ovf.Finding) -> str:
    if finding.height_loss is None:
        return f"height loss: {CANNOT_TELL}"
    loss = f"height loss {_percent(finding.height_loss)}"
    if finding.height_loss_interval is not None:
        loss += " [" + ", ".join(_percent(end) for end in finding.height_loss_interval) + "]"
    grade = CANNOT_TELL if finding.grade is None else f"{finding.grade}"
    near = ", near a cut-off" if finding.near_threshold else ""
    shape = "" if finding.shape is None or finding.shape is ovf.Shape.NORMAL else f", {finding.shape}"
    return f"{loss}, Genant {grade}{near}{shape}"


def _percent(share: float) -> str:
    return f"{round(share * 100) + 0} %"  # + 0 turns -0 into 0


def _plain(quantity: str) -> str:
    """Return a quantity's name in words; the levels that some carry in it are told beside it."""
    return re.sub(r"( [ctls]\d+)+$", "", quantity.replace("_", " "))


def _reading(reading: ovf.Reading) -> dict[str, Any]:
    image = reading.image
    return {
        "view": str(image.view),
        "sequence": str(image.sequence),
        "position": str(image.position),
        "scale": str(image.scale),
        "scale_source": image.scale_source,
        "reader": reading.reader,
        "levels": [name(v.level) for v in reading.vertebrae],
    }


def _finding(finding: ovf.Finding) -> dict[str, Any]:
    return {
        "level": name(finding.level),
        "height_loss": finding.height_loss,
        "height_loss_interval": finding.height_loss_interval,
        "grade": finding.grade,
        "near_threshold": finding.near_threshold,
        "shape": finding.shape,
        "fractured": finding.fractured,
        "of_class": finding.of_class,
        "cleft": finding.cleft,
        "acuity": finding.acuity,
        "stability": finding.stability,
        "confidence": finding.confidence,
    }


def _measurement(item: ovf.Measurement) -> dict[str, Any]:
    return {
        "levels": [name(n) for n in item.levels],
        "quantity": item.quantity,
        "value": item.value,
        "unit": item.unit,
        "interval": item.interval,
    }
