"""A painted body's deformation: exact, invertible, and quiet where it should be."""

import numpy as np
import pytest

from ovf_imaging.training.paint import Warp
from ovf_imaging.training.simulation.painted.draw import draw_collapse, draw_trap
from ovf_imaging.training.simulation.painted.records import Collapse
from ovf_imaging.training.simulation.painted.settings import PaintSettings
from ovf_imaging.training.simulation.painted.warps import Pit, seen_aside
from tests.training.simulation.painted_phantom import BODY, collapse, fracture, patch
from tests.training.simulation.seeds import SEEDS


def broken(given: Collapse, aside: float = 0.0, *beside: np.ndarray) -> Warp:
    """Return a collapse of BODY as a plane sees it."""
    return Warp(BODY, seen_aside(given, aside), *beside)


def heights(body: np.ndarray) -> np.ndarray:
    """Return front, middle and back heights."""
    return np.linalg.norm(body[:3] - body[3:], axis=1)


@pytest.mark.parametrize("seed", SEEDS)
def test_heights_stay_positive_and_neighbours_whole(seed: int):
    """At least a tenth of the 28 px is left; the body above keeps its shape and its distance, the one below stays."""
    rng = np.random.default_rng(seed)
    above, below = BODY - np.array([36.0, 0]), BODY + np.array([34.0, 0])
    warp = broken(draw_collapse(rng, PaintSettings()), rng.uniform(-1, 1), above, below)
    moved, carried = warp.forward(BODY), warp.forward(above)
    assert heights(moved).min() > 2.8
    shapes = [np.linalg.norm(p[:, None] - p[None], axis=-1) for p in (above, carried)]
    assert shapes[1] == pytest.approx(shapes[0], abs=1e-6)
    assert (carried[3:] - moved[:3])[:, 0].max() < 0
    assert warp.forward(below) == pytest.approx(below, abs=1e-6)


@pytest.mark.parametrize("seed", SEEDS)
def test_inverse_undoes_forward_and_never_folds(seed: int):
    rng = np.random.default_rng(seed)
    warp = broken(draw_collapse(rng, PaintSettings()), rng.uniform(-1, 1))
    grid = np.stack(np.meshgrid(np.arange(-150, 150, 3.0), np.arange(-120, 120, 3.0), indexing="ij"), -1)
    source = warp.inverse(grid)
    assert np.abs(warp.forward(source) - grid).max() < 0.02
    jacobian = np.stack([np.diff(source, axis=0)[:, :-1], np.diff(source, axis=1)[:-1]], -1) / 3
    assert np.linalg.det(jacobian).min() > 0


def test_walls_bulge_without_moving_the_landmarks():
    """Lip and retropulsion push the walls between the corners: heights are those of the bare hinge."""
    given = fracture(front_loss=0.3, crush=0.1)
    bulging = broken(collapse(given, lip=0.1, retropulsion=0.15))
    assert bulging.forward(BODY) == pytest.approx(Warp(BODY, given).forward(BODY))


def test_retropulsion_pushes_the_wall_into_the_canal():
    """The wall of a body 35 px deep is pushed back by 0.1 × 35 = 3.5 px at three fifths of its height."""
    wall = np.array([28 - 0.6 * 28, 35.0])
    moved = broken(collapse(fracture(), retropulsion=0.1)).forward(wall)
    assert moved - wall == pytest.approx([0, 3.5])


def test_neighbours_are_carried_rigidly():
    above, below = BODY - np.array([36.0, 0]), BODY + np.array([34.0, 0])
    given = fracture(front_loss=0.45, crush=0.1, superior_dent=0.3, inferior_dent=0.2)
    warp = broken(collapse(given, lip=0.08, retropulsion=0.1), 0.0, above, below)
    before, after = (np.linalg.norm(p[:, None] - p[None], axis=-1) for p in (above, warp.forward(above)))
    assert after == pytest.approx(before, abs=1e-6)
    assert warp.forward(below) == pytest.approx(below, abs=1e-6)


def test_a_thin_disc_takes_up_no_more_than_it_can():
    """A disc of 3 px, 0.9 of which counts, is stretched by 1.8 of that at most: a dent of 4.86 px."""
    above = BODY - np.array([31.0, 0])
    warp = broken(collapse(fracture(superior_dent=0.3)), 0.0, above)
    assert warp.forward(BODY)[1, 0] == pytest.approx(4.86)
    grid = np.stack(np.meshgrid(np.arange(-40, 60.0), np.arange(-20, 60.0), indexing="ij"), -1)
    assert np.abs(warp.forward(warp.inverse(grid)) - grid).max() < 0.02


def test_a_collapse_of_the_middle_fades_to_the_lateral_rims():
    given = collapse(fracture(superior_dent=0.3), through=False)
    middle, between, rim = (heights(broken(given, aside).forward(BODY)) for aside in (0.0, 0.7, -1.0))
    assert middle[1] == pytest.approx(28 * 0.7, abs=0.01)
    assert middle[1] < between[1] < rim[1]
    assert rim == pytest.approx([28, 28, 28], abs=1e-6)


def test_a_leaning_crush_takes_more_on_one_side():
    """A crush of 0.2 that leans by half takes 0.1 at one rim and 0.3 at the other."""
    given = collapse(fracture(crush=0.2), lean=0.5)
    left, right = (heights(broken(given, aside).forward(BODY)) for aside in (-1.0, 1.0))
    assert left == pytest.approx([28 * 0.9] * 3)
    assert right == pytest.approx([28 * 0.7] * 3)


@pytest.mark.parametrize("seed", range(10))
def test_a_node_spares_the_landmarks(seed: int):
    node = Pit(BODY, draw_trap(np.random.default_rng(seed), "schmorl"))
    assert node.forward(BODY) == pytest.approx(BODY)


def test_a_node_presses_the_endplate_in():
    """A node of 0.4 heights in the middle of the superior endplate lies 11.2 px deep."""
    node = Pit(BODY, patch("schmorl"))
    assert node.forward(np.array([0.0, 17.5])) == pytest.approx([11.2, 17.5])
    grid = np.stack(np.meshgrid(np.arange(-40, 60.0), np.arange(-20, 60.0), indexing="ij"), -1)
    assert np.abs(node.forward(node.inverse(grid)) - grid).max() < 0.02
