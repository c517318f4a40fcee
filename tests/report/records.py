"""Hypothesis strategies for every record of types.py, with small volumes."""

from __future__ import annotations

from datetime import UTC, timedelta, timezone
from pathlib import Path
from typing import TypeVar

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ovf_imaging import types as t

Item = TypeVar("Item")
numbers = st.floats(allow_nan=False, allow_infinity=False)
texts = st.text(max_size=6)
names = st.text("abcXYZ 019-_äжλ山", min_size=1, max_size=6)
pairs = st.tuples(numbers, numbers)
facts = st.one_of(st.booleans(), numbers, st.integers(-5, 5), texts, st.lists(texts, max_size=2).map(tuple))
zones = st.one_of(st.none(), st.just(UTC), st.integers(-720, 720).map(lambda m: timezone(timedelta(minutes=m))))
AXES: list[tuple[int, int, int]] = [(2, 1, 0), (0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1)]
shapes = st.tuples(*(st.integers(1, 3),) * 3)


def several(items: st.SearchStrategy[Item]) -> st.SearchStrategy[tuple[Item, ...]]:
    """Return tuples of none to two."""
    return st.lists(items, max_size=2).map(tuple)


def volumes(dtype: type, shape: tuple[int, ...]) -> st.SearchStrategy[np.ndarray]:
    """Return arrays of any values, NaN and −0.0 with them."""
    return hnp.arrays(np.dtype(dtype), shape)


caveats = st.builds(t.Caveat, code=texts, text=texts, levels=several(st.integers(0, 300)), must_see=st.booleans())
series = st.builds(
    t.Series,
    uid=texts,
    view=st.sampled_from(t.View),
    sequence=st.sampled_from(t.Sequence),
    position=st.sampled_from(t.Position),
    files=several(names.filter(lambda n: n.strip(". ") != "").map(Path)),
    modality=texts,
    frames=several(st.integers(0, 9)),
    caveats=several(caveats),
)
studies = st.builds(
    t.Study,
    uid=texts,
    taken=st.none() | st.datetimes(timezones=zones),
    age_years=st.none() | numbers,
    sex=st.none() | texts,
    series=several(series),
    caveats=several(caveats),
)
measurements = st.builds(
    t.Measurement,
    levels=st.tuples(st.integers(1, 28), st.integers(1, 28)),
    quantity=texts,
    value=st.none() | numbers,
    unit=texts,
    interval=st.none() | pairs,
    reference=several(st.integers(1, 28)),
    reading=st.integers(0, 3),
    caveats=several(caveats),
)
findings = st.builds(
    t.Finding,
    level=st.integers(1, 28),
    height_loss=st.none() | numbers,
    height_loss_interval=st.none() | pairs,
    grade=st.none() | st.integers(0, 3),
    near_threshold=st.booleans(),
    shape=st.none() | st.sampled_from(t.Shape),
    fractured=st.none() | st.booleans(),
    of_class=st.none() | st.integers(1, 5),
    cleft=st.none() | st.booleans(),
    cleft_kind=st.none() | texts,
    acuity=st.none() | texts,
    stability=st.none() | texts,
    confidence=numbers,
    basis=several(measurements),
    caveats=several(caveats),
)
recommendations = st.builds(
    t.Recommendation,
    rule=texts,
    arm=texts,
    kind=st.sampled_from(t.RuleKind),
    text=texts,
    source=texts,
    source_strength=texts,
    evidence_type=texts,
    refs=several(texts),
    figures=texts,
    controversy=texts,
    because=several(st.builds(t.Reason, fact=texts, value=st.none() | facts, origin=texts)),
    against=several(texts),
    needs=several(texts),
)
provenances = st.builds(
    t.Provenance,
    version=texts,
    models=st.dictionaries(texts, texts, max_size=2),
    knowledge=st.dictionaries(texts, texts, max_size=2),
    rules=st.none() | st.builds(t.RuleSet, version=texts, sha256=texts),
    device=texts,
    made=st.none() | st.datetimes(timezones=zones),
)


@st.composite
def readings(draw: st.DrawFn) -> t.Reading:
    """Return a reading whose volumes have one shape."""
    shape = draw(shapes)
    points = hnp.arrays(np.float64, (6, 3), elements=numbers | st.just(float("nan")))
    image = t.Image(
        pixels=draw(volumes(np.float32, shape)),
        affine=draw(hnp.arrays(np.float64, (4, 4), elements=st.floats(-1e6, 1e6))),
        view=draw(st.sampled_from(t.View)),
        sequence=draw(st.sampled_from(t.Sequence)),
        position=draw(st.sampled_from(t.Position)),
        scale=draw(st.sampled_from(t.Scale)),
        scale_source=draw(texts),
        valid=draw(st.none() | volumes(np.bool_, shape)),
        sop_uids=draw(several(texts)),
        series_uid=draw(texts),
        array_axes=draw(st.sampled_from(AXES)),
        anterior_left=draw(st.none() | st.booleans()),
        superior_up=draw(st.none() | st.booleans()),
        caveats=draw(several(caveats)),
    )
    signs = st.builds(
        t.Sign,
        kind=st.sampled_from(t.SignKind),
        probability=st.none() | numbers,
        mask=st.none() | volumes(np.bool_, shape),
    )
    vertebrae = st.builds(
        t.Vertebra,
        level=st.integers(1, 28),
        landmarks=points,
        covariance=hnp.arrays(np.float64, (6, 2, 2), elements=numbers),
        confidence=numbers,
        complete=st.booleans(),
        signs=several(signs),
    )
    dtype = draw(st.sampled_from((np.uint8, np.uint16)))
    return t.Reading(
        image=image,
        labels=draw(volumes(dtype, shape)),
        vertebrae=draw(several(vertebrae)),
        reader=draw(texts),
        caveats=draw(several(caveats)),
    )


cases = st.builds(
    t.Case,
    study=studies,
    context=st.builds(t.Context, values=st.dictionaries(texts, facts, max_size=3)),
    readings=several(readings()),
    measurements=several(measurements),
    assessment=st.builds(
        t.Assessment, findings=several(findings), angles=several(measurements), caveats=several(caveats)
    ),
    recommendations=several(recommendations),
    missing=several(texts),
    provenance=provenances,
    caveats=several(caveats),
)
