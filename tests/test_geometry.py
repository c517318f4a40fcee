"""Lines, angles, lengths and their uncertainty."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray

from ovf_imaging import geometry
from ovf_imaging.errors import GeometryError

Array = NDArray[np.float64]


def endplate(tilt_deg: float, facing: int, half: float = 15.0) -> Array:
    """Return three points of an endplate whose front is lowered by `tilt_deg`; facing −1 is left; y to the foot."""
    a = np.radians(tilt_deg)
    return np.outer([1.0, 0.0, -1.0], half * np.array([facing * np.cos(a), np.sin(a)]))


def angle(upper: Array, lower: Array, facing: int, front: tuple[Array, Array] | None = None) -> float:
    """Return the signed angle of two endplates, oriented by their own front unless `front` is given."""
    towards = front or (upper[0] - upper[-1], lower[0] - lower[-1])
    lines = [geometry.line_direction(e, t) for e, t in zip((upper, lower), towards, strict=True)]
    # Front × foot: facing left (−1, 0) × (0, 1) = −1, facing right +1.
    return float(geometry.signed_angle_deg(lines[0], lines[1], float(facing)))


@pytest.mark.parametrize("degrees", [0, 10, 90, 170])
@pytest.mark.parametrize("facing", [-1, 1])
@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_angle_is_the_same_for_any_point_order_facing_and_leg_length(
    degrees: float, facing: int, order: tuple[int, ...]
) -> None:
    """Field report D10. Upper front lowered by d/2, lower front raised by d/2: d of kyphosis, −d when exchanged."""
    upper, lower = endplate(degrees / 2, facing), endplate(-degrees / 2, facing, half=3.0)
    front = (upper[0] - upper[-1], lower[0] - lower[-1])
    mixed = list(order)
    assert angle(upper[mixed], lower[mixed], facing, front) == pytest.approx(degrees, abs=1e-9)
    exchanged = (front[1], front[0])
    assert angle(lower[mixed], upper[mixed], facing, exchanged) == pytest.approx(-degrees, abs=1e-9)


def test_angle_of_opposite_directions_is_plus_180() -> None:
    assert geometry.signed_angle_deg(np.array([1.0, 0]), np.array([-1.0, 0]), 1.0) == 180.0
    assert geometry.signed_angle_deg(np.array([1.0, 0]), np.array([-1.0, 0]), -1.0) == 180.0


def test_line_through_a_dented_endplate_is_level() -> None:
    """(−1, 0), (0, 0.6), (1, 0): xx = 2, yy = 0.24, xy = 0, so the line lies along x."""
    points = np.array([[-1.0, 0.0], [0.0, 0.6], [1.0, 0.0]])
    assert geometry.line_direction(points, np.array([1.0, 0.0])) == pytest.approx([1.0, 0.0])
    assert geometry.line_direction(points, np.array([-1.0, 0.0])) == pytest.approx([-1.0, 0.0])


@pytest.mark.parametrize(
    ("points", "towards"),
    [
        (np.zeros((3, 2)), np.array([1.0, 0.0])),
        (np.array([[0.0, 0.0], [1.0, 0.0], [0.5, np.sqrt(0.75)]]), np.array([1.0, 0.0])),
        (np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0]]), np.array([0.0, 1.0])),
        (np.array([[0.0, 0.0], [1.0, np.nan], [2.0, 0.0]]), np.array([1.0, 0.0])),
        (np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0]]), np.zeros(2)),
    ],
    ids=["one spot", "as wide as long", "front across the line", "NaN", "no front"],
)
def test_points_that_span_no_line_give_nan(points: Array, towards: Array) -> None:
    assert np.isnan(geometry.line_direction(points, towards)).all()


def test_pair_lengths_are_signed_and_independent() -> None:
    """Pairs 3-4-5, then 2 the wrong way round, then none."""
    superior = np.array([[0.0, 0.0], [0.0, 2.0], [5.0, 5.0]])
    inferior = np.array([[3.0, 4.0], [0.0, 0.0], [5.0, 5.0]])
    assert geometry.pair_lengths(superior, inferior, np.array([0.0, 1.0])) == pytest.approx([5.0, -2.0, 0.0])


def test_point_line_distance_has_a_side() -> None:
    """The line y = x through the origin; (0, 2) lies 2 / √2 = 1.4142 to its left, (2, 0) as far to its right."""
    origin, direction = np.zeros(2), np.array([3.0, 3.0])
    assert geometry.point_line_distance(np.array([0.0, 2.0]), origin, direction) == pytest.approx(np.sqrt(2))
    assert geometry.point_line_distance(np.array([2.0, 0.0]), origin, direction) == pytest.approx(-np.sqrt(2))


def test_projection_drops_the_slice_and_keeps_lengths() -> None:
    """Slices along x, rows to the foot (−z), columns to the back (y): (x, y, z) → (y, −z)."""
    affine = np.array([[4.0, 0, 0, 7], [0, 0, 0.5, 1], [0, -0.8, 0, 2], [0, 0, 0, 1]])
    axes = geometry.sagittal_axes(affine)
    points = np.array([[1.0, 10.0, 20.0], [9.0, 13.0, 16.0]])
    plane = geometry.to_plane(points, axes)
    assert plane == pytest.approx(np.array([[10.0, -20.0], [13.0, -16.0]]))
    assert np.linalg.norm(plane[1] - plane[0]) == pytest.approx(5.0)


def test_projection_along_a_skewed_stack_is_perpendicular_to_the_slice() -> None:
    affine = np.array([[4.0, 0, 0, 0], [1.5, 0, 1, 0], [0, -1.0, 0, 0], [0, 0, 0, 1]])
    axes = geometry.sagittal_axes(affine)
    assert axes @ axes.T == pytest.approx(np.eye(2))
    assert geometry.to_plane(np.array([4.0, 1.5, 0.0]), axes) == pytest.approx([1.5, 0.0])


def test_covariance_follows_the_spacing() -> None:
    """1 px² of rows at 0.5 mm is 0.25 mm² along the rows, 4 px² of columns at 0.25 mm is 0.25 mm² along the columns."""
    affine = np.array([[4.0, 0, 0, 0], [0, 0, 0.25, 0], [0, -0.5, 0, 0], [0, 0, 0, 1]])
    axes = geometry.sagittal_axes(affine)
    spread = geometry.covariance_to_plane(np.diag([1.0, 4.0]), affine, axes)
    assert spread == pytest.approx(np.diag([0.25, 0.25]))


@pytest.mark.parametrize("broken", [np.zeros((4, 4)), np.full((4, 4), np.nan), np.ones((4, 4))])
def test_affine_without_a_plane_is_refused(broken: Array) -> None:
    with pytest.raises(GeometryError, match="span no plane"):
        geometry.sagittal_axes(broken)


def test_jacobian_of_a_known_function() -> None:
    """f = (x0², x0·y1) at x0 = 3, y1 = 5: ∂f = (6, 0) and (5, 3); nothing else counts."""

    def known(p: Array) -> Array:
        return np.stack([p[..., 0, 0] ** 2, p[..., 0, 0] * p[..., 1, 1]], -1)

    slopes = geometry.jacobian(known, np.array([[3.0, 1.0], [2.0, 5.0]]))
    assert slopes == pytest.approx(np.array([[[6.0, 0], [0, 0]], [[5.0, 0], [0, 3.0]]]), abs=1e-8)


def shapes(points: Array) -> Array:
    """Return three heights and two endplate directions of (..., 6, 2) landmarks."""
    superior, inferior = points[..., :3, :], points[..., 3:, :]
    lengths = geometry.pair_lengths(superior, inferior, np.array([0.0, 1.0]))
    lines = [geometry.line_direction(e, e[..., 0, :] - e[..., 2, :]) for e in (superior, inferior)]
    return np.concatenate([lengths, *lines], -1)


def test_propagation_agrees_with_ten_thousand_draws() -> None:
    """First order against Monte Carlo: every standard deviation within 5 %."""
    rng = np.random.default_rng(3)
    body = np.array([[0.0, 9.0], [15.0, 5.0], [30.0, 0.0], [0.0, 25.0], [15.0, 23.0], [30.0, 25.0]])
    roots = rng.normal(0, 0.4, (6, 2, 2)) + 0.5 * np.eye(2)
    covariance = roots @ np.swapaxes(roots, -1, -2)
    _, spread = geometry.propagate(shapes, body, covariance)
    draws = body + np.einsum("kij,nkj->nki", roots, rng.normal(size=(10_000, 6, 2)))
    seen = shapes(draws)
    assert np.sqrt(np.diag(spread))[:3] == pytest.approx(seen[:, :3].std(0), rel=0.05)
    for k in (3, 5):
        direction = shapes(body)[k : k + 2]
        normal = np.array([-direction[1], direction[0]])
        turned = np.arctan2(seen[:, k : k + 2] @ normal, seen[:, k : k + 2] @ direction)
        assert np.sqrt(normal @ spread[k : k + 2, k : k + 2] @ normal) == pytest.approx(turned.std(), rel=0.05)


def test_unknown_covariance_spoils_only_what_rests_on_it() -> None:
    body = np.array([[0.0, 0.0], [15.0, 0.0], [30.0, 0.0], [0.0, 25.0], [15.0, 25.0], [30.0, 25.0]])
    covariance = np.tile(np.eye(2), (6, 1, 1))
    covariance[1] = np.nan
    _, spread = geometry.propagate(shapes, body, covariance)
    known = np.isfinite(np.diag(spread))
    # The middle of the superior endplate moves the middle height and the superior line's mean, not its slope …
    assert known[[0, 2]].all()
    assert not known[1]
    assert known[5:].all()  # … and never the inferior endplate.


def test_stacks_give_the_same_as_one_by_one() -> None:
    rng = np.random.default_rng(5)
    bodies = np.array([[0.0, 0.0], [15.0, 0.0], [30.0, 0.0], [0.0, 25.0], [15.0, 25.0], [30.0, 25.0]])
    bodies = bodies + rng.normal(0, 1, (4, 6, 2))
    covariance = np.tile(np.eye(2), (4, 6, 1, 1))
    values, spread = geometry.propagate(shapes, bodies, covariance)
    for n in range(4):
        one, one_spread = geometry.propagate(shapes, bodies[n], covariance[n])
        assert values[n] == pytest.approx(one)
        assert spread[n] == pytest.approx(one_spread, abs=1e-8)
