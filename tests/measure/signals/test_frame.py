"""A body's own coordinates, by hand."""

from __future__ import annotations

import numpy as np

from ovf_imaging.measure.signals.frame import body_frame
from tests.measure.build import quad, turned, vertebra


def test_corners_and_middle_of_a_box():
    """A box 30 wide and 24 high: its middle is at (0.5, 0.5), its area 720, whatever way it is turned."""
    for degrees in (0.0, 35.0):
        points = turned(quad(front=24, back=24), degrees)
        frame = body_frame(vertebra(20, points))
        assert frame is not None
        s, t = frame.coordinates(points[[0, 2, 3, 5]][:, ::-1])
        np.testing.assert_allclose(s, [0, 1, 0, 1], atol=1e-9)
        np.testing.assert_allclose(t, [0, 0, 1, 1], atol=1e-9)
        np.testing.assert_allclose(frame.position(np.array(0.5), np.array(0.5)), points.mean(0)[::-1], atol=1e-9)
        assert np.isclose(frame.area, 720)
        assert np.isclose(frame.height, 24)


def test_a_dented_endplate_is_where_its_middle_landmark_says():
    """Middle height 18 of 24: at s = ½ the superior endplate lies 6 lower, and t is 0 there."""
    points = quad(front=24, middle=18, back=24)
    frame = body_frame(vertebra(20, points))
    assert frame is not None
    _, t = frame.coordinates(points[1][::-1])
    np.testing.assert_allclose(t, 0, atol=1e-9)
    assert np.isclose(frame.height, 18)


def test_coordinates_undo_position():
    frame = body_frame(vertebra(20, turned(quad(front=14, middle=12, back=22), -20)))
    assert frame is not None
    s, t = np.meshgrid(np.linspace(-0.2, 1.2, 9), np.linspace(-0.2, 1.2, 7))
    back = frame.coordinates(frame.position(s, t))
    np.testing.assert_allclose(back, (s, t), atol=1e-9)


def test_what_is_no_body_has_no_frame():
    flat = quad(front=0, back=0)
    lost = vertebra(20, quad())
    lost.landmarks[1] = np.nan
    assert body_frame(vertebra(20, flat)) is None
    assert body_frame(lost) is None
