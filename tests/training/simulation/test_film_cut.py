"""Landmarks lie on the film or their body is told as cut, over many seeds; OVF_SEEDS=500 for issue 4's number."""

from dataclasses import replace

import numpy as np
import pytest

from ovf_imaging.training.simulation.anatomy import AnatomySettings, draw_patient
from ovf_imaging.training.simulation.film.exposure import Exposure, draw_exposure
from ovf_imaging.training.simulation.film.film import Film, FilmGeometry
from ovf_imaging.training.simulation.film.marks import open_field
from ovf_imaging.training.simulation.film.settings import FilmSettings
from ovf_imaging.types import Position
from tests.training.simulation.seeds import SEEDS

pytestmark = pytest.mark.real_data  # the bones are its meshes
POSITIONS = (Position.STANDING, Position.SUPINE, Position.FLEXION, Position.EXTENSION)
REGIONS = ("lumbar", "thoracolumbar", "full")


def unexposed(exposure: Exposure) -> Film:
    """Return the film before any X-ray, which decides nothing of where things lie."""
    shape = exposure.camera.shape
    return Film(
        pixels=np.zeros(shape, np.uint16),
        projector=exposure.camera.projector(),
        open_field=open_field(exposure.marks, shape),
        geometry=FilmGeometry(
            sid_mm=1,
            sod_mm=1,
            magnification=1,
            imager_pixel_mm=1,
            photometric="",
            patient_orientation=("", ""),
            view_position="",
        ),
        view="lateral",
        field=exposure.field,
        facing=exposure.facing,
        tint=(1.0, 1.0, 1.0),
        drawn={},
    )


def seen_from(exposure: Exposure, points_mm: np.ndarray) -> np.ndarray:
    """Return (N, 2) row, column where the rays through points meet the detector: three equations each, solved."""
    camera, found = exposure.camera, []
    for point in points_mm:
        ray = point - camera.source_mm
        _, column, row = np.linalg.solve(
            np.column_stack([ray, -camera.right_mm, -camera.down_mm]), camera.first_mm - camera.source_mm
        )
        found.append((row, column))
    return np.array(found)


@pytest.mark.parametrize("seed", SEEDS)
def test_landmarks_lie_on_the_film_or_their_body_is_told_as_cut(seed, templates):
    rng = np.random.default_rng(seed)
    patient = draw_patient(rng, AnatomySettings(region=REGIONS[seed % 3]), templates).moved(POSITIONS[seed // 3 % 4])
    exposure = replace(draw_exposure(rng, patient, FilmSettings()), photograph=None)
    film, truth = unexposed(exposure), patient.truth()
    cut, shape = film.cut(truth), np.array(exposure.camera.shape)
    whole = 0
    for body in truth.bodies:
        known = body.landmarks_mm[~np.isnan(body.landmarks_mm).any(axis=1)]
        at = seen_from(exposure, known)
        assert film.landmarks(body)[: len(known)] == pytest.approx(at, abs=1e-3)
        on_film = ((at > -0.5) & (at < shape - 0.5)).all(axis=1)
        nearest = np.clip(np.round(at), 0, shape - 1).astype(int)
        open_there = on_film & film.open_field[nearest[:, 0], nearest[:, 1]]
        assert (body.level in cut) == (open_there.any() and not open_there.all())
        whole += bool(open_there.all())
    assert whole >= 1
