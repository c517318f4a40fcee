"""Small made-up cases: a column of bodies (tests/phantom.py) on a sagittal MRI or a lateral film, one of them wedged.

Nothing here is a patient. Each builder takes what a test may want to change and returns a record of types.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ovf_imaging import types as t
from ovf_imaging.types import Level
from tests.phantom import LONG, LUMBAR, WEDGED, Body, column, depth_inside, film_image, grid, mri_image

__all__ = [
    "ADVICE",
    "LONG",
    "LUMBAR",
    "MADE",
    "WEDGED",
    "Body",
    "angles",
    "case_of",
    "column",
    "empty_case",
    "film_case",
    "film_image",
    "film_reading",
    "findings",
    "long_case",
    "measurements",
    "mri_case",
    "mri_image",
    "mri_reading",
    "normal_case",
    "reading",
]

MADE = datetime(2025, 1, 15, 9, 30, tzinfo=UTC)


def reading(
    image: t.Image, bodies: Sequence[Body], *, signs: Mapping[Level, Sequence[t.SignKind]] | None = None
) -> t.Reading:
    """Return what a perfect reader would see of the bodies on the image's middle slice."""
    margins = (70.0, 66.0, 18.0) if image.view is t.View.LATERAL else (60.0, 62.0, 14.0)
    _, step, origin = grid(bodies, 0.5 if image.view is t.View.LATERAL else 1.1, margins)
    count, height, width = image.pixels.shape
    rows, columns = np.mgrid[:height, :width].astype(float) * step
    labels = np.zeros(image.pixels.shape, dtype=np.uint8)
    vertebrae = []
    for body in bodies:
        inside = depth_inside(body, rows, columns, origin) > 0
        labels[:, inside] = body.level
        at = (body.points + origin) / step
        marks = np.column_stack([np.full(6, (count - 1) // 2), at[:, 1], at[:, 0]]).astype(np.float64)
        mask = np.zeros(image.pixels.shape, dtype=bool)
        mask[:, inside & (rows < (body.points[:, 1].mean() + origin[1]))] = True
        kinds = (signs or {}).get(body.level, ())
        vertebrae.append(
            t.Vertebra(
                level=int(body.level),
                landmarks=marks,
                covariance=np.tile(np.diag([0.4, 0.5]), (6, 1, 1)),
                confidence=0.97 if body.level > Level.T12 else 0.91,
                complete=body.level is not Level.T11 or len(bodies) == len(LONG),
                signs=tuple(t.Sign(kind=kind, probability=0.88, mask=mask) for kind in kinds),
            )
        )
    name = "vertebrae_radiograph 0.1.0" if image.view is t.View.LATERAL else "vertebrae_mri 0.1.0"
    return t.Reading(image=image, labels=labels, vertebrae=tuple(vertebrae), reader=name)


def mri_reading(**changes: Any) -> t.Reading:
    """Return the reading of a T2 MRI from T11 to S1 with L1 wedged and bright."""
    bodies = column()
    return replace(reading(mri_image(bodies), bodies, signs={Level.L1: (t.SignKind.OEDEMA,)}), **changes)


def film_reading(**changes: Any) -> t.Reading:
    """Return the reading of a standing lateral film from T11 to S1 with L1 wedged."""
    bodies = column()
    return replace(reading(film_image(bodies), bodies), **changes)


def mri_case(**changes: Any) -> t.Case:
    """Return a woman's T2 MRI with an acute wedge fracture of L1, context known."""
    bodies = column()
    found = findings(bodies, fractured={Level.L1: t.Shape.WEDGE}, acuity={Level.L1: "acute"})
    case = case_of(
        (mri_reading(),),
        bodies,
        found,
        recommendations=ADVICE,
        context=t.Context(values={"pain_vas": 7.0, "asia_grade": "E", "hypertension": True}),
        missing=("stability", "conservative_weeks", "t_score"),
    )
    return replace(case, **changes)


def film_case(**changes: Any) -> t.Case:
    """Return a woman's lateral film with a wedge fracture of L1, detector millimetres, context unknown."""
    bodies = column()
    magnified = t.Caveat(
        code="detector-scale",
        text="Millimetres are at the detector and magnified, not the patient's; ratios, losses and angles hold.",
        must_see=True,
    )
    found = findings(bodies, fractured={Level.L1: t.Shape.WEDGE})
    case = case_of(
        (film_reading(image=replace(film_image(bodies), caveats=(magnified,))),),
        bodies,
        found,
        recommendations=ADVICE[:3],
        missing=("pain_vas", "asia_grade", "MRI with a fluid-sensitive sequence", "flexion and extension films"),
    )
    return replace(case, **changes)


def normal_case(**changes: Any) -> t.Case:
    """Return an MRI with eight bodies and nothing found."""
    bodies = column(lost={})
    return replace(case_of((reading(mri_image(bodies), bodies),), bodies, findings(bodies, fractured={})), **changes)


def empty_case(**changes: Any) -> t.Case:
    """Return a case with no reading: the study held nothing that could be read."""
    why = t.Caveat(
        code="axial-set-aside",
        text="2 axial series were set aside: only sagittal MRI and lateral films are read.",
        must_see=True,
    )
    case = case_of((), (), ())
    return replace(case, study=replace(case.study, caveats=(why,)), **changes)


def long_case(**changes: Any) -> t.Case:
    """Return an MRI of T1 to L5, T2 and fluid-sensitive, with six fractures and much advice."""
    lost = {
        Level.T6: (0.7, 0.8, 0.98),
        Level.T8: (0.52, 0.6, 0.9),
        Level.T11: (0.9, 0.72, 0.97),
        Level.T12: (0.42, 0.4, 0.46),
        Level.L1: (0.62, 0.74, 0.94),
        Level.L3: (0.78, 0.74, 0.76),
    }
    shapes = dict(
        zip(
            lost,
            (t.Shape.WEDGE, t.Shape.WEDGE, t.Shape.BICONCAVE, t.Shape.PLANA, t.Shape.WEDGE, t.Shape.CRUSH),
            strict=True,
        )
    )
    bodies = column(LONG, lost)
    readings = tuple(
        reading(mri_image(bodies, sequence=s, slices=3), bodies) for s in (t.Sequence.T2, t.Sequence.FLUID)
    )
    found = findings(bodies, fractured=shapes, acuity={Level.T12: "acute", Level.L1: "acute", Level.T6: "not acute"})
    more = tuple(
        replace(a, rule=f"{a.rule}-{n}", arm=arm)
        for n, arm in enumerate(("conservative", "surgery", "drugs"))
        for a in ADVICE
    )
    return replace(
        case_of(readings, bodies, found, recommendations=(*ADVICE, *more), missing=("stability", "pain_vas")), **changes
    )


def case_of(
    readings: tuple[t.Reading, ...],
    bodies: Sequence[Body],
    found: tuple[t.Finding, ...],
    *,
    recommendations: tuple[t.Recommendation, ...] = (),
    context: t.Context = t.Context(),  # noqa: B008 - frozen
    missing: tuple[str, ...] = (),
) -> t.Case:
    """Return a case of these parts; what stands for each reading is measured on the bodies."""
    series = tuple(_series(r, number) for number, r in enumerate(readings, start=1))
    measured = tuple(m for index, r in enumerate(readings) for m in measurements(bodies, r.image, index))
    study = t.Study(
        uid="1.2.826.0.1.3680043.8.498.1", taken=datetime(2024, 11, 5, 14, 20), age_years=74.0, sex="F", series=series
    )
    short = t.Caveat(code="angle-out-of-view", text="T4–T12 kyphosis cannot be told: T4 is not in view.")
    return t.Case(
        study=study,
        context=context,
        readings=readings,
        measurements=measured,
        assessment=t.Assessment(findings=found, angles=angles(bodies), caveats=(short,) if bodies else ()),
        recommendations=recommendations,
        missing=missing,
        provenance=t.Provenance(
            version="0.1.0",
            models={r.reader: f"{n}b" * 32 for n, r in enumerate(readings)},
            knowledge={
                "genant.toml": "5e" * 32,
                "rules/conservative.toml": "ab" * 32,
                "rules/augmentation.toml": "cd" * 32,
            },
            rules=t.RuleSet(version="0.1.0", sha256="ef" * 32),
            made=MADE,
        ),
    )


def measurements(bodies: Sequence[Body], image: t.Image, index: int = 0) -> tuple[t.Measurement, ...]:
    """Return heights, height losses against the neighbours and wedge angles, with intervals."""
    out: list[t.Measurement] = []
    for body in (b for b in bodies if b.level is not Level.S1):
        level = int(body.level)
        if body.level is Level.T11 and len(bodies) < len(LONG):
            cut = t.Caveat(code="cut-by-edge", text="The image cuts this body.", levels=(level,))
            names = ("anterior_height", "middle_height", "posterior_height")
            out += [
                t.Measurement(
                    levels=(level, level), quantity=name, value=None, unit="mm", reading=index, caveats=(cut,)
                )
                for name in names
            ]
            continue
        around = _whole_neighbours(bodies, body)
        levels = tuple(int(b.level) for b in around)
        whole = np.mean([b.heights for b in around], axis=0)
        for place, height, ref in zip(("anterior", "middle", "posterior"), body.heights, whole, strict=True):
            loss = float(1.0 - height / ref)
            if image.scale is not t.Scale.UNKNOWN:
                out.append(_measured(level, f"{place}_height", float(height), "mm", 0.9, index))
            out.append(replace(_measured(level, f"height_loss_{place}", loss, "1", 0.05, index), reference=levels))
        out.append(_measured(level, "wedge_angle", _wedge_deg(body), "deg", 2.6, index))
    return tuple(out)


def angles(bodies: Sequence[Body]) -> tuple[t.Measurement, ...]:
    """Return angles around L1, the lumbar one where S1 is in view, and one that cannot be told."""
    by_level = {b.level: b for b in bodies}
    if not {Level.T12, Level.L1, Level.L2} <= set(by_level):
        return ()
    ends = {b.level: (_line_deg(b.points[0], b.points[2]), _line_deg(b.points[3], b.points[5])) for b in bodies}
    out = [_angle("local_cobb", Level.T12, Level.L2, ends[Level.T12][0] - ends[Level.L2][1])]
    out.append(_angle("gardner_angle", Level.T12, Level.L1, ends[Level.T12][0] - ends[Level.L1][1]))
    if Level.S1 in ends:
        out.append(_angle("angle_l1_s1", Level.L1, Level.S1, ends[Level.L1][0] - ends[Level.S1][0]))
    unseen = t.Caveat(code="neighbour-not-in-view", text="T4 is not in view.")
    levels = (int(Level.T4), int(Level.T12))
    return (*out, t.Measurement(levels=levels, quantity="angle_t4_t12", value=None, unit="deg", caveats=(unseen,)))


def _angle(quantity: str, upper: Level, lower: Level, value: float) -> t.Measurement:
    return replace(_measured(int(upper), quantity, value, "deg", 4.1, 0), levels=(int(upper), int(lower)))


def findings(
    bodies: Sequence[Body], *, fractured: Mapping[Level, t.Shape], acuity: Mapping[Level, str] | None = None
) -> tuple[t.Finding, ...]:
    """Return one finding a body but the sacrum; those not named are normal, T11 at the edge cannot be told."""
    out = []
    for body in (b for b in bodies if b.level is not Level.S1):
        whole = np.mean([b.heights for b in _whole_neighbours(bodies, body)], axis=0)
        loss = float(np.max(1.0 - body.heights / whole))
        hurt = body.level in fractured
        basis = tuple(
            m for m in measurements(bodies, _FLAT) if m.levels[0] == body.level and m.quantity.startswith("height_loss")
        )
        unsure = body.level is Level.T11 and len(bodies) < len(LONG)
        out.append(
            t.Finding(
                level=int(body.level),
                height_loss=None if unsure else max(0.0, loss),
                height_loss_interval=None if unsure else (max(0.0, loss - 0.05), max(0.0, loss) + 0.05),
                grade=None if unsure else (int(np.digitize(loss, (0.2, 0.25, 0.4))) if hurt else 0),
                near_threshold=hurt and body.level is Level.L1,
                shape=None if unsure else fractured.get(body.level, t.Shape.NORMAL),
                fractured=None if unsure else hurt,
                acuity=(acuity or {}).get(body.level),
                confidence=0.9,
                basis=basis,
            )
        )
    return tuple(out)


ADVICE = (
    t.Recommendation(
        rule="CON-02",
        arm="conservative",
        kind=t.RuleKind.RECOMMEND,
        text="Begin without intervention: short bed rest, analgesics, a drug against osteoporosis, exercise, a brace.",
        source="Conservative treatment",
        source_strength="ungraded",
        evidence_type="author position",
        controversy="The review draws no definitive conclusion on conservative care.",
        because=(
            t.Reason(fact="acuity", value="acute", origin="finding: L1"),
            t.Reason(fact="asia_grade", value="E", origin="context: asia_grade"),
        ),
        needs=("stability",),
    ),
    t.Recommendation(
        rule="PAIN-02",
        arm="conservative",
        kind=t.RuleKind.CAUTION,
        text="NSAIDs carry a risk of gastrointestinal bleeding, kidney damage and cardiovascular events; the concern "
        "is highest with hypertension or coronary disease.",
        source="Analgesics",
        source_strength="ungraded",
        evidence_type="cited, design not stated",
        refs=("15",),
        because=(
            t.Reason(fact="nsaid_in_question", value=True, origin="derived: painful_fracture"),
            t.Reason(fact="hypertension", value=True, origin="context: hypertension"),
        ),
    ),
    t.Recommendation(
        rule="VA-16",
        arm="augmentation",
        kind=t.RuleKind.AVOID,
        text="Do not offer vertebral augmentation routinely; its benefit is unproven until better evidence is at hand.",
        source="Vertebral augmentation",
        source_strength="ungraded",
        evidence_type="author conclusion",
        refs=("7", "8", "49"),
        against=("VA-02",),
    ),
    t.Recommendation(
        rule="BRACE-07",
        arm="conservative",
        kind=t.RuleKind.OPTION,
        text="A brace may be used; the evidence is weak and mostly indirect, and no duration is given.",
        source="Bracing",
        source_strength="weak",
        evidence_type="indirect evidence",
        refs=("5", "21"),
        figures="4 types",
    ),
    t.Recommendation(
        rule="GEN-06",
        arm="general",
        kind=t.RuleKind.INFORMATION,
        text="No gold standard of treatment exists.",
        source="Conclusion",
        source_strength="ungraded",
        evidence_type="author conclusion",
    ),
    t.Recommendation(
        rule="ASF-07",
        arm="augmentation",
        kind=t.RuleKind.INSUFFICIENT,
        text="Whether augmentation raises or lowers the risk of later fractures next to it is unclear (≥ 2 views).",
        source="Adjacent fractures",
        source_strength="ungraded",
        evidence_type="author judgement",
    ),
)
_FLAT = t.Image(
    pixels=np.zeros((1, 1, 1), dtype=np.float32),
    affine=np.eye(4),
    view=t.View.SAGITTAL,
    sequence=t.Sequence.T2,
    position=t.Position.UNKNOWN,
    scale=t.Scale.UNKNOWN,
    scale_source="none",
)


def _series(reading: t.Reading, number: int) -> t.Series:
    image = reading.image
    files = tuple(Path(f"IM{number}{s + 1:03d}.dcm") for s in range(image.pixels.shape[0]))
    modality = "DX" if image.view is t.View.LATERAL else "MR"
    return t.Series(
        uid=image.series_uid,
        view=image.view,
        sequence=image.sequence,
        position=image.position,
        files=files,
        modality=modality,
    )


def _measured(level: int, quantity: str, value: float, unit: str, half: float, index: int) -> t.Measurement:
    return t.Measurement(
        levels=(level, level),
        quantity=quantity,
        value=value,
        unit=unit,
        interval=(value - half, value + half),
        reading=index,
    )


def _whole_neighbours(bodies: Sequence[Body], body: Body) -> list[Body]:
    """Return the nearest unhurt body above and below, the sacrum and the body itself left out."""
    whole = [b for b in bodies if not b.hurt and b.level is not Level.S1]
    above = [b for b in whole if b.level.order < body.level.order][-1:]
    return above + [b for b in whole if b.level.order > body.level.order][:1]


def _wedge_deg(body: Body) -> float:
    """Return the angle between the endplates, positive when the front is lower."""
    return _line_deg(body.points[0], body.points[2]) - _line_deg(body.points[3], body.points[5])


def _line_deg(front: NDArray[np.float64], back: NDArray[np.float64]) -> float:
    """Return a line's slope, positive when its front is lower."""
    return float(np.degrees(np.arctan2(front[1] - back[1], back[0] - front[0])))
