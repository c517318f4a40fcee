"""Healthy people's masks, measured and graded as a reading would be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from ovf_imaging.assess import assess
from ovf_imaging.measure import measure
from ovf_imaging.types import Reading, Vertebra
from ovf_imaging.vision.mask_landmarks import frame_from_centres, mask_landmarks
from tests.measure.build import image


def mask_reading(path: Path) -> Reading:
    """Return the readers' masks of a volume at 1 mm as a Reading, landmarks on each body's middle slice."""
    labels = sitk.GetArrayFromImage(sitk.ReadImage(str(path))).astype(np.uint8)
    levels = [int(k) for k in np.unique(labels) if k]
    centres = np.array([np.argwhere(labels == k).mean(0) for k in levels])
    bodies = []
    for index, level in enumerate(levels):
        place = round(float(centres[index][0]))
        up, front = frame_from_centres(centres[:, 1:], index, np.array([0.0, -1.0]))
        points = mask_landmarks(labels[place] == level, up, front)
        assert points is not None
        bodies.append(
            Vertebra(
                level=level,
                landmarks=np.concatenate([np.full((6, 1), float(place)), points], 1),
                covariance=np.tile(np.eye(2) / 4, (6, 1, 1)),
                confidence=0.9,
            )
        )
    return Reading(image=image(shape=labels.shape), labels=labels, vertebrae=tuple(bodies), reader="masks")


@pytest.mark.real_data
def test_healthy_adults_have_no_fractures(shared_data: Path) -> None:
    """Of 301 bodies of 55 healthy adults at most one in a hundred is graded, and no mask is called mixed."""
    grades = []
    for source in ("zenodo22304", "myosegmentum"):
        for path in sorted((shared_data / "mri_vertebral_bodies").glob(f"{source}_*_labels.nii.gz")):
            reading = mask_reading(path)
            rows = measure(reading, 0)
            assert "mask-mixed" not in {c.code for r in rows for c in r.caveats}
            grades += [f.grade for f in assess((reading,), rows).findings]
    assert len(grades) > 290
    assert None not in grades
    assert sum(g != 0 for g in grades) <= len(grades) // 100
