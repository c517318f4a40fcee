"""Figures of realism on pictures made by hand."""

import csv

import numpy as np
import pytest
import torch
from scipy import ndimage

from ovf_imaging.training.realism.classify import by_features, by_pictures, held_out_accuracy, logistic
from ovf_imaging.training.realism.compare import compare, contact_sheet, grey_distance, write_tables
from ovf_imaging.training.realism.crops import Bodies, Crop, crops_of, shrunk, some_crops
from ovf_imaging.training.realism.features import (
    edge_width_px,
    grey_histogram,
    marrow,
    noise_sigma,
    spectrum_db,
    tissues,
)
from ovf_imaging.training.scene import Scene
from ovf_imaging.training.sim_only import body_dice

SIDE = 64
MIDDLE = SIDE / 2 - 0.5
# Superior then inferior endplate, front (left), middle, back; 30 pixels deep, 24 high.
BODY = np.array([[-12, -15], [-12, 0], [-12, 15], [12, -15], [12, 0], [12, 15]], float) + MIDDLE


def block(blur: float = 1.0, noise: float = 0.0, seed: int = 0, subject: str = "a") -> Crop:
    """Return a bright body of BODY's shape on a dark ground, blurred, with white noise."""
    rows, columns = np.meshgrid(np.arange(SIDE), np.arange(SIDE), indexing="ij")
    inside = (abs(rows - MIDDLE) < 12) & (abs(columns - MIDDLE) < 15)
    pixels = ndimage.gaussian_filter(0.2 + 0.5 * inside, blur) if blur else 0.2 + 0.5 * inside
    pixels = pixels + np.random.default_rng(seed).normal(0, noise, pixels.shape)
    return Crop(pixels=pixels.astype(np.float32), landmarks=BODY, subject=subject, pixel_mm=1.1)


def noisy(count: int, name: str, offset: float = 0.0) -> list[Crop]:
    """Return blocks of `count` subjects, two each, `offset` brighter than 0.2 and 0.7."""
    crops = []
    for number in range(2 * count):
        crop = block(noise=0.03, seed=number + 1000 * (name == "b"), subject=f"{name}{number // 2}")
        crops.append(Crop(pixels=crop.pixels + np.float32(offset), landmarks=BODY, subject=crop.subject, pixel_mm=None))
    return crops


@pytest.mark.parametrize("blur", [1.0, 1.5, 2.0])
def test_a_blurred_edge_has_the_width_put_in(blur: float):
    assert edge_width_px(block(blur)) == pytest.approx(2.563 * blur, rel=0.08)


def test_noise_is_what_was_added_and_blur_adds_none():
    crop = block(noise=0.05)
    assert noise_sigma(crop.pixels, marrow(crop)) == pytest.approx(0.05, rel=0.15)
    still = block()
    assert noise_sigma(still.pixels, marrow(still)) < 1e-3


def test_white_noise_has_a_flat_spectrum_and_blur_takes_its_upper_end():
    white = np.random.default_rng(0).normal(0, 1, (128, 128)).astype(np.float32)
    bands = spectrum_db(white)
    assert np.abs(bands).max() < 1.5
    blurred = spectrum_db(ndimage.gaussian_filter(white, 1.0))
    assert blurred[0] - blurred[-1] > 20


def test_histograms_sum_to_one_and_their_distance_is_the_shift():
    dark, bright = (grey_histogram(np.full((8, 8), v, np.float32)) for v in (0.28, 0.53))
    assert dark.sum() == pytest.approx(1)
    assert grey_distance(dark[None], bright[None]) == pytest.approx(0.25)


def test_tissues_are_read_in_and_around_the_body():
    crop = block()
    inside, texture, above, below, front, behind, rim = tissues(crop)
    assert inside == pytest.approx(0.7, abs=0.02)
    assert texture < 0.02
    assert [above, below, front, behind] == pytest.approx([0.2] * 4, abs=0.02)
    assert 0.2 < rim < 0.7


def test_identical_sets_are_not_told_apart():
    """Both halves are drawn alike: the truth is random, so accuracy stays near a half."""
    crops = noisy(60, "a")
    numbers = np.stack([spectrum_db(c.pixels) for c in crops])
    simulated = np.repeat(np.random.default_rng(3).random(60) < 0.5, 2)
    accuracy = held_out_accuracy(
        simulated, [c.subject for c in crops], np.random.default_rng(0), logistic(numbers, simulated)
    )
    assert 0.35 < accuracy < 0.65


def test_a_planted_offset_is_told_apart_by_greys_and_not_by_spectrum():
    crops = noisy(30, "a") + noisy(30, "b", offset=0.1)
    simulated = np.array([c.subject[0] == "b" for c in crops])
    numbers = {
        "greys": np.stack([grey_histogram(c.pixels) for c in crops]),
        "spectrum": np.stack([spectrum_db(c.pixels) for c in crops]),
    }
    found = by_features(numbers, simulated, [c.subject for c in crops], 0)
    assert found["greys alone"] > 0.95
    assert found["without spectrum"] == found["greys alone"]
    assert found["spectrum alone"] < 0.7


def test_a_planted_pattern_is_seen_by_the_small_network_in_the_fine_part():
    """A fine checkerboard lies in the fine part alone."""
    board = (np.indices((SIDE, SIDE)).sum(0) % 2 * 0.1).astype(np.float32)
    crops = noisy(20, "a") + noisy(20, "b")
    simulated = np.array([c.subject[0] == "b" for c in crops])
    pictures = [c.pixels + board * np.float32(s) for c, s in zip(crops, simulated, strict=True)]
    torch.set_num_threads(1)
    found = by_pictures(pictures, simulated, [c.subject for c in crops], 0)
    assert found["fine part"] > 0.9
    assert found["coarse part"] < 0.75


def test_one_patient_is_not_enough():
    simulated = np.array([False, False, True, True])
    with pytest.raises(ValueError, match="two patients or films wanted"):
        held_out_accuracy(simulated, ["a", "a", "b", "c"], np.random.default_rng(0), lambda train: train)


def test_a_patient_is_never_in_training_and_test_at_once():
    subjects = [f"s{n // 3}" for n in range(30)]
    simulated = np.arange(30) >= 15
    seen: list[np.ndarray] = []

    def verdicts(train: np.ndarray) -> np.ndarray:
        seen.append(train)
        return simulated

    assert held_out_accuracy(simulated, subjects, np.random.default_rng(0), verdicts) == 1.0
    for train in seen:
        kept = {s for s, t in zip(subjects, train, strict=True) if t}
        assert kept.isdisjoint({s for s, t in zip(subjects, train, strict=True) if not t})


def test_crops_are_upright_and_those_at_the_border_are_left_out():
    """A body lying on its side in the picture stands in its crop; one at the edge has none."""
    picture = np.zeros((200, 200), np.float32)
    picture[85:116, 90:111] = 1.0  # 31 rows deep, 21 columns high: its head points right, its front up
    lying = np.array([[85, 110], [100, 110], [115, 110], [85, 90], [100, 90], [115, 90]], float)
    edge = lying - [84.0, 0.0]
    bodies = Bodies(grey=picture, landmarks={20: lying, 21: edge, 26: lying}, subject="a", pixel_mm=0.5)
    (crop,) = crops_of(bodies, SIDE)
    assert crop.landmarks[0, 0] < crop.landmarks[3, 0]
    assert crop.landmarks[0, 1] < crop.landmarks[2, 1]
    assert crop.pixel_mm == pytest.approx(0.5 * 2.1 * 30 / SIDE)
    rows, columns = np.nonzero(crop.pixels > 0.5)
    assert np.ptp(columns) / np.ptp(rows) == pytest.approx(1.5, rel=0.1)


def test_shrinking_moves_landmarks_along_and_never_enlarges():
    bodies = Bodies(grey=np.zeros((100, 80), np.float32), landmarks={20: BODY}, subject="a", pixel_mm=0.5)
    half = shrunk(bodies, 0.5)
    assert half.grey.shape == (50, 40)
    assert half.pixel_mm == 1.0
    assert half.landmarks[20] == pytest.approx((BODY + 0.5) / 2 - 0.5)
    assert shrunk(bodies, 1.5) is bodies


def test_no_patient_outweighs_the_others():
    grey = np.zeros((100, 100), np.float32)
    slices = [Bodies(grey=grey, landmarks={20: BODY + 20}, subject="a") for _ in range(20)]
    slices.append(Bodies(grey=grey, landmarks={20: BODY + 20}, subject="b"))
    chosen = some_crops(slices, SIDE, np.random.default_rng(0))
    assert [c.subject for c in chosen] == ["a"] * 8 + ["b"]


def test_a_comparison_says_what_was_planted_and_writes_its_tables(tmp_path):
    real = [block(1.0, 0.01, n, f"r{n}") for n in range(6)]
    simulated = [block(2.0, 0.01, n, f"s{n}") for n in range(6)]
    found = compare(real, simulated, 0)
    assert found["edge_width_px"]["simulated"] > 1.5 * found["edge_width_px"]["real"]
    assert found["edge_width_mm"]["real"] == pytest.approx(1.1 * found["edge_width_px"]["real"], abs=0.02)
    assert found["told_apart"]["edges alone"] == 1.0
    write_tables(tmp_path, "blocks", real, simulated)
    with (tmp_path / "spectrum_blocks.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(found["spectrum_db"])
    assert float(rows[-1]["difference"]) == pytest.approx(found["spectrum_db"]["0.5"], abs=0.001)


def test_the_sheet_shows_real_left_and_simulated_right():
    dark, bright = noisy(2, "a", offset=-0.2), noisy(2, "b", offset=0.2)
    sheet = np.asarray(contact_sheet(dark, bright, np.random.default_rng(0)))
    assert sheet[:SIDE, :SIDE].mean() < sheet[:SIDE, -6 * SIDE :][:, :SIDE].mean() - 80


def test_dice_leaves_out_what_is_not_labelled():
    """A network that calls everything body: half the labelled pixels are, so Dice is 2/3."""

    class Everything(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.ones(len(x), 2, *x.shape[2:])

    instances = torch.zeros((40, 40), dtype=torch.uint8)
    instances[:10] = 20
    ignore = torch.zeros((2, 40, 40), dtype=torch.bool)
    ignore[:, 20:] = True
    scene = Scene(image=torch.zeros(5, 40, 40), instances=instances, ignore=ignore)
    assert body_dice(Everything(), [scene]) == pytest.approx(2 / 3)
