"""The painted fracture: exact on landmarks, invertible, quiet elsewhere."""

import numpy as np
import pytest

from ovf_imaging.training.paint import Fracture, Warp, draw_fracture

BODY = np.array([[0, 0], [0, 17.5], [0, 35], [28, 0], [28, 17.5], [28, 35.0]])  # front left, head up


def fracture(**changes: float) -> Fracture:
    """Return a fracture that does only what is asked."""
    return Fracture(**({"front_loss": 0.0, "crush": 0.0, "superior_dent": 0.0, "inferior_dent": 0.0} | changes))


def heights(body: np.ndarray) -> np.ndarray:
    """Return front, middle and back heights."""
    return np.linalg.norm(body[:3] - body[3:], axis=1)


def test_wedge_lowers_the_front_alone():
    """A front loss of 0.4 turns the top by atan(0.4 × 28 / 35) = 17.745° about its back corner.

    The front corner then lies 35 sin 17.745° = 10.667 lower and 35 (1 − cos 17.745°) = 1.665 further back:
    √((28 − 10.667)² + 1.665²) = 17.413 px in front, 28 px behind.
    """
    front, _, back = heights(Warp(BODY, fracture(front_loss=0.4)).forward(BODY))
    assert front == pytest.approx(17.413, abs=1e-3)
    assert back == pytest.approx(28, abs=1e-9)


def test_crush_lowers_all_three():
    """A crush of 0.3 leaves 28 × 0.7 = 19.6 px everywhere."""
    assert heights(Warp(BODY, fracture(crush=0.3)).forward(BODY)) == pytest.approx([19.6] * 3)


def test_dents_lower_the_middle_alone():
    """Dents of 0.2 from above and 0.1 from below leave 28 × 0.7 = 19.6 px in the middle."""
    moved = Warp(BODY, fracture(superior_dent=0.2, inferior_dent=0.1)).forward(BODY)
    assert heights(moved) == pytest.approx([28, 19.6, 28])


def test_the_body_above_moves_rigidly():
    """The neighbour above keeps its shape."""
    above = BODY - np.array([36.0, 0])
    moved = Warp(BODY, fracture(front_loss=0.45, crush=0.1)).forward(above)
    distances = [np.linalg.norm(p[:, None] - p[None], axis=-1) for p in (above, moved)]
    assert distances[1] == pytest.approx(distances[0], abs=1e-9)


def test_the_body_below_stays():
    """What lies below the inferior endplate does not move."""
    below = BODY + np.array([40.0, 0])
    assert Warp(BODY, fracture(front_loss=0.4, crush=0.2)).forward(below) == pytest.approx(below)


@pytest.mark.parametrize("seed", range(40))
def test_inverse_undoes_forward_and_never_folds(seed: int):
    """On a whole film around the body the inverse is within 0.02 pixels and keeps orientation."""
    warp = Warp(BODY, draw_fracture(np.random.default_rng(seed)))
    grid = np.stack(np.meshgrid(np.arange(-150, 150, 3.0), np.arange(-120, 120, 3.0), indexing="ij"), -1)
    source = warp.inverse(grid)
    assert np.abs(warp.forward(source) - grid).max() < 0.02
    jacobian = np.stack([np.diff(source, axis=0)[:, :-1], np.diff(source, axis=1)[:-1]], -1) / 3
    assert np.linalg.det(jacobian).min() > 0
