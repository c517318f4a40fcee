"""Films: what is drawn, what is recorded, and what never changes."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ovf_imaging.training.simulation.film.exposure import draw_exposure
from ovf_imaging.training.simulation.film.film import expose
from ovf_imaging.training.simulation.film.settings import FilmSettings
from ovf_imaging.training.simulation.film.substances import spectrum, substances, transmitted
from ovf_imaging.training.simulation.film.transmission import transmission
from ovf_imaging.types import Level
from tests.training.simulation.film_phantom import PLAIN, Stack, plain

SMALL: dict[str, Any] = {"rows": (256.0, 256.0)}


def film(seed, settings=None, patient=None, view="lateral"):
    patient = patient or Stack()
    rng = np.random.default_rng(seed)
    return expose(patient, draw_exposure(rng, patient, settings or FilmSettings(**SMALL), view), rng)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not():
    first, again, other = film(3), film(3), film(4)
    assert first.pixels.tobytes() == again.pixels.tobytes()
    assert first.drawn == again.drawn
    assert first.pixels.tobytes() != other.pixels.tobytes()


def test_half_the_mineral_weakens_the_beam_less():
    patient = Stack()
    exposure = plain(draw_exposure(np.random.default_rng(1), patient, PLAIN))
    middle = patient.truth().bodies[4].landmarks_mm.mean(axis=0)
    row, column = np.round(exposure.camera.projector().to_pixels(middle)).astype(int)
    depth = []
    for factor in (1.0, 0.5, 0.0):
        seen = transmission(patient, replace(exposure, mineral_factor=factor), np.random.default_rng(0))
        depth.append(-np.log(seen.light[row, column]))
    whole, half, none = depth
    assert whole > half > none
    assert (half - none) / (whole - none) == pytest.approx(0.5, abs=0.05)  # beam hardening bends it a little


def test_attenuation_of_one_energy_is_beers_law_and_a_spectrum_hardens():
    """Of 2 g/cm² of soft tissue passes what the table says; of twice as much, more than the square of it."""
    once, twice = (float(transmitted({"soft": np.full((1, 1), m, np.float32)}, 80.0)[0, 0]) for m in (2.0, 4.0))
    by_hand = spectrum(80.0) @ np.exp(-2.0 * substances().coefficients["soft"])
    assert once == pytest.approx(by_hand, rel=1e-5)
    assert twice > once**2
    assert spectrum(80.0)[substances().energies_kev >= 80].sum() == 0


def test_a_peak_below_the_table_is_refused():
    with pytest.raises(ValueError, match="peak voltage wanted above 30 kV, got 25"):
        spectrum(25.0)


def test_monochrome1_is_the_picture_turned_over():
    patient = Stack()
    exposure = draw_exposure(np.random.default_rng(5), patient, FilmSettings(**SMALL))
    plus, minus = (
        expose(patient, replace(exposure, monochrome1=flag), np.random.default_rng(0)) for flag in (False, True)
    )
    assert np.array_equal(plus.pixels, 4095 - minus.pixels)
    assert (plus.geometry.photometric, minus.geometry.photometric) == ("MONOCHROME2", "MONOCHROME1")
    assert np.array_equal(plus.picture(), minus.picture())


@pytest.mark.parametrize("facing", ["left", "right"])
def test_the_front_of_the_patient_lies_where_the_film_says(facing):
    settings = replace(PLAIN, rows=(256.0, 256.0), facing_right=float(facing == "right"))
    seen = film(2, settings)
    front, _, back = seen.landmarks(Stack().truth().bodies[4])[:3]
    assert seen.facing == facing
    assert (front[1] < back[1]) == (facing == "left")
    assert seen.geometry.patient_orientation == ("P" if facing == "left" else "A", "F")


def test_landmarks_off_the_film_or_under_collimation_are_told():
    """Over 60 exposures each landmark either lies on open film or its body is not shown whole."""
    patient, cut = Stack(), 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        exposure = draw_exposure(rng, patient, FilmSettings(**SMALL, full_spine=0))
        height, width = exposure.camera.shape
        projector = exposure.camera.projector()
        shown = [projector.inside(body.landmarks_mm).all() for body in patient.truth().bodies]
        assert any(shown)
        for body, inside in zip(patient.truth().bodies, shown, strict=True):
            pixels = projector.to_pixels(body.landmarks_mm)
            on_film = (pixels >= -0.5).all() and (pixels <= np.array([height, width]) - 0.5).all()
            assert inside == on_film
        cut += not all(shown)
    assert cut > 5


def test_collimation_hides_landmarks():
    settings = replace(PLAIN, rows=(256.0, 256.0), collimated=1.0, collimation=(0.3, 0.3))
    seen = film(1, settings)
    hidden = [body for body in Stack().truth().bodies if not seen.shows(body.landmarks_mm).all()]
    on_film = [body for body in hidden if seen.projector.inside(body.landmarks_mm).all()]
    assert on_film
    assert set(seen.cut(Stack().truth())) <= {body.level for body in hidden}


@pytest.mark.parametrize("view", ["lateral", "frontal", "chest"])
def test_a_film_records_its_view_and_everything_drawn_as_json(view):
    seen = film(7, view=view)
    assert seen.view == view
    assert seen.pixels.dtype == np.uint16
    assert seen.pixels.max() <= 4095
    assert np.ptp(seen.pixels) > 1000
    text = json.dumps(seen.drawn, allow_nan=False)
    assert {"peak_kv", "detector", "display", "marks", "source_side"} <= set(json.loads(text))
    assert (seen.geometry.view_position == "AP") == (view != "lateral")


def test_a_photograph_has_no_scale_and_a_colour():
    seen = film(1, FilmSettings(**SMALL, photographed=1.0))
    assert seen.geometry.imager_pixel_mm is None
    assert seen.geometry.patient_pixel_mm is None
    assert np.ptp(seen.picture().reshape(-1, 3).astype(int), axis=1).max() > 0


def test_pixels_in_the_plane_of_the_spine_measure_millimetres():
    """The distance of two landmarks in pixels times the pixel is their distance in mm, within the tilt's cosine."""
    seen = film(3, replace(PLAIN, tube_tilt_deg=(0, 0), detector_lean_deg=(0, 0), shift_mm=(0, 0)))
    body = next(b for b in Stack().truth().bodies if b.level == Level.L3)
    pixels = seen.landmarks(body)
    assert np.linalg.norm(pixels[0] - pixels[2]) * seen.geometry.patient_pixel_mm == pytest.approx(34.0, rel=0.01)


def test_an_unknown_view_is_refused():
    with pytest.raises(ValueError, match="view wanted one of lateral, frontal, chest, got 'oblique'"):
        film(1, view="oblique")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"scatter": (0.5, 9.0)}, r"scatter wanted within 0–6, low end first, got \(0.5, 9.0\)"),
        ({"letters": 1.5}, "letters wanted within 0–1"),
        ({"sid_mm": (1800, 1000)}, "sid_mm wanted within 700–3000"),
        (
            {"full_spine": 0, "thoracic": 0, "thoracolumbar": 0, "lumbar": 0, "coned": 0},
            "at least one field wanted",
        ),
    ],
)
def test_a_bad_setting_names_key_value_and_limits(values, message):
    with pytest.raises(ValueError, match=message):
        FilmSettings(**values)
