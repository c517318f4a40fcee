"""One row a study: what the tables say of it, kept as one small file each so that a killed batch loses nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path

import ovf_imaging as ovf
from ovf_imaging.batch.files import write_whole


class Status(StrEnum):
    """How a study ended."""

    DONE = "done"
    CAVEATS = "caveats"  # done, with caveats that the reader must see
    NO_VERTEBRAE = "no_vertebrae"  # the right view, nothing found
    REFUSED = "refused"  # the input can't be used
    FAILED = "failed"  # the process died, ran out of memory or met a fault of ours
    TIMEOUT = "timeout"  # ran past its time limit


READ = frozenset({Status.DONE, Status.CAVEATS})  # these have a case
FINAL = READ | {Status.NO_VERTEBRAE, Status.REFUSED}  # trying again would give the same


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A study's row in cases.csv and cases.parquet. None = nothing found or cannot tell; holds no patient data."""

    study: str  # the study's name below the input folder
    status: Status
    reason: str | None = None  # why there are no numbers
    view: str | None = None
    sequence: str | None = None
    scale_source: str | None = None
    device: str | None = None
    vertebrae: int | None = None
    levels: str | None = None  # "T11 T12 L1"
    worst_level: str | None = None
    worst_grade: int | None = None
    worst_height_loss: float | None = None  # 0–1
    fractures: int | None = None
    fractured_levels: str | None = None
    deformity_index: int | None = None  # spinal deformity index, T4–L4
    index_level: str | None = None  # the fracture that the study is about; the other index_ columns are of it
    index_of_class: int | None = None
    index_acuity: str | None = None  # "acute", "not acute"
    index_stability: str | None = None  # "stable", "unstable"
    index_cleft: str | None = None  # "fluid", "gas", "present", "absent"
    index_cleft_probability: float | None = None
    index_oedema_share: float | None = None  # of the body
    index_wedge_deg: float | None = None  # kyphosis is positive in every angle
    index_local_cobb_deg: float | None = None
    index_gardner_deg: float | None = None
    index_farcy_deg: float | None = None
    index_retropulsion_mm: float | None = None
    index_wall_share: float | None = None  # of the posterior wall that is lost or displaced
    index_canal_narrowing: float | None = None  # 0–1
    t10_l2_deg: float | None = None
    t4_t12_deg: float | None = None
    l1_l5_deg: float | None = None
    l1_s1_deg: float | None = None
    angles: str | None = None  # "local_cobb T11-L1 12.3 [9.8, 14.8] deg; …"
    caveats: str | None = None  # codes
    input: str | None = None
    case: str | None = None  # folder of the case, below the output folder
    report: str | None = None
    tries: int = 1
    seconds: float | None = None
    version: str = ovf.__version__


def row_of(case: ovf.Case, *, study: str, folder: str, seconds: float) -> Row:
    """Return the row of a study that gave a case."""
    caveats = case.all_caveats()
    found = sorted({v.level for reading in case.readings for v in reading.vertebrae}, key=lambda n: ovf.Level(n).order)
    findings = case.assessment.findings
    judged = [f for f in findings if f.fractured is not None]
    broken = [f.level for f in judged if f.fractured]
    worst = max((f for f in findings if f.height_loss is not None), key=lambda f: f.height_loss or 0.0, default=None)
    images = [reading.image for reading in case.readings]
    angles = {a.quantity: a.value for a in case.assessment.angles}
    row = Row(
        study=study,
        status=Status.CAVEATS if any(c.must_see for c in caveats) else Status.DONE,
        view=_each(image.view for image in images),
        sequence=_each(image.sequence for image in images),
        scale_source=_each(image.scale_source for image in images),
        device=case.provenance.device,
        vertebrae=len(found),
        levels=_levels(found),
        worst_level=None if worst is None else ovf.Level(worst.level).name,
        worst_grade=None if worst is None else worst.grade,
        worst_height_loss=None if worst is None else worst.height_loss,
        fractures=len(broken) if judged else None,
        fractured_levels=_levels(broken),
        deformity_index=case.assessment.deformity_index,
        t10_l2_deg=angles.get("angle_t10_l2"),
        t4_t12_deg=angles.get("angle_t4_t12"),
        l1_l5_deg=angles.get("angle_l1_l5"),
        l1_s1_deg=angles.get("angle_l1_s1"),
        angles="; ".join(_angle(a) for a in case.assessment.angles if a.value is not None) or None,
        caveats="; ".join(dict.fromkeys(c.code for c in caveats)) or None,
        case=folder,
        report=f"{folder}/report.pdf",
        seconds=round(seconds, 2),
        version=case.provenance.version,
    )
    index = next((f for f in findings if f.level == case.assessment.index_level), None)
    return row if index is None else _with_index(row, index, case.assessment.angles)


def _with_index(row: Row, index: ovf.Finding, angles: Iterable[ovf.Measurement]) -> Row:
    """Return the row with what is known of the index fracture."""
    level = ovf.Level(index.level)
    values = {m.quantity: m.value for m in index.basis if m.levels == (level, level) and m.against is None}
    values |= {a.quantity: a.value for a in angles if _is_about(a, level)}
    seen = {True: index.cleft_kind or "present", False: "absent", None: None}
    return replace(
        row,
        index_level=level.name,
        index_of_class=index.of_class,
        index_acuity=index.acuity,
        index_stability=index.stability,
        index_cleft=seen[index.cleft],
        index_cleft_probability=values.get("cleft_probability"),
        index_oedema_share=values.get("oedema_extent"),
        index_wedge_deg=values.get("wedge_angle"),
        index_local_cobb_deg=values.get("local_cobb"),
        index_gardner_deg=values.get("gardner_angle"),
        index_farcy_deg=values.get("farcy_index"),
        index_retropulsion_mm=values.get("retropulsion"),
        index_wall_share=values.get("posterior_wall_involvement"),
        index_canal_narrowing=values.get("canal_narrowing"),
    )


def _is_about(angle: ovf.Measurement, level: ovf.Level) -> bool:
    """Return whether an angle is a fractured level's: the middle one of a local Cobb, the lower one of the others."""
    upper, lower = (ovf.Level(n).order for n in angle.levels)
    return upper < level.order < lower if angle.quantity == "local_cobb" else lower == level.order


def save_row(row: Row, path: Path, fingerprint: str) -> None:
    """Write one study's row, whole or not at all."""
    text = json.dumps({"fingerprint": fingerprint, "row": asdict(row)}, allow_nan=False, ensure_ascii=False, indent=1)
    write_whole(path, text.encode("utf-8", "backslashreplace"))


def saved_row(path: Path, fingerprint: str) -> Row | None:
    """Return the row saved for the same files and options, or None: never run, changed since, or of another version."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    if data.get("fingerprint") != fingerprint:
        return None
    fields = data["row"]
    return Row(**{**fields, "status": Status(fields["status"])})


def _each(values: Iterable[str]) -> str | None:
    return "; ".join(dict.fromkeys(str(v) for v in values)) or None


def _levels(levels: Iterable[int]) -> str | None:
    return " ".join(ovf.Level(n).name for n in levels) or None


def _angle(angle: ovf.Measurement) -> str:
    upper, lower = (ovf.Level(n).name for n in angle.levels)
    span = upper if upper == lower else f"{upper}-{lower}"
    interval = "" if angle.interval is None else f" [{angle.interval[0]:.1f}, {angle.interval[1]:.1f}]"
    return f"{angle.quantity} {span} {angle.value:.1f}{interval} {angle.unit}"
