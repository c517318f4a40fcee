"""Grey values: the same whatever the number of slices, and made without copies of a whole volume."""

import tracemalloc

import numpy as np
import pytest

from ovf_imaging.vision.grey import film_grey, mri_grey

VOLUME = np.random.default_rng(0).normal(300, 200, (64, 96, 80)).astype(np.float32)


def test_values_are_the_scaled_percentiles():
    low, high = np.percentile(VOLUME, (1, 99.5))
    wanted = np.clip((VOLUME - low) / (high - low), 0, 1) ** 0.6
    np.testing.assert_array_equal(mri_grey(VOLUME), wanted.astype(np.float32))


@pytest.mark.parametrize("grey", [mri_grey, film_grey])
def test_padding_is_black_and_counts_for_nothing(grey):
    valid = np.ones(VOLUME.shape, bool)
    valid[:, :10] = False
    padded = np.where(valid, VOLUME, np.float32(-9999))
    found = grey(padded, valid)
    assert not found[~valid].any()
    np.testing.assert_array_equal(found[:, 10:], grey(VOLUME[:, 10:]))


def test_d13_a_volume_takes_its_grey_values_and_one_copy():
    tracemalloc.start()
    mri_grey(VOLUME)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1.5 * VOLUME.nbytes
