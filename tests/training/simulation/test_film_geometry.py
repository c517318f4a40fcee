"""Where things fall on the film, against rays computed here."""

from dataclasses import replace

import numpy as np
import pytest

from ovf_imaging.training.simulation.film.camera import Camera
from ovf_imaging.training.simulation.film.exposure import draw_exposure
from ovf_imaging.training.simulation.film.film import expose
from ovf_imaging.training.simulation.film.project import project
from ovf_imaging.training.simulation.film.solids import Ellipsoid, length, span
from ovf_imaging.training.simulation.film.transmission import transmission
from ovf_imaging.training.simulation.volume import Grid
from tests.training.simulation.film_phantom import PLAIN, RADIUS_X, Stack, plain


def camera(towards=1.0, facing=1.0, tilt_mm=0.0, turn_deg=0.0, lean_deg=0.0):
    """Return a camera 1 m before the origin whose detector stands 0.3 m behind it."""
    a, b = np.radians(turn_deg), np.radians(lean_deg)
    right = facing * np.array([np.sin(b), np.cos(b) * np.cos(a), np.sin(a)])
    down = np.cross(right, [towards * facing, 0.0, 0.0])
    down *= -np.sign(down[2]) / np.linalg.norm(down)
    centre = np.array([300.0 * towards, 0.0, -0.3 * tilt_mm])
    return Camera(
        source_mm=np.array([-1000.0 * towards, 35.0, tilt_mm]),
        first_mm=centre - 0.5 * (150 * right + 200 * down),
        right_mm=0.5 * right,
        down_mm=0.5 * down,
        shape=(401, 301),
    )


CAMERAS = {
    "straight": camera(),
    "other side": camera(towards=-1.0),
    "other way": camera(facing=-1.0),
    "tilted tube": camera(tilt_mm=120.0),
    "turned": camera(turn_deg=6.0),
    "leaning": camera(lean_deg=7.0, tilt_mm=-90.0, turn_deg=-3.0, facing=-1.0),
}
SPOTS = ((0.0, 0.0, 0.0), (35.0, -22.0, 40.0), (-41.0, 25.0, -47.0))


def hit_by_hand(seen: Camera, point):
    """Return (row, column) where the line from the source through a point meets the detector."""
    normal = np.cross(seen.right_mm, seen.down_mm)
    ray = np.asarray(point) - seen.source_mm
    on_detector = seen.source_mm + ray * ((seen.first_mm - seen.source_mm) @ normal) / (ray @ normal)
    offset = on_detector - seen.first_mm
    columns, rows = (offset @ v / (v @ v) for v in (seen.right_mm, seen.down_mm))
    return np.array([rows, columns])


def centroid(picture):
    rows, columns = np.indices(picture.shape)
    return np.array([(rows * picture).sum(), (columns * picture).sum()]) / picture.sum()


@pytest.mark.parametrize("name", CAMERAS)
@pytest.mark.parametrize("spot", SPOTS)
def test_a_dense_ball_appears_where_its_ray_meets_the_detector(name, spot):
    seen = CAMERAS[name]
    grid = Grid(origin_mm=np.array([-60.0, -40, -60]), step_mm=np.array([2.0, 0.8, 0.8]), shape=(61, 101, 151))
    x, y, z = np.meshgrid(*(grid.axis_mm(k) for k in range(3)), indexing="ij", sparse=True)
    ball = ((x - spot[0]) ** 2 + (y - spot[1]) ** 2 + (z - spot[2]) ** 2 < 5.0**2).astype(np.float32)
    found = centroid(project(ball, grid, seen, axis=0))
    assert np.linalg.norm(found - hit_by_hand(seen, spot)) < 0.6
    assert np.allclose(seen.projector().to_pixels(np.array(spot)), hit_by_hand(seen, spot))


@pytest.mark.parametrize("name", CAMERAS)
def test_mass_along_a_ray_is_density_times_length(name):
    """A box of 40 mm of 0.5 g/cm³ holds 2 g/cm² for the straight ray, more for a slanted one."""
    seen = CAMERAS[name]
    grid = Grid(origin_mm=np.array([-19.0, -30, -30]), step_mm=np.array([2.0, 1.0, 1.0]), shape=(20, 61, 61))
    mass = project(np.full(grid.shape, 0.5, np.float32), grid, seen, axis=0)
    row, column = np.round(hit_by_hand(seen, (0.0, 0.0, 0.0))).astype(int)
    ray = -seen.source_mm
    assert mass[row, column] == pytest.approx(2.0 * np.linalg.norm(ray) / abs(ray[0]), rel=0.01)


def test_magnification_is_source_detector_over_source_object():
    seen = camera()
    top, foot = seen.projector().to_pixels(np.array([[0.0, 0, 20], [0, 0, -20]]))
    assert (foot - top)[0] * 0.5 / 40 == pytest.approx(1300 / 1000)
    assert (seen.distance_mm, seen.depth_mm(np.zeros(3))) == pytest.approx((1300, 1000))


def test_a_frontal_beam_projects_along_the_other_axis():
    seen = Camera(
        source_mm=np.array([10.0, -1000, 20]),
        first_mm=np.array([-75.0, 300, 100]),
        right_mm=np.array([0.5, 0, 0]),
        down_mm=np.array([0, 0, -0.5]),
        shape=(401, 301),
    )
    grid = Grid(origin_mm=np.array([-40.0, -60, -60]), step_mm=np.array([0.8, 2.0, 0.8]), shape=(101, 61, 151))
    x, y, z = np.meshgrid(*(grid.axis_mm(k) for k in range(3)), indexing="ij", sparse=True)
    ball = ((x - 12) ** 2 + (y - 30) ** 2 + (z + 25) ** 2 < 5.0**2).astype(np.float32)
    found = centroid(project(ball, grid, seen, axis=1))
    assert np.linalg.norm(found - hit_by_hand(seen, (12.0, 30.0, -25.0))) < 0.6


def test_rays_through_an_ellipsoid_are_as_long_as_stepping_along_them():
    solid = Ellipsoid.between(np.array([-20.0, 5, -30]), np.array([25.0, -10, 30]), 12.0)
    seen = CAMERAS["leaning"]
    rays = seen.rays()
    exact = length(span(solid, seen.source_mm, rays))
    row, column = np.round(hit_by_hand(seen, (5.0, -5.0, 5.0))).astype(int)
    steps = np.arange(800, 1200, 0.05)
    points = (seen.source_mm + steps[:, None] * rays[row, column] - solid.centre_mm) @ solid.turn.T / solid.radii_mm
    assert exact[row, column] == pytest.approx(0.05 * ((points**2).sum(1) < 1).sum(), abs=0.3)


@pytest.mark.parametrize("seed", range(8))
def test_truth_lies_on_the_edges_of_what_was_rendered(seed):
    """The film of an unbroken stack jumps at each body's superior middle landmark, whatever the exposure."""
    patient = Stack(mineral_g_cm3=1.0)
    exposure = plain(draw_exposure(np.random.default_rng(seed), patient, PLAIN))
    light = transmission(patient, exposure, np.random.default_rng(0)).light
    projector = exposure.camera.projector()
    body = patient.truth().bodies[4]
    above, below = projector.to_pixels(body.landmarks_mm[1] + [[0, 0, 3.0], [0, 0, -3.0]])
    (r0, c0), (r1, c1) = np.round(above).astype(int), np.round(below).astype(int)
    assert light[r1, c1] < 0.8 * light[r0, c0]


def test_a_rendered_ball_lands_on_the_film_where_the_projector_says():
    spot = (RADIUS_X, -15.0, 31.0)
    for seed in range(6):
        patient = Stack(ball_mm=spot)
        exposure = plain(draw_exposure(np.random.default_rng(seed), patient, PLAIN))
        quiet = transmission(patient, exposure, np.random.default_rng(0)).light
        empty = transmission(Stack(), exposure, np.random.default_rng(0)).light
        shadow = np.log(empty / quiet)
        expected = exposure.camera.projector().to_pixels(np.array(spot))
        assert np.linalg.norm(centroid(np.where(shadow > 0.2 * shadow.max(), shadow, 0)) - expected) < 0.6


def test_a_photograph_moves_its_landmarks_with_the_picture():
    """A ball on a photographed film lies where the film's own projector says, which differs from the camera's."""
    spot = (0.0, -60.0, 10.0)
    patient = Stack(ball_mm=spot)
    exposure = plain(draw_exposure(np.random.default_rng(2), patient, replace(PLAIN, photographed=1.0, detail=(0, 0))))
    with_ball, without = (expose(p, exposure, np.random.default_rng(0)) for p in (patient, Stack()))
    change = np.abs(with_ball.pixels.astype(float) - without.pixels)
    change[change < 0.5 * change.max()] = 0
    expected = with_ball.projector.to_pixels(np.array(spot))
    assert np.linalg.norm(centroid(change) - expected) < 1.5
    assert np.linalg.norm(expected - exposure.camera.projector().to_pixels(np.array(spot))) > 2
