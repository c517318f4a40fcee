"""The examination of drawn patients: what is labelled is where the truth says."""

import numpy as np
import pytest

from ovf_imaging.training.simulation.anatomy import AnatomySettings, draw_patient, load_templates
from ovf_imaging.training.simulation.mri import MriSettings, acquire, draw_protocol
from ovf_imaging.types import Level, Position, Sequence

SETTINGS = MriSettings(matrix=(256, 256), pixel_mm=(1.0, 1.0), slices=(15, 15), tilt_deg=(-3, 3))

pytestmark = pytest.mark.real_data  # the patients are built from its meshes


@pytest.fixture(scope="module")
def templates(shared_data):
    return load_templates(shared_data / "meshes")


@pytest.mark.parametrize("seed", range(4))
def test_landmarks_lie_on_the_edge_of_their_label(templates, seed):
    rng = np.random.default_rng(seed)
    patient = draw_patient(rng, AnatomySettings(), templates).moved(Position.SUPINE)
    scan = acquire(patient, draw_protocol(rng, SETTINGS), rng)
    affine, misses = scan.images[Sequence.T2].affine, []
    for body in patient.truth().bodies:
        points = np.linalg.solve(affine, np.c_[body.landmarks_mm, np.ones(6)].T).T[:, :3]
        inside = np.all((points > 2) & (points < np.array(scan.labels.shape) - 3), axis=1).all()
        if not inside or body.level == Level.S1 or "schmorl" in body.traps:
            continue
        for point, outermost, edge in ((points[1], np.min, -0.5), (points[4], np.max, 0.5)):
            slice_, _, column = np.rint(point).astype(int)
            rows = np.flatnonzero(scan.labels[slice_, :, column] == body.level)
            misses.append(outermost(rows) + edge - point[1])
    assert len(misses) >= 6
    assert np.median(np.abs(misses)) < 0.6
    assert np.percentile(np.abs(misses), 90) < 1.2


def test_same_seed_same_bytes(templates):
    def pixels():
        rng = np.random.default_rng(9)
        patient = draw_patient(rng, AnatomySettings(), templates)
        small = MriSettings(matrix=(96, 96), pixel_mm=(1.6, 1.6), slices=(3, 3))
        return [image.pixels.tobytes() for image in acquire(patient, draw_protocol(rng, small), rng).images.values()]

    assert pixels() == pixels()
