"""CT patients: blocks made by hand, and the real scans against their own voxels."""

import numpy as np
import pytest
from scipy import ndimage

from ovf_imaging.training.paint import Fracture
from ovf_imaging.training.simulation.ct import VARIANTS, CtPatient, draw_ct_patient
from ovf_imaging.training.simulation.ct_scan import CtScan, is_body, marked_landmarks, read_scan
from ovf_imaging.training.simulation.film.exposure import draw_exposure
from ovf_imaging.training.simulation.film.film import expose
from ovf_imaging.training.simulation.film.settings import FilmSettings
from ovf_imaging.training.simulation.volume import Grid, Tissue
from ovf_imaging.types import Landmark, Level
from ovf_imaging.vision.mask_landmarks import mask_landmarks

BLOCKS = {Level.T12: 70.0, Level.L1: 35.0, Level.L2: 0.0}  # level → z of its middle
HALF_HEIGHT, FRONT, BACK = 12.0, -16.0, 16.0
WEDGE = Fracture(front_loss=0.5, crush=0.0, superior_dent=0.0, inferior_dent=0.0)
SECTION_MM = 0.5
_PLACES = (0.2, 0.5, 0.8)


@pytest.fixture(scope="session")
def blocks() -> CtScan:
    """Return three blocks with a bar behind each that stands for its arch."""
    grid = Grid(origin_mm=np.array([-30.0, -40.5, -40.5]), step_mm=np.array([2.0, 1, 1]), shape=(31, 101, 151))
    x, y, z = np.meshgrid(*(grid.axis_mm(k) for k in range(3)), indexing="ij", sparse=True)
    vertebrae = np.zeros(grid.shape, np.uint8)
    landmarks = {}
    for level, middle in BLOCKS.items():
        body = (np.abs(x) < 20) & (y > FRONT) & (y < BACK) & (np.abs(z - middle) < HALF_HEIGHT)
        arch = (np.abs(x) < 5) & (y > 30) & (y < 45) & (np.abs(z - middle) < 8)
        vertebrae[body | arch] = level
        corners = [(d, middle + s * HALF_HEIGHT) for s in (1, -1) for d in (FRONT, 0.0, BACK)]
        landmarks[int(level)] = np.array([[0.0, d, h] for d, h in corners])
    return CtScan(
        name="blocks",
        grid=grid,
        mineral=(0.2 * (vertebrae > 0)).astype(np.float32),
        gas=np.zeros(grid.shape, bool),
        fat=np.zeros(grid.shape, bool),
        vertebrae=vertebrae,
        owner=vertebrae,
        landmarks_mm=landmarks,
    )


@pytest.fixture(scope="session", params=["verse012", "verse014"])
def real(request: pytest.FixtureRequest, shared_data) -> CtScan:
    return read_scan(shared_data / "ct_verse", request.param)


def sagittal(patient: CtPatient, x_mm: float) -> tuple[Grid, np.ndarray]:
    """Return the levels (Y, Z) of the bodies in one plane, at 0.5 mm."""
    low, high = patient.bounds_mm()
    shape = np.ceil((high - low) / SECTION_MM).astype(int) + 1
    grid = Grid(
        origin_mm=np.array([x_mm, low[1], low[2]]),
        step_mm=np.array([1.0, SECTION_MM, SECTION_MM]),
        shape=(2, int(shape[1]), int(shape[2])),
    )
    return grid, patient.render(grid).level[0]


def measured(patient: CtPatient, level: int, landmarks: np.ndarray) -> np.ndarray:
    """Return the six landmarks (y, z) of a body as read off the rendered voxels alone."""
    grid, levels = sagittal(patient, landmarks[0, 0])
    parts, count = ndimage.label(levels == level)
    sizes = ndimage.sum_labels(levels == level, parts, range(1, count + 1))
    mask = (parts == 1 + int(np.argmax(sizes))).T[::-1]  # row down, column back
    found = mask_landmarks(mask, np.array([-1.0, 0.0]), np.array([0.0, -1.0]))
    assert found is not None
    rows = mask.shape[0]
    return grid.origin_mm[1:] + SECTION_MM * np.column_stack([found[:, 1], rows - 1 - found[:, 0]])


def heights(landmarks: np.ndarray) -> np.ndarray:
    return np.linalg.norm(landmarks[:3] - landmarks[3:], axis=1)


def thickness(patient: CtPatient, level: int, landmarks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return how thick a body is at 20, 50 and 80 % of its depth: counted in the voxels, and told by the truth."""
    grid, levels = sagittal(patient, landmarks[0, 0])
    y, z = np.nonzero(levels == level)
    points = np.column_stack([grid.axis_mm(1)[y], grid.axis_mm(2)[z]])
    flat = landmarks[:, 1:]
    start, end = flat[[0, 3]].mean(axis=0), flat[[2, 5]].mean(axis=0)
    depth = np.linalg.norm(end - start)
    along = (end - start) / depth
    up = np.array([-along[1], along[0]])
    place = (points - start) @ along / depth
    window_mm = 3.0  # a triangle, which counts voxels evenly wherever their columns fall
    weights = [np.clip(1 - np.abs(place - s) * depth / window_mm, 0, None) for s in _PLACES]
    counted = [weight.sum() * SECTION_MM**2 / window_mm for weight in weights]
    own = np.stack([(flat - start) @ along / depth, (flat - start) @ up], axis=1)
    told = [np.interp(s, *own[:3].T) - np.interp(s, *own[3:].T) for s in _PLACES]
    return np.array(counted), np.array(told)


def test_a_scan_as_it_is_is_rendered_where_it_lies(blocks):
    patient = CtPatient(scan=blocks)
    volume = patient.render(blocks.grid)
    assert np.allclose(volume.mineral, blocks.mineral, atol=2e-3)
    body = is_body(blocks.vertebrae == Level.L1, blocks.grid, blocks.landmarks_mm[int(Level.L1)])
    assert np.array_equal(volume.level == Level.L1, body)
    assert not (volume.level > 0)[:, blocks.grid.axis_mm(1) > BACK + 3].any()


def test_outside_its_field_a_scan_is_soft_tissue_without_bone(blocks):
    grid = Grid(origin_mm=np.array([100.0, 0, 0]), step_mm=np.ones(3), shape=(3, 4, 5))
    volume = CtPatient(scan=blocks).render(grid)
    assert (volume.tissue == Tissue.MUSCLE).all()
    assert not volume.mineral.any()


@pytest.mark.parametrize("angles", [(6.0, 4.0), (-5.0, 3.0)])
def test_bodies_move_rigidly_and_the_truth_moves_with_the_voxels(blocks, angles):
    patient = CtPatient(scan=blocks, angles_deg=angles)
    for body in patient.truth().bodies:
        rest = blocks.landmarks_mm[body.level]
        apart = [np.linalg.norm(p[:, None] - p, axis=-1) for p in (body.landmarks_mm, rest)]
        assert np.allclose(*apart)
        counted, told = thickness(patient, body.level, body.landmarks_mm)
        assert np.abs(counted - told).max() < 0.8
        assert np.abs(measured(patient, body.level, body.landmarks_mm) - body.landmarks_mm[:, 1:]).max() < 1.5


def test_a_bend_changes_the_angle_between_endplates_by_what_was_asked(blocks):
    bodies = CtPatient(scan=blocks, angles_deg=(6.0, 4.0)).truth().bodies
    ways = [body.landmarks_mm[2] - body.landmarks_mm[0] for body in bodies]
    slopes = [np.degrees(np.arctan2(way[2], way[1])) for way in ways]
    assert slopes[0] - slopes[2] == pytest.approx(10.0)  # the back rises: heads go forward


def test_a_broken_front_is_half_as_high_in_the_truth_and_in_the_voxels(blocks):
    patient = CtPatient(scan=blocks, breaks={int(Level.L1): WEDGE})
    body = patient.truth().bodies[1]
    assert body.fracture is not None
    assert body.fracture.kind == "wedge"
    assert body.fracture.height_loss[0] == pytest.approx(0.5, abs=0.06)
    assert body.fracture.height_loss[2] < 0.02
    counted, told = thickness(patient, body.level, body.landmarks_mm)
    assert np.abs(counted - told).max() < 0.8


def test_bone_above_a_fracture_keeps_its_shape(blocks):
    patient = CtPatient(scan=blocks, breaks={int(Level.L1): WEDGE})
    above, _, below = patient.truth().bodies
    for body in (above, below):
        assert heights(body.landmarks_mm) == pytest.approx([2 * HALF_HEIGHT] * 3, abs=0.3)
        assert body.fracture is None


def test_t_score_scales_the_mineral(blocks):
    dense, thin = (CtPatient(scan=blocks, t_score_change=t).render(blocks.grid).mineral.max() for t in (0.0, -3.0))
    assert float(thin) / float(dense) == pytest.approx(0.67, abs=0.01)


def test_an_unknown_variant_or_scan_is_refused(blocks, tmp_path):
    with pytest.raises(ValueError, match="variant wanted one of as is, bent, broken, bent and broken, got 'twisted'"):
        draw_ct_patient(np.random.default_rng(0), blocks, "twisted")
    with pytest.raises(ValueError, match="no landmarks marked for 'verse999'"):
        marked_landmarks("verse999")
    with pytest.raises(FileNotFoundError, match=r"no verse012_ct\.nii\.gz"):
        read_scan(tmp_path, "verse012")


@pytest.mark.real_data
def test_marked_landmarks_agree_with_the_labels_of_the_scan(real):
    """Half of all marks lie within 1 mm of what the label's section gives; bridged corners apart, all within 3 mm."""
    distances = []
    for level, body in real.landmarks_mm.items():
        by_voxels = measured(CtPatient(scan=real), level, body)
        far = np.linalg.norm(by_voxels - body[:, 1:], axis=1)
        if real.name == "verse012" and level <= Level.T12:
            far = np.delete(far, [Landmark.SUPERIOR_ANTERIOR, Landmark.INFERIOR_ANTERIOR])
        distances += far.tolist()
    assert np.median(distances) < 1.0
    assert max(distances) < 3.0


@pytest.mark.real_data
@pytest.mark.parametrize("seed", range(3))
def test_what_a_fracture_and_a_bend_change_in_the_truth_they_change_in_the_voxels(real, seed):
    """The thickness of the broken body falls by the same in both, within 1.5 mm."""
    moved = draw_ct_patient(np.random.default_rng(seed), real, "bent and broken")
    level = next(iter(moved.breaks))
    parts = []
    for patient in (CtPatient(scan=real), moved):
        body = next(b for b in patient.truth().bodies if b.level == level)
        parts.append(thickness(patient, level, body.landmarks_mm))
    (counted_before, told_before), (counted, told) = parts
    assert np.abs((counted - counted_before) - (told - told_before)).max() < 1.5


@pytest.mark.real_data
@pytest.mark.parametrize("variant", VARIANTS)
def test_every_variant_gives_a_film_with_its_bodies_on_it(real, variant):
    rng = np.random.default_rng(1)
    patient = draw_ct_patient(rng, real, variant)
    exposure = draw_exposure(rng, patient, FilmSettings(rows=(256, 256), coned=0, shift_mm=(0, 0), collimated=0))
    film = expose(patient, exposure, rng)
    shown = [body.level for body in patient.truth().bodies if film.shows(body.landmarks_mm).all()]
    assert film.field != "full-spine"
    assert len(shown) >= 3
