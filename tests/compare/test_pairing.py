"""Studies, images and bodies find their partners; what has none is listed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ovf_imaging.compare.pairing import pair
from ovf_imaging.compare.records import Side
from ovf_imaging.errors import StudyError
from ovf_imaging.types import Level, Scale, Shape
from tests import fakes
from tests.compare.readers import finding, measuring, moved, mri_case, renamed, seeing, study

T11, L1, L2, S1 = (int(level) for level in (Level.T11, Level.L1, Level.L2, Level.S1))


def numbers(pairs, quantity, level):
    (found,) = [n for n in pairs.numbers if n.quantity == quantity and n.place.levels_a == (level,)]
    return found


def answers(pairs, question, level):
    (found,) = [n for n in pairs.answers if n.question == question and n.place.levels_a == (level,)]
    return found


def test_each_quantity_of_each_body_is_paired():
    one, other = mri_case(), measuring(mri_case(), lambda _, value: value + 0.5)
    pairs = pair({"x": one}, {"x": other})
    assert (pairs.studies, pairs.images, pairs.unpaired) == (1, 1, ())
    height = numbers(pairs, "anterior_height", L1)
    assert height.unit == "mm"
    assert height.b - height.a == pytest.approx(0.5)
    assert numbers(pairs, "anterior_height", T11).a is None  # the image cuts T11
    assert {n.quantity for n in pairs.numbers if len(n.place.levels_a) == 2} >= {"local_cobb", "gardner_angle"}


def test_studies_that_only_one_reader_has_are_listed():
    pairs = pair({"x": study(1), "y": study(2)}, {"x": study(1), "z": study(3), "w": study(4)})
    assert pairs.studies == 1
    assert [(u.what, u.only_in) for u in pairs.unpaired] == [("study", "A"), ("study", "B"), ("study", "B")]
    assert not {u.place.study for u in pairs.unpaired} & {"x", "y", "z", "w"}  # marks, not UIDs


def test_nothing_in_common_is_refused():
    with pytest.raises(StudyError, match=r"no two studies of A \(1\) and B \(2\) are the same"):
        pair({"x": study(1)}, {"y": study(2), "z": study(3)})
    with pytest.raises(StudyError, match="no two images of the studies are the same"):
        pair({"x": mri_case()}, {"x": fakes.film_case()})


def test_images_are_paired_by_uid_in_any_order():
    case = fakes.long_case()
    first, second = case.readings
    first, second = (replace(r, image=replace(r.image, series_uid=u)) for r, u in ((first, "t2"), (second, "fluid")))
    one = measuring(replace(case, readings=(first, second)), lambda m, _: 10 + m.reading)
    other = measuring(replace(case, readings=(second, first)), lambda m, _: 20 + m.reading)
    pairs = pair({"x": one}, {"x": other})
    assert pairs.images == 2
    assert {(n.a, n.b) for n in pairs.numbers if n.quantity == "wedge_angle"} == {(10, 21), (11, 20)}
    alone = pair({"x": one}, {"x": replace(other, readings=(first,))})
    assert [(u.what, u.place.image, u.only_in) for u in alone.unpaired] == [
        ("image", "Sagittal MRI, fluid-sensitive, supine", "A")
    ]


def test_a_prior_image_is_never_paired_with_a_current_one():
    case = mri_case()
    prior = replace(case, readings=(replace(case.readings[0], prior=True),))
    with pytest.raises(StudyError, match="no two images"):
        pair({"x": case}, {"x": prior})


def test_bodies_that_only_one_reader_saw_are_listed():
    other = seeing(mri_case(), lambda v: None if v.level in (T11, L2) else v)
    pairs = pair({"x": mri_case()}, {"x": other})
    assert [(u.what, u.place.levels_a, u.only_in) for u in pairs.unpaired] == [
        ("body", (T11,), Side.A),
        ("body", (L2,), Side.A),
    ]
    assert not [n for n in pairs.numbers if L2 in n.place.levels_a]
    assert [n for n in pairs.numbers if n.place.levels_a == (L1,)]


def test_a_body_is_the_same_one_whatever_it_is_called():
    other = renamed(measuring(mri_case(), lambda _, value: value + 0.5), step=1)
    pairs = pair({"x": mri_case()}, {"x": other})
    assert pairs.unpaired == ()
    height = numbers(pairs, "anterior_height", L1)
    assert height.place.levels_b == (L2,)
    assert height.b - height.a == pytest.approx(0.5)
    name = answers(pairs, "level_name", L1)
    assert (name.a, name.b) == ("L1", "L2")
    assert (answers(pairs, "fracture", L1).a, answers(pairs, "fracture", L1).b) == ("present", "present")


def test_what_one_reader_cannot_tell_stays_a_pair():
    def doubtful(f):
        return replace(f, fractured=None, grade=None, shape=None, cleft=False) if f.level == L1 else f

    other = measuring(finding(mri_case(), doubtful), lambda m, value: None if m.quantity == "wedge_angle" else value)
    pairs = pair({"x": mri_case()}, {"x": other})
    assert numbers(pairs, "wedge_angle", L1).a is not None
    assert numbers(pairs, "wedge_angle", L1).b is None
    said = {q: (answers(pairs, q, L1).a, answers(pairs, q, L1).b) for q in ("fracture", "genant_grade", "cleft")}
    assert said == {"fracture": ("present", None), "genant_grade": ("2", None), "cleft": (None, "absent")}
    assert answers(pairs, "shape", L1).a == Shape.WEDGE


def test_a_missing_measurement_is_told_by_one_only():
    other = replace(mri_case(), measurements=())
    pairs = pair({"x": mri_case()}, {"x": other})
    assert numbers(pairs, "anterior_height", L1).a is not None
    assert numbers(pairs, "anterior_height", L1).b is None


def test_landmarks_lie_as_far_apart_as_they_were_moved():
    """3 px down and 4 px across is 5 px; in millimetres 5 times the pixel."""
    case = mri_case()
    row_mm, column_mm = case.readings[0].image.pixel_mm
    assert row_mm == pytest.approx(column_mm)
    pairs = pair({"x": case}, {"x": moved(case, 3, 4)})
    assert {d.landmark for d in pairs.distances} == {
        f"{end}_{place}" for end in ("superior", "inferior") for place in ("anterior", "middle", "posterior")
    }
    assert [d.mm for d in pairs.distances] == pytest.approx([5 * row_mm] * len(pairs.distances))
    (corner,) = [d for d in pairs.distances if d.landmark == "superior_anterior" and d.place.levels_a == (L1,)]
    points = next(v.landmarks for v in case.readings[0].vertebrae if v.level == L1)
    depth_px = (np.linalg.norm(points[0] - points[2]) + np.linalg.norm(points[3] - points[5])) / 2
    assert corner.percent == pytest.approx(100 * 5 / depth_px)
    assert len([d for d in pairs.distances if d.place.levels_a == (S1,)]) == 3  # only its superior endplate counts


@pytest.mark.parametrize("scale", [Scale.DETECTOR, Scale.UNKNOWN])
def test_millimetres_between_landmarks_want_the_patients_scale(scale):
    case = fakes.film_case()
    reading = replace(case.readings[0], image=replace(case.readings[0].image, scale=scale))
    case = replace(case, readings=(reading,))
    assert {d.mm for d in pair({"x": case}, {"x": moved(case, 1, 0)}).distances} == {None}


def test_millimetres_at_the_detector_are_a_quantity_of_their_own():
    found = {n.quantity for n in pair({"x": fakes.film_case()}, {"x": fakes.film_case()}).numbers}
    assert {"anterior_height_at_detector", "wedge_angle"} <= found
    assert "anterior_height" not in found


def test_a_body_without_landmarks_has_no_partner():
    lost = seeing(mri_case(), lambda v: replace(v, landmarks=np.full((6, 3), np.nan)) if v.level == L2 else v)
    pairs = pair({"x": mri_case()}, {"x": lost})
    assert [(u.place.levels_a, u.place.levels_b) for u in pairs.unpaired] == [((L2,), ()), ((), (L2,))]
