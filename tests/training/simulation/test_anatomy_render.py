"""The truth against the rendered voxels, measured without the maps that made both."""

import numpy as np
import pytest
from scipy.ndimage import binary_erosion, map_coordinates

from ovf_imaging.training.simulation.anatomy import AnatomySettings, draw_patient
from ovf_imaging.training.simulation.volume import Grid, Tissue
from ovf_imaging.types import Level, Position

pytestmark = pytest.mark.real_data  # the bones are its meshes

PLAIN = AnatomySettings(osteophytes=0.0, schmorl=0.0, fractured=1.0, further_fracture=0.8, screws=0.0, lip_mm=(0, 0.5))
STEP_MM = 0.5


def grid_about(landmarks):
    margin = np.array([4, 8, 8])
    low, high = landmarks.min(axis=0) - margin, landmarks.max(axis=0) + margin
    return grid_between(low, high, STEP_MM)


def grid_between(low, high, step_mm):
    x, y, z = (int(n) for n in np.ceil((high - low) / step_mm))
    return Grid(origin_mm=low, step_mm=np.full(3, step_mm), shape=(x, y, z))


def labelled(volume, level, points):
    """Return whether points (N, 3) lie in a level's label, read from the voxels."""
    at = (points - volume.grid.origin_mm) / volume.grid.step_mm
    mask = (volume.level == level).astype(np.float32)
    return map_coordinates(mask, at.T, order=1) > 0.5


def measured_heights(volume, body):
    """Return anterior, middle and posterior height of a label in the body's mid-sagittal plane.

    Corners are the label's points furthest out along its diagonals; the middles lie halfway between them.
    """
    sa, _, sp, ia, _, ip = body.landmarks_mm
    back = (sp - sa) / np.linalg.norm(sp - sa) + (ip - ia) / np.linalg.norm(ip - ia)
    back /= np.linalg.norm(back)
    up = (sa + sp - ia - ip) / 2
    up -= (up @ back) * back
    up /= np.linalg.norm(up)
    y, z = np.meshgrid(np.arange(-32, 32, 0.2), np.arange(-32, 32, 0.2), indexing="ij")
    flat = np.stack([y.ravel(), z.ravel()], axis=1)
    inside = flat[labelled(volume, body.level, (sa + sp + ia + ip) / 4 + flat @ np.stack([back, up]))]
    diagonal = inside / (np.linalg.norm(sp - sa), np.linalg.norm(sp - ip))
    corners = [inside[np.argmax(diagonal @ way)] for way in ((-1, 1), (1, 1), (-1, -1), (1, -1))]
    centre = (corners[0] + corners[1] + corners[2] + corners[3]) / 4
    upward = (corners[0] + corners[1] - corners[2] - corners[3]) / 2
    upward /= np.linalg.norm(upward)
    column = inside[np.abs((inside - centre) @ (-upward[1], upward[0])) < 0.3] @ upward
    return [np.linalg.norm(corners[0] - corners[2]), np.ptp(column), np.linalg.norm(corners[1] - corners[3])]


def test_heights_measured_in_voxels_are_the_truth(templates):
    middle, corners = [], []
    for seed in range(5):
        patient = draw_patient(np.random.default_rng(seed), PLAIN, templates)
        for body in patient.truth().bodies:
            if body.fracture is None and body.level not in (Level.T11, Level.L3):
                continue
            truth = np.linalg.norm(body.landmarks_mm[:3] - body.landmarks_mm[3:], axis=1)
            away = np.abs(measured_heights(patient.render(grid_about(body.landmarks_mm)), body) - truth)
            middle.append(away[1])
            if body.fracture is None:  # the corner of a broken body need not be its furthest point
                corners.extend(away[[0, 2]])
    assert np.median(middle) < 0.4
    assert np.max(middle) < 1.0  # where a dent is steep, the voxels beside the line count too
    assert np.median(corners) < 0.6
    assert np.max(corners) < 1.5  # along a bevelled corner the furthest point slides


@pytest.mark.parametrize("seed", range(5))
def test_landmarks_lie_on_the_surface_of_their_label(seed, templates):
    patient = draw_patient(np.random.default_rng(seed), PLAIN, templates)
    ball = np.random.default_rng(0).normal(size=(200, 3))
    ball *= STEP_MM / np.linalg.norm(ball, axis=1, keepdims=True)
    for body in patient.truth().bodies:
        if body.level not in (Level.T12, Level.L2) and body.fracture is None:
            continue
        volume = patient.render(grid_about(body.landmarks_mm))
        for landmark in body.landmarks_mm:
            inside = labelled(volume, body.level, landmark + ball)
            assert inside.any()
            assert not inside.all()


def test_same_seed_same_arrays(templates):
    def arrays():
        patient = draw_patient(np.random.default_rng(5), AnatomySettings(), templates)
        low = patient.bounds_mm()[0]
        volume = patient.render(Grid(origin_mm=low, step_mm=np.full(3, 3.0), shape=(30, 50, 90)))
        return [volume.tissue, volume.mineral, volume.level, volume.oedema]

    for one, other in zip(arrays(), arrays(), strict=True):
        assert one.tobytes() == other.tobytes()


def test_gas_shows_in_extension_only(templates):
    settings = AnatomySettings(fractured=1.0, cleft=1.0, cleft_gas=1.0, severe_loss=(0.5, 0.6), cement=0.0)
    gas = {}
    for position in (Position.EXTENSION, Position.FLEXION):
        patients = (draw_patient(np.random.default_rng(seed), settings, templates) for seed in range(30))
        patient = next(p for p in patients if any(b.cleft for b in p.truth().bodies)).moved(position)
        body = next(b for b in patient.truth().bodies if b.cleft is not None)
        volume = patient.render(grid_about(body.landmarks_mm))
        gas[position] = int((volume.tissue == Tissue.CLEFT_GAS).sum())
        assert (gas[position] * STEP_MM**3 > 20) == (body.cleft is not None and body.cleft.area_mm2 > 0)
    assert gas[Position.EXTENSION] > gas[Position.FLEXION] == 0


def test_a_lumbar_patient_has_every_tissue_of_the_spine(templates):
    patient = draw_patient(np.random.default_rng(2), AnatomySettings(fractured=0.0, screws=1.0), templates)
    low, high = patient.bounds_mm() + np.array([[-10, -60, 0], [10, 30, 0]])
    volume = patient.render(grid_between(low, high, 1.5))
    wanted = {
        Tissue.FAT,
        Tissue.MUSCLE,
        Tissue.VESSEL,
        Tissue.CORTEX,
        Tissue.MARROW,
        Tissue.ANNULUS,
        Tissue.NUCLEUS,
        Tissue.CSF,
        Tissue.CORD,
        Tissue.LIGAMENT,
        Tissue.EPIDURAL_FAT,
        Tissue.METAL,
    }
    assert wanted <= {Tissue(int(value)) for value in np.unique(volume.tissue)}
    bone = np.isin(volume.tissue, [Tissue.CORTEX, Tissue.MARROW])
    assert volume.mineral[bone].mean() > 0.05
    assert volume.mineral[volume.tissue == Tissue.CSF].mean() < 0.1


@pytest.mark.parametrize("seed", range(3))
def test_facets_of_a_slipped_body_do_not_cut_the_one_below(seed, templates):
    """The upper body slips by two fifths of its depth; 3 mm within the lower one there is marrow and no cortex."""
    settings = AnatomySettings(
        slip=1.0,
        slip_part=(0.4, 0.4),
        fractured=0.0,
        occult=0.0,
        haemangioma=0.0,
        metastasis=0.0,
        modic=0.0,
        schmorl=0.0,
    )
    patient = draw_patient(np.random.default_rng(seed), settings, templates)
    slipped = next(level for level, disc in patient.discs.items() if disc.slip_mm > 0)
    pieces = {piece.level: piece for piece in patient.pieces}
    below = pieces[slipped + 1] if slipped + 1 in pieces else pieces[int(Level.S1)]
    low, high = below.bounds_mm(whole=False)
    volume = patient.render(grid_between(low, high, 1.0))
    deep = binary_erosion(volume.level == below.level, iterations=3)
    assert deep.sum() > 1000
    assert (volume.tissue[deep] == Tissue.MARROW).all()
    assert float(volume.mineral[deep].max()) < 0.35
