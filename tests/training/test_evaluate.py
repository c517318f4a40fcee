"""Held-back images read by eyes that see what they are told; figures worked by hand."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ovf_imaging.errors import OutputError
from ovf_imaging.report.arrays import labels_file
from ovf_imaging.report.nifti import nifti_array, nifti_bytes
from ovf_imaging.training.coco import coco_dataset, coco_pictures
from ovf_imaging.training.evaluate import HeldBack, Row, Seen, look, mri_volumes
from ovf_imaging.training.evaluate_files import write_evaluation
from ovf_imaging.training.evaluate_summary import figures, rows_csv, summarise
from ovf_imaging.types import Image, Level, Reading, Vertebra
from tests import fakes
from tests.fake_reader import MODELS, FakeReader, blind, perfect

FILM = fakes.film_image(fakes.column())
MRI = fakes.mri_image(fakes.column())


def quiet(what: str, done: int, total: int) -> None:
    """Tell nobody."""


def test_a_volume_read_as_it_was_labelled_has_no_error(tmp_path: Path):
    """Read anew with L1 called L2: found, but not at its level, and no Dice under its own."""
    folder = tmp_path / "mri_vertebral_bodies"
    folder.mkdir()
    truth = perfect(MRI)
    (folder / "spineweb_11_image.nii.gz").write_bytes(nifti_bytes(MRI.pixels, MRI.affine, MRI.array_axes, True))
    (folder / "spineweb_11_labels.nii.gz").write_bytes(labels_file(truth))
    held = [h for h in mri_volumes(tmp_path) if h.name == "spineweb_11_image.nii.gz"]

    def renamed(image: Image) -> Reading:
        reading = perfect(image)
        bodies = [replace(v, level=Level.L2) for v in reading.vertebrae if v.level == Level.L1]
        labels = np.where(reading.labels == Level.L1, Level.L2, reading.labels * (reading.labels != Level.L2))
        return replace(reading, labels=labels.astype(np.uint8), vertebrae=tuple(bodies))

    right, wrong, refused = (
        {row["level"]: row for one in look(FakeReader(answer=answer), held, quiet) for row in one.rows}
        for answer in (perfect, renamed, blind)
    )
    assert set(right) == {int(v.level) for v in truth.vertebrae}
    assert all(r["found"] and r["level_right"] and r["dice"] == 1 for r in right.values())
    assert {r["patient"] for r in right.values()} == {"spineweb_10"}  # 10 and 11 are one
    assert (wrong[Level.L1]["found"], wrong[Level.L1]["level_right"]) == (True, False)
    assert (wrong[Level.L1]["dice"], wrong[Level.L1]["dice_whatever_level"]) == (0, 1)
    assert not any(r["found"] for r in refused.values())


def body_row(patient: str, *errors: float, **changes: Any) -> Row:
    row = {"source": "a", "image": patient, "patient": patient, "level": Level.L1, "found": True}
    return row | {"corner_percent": list(errors)} | changes


def test_figures_by_hand():
    """Errors 1 2 3 4 10: mean 4, median 3, 95th percentile 4 + 0.8 · 6; three of four found, two of three levels."""
    rows: list[Row] = [
        body_row("p", 1, 2, level_right=True),
        body_row("p", 3, 4, level_right=True),
        body_row("q", 10, level_right=False, standardised=[1.0, -3.0]),
        {"source": "a", "image": "q", "patient": "q", "level": Level.L2, "found": False},
    ]
    told = figures(rows)
    assert told["found_percent"] == 75
    assert told["level_right_percent"] == 66.67
    assert [told[f"corner_percent_{k}"] for k in ("mean", "p50", "p95")] == [4, 3, 8.8]
    assert told["standardised_rms"] == pytest.approx(5**0.5, abs=1e-4)
    assert told["within_1.96_percent"] == 50
    summary = summarise(rows)["a"]
    assert (summary["patients"], summary["rows"], summary["intervals"]) == (2, 4, {})
    assert summary["by_level"] == {"L1": {"bodies": 3, "p50": 3, "p95": 8.8}}


def test_intervals_are_over_patients_not_bodies():
    """Five patients of 0 to 4 at each of ten bodies: the mean of five drawn.

    Of 3125 draws 56 sum to 3 or less (1.8 %) and 126 to 4 or less (4.0 %), so that the 2.5th percentile is 4/5, and
    likewise 16/5 at the other end. Drawn body by body it would be 2 ± 0.4.
    """
    rows = [body_row(f"p{k}", float(k)) for k in range(5) for _ in range(10)]
    intervals = summarise(rows)["a"]["intervals"]
    assert intervals["corner_percent_mean"] == pytest.approx((0.8, 3.2), abs=0.2)  # a thousand draws: to one step
    assert intervals["found_percent"] == (100, 100)


def test_a_table_names_every_column_and_keeps_lists_readable():
    text = rows_csv([{"a": 1}, {"a": 2, "b": [1.5, 2.0]}])
    assert text == 'a,b\n1,\n2,"[1.5, 2.0]"\n'


def box(level: Level, left: float, slice_index: float = 0) -> Vertebra:
    """Return a body ten rows high and twenty columns deep below row 10."""
    plane = [(10, left), (10, left + 10), (10, left + 20), (20, left), (20, left + 10), (20, left + 20)]
    marks = np.array([(slice_index, *p) for p in plane], dtype=float)
    return Vertebra(level=level, landmarks=marks, covariance=np.tile(np.eye(2), (6, 1, 1)), confidence=0.9)


def seen_as(image: Image, *bodies: Vertebra) -> Seen:
    reading = Reading(image=image, labels=np.zeros(image.pixels.shape, np.uint8), vertebrae=bodies, reader="fake")
    return Seen(name="1.png", image=image, reading=reading if bodies else None, rows=())


def test_coco_speaks_x_then_y():
    """A box of 20 by 10 at x = 30, y = 10; its middle landmark makes arcs that are straight."""
    told = coco_dataset(coco_pictures(seen_as(FILM, box(Level.L1, 30))))
    (body,) = told["annotations"]
    assert body["keypoints"] == [30, 10, 2, 40, 10, 2, 50, 10, 2, 30, 20, 2, 40, 20, 2, 50, 20, 2]
    assert body["bbox"] == [30, 10, 20, 10]
    assert (body["area"], body["num_keypoints"], body["score"], body["iscrowd"]) == (200, 6, 0.9, 0)
    category = next(c for c in told["categories"] if c["id"] == body["category_id"])
    assert category["name"] == "L1"
    assert category["keypoints"][0] == "superior_anterior"
    ends = [[category["keypoints"][k - 1] for k in bone] for bone in category["skeleton"]]
    assert ["superior_posterior", "inferior_posterior"] in ends
    assert told["images"] == [
        {"id": 1, "file_name": "1.png", "slice": 0, "width": FILM.pixels.shape[2], "height": FILM.pixels.shape[1]}
    ]


def test_coco_has_an_image_a_slice_and_one_for_what_was_refused():
    pictures = [
        p for s in (seen_as(FILM), seen_as(MRI, box(Level.L1, 0, 3), box(Level.L2, 0, 2))) for p in coco_pictures(s)
    ]
    told = coco_dataset(pictures)
    assert [(i["id"], i["slice"]) for i in told["images"]] == [(1, 0), (2, 2), (3, 3)]
    assert [(a["id"], a["image_id"], a["category_id"]) for a in told["annotations"]] == [(1, 2, 21), (2, 3, 20)]


def judged(name: str, reading: Reading | None) -> list[Row]:
    return [body_row(name, 2.0, found=reading is not None)]


def held(name: str, image: Image, *, painted: bool = False) -> HeldBack:
    return HeldBack(name=name, load=lambda: image, judge=partial(judged, name), painted=painted)


def test_all_files_are_written(tmp_path: Path):
    images = [held("1.png", FILM), held("1.png", FILM, painted=True), held("v.nii.gz", MRI)]
    files = write_evaluation(FakeReader(answer=perfect), images, tmp_path / "out", quiet)
    names = {"evaluation.html", "rows.csv", "summary.json", "coco_keypoints.json", "labels_v.nii.gz"}
    assert files[0].name == "evaluation.html"
    assert {f.name for f in files} == names
    labels = nifti_array((tmp_path / "out" / "labels_v.nii.gz").read_bytes(), MRI.array_axes)
    np.testing.assert_array_equal(labels, perfect(MRI).labels)
    summary = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    assert summary["models"] == MODELS
    assert summary["sources"]["a"]["rows"] == 3
    coco = json.loads((tmp_path / "out" / "coco_keypoints.json").read_text(encoding="utf-8"))
    assert [i["file_name"] for i in coco["images"]] == ["1.png", "v.nii.gz"]  # the painted film is no file
    page = files[0].read_text(encoding="utf-8")
    assert "<td>a<small>3 rows</small></td><td>2</td>" in page
    assert 'id="corner_error"' in page


def test_a_folder_with_another_s_table_is_refused_before_reading(tmp_path: Path):
    (tmp_path / "rows.csv").write_text("mine")
    with pytest.raises(OutputError, match=r"holds rows\.csv, which no evaluation\.html of ours goes with"):
        write_evaluation(FakeReader(answer=unread), [held("1.png", FILM)], tmp_path, quiet)


def unread(image: Image) -> Reading:
    raise AssertionError("nothing is to be read")
