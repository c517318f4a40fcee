"""The map from a template to a body, on a box small enough to check by hand."""

import numpy as np
import pytest

from ovf_imaging.training.simulation.anatomy.collapse import Cleft, Collapse
from ovf_imaging.training.simulation.anatomy.form import Form, Size
from ovf_imaging.training.simulation.anatomy.templates import Template
from ovf_imaging.training.simulation.volume import Grid

BOX = np.array([[0, y, z] for z in (10.0, -10.0) for y in (-15.0, 0.0, 15.0)])
SIZE = Size(depth_mm=33.0, width_mm=44.0, posterior_mm=25.0, anterior_mm=24.0, concavity_mm=(1.0, 1.5))
FRACTURE = Collapse(
    superior_mm=(9.0, 8.0, 2.0),
    inferior_mm=(1.0, 4.0, 0.0),
    dent_place=0.45,
    sideways=0.2,
    lip_mm=2.0,
    retropulsion_mm=5.0,
)


def box_template():
    grid = Grid(origin_mm=np.full(3, -30.0), step_mm=np.ones(3), shape=(61, 61, 61))
    x, y, z = np.meshgrid(*(grid.axis_mm(axis) for axis in range(3)), indexing="ij")
    distance = np.maximum(np.maximum(np.abs(x) - 20, np.abs(y) - 15), np.abs(z) - 10).astype(np.float32)
    return Template(grid=grid, distance=distance, landmarks=BOX, rims=np.stack([BOX, BOX]), width_mm=40.0)


def cleft(**changes):
    values = {
        "kind": "gas",
        "outline": "triangle",
        "endplate": "superior",
        "place": "anterior",
        "thickness_mm": 5.0,
        "extent": (0.0, 0.6),
        "below": 0.2,
        **changes,
    }
    return Cleft(**values)


def heights(form):
    return np.linalg.norm(form.landmarks[:3] - form.landmarks[3:], axis=1)


def test_a_whole_body_has_the_size_it_was_given():
    assert heights(Form(box_template(), SIZE)) == pytest.approx([24.0, 24.5 - 2.5, 25.0], abs=0.05)


def test_a_collapse_takes_what_it_says_from_each_height():
    whole = Form(box_template(), SIZE)
    broken = Form(box_template(), SIZE, Collapse(superior_mm=(9.0, 8.0, 2.0), inferior_mm=(1.0, 4.0, 0.0)))
    assert heights(whole) - heights(broken) == pytest.approx([10.0, 12.0, 2.0], abs=0.05)


def test_a_dent_spares_the_rim():
    dented = Form(box_template(), SIZE, Collapse(superior_mm=(0.0, 8.0, 0.0)))
    whole = Form(box_template(), SIZE)
    middle, rim = np.array([[0.0, 0.0, 10.0], [20.0, 0.0, 10.0]])
    assert whole.forward(middle)[2] - dented.forward(middle)[2] == pytest.approx(8.0)
    assert whole.forward(rim)[2] == pytest.approx(dented.forward(rim)[2])


@pytest.mark.parametrize("gap", [None, cleft(), cleft(endplate="inferior", outline="semilune", place="central")])
def test_inverse_leads_back_to_the_template(gap):
    form = Form(box_template(), SIZE, FRACTURE, gap)
    points = np.random.default_rng(0).uniform([-25, -25, -25], [25, 40, 25], (4000, 3))
    moved = form.forward(points)
    back, inside = form.inverse(*moved.T)
    assert np.stack(back, axis=1) == pytest.approx(points, abs=1e-9)
    assert not inside.any()


def test_nothing_of_the_template_lies_in_an_open_cleft():
    form = Form(box_template(), SIZE, FRACTURE, cleft())
    y, z = np.meshgrid(np.linspace(-15, -2, 80), np.linspace(-14, 14, 400), indexing="ij")
    _, inside = form.inverse(np.zeros_like(y), y, z)
    area = inside.sum() * (13 / 79) * (28 / 399)
    depths = np.linspace(-15, -2, 80)
    assert area == pytest.approx(np.trapezoid(form.cleft_gap(depths / SIZE.depth_mm + 0.5), depths), rel=0.05)


def test_an_anterior_cleft_raises_the_front_and_leaves_the_back():
    closed = Form(box_template(), SIZE, FRACTURE, cleft(opening=0.0))
    opened = Form(box_template(), SIZE, FRACTURE, cleft(opening=1.0))
    assert heights(opened)[0] - heights(closed)[0] == pytest.approx(5.0, abs=0.05)
    assert heights(opened)[2] == pytest.approx(heights(closed)[2])


def test_area_of_a_triangular_cleft():
    s = np.linspace(0, 1, 1001)
    area = np.trapezoid(Form(box_template(), SIZE, cleft=cleft()).cleft_gap(s), s) * 30.0
    assert area == pytest.approx(5.0 * 0.6 * 30 / 2, rel=1e-3)


def test_a_central_cleft_that_does_not_lift_eats_into_the_bone_below():
    gap = cleft(place="central", outline="semilune", extent=(0.25, 0.75), lifts=0.0)
    opened, closed = (Form(box_template(), SIZE, FRACTURE, c) for c in (gap, None))
    assert heights(opened) == pytest.approx(heights(closed))
    assert opened.cleft_gap(np.array([0.5])) == pytest.approx(5.0)


def test_retropulsion_moves_the_wall_and_not_the_pedicles():
    form = Form(box_template(), SIZE, Collapse(superior_mm=(5.0, 5.0, 3.0), retropulsion_mm=5.0))
    still = Form(box_template(), SIZE, Collapse(superior_mm=(5.0, 5.0, 3.0)))
    corner, pedicle = np.array([0.0, 15.0, 7.0]), np.array([20.0, 15.0, 7.0])
    assert form.forward(corner)[1] - still.forward(corner)[1] > 4.0
    assert form.forward(pedicle)[1] - still.forward(pedicle)[1] < 0.2
