"""From votes to bodies, on outputs drawn by hand."""

from dataclasses import replace

import numpy as np
import pytest

from ovf_imaging.vision.channels import LEVEL_CLASSES, OFFSET_UNIT
from ovf_imaging.vision.decode import Dense, chain, instance_labels, link, sights_in_slice


def body_at(row: float, column: float, height: float = 26, depth: float = 34) -> np.ndarray:
    """Return six landmarks of an upright body, front left."""
    top, bottom = row - height / 2, row + height / 2
    left, middle, right = column - depth / 2, column, column + depth / 2
    return np.array([[top, left], [top, middle], [top, right], [bottom, left], [bottom, middle], [bottom, right]])


def drawn(bodies: list[np.ndarray], slices: int = 1, shape: tuple[int, int] = (256, 96)) -> Dense:
    """Return network outputs that would be right for `bodies` in every slice."""
    h, w = shape
    mask = np.zeros((slices, h, w), np.float32)
    votes = np.zeros((slices, 6, 2, h // 2, w // 2), np.float32)
    grid = np.stack(np.meshgrid(np.arange(h // 2), np.arange(w // 2), indexing="ij"), -1) * 2 + 0.5
    rows, columns = np.arange(h)[:, None], np.arange(w)[None]
    for body in bodies:
        inside = (rows >= body[0, 0]) & (rows <= body[3, 0]) & (columns >= body[0, 1]) & (columns <= body[2, 1])
        mask[:, inside] = 0.95
        half = inside[::2, ::2] | inside[1::2, 1::2]
        offset = (body[None, None] - grid[:, :, None]) / OFFSET_UNIT
        votes[:, :, :, half] = offset[half].transpose(1, 2, 0)
    return Dense(
        body=mask,
        sacrum=np.zeros_like(mask),
        votes=votes,
        spread=np.full((slices, 6, h // 2, w // 2), -3.0, np.float32),
        levels=np.zeros((slices, len(LEVEL_CLASSES), h // 2, w // 2), np.float32),
    )


def found(dense: Dense) -> list:
    """Return the chain of tracks."""
    return chain(link([sights_in_slice(dense, s) for s in range(len(dense.body))]))


def test_each_body_is_found_where_its_pixels_vote():
    """Four bodies give four tracks whose landmarks are the ones voted for."""
    bodies = [body_at(r, 48) for r in (40, 76, 112, 148)]
    tracks = found(drawn(bodies, slices=3))
    assert len(tracks) == 4
    for track, body in zip(tracks, bodies, strict=True):
        assert track.best.landmarks == pytest.approx(body, abs=0.2)
        assert track.best.slice == 1


def test_touching_bodies_stay_two():
    """Bodies whose masks touch, as in a collapsed spine, are told apart by their votes."""
    bodies = [body_at(60, 48, 20), body_at(80, 48, 18), body_at(104, 48, 26)]
    dense = drawn(bodies)
    tracks = found(dense)
    assert len(tracks) == 3
    labels = instance_labels(dense, tracks)
    assert {int(labels[0, r, 48]) for r in (60, 80, 104)} == {1, 2, 3}


def test_a_blob_beside_the_column_is_left_out():
    """A spinous process or a rib taken for a body does not join the chain."""
    bodies = [body_at(r, 60) for r in (40, 76, 112, 148)] + [body_at(112, 12, 10, 12)]
    assert len(found(drawn(bodies))) == 4


def test_nothing_gives_nothing():
    """Field report D6: an empty prediction is an empty chain."""
    assert found(drawn([])) == []


def test_a_body_found_twice_counts_once():
    """Two tracks on the same place: the surer one stays."""
    bodies = [body_at(r, 48) for r in (40, 76, 112, 148)]
    tracks = [t for b in bodies for t in link([sights_in_slice(drawn([b]), 0)])]
    twin = link([sights_in_slice(drawn([body_at(118, 52, 20, 30)]), 0)])
    assert len(chain([*tracks, *twin])) == 4


def test_the_column_ends_at_one_sacrum():
    """S1 seen twice is one, and S2 below it is left out; a collapsed L5 near S1 stays."""
    bodies = [body_at(r, 48) for r in (30, 66)] + [body_at(92, 48, 12), body_at(112, 48, 14), body_at(142, 48, 14)]
    dense = drawn(bodies)
    sacrum = np.zeros_like(dense.body)
    sacrum[:, 104:] = 0.99 * (dense.body[:, 104:] > 0)
    tracks = found(replace(dense, sacrum=sacrum))
    assert [t.sacrum > 0.5 for t in tracks] == [False, False, False, True]
    assert tracks[-1].best.centre[0] == pytest.approx(112, abs=1)
