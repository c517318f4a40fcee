"""A case goes to JSON and sidecars and comes back as it was."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from ovf_imaging.errors import InputError
from ovf_imaging.report import case_from_json, case_to_json
from ovf_imaging.report.arrays import sidecars
from ovf_imaging.report.case_json import parse_case
from ovf_imaging.types import Case, Context, Fact, Measurement, Series
from tests import fakes
from tests.report.alike import assert_alike
from tests.report.records import cases


def there_and_back(case: Case) -> Case:
    return parse_case(case_to_json(case), dict(sidecars(case)).__getitem__)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.large_base_example])
@given(cases)
def test_every_record_round_trips_exactly(case: Case) -> None:
    assert_alike(there_and_back(case), case)


@pytest.mark.parametrize("make", [fakes.mri_case, fakes.film_case, fakes.empty_case, fakes.long_case])
def test_realistic_cases_round_trip_and_keep_their_text(make: Any) -> None:
    case = make()
    back = there_and_back(case)
    assert_alike(back, case)
    assert case_to_json(back) == case_to_json(case)


def test_landmarks_stand_in_the_pixel_grid_and_in_order() -> None:
    case = fakes.mri_case()
    vertebra = json.loads(case_to_json(case))["readings"][0]["vertebrae"][2]
    assert vertebra["level"] == 20
    assert vertebra["landmarks"] == case.readings[0].vertebrae[2].landmarks.tolist()
    assert [len(point) for point in vertebra["landmarks"]] == [3] * 6
    assert set(vertebra) == {"level", "landmarks", "covariance", "confidence", "complete", "signs"}


def test_text_holds_no_pixels_and_names_files_with_their_hash() -> None:
    text = case_to_json(fakes.mri_case())
    image = json.loads(text)["readings"][0]["image"]
    assert image["pixels"]["file"] == "image_1.nii.gz"
    assert len(image["pixels"]["sha256"]) == 64
    assert len(text) < 200_000


def test_not_a_number_becomes_null() -> None:
    nan = float("nan")
    broken = replace(
        fakes.mri_case(),
        measurements=(
            Measurement(levels=(20, 20), quantity="height_loss_anterior", value=nan, unit="1", interval=(nan, np.inf)),
        ),
    )
    row = json.loads(case_to_json(broken))["measurements"][0]
    assert (row["value"], row["interval"]) == (None, [None, None])
    assert there_and_back(broken).measurements[0].value is None


def test_numpy_numbers_are_written_as_numbers() -> None:
    value: Any = np.float32(2.5)
    odd = replace(
        fakes.empty_case(),
        measurements=(Measurement(levels=(20, 20), quantity="depth", value=value, unit="mm"),),
    )
    assert json.loads(case_to_json(odd))["measurements"][0]["value"] == 2.5


def test_folders_of_files_are_left_out() -> None:
    case = fakes.mri_case()
    first = replace(case.study.series[0], files=(Path("/home/MUSTER^ANNA/IM1.dcm"), Path("study/IM2.dcm")))
    text = case_to_json(replace(case, study=replace(case.study, series=(first,))))
    assert "MUSTER" not in text
    assert json.loads(text)["study"]["series"][0]["files"] == ["IM1.dcm", "IM2.dcm"]


def test_context_keeps_its_types() -> None:
    values: dict[str, Fact] = {"a": True, "b": 3.0, "c": 3, "d": "E", "e": ("x", "y"), "f": ()}
    back = there_and_back(fakes.empty_case(context=Context(values=values)))
    assert dict(back.context.values) == values
    assert [type(v) for v in back.context.values.values()] == [bool, float, int, str, tuple, tuple]


def test_half_characters_of_a_file_name_survive() -> None:
    series = replace(fakes.mri_case().study.series[0], files=(Path("Wirbels\udce4ule.dcm"),))
    case = fakes.empty_case()
    case = replace(case, study=replace(case.study, series=(series,)))
    assert there_and_back(case).study.series == (series,)
    case_to_json(case).encode("utf-8")


def test_without_folder_volumes_are_read_only_zeros_of_their_shape() -> None:
    case = fakes.mri_case()
    bare = case_from_json(case_to_json(case))
    pixels = bare.readings[0].image.pixels
    assert (pixels.shape, pixels.dtype) == (case.readings[0].image.pixels.shape, np.dtype(np.float32))
    assert not pixels.any()
    assert pixels.base is not None
    assert pixels.base.nbytes <= 4
    with pytest.raises(ValueError, match="read-only"):
        pixels[0, 0, 0] = 1.0
    assert bare.assessment == case.assessment


def test_a_case_read_without_folder_never_names_files_of_zeros() -> None:
    bare = case_from_json(case_to_json(fakes.mri_case()))
    assert list(sidecars(bare)) == []
    assert json.loads(case_to_json(bare))["readings"][0]["labels"]["file"] is None
    assert_alike(case_from_json(case_to_json(bare)), bare)


def changed(**top: Any) -> str:
    return json.dumps({**json.loads(case_to_json(fakes.mri_case())), **top})


def with_image(**keys: Any) -> str:
    tree = json.loads(case_to_json(fakes.mri_case()))
    tree["readings"][0]["image"].update(keys)
    return json.dumps(tree)


def with_vertebra(**keys: Any) -> str:
    tree = json.loads(case_to_json(fakes.mri_case()))
    tree["readings"][0]["vertebrae"][2].update(keys)
    return json.dumps(tree)


REF = {"file": "image_1.nii.gz", "key": None, "shape": [1, 1, 1], "dtype": "float32", "sha256": "0" * 64}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "wanted JSON text"),
        ("[1, 2]", "got none"),
        ('{"study": {}}', "got none"),
        ("[" * 100_000, "wanted JSON text"),
        (changed(schema="ovf-case/2"), r"wanted schema \"ovf-case/1\", got 'ovf-case/2'; read it with the version"),
        (changed(study=None), "study wanted a dict, got None"),
        (changed(study={"taken": None}), 'study wanted the key "uid", got none'),
        (changed(study={"uid": "1", "name": "x"}), 'study wanted only the keys of Study, got "name"'),
        (changed(study={"uid": "1", "taken": "May"}), "study.taken wanted a datetime, got 'May'"),
        (changed(study={"uid": "1", "age_years": "70"}), "study.age_years wanted a number, got '70'"),
        (changed(study={"uid": 1}), "study.uid wanted a str, got 1"),
        (changed(missing="x"), "missing wanted a list, got 'x'"),
        (changed(measurements=[{"levels": [1], "quantity": "", "value": 1, "unit": ""}]), "wanted 2 items, got 1"),
        (changed(context={"values": {"a": {"b": 1}}}), "context.values.a wanted true, false, a number"),
        (with_image(view="oblique"), "image.view wanted a View, got 'oblique'"),
        (with_image(affine=[[1, 2], [3]]), "affine wanted nested lists of numbers"),
        (with_image(affine=[[1.0] * 4] * 3), r"image.affine wanted an array of shape \(4, 4\), got one of \(3, 4\)"),
        (with_image(affine=None), "image.affine wanted a list, got None"),
        (
            with_vertebra(landmarks=[[0.0] * 3] * 5),
            r"vertebrae.2.landmarks wanted an array of shape \(6, 3\), got one of",
        ),
        (with_vertebra(landmarks=[[0.0] * 2] * 6), r"landmarks wanted an array of shape \(6, 3\), got one of \(6, 2\)"),
        (with_vertebra(landmarks=REF), "landmarks wanted a list, got {'file'"),
        (with_vertebra(covariance=[[0.4, 0.5]] * 6), r"covariance wanted an array of shape \(6, 2, 2\), got one of"),
        (with_vertebra(covariance=[]), r"covariance wanted an array of shape \(6, 2, 2\), got one of \(0,\)"),
        (with_image(pixels=[[[1.0]]]), "pixels wanted a dict, got"),
        (with_image(pixels={**REF, "shape": [1, 1]}), "pixels wanted a sidecar's name"),
        (with_image(array_axes=[0, 0, 1]), "array_axes wanted 0, 1 and 2"),
        (with_image(pixels={**REF, "file": "../secret"}), "pixels wanted a sidecar's name"),
        (with_image(pixels={**REF, "shape": [2**40, 1, 1]}), "pixels wanted a sidecar's name"),
        (with_image(pixels={**REF, "dtype": "object"}), "pixels wanted a sidecar's name"),
        (with_image(pixels={"file": "x"}), "pixels wanted a sidecar's name"),
        (with_image(pixels=REF), "image_1.nii.gz: isn't the file that case.json was written with"),
        (with_image(pixels={**REF, "file": "masks_1.npz", "key": "nothing"}), "masks_1.npz: wanted a volume nothing"),
    ],
)
def test_wrong_text_is_refused_with_the_place_and_what_was_wanted(text: str, message: str) -> None:
    files = dict(sidecars(fakes.mri_case()))
    with pytest.raises(InputError, match=message):
        parse_case(text, files.__getitem__)


@pytest.mark.parametrize("spoil", [lambda b: b"", lambda b: b[:200], lambda b: b"not a file"])
@pytest.mark.parametrize("name", ["image_1.nii.gz", "labels_1.nii.gz", "masks_1.npz"])
def test_broken_sidecars_are_refused(name: str, spoil: Any) -> None:
    case = fakes.mri_case()
    files = dict(sidecars(case))
    files[name] = spoil(files[name])
    with pytest.raises(InputError, match=name):
        parse_case(case_to_json(case), files.__getitem__)


def test_labels_of_another_case_are_refused() -> None:
    case = fakes.mri_case()
    files = dict(sidecars(case))
    edited = case.readings[0].labels.copy()
    edited[0, 0, 0] = 5
    files["labels_1.nii.gz"] = dict(sidecars(replace(case, readings=(replace(case.readings[0], labels=edited),))))[
        "labels_1.nii.gz"
    ]
    with pytest.raises(InputError, match=r"labels_1\.nii\.gz: isn't the file"):
        parse_case(case_to_json(case), files.__getitem__)


def test_series_without_defaults_reads_back() -> None:
    series = Series(uid="1", view="lateral", sequence="none", position="standing", files=(), modality="DX")  # type: ignore[arg-type]
    case = fakes.empty_case()
    back = there_and_back(replace(case, study=replace(case.study, series=(series,))))
    assert back.study.series == (series,)
