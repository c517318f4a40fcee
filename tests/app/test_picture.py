from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from display import Window, shrink
from ovf_imaging import Finding, Image, Level, Reading, Scale, View
from picture import FRACTURED, Layer, Look, figure, opening_slice, outlines, vertebra_slice
from tests import fakes


def look(slice_index: int = 2, layers: frozenset[Layer] = frozenset(Layer)) -> Look:
    return Look(slice=slice_index, window=Window(level=500, width=1000), layers=layers)


def drawn(reading: Reading, seen: Look, findings: tuple[Finding, ...] = ()) -> Any:
    plane = shrink(reading.image.pixels[seen.slice])
    return figure(reading, seen, plane, outlines(reading.labels[seen.slice], 0.25), findings)


def markers(shown: Any) -> list[Any]:
    return [trace for trace in shown.data if trace.mode == "markers"]


def with_image(reading: Reading, **changes: Any) -> Reading:
    image: Image = replace(reading.image, **changes)
    return replace(reading, image=image)


def test_outline_runs_along_the_edge_of_its_label() -> None:
    labels = np.zeros((20, 30), dtype=np.uint8)
    labels[4:9, 10:20] = Level.L1
    (line,) = outlines(labels, 0.0)[Level.L1]
    assert line[:, 0].min() == 3.5
    assert line[:, 0].max() == 8.5
    assert line[:, 1].min() == 9.5
    assert line[:, 1].max() == 19.5


def test_label_in_two_parts_has_two_outlines() -> None:
    labels = np.zeros((20, 30), dtype=np.uint8)
    labels[2:5, 2:5] = labels[10:15, 10:15] = Level.L2
    assert len(outlines(labels, 0.0)[Level.L2]) == 2


def test_landmarks_are_drawn_at_their_native_pixels() -> None:
    reading = fakes.mri_reading()
    shown = markers(drawn(reading, look()))
    assert len(shown) == len(reading.vertebrae)
    np.testing.assert_allclose(shown[0].x, reading.vertebrae[0].landmarks[:, 2])
    np.testing.assert_allclose(shown[0].y, reading.vertebrae[0].landmarks[:, 1])


def test_landmarks_of_another_slice_are_dimmed() -> None:
    reading = fakes.mri_reading()
    here = vertebra_slice(reading.vertebrae[0])
    assert here is not None
    assert {trace.opacity for trace in markers(drawn(reading, look(here)))} == {1.0}
    assert all(trace.opacity < 0.5 for trace in markers(drawn(reading, look(here + 1))))


def test_layers_that_are_off_are_not_drawn() -> None:
    shown = drawn(fakes.mri_reading(), look(layers=frozenset()))
    assert len(shown.data) == 0
    assert not any("L1" in note.text for note in shown.layout.annotations)


def test_fracture_is_marked_by_colour_width_and_word() -> None:
    finding = Finding(level=Level.L1, height_loss=0.3, grade=2, fractured=True)
    shown = drawn(fakes.mri_reading(), look(), (finding,))
    (outline,) = [trace for trace in shown.data if trace.line.color == FRACTURED]
    assert outline.fill == "toself"
    assert any("L1" in note.text and "grade 2" in note.text for note in shown.layout.annotations)


def test_body_without_placed_landmarks_is_left_out() -> None:
    reading = fakes.mri_reading()
    lost = replace(reading.vertebrae[0], landmarks=np.full((6, 3), np.nan))
    shown = drawn(replace(reading, vertebrae=(lost, *reading.vertebrae[1:])), look())
    assert len(markers(shown)) == len(reading.vertebrae) - 1


@pytest.mark.parametrize("scale", [Scale.PATIENT, Scale.DETECTOR])
def test_scale_bar_is_fifty_millimetres_long(scale: Scale) -> None:
    reading = with_image(fakes.mri_reading(), scale=scale)
    bar = drawn(reading, look(layers=frozenset({Layer.SCALE}))).data[0]
    assert (bar.x[1] - bar.x[0]) * reading.image.pixel_mm[1] == pytest.approx(50)


def test_unknown_scale_has_no_bar_and_says_so() -> None:
    shown = drawn(with_image(fakes.mri_reading(), scale=Scale.UNKNOWN), look(layers=frozenset({Layer.SCALE})))
    assert len(shown.data) == 0
    assert any("No scale" in note.text for note in shown.layout.annotations)


def test_pixels_that_are_not_square_are_drawn_in_proportion() -> None:
    affine = fakes.mri_reading().image.affine.copy()
    affine[:, 1] *= 2
    shown = drawn(with_image(fakes.mri_reading(), affine=affine), look())
    assert shown.layout.yaxis.scaleratio == pytest.approx(2)


def test_pixels_without_a_step_are_drawn_square() -> None:
    shown = drawn(with_image(fakes.mri_reading(), affine=np.zeros((4, 4))), look())
    assert shown.layout.yaxis.scaleratio == 1


def test_head_down_mri_is_drawn_head_up_with_its_native_rows() -> None:
    shown = drawn(with_image(fakes.mri_reading(), superior_up=False), look())
    bottom, top = shown.layout.yaxis.range
    assert bottom < top
    assert shown.layout.images[0].y == top


@pytest.mark.parametrize(("view", "turned"), [(View.SAGITTAL, True), (View.LATERAL, False)])
def test_only_mri_is_turned_to_have_its_front_on_the_left(view: View, turned: bool) -> None:
    shown = drawn(with_image(fakes.mri_reading(), anterior_left=False, view=view), look())
    left, right = shown.layout.xaxis.range
    assert (left > right) is turned
    letters = [
        n.text for n in sorted(shown.layout.annotations, key=lambda n: n.x) if n.text in ("<b>A</b>", "<b>P</b>")
    ]
    assert letters == (["<b>A</b>", "<b>P</b>"] if turned else ["<b>P</b>", "<b>A</b>"])


def test_opens_on_the_slice_of_the_worst_level() -> None:
    reading = fakes.mri_reading()
    moved = replace(reading.vertebrae[1], landmarks=reading.vertebrae[1].landmarks + np.array([2, 0, 0]))
    reading = replace(reading, vertebrae=(reading.vertebrae[0], moved, *reading.vertebrae[2:]))
    assert opening_slice(reading, moved.level) == 4
    assert opening_slice(reading, None) == 2


def test_opens_on_a_slice_that_there_is() -> None:
    reading = fakes.mri_reading()
    far = replace(reading.vertebrae[0], landmarks=reading.vertebrae[0].landmarks + np.array([40, 0, 0]))
    assert opening_slice(replace(reading, vertebrae=(far,)), far.level) == 4
    assert opening_slice(replace(reading, vertebrae=()), Level.L1) == 2
