"""The shipped bundles at work, on the bundled samples and on real images that are not shipped."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ovf_imaging.dicom import load_image, read_study
from ovf_imaging.errors import NoVertebraeError, OVFError, ReadingError
from ovf_imaging.training import film_data
from ovf_imaging.types import Image, Level, Position, Reading, Scale, Sequence, View
from ovf_imaging.vision import Reader, choose_device

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "data_samples"


@pytest.fixture(scope="module")
def reader() -> Reader:
    """Return the reader with the committed weights, on the CPU."""
    return Reader.load(ROOT / "models", "cpu")


@pytest.fixture(scope="module")
def volume() -> Image:
    """Return seven slices of the real T2 volume around the middle."""
    image = load_image(read_study([SAMPLES / "mri_t2_thoracolumbar" / "t2_lumbar.nii.gz"]).series[0])
    return cut(image, slices=slice(16, 31, 2))


def cut(image: Image, slices: slice = slice(None), rows: slice = slice(None)) -> Image:
    """Return a part of an image, its affine moved along."""
    affine = image.affine.copy()
    first = np.array([slices.start or 0, rows.start or 0, 0, 1])
    affine[:3, 3] = (image.affine @ first)[:3]
    affine[:3, 0] *= slices.step or 1
    return replace(image, pixels=image.pixels[slices, rows], affine=affine, valid=None)


def in_mm(reading: Reading) -> dict[int, np.ndarray]:
    """Return level → landmarks in LPS mm of the bodies that are whole."""
    return {v.level: reading.image.to_mm(v.landmarks) for v in reading.vertebrae if v.complete}


def test_real_volume_is_read_head_to_foot(reader: Reader, volume: Image):
    """Five whole bodies at least, in order, each with its label under its landmarks, and the level in doubt."""
    reading = reader.read(volume)
    levels = [v.level for v in reading.vertebrae]
    assert levels == sorted(set(levels))
    assert sum(v.complete for v in reading.vertebrae) >= 5
    for v in reading.vertebrae:
        row, column = v.landmarks[:, 1:].mean(0).round().astype(int)
        assert reading.labels[int(v.landmarks[0, 0]), row, column] == v.level
        assert v.covariance.shape == (6, 2, 2)
        assert np.linalg.eigvalsh(v.covariance).min() > 0
    assert "levels-not-anchored" in {c.code for c in reading.caveats}


def test_levels_are_counted_from_the_one_that_is_stated(reader: Reader, volume: Image):
    """The lowest whole body is stated to be L3: all shift, the pictures of them with them, and nothing is in doubt."""
    found, stated = reader.read(volume), replace(reader, mri=replace(reader.mri, lowest=Level.L3)).read(volume)
    shift = found.vertebrae[-1].level - Level.L3
    assert shift != 0
    assert [v.level + shift for v in stated.vertebrae] == [v.level for v in found.vertebrae]
    np.testing.assert_array_equal(np.where(stated.labels > 0, stated.labels.astype(int) + shift, 0), found.labels)
    codes = {c.code for c in stated.caveats}
    assert "levels-stated" in codes
    assert "levels-not-anchored" not in codes


def test_crops_that_stray_from_the_masks_are_not_believed(reader: Reader, volume: Image):
    """Believed up to a quarter of a depth; not at all, the landmarks lie on the labels' edges."""
    bundle = reader.mri.bundle
    doubting = replace(bundle, settings={**bundle.settings, "crop_astray_depths": 0.0})
    found, edges = (replace(reader.mri, bundle=b).read(volume) for b in (bundle, doubting))
    for crop, edge in zip(found.vertebrae, edges.vertebrae, strict=True):
        apart = np.linalg.norm((crop.landmarks - edge.landmarks)[:, 1:], axis=1)
        depth = np.linalg.norm((edge.landmarks[0] - edge.landmarks[2])[1:])
        assert 0 < apart.max() < 0.25 * depth
        near = edges.labels[int(edge.landmarks[0, 0])] == edge.level
        inward = edge.landmarks[:, 1:] + 0.15 * (edge.landmarks[:, 1:].mean(0) - edge.landmarks[:, 1:])
        rows, columns = inward.round().astype(int).T
        assert near[rows, columns].all()


ORIENTATIONS = {"rows up": (1,), "front right": (2,), "both": (1, 2), "right to left": (0,)}


@pytest.mark.parametrize("name", ORIENTATIONS)
def test_storage_order_does_not_matter(reader: Reader, volume: Image, name: str):
    """Field report A13: the same physical slice stored otherwise gives the same landmarks in space within 1 px."""
    affine = volume.affine.copy()
    pixels = volume.pixels
    for axis in ORIENTATIONS[name]:
        affine[:3, 3] += affine[:3, axis] * (pixels.shape[axis] - 1)
        affine[:3, axis] *= -1
        pixels = np.flip(pixels, axis)
    told = in_mm(reader.read(volume))
    stored = in_mm(reader.read(replace(volume, pixels=np.ascontiguousarray(pixels), affine=affine)))
    assert stored.keys() == told.keys()
    for level, points in told.items():
        assert stored[level] == pytest.approx(points, abs=1.0)


def test_lying_slices_are_turned(reader: Reader, volume: Image):
    """A volume whose rows run front to back and columns head to foot reads the same."""
    affine = volume.affine[:, [0, 2, 1, 3]]
    turned = replace(volume, pixels=np.ascontiguousarray(volume.pixels.transpose(0, 2, 1)), affine=affine)
    told, stored = in_mm(reader.read(volume)), in_mm(reader.read(turned))
    assert all(stored[k] == pytest.approx(told[k], abs=1.0) for k in told)


def height_changes(a: Reading, b: Reading, wanted: int) -> np.ndarray:
    """Return |Δ height| in mm, front, middle and back, of the whole bodies that lie in the same place in both."""
    changes = []
    there = [b.image.to_mm(v.landmarks) for v in b.vertebrae if v.complete]
    for v in (v for v in a.vertebrae if v.complete):
        mm = a.image.to_mm(v.landmarks)
        same = min(there, key=lambda p: float(np.linalg.norm(p.mean(0) - mm.mean(0))))
        if np.linalg.norm(same.mean(0) - mm.mean(0)) < 5:
            heights = [np.linalg.norm(p[:3] - p[3:], axis=1) for p in (mm, same)]
            changes.append(np.abs(heights[0] - heights[1]))
    assert len(changes) >= wanted
    return np.array(changes)


@pytest.mark.parametrize(("factor", "median_mm", "most_mm"), [(1.6, 0.5, 1.5), (0.5, 1.0, 3.0)])
def test_pixel_size_does_not_matter(reader: Reader, volume: Image, factor: float, median_mm: float, most_mm: float):
    """Field report D7: a slice at 0.6 mm gives the heights it gives at 1 mm; at 2 mm within half a pixel."""
    one = cut(volume, slices=slice(3, 4))
    x = torch.from_numpy(one.pixels)[:, None]
    pixels = torch.nn.functional.interpolate(x, scale_factor=factor, mode="bilinear", antialias=factor < 1)[:, 0]
    affine = one.affine.copy()
    steps = np.array(one.pixels.shape[1:]) / np.array(pixels.shape[1:])
    affine[:3, 3] += affine[:3, 1:3] @ (steps / 2 - 0.5)
    affine[:3, 1:3] *= steps
    changes = height_changes(reader.read(one), reader.read(replace(one, pixels=pixels.numpy(), affine=affine)), 4)
    assert np.median(changes) < median_mm
    assert changes.max() < most_mm


def test_cropping_leaves_whole_bodies_alone(reader: Reader, volume: Image):
    """Field report D3: a crop leaves the heights of whole bodies as they were; their levels are in doubt."""
    part = reader.read(cut(volume, rows=slice(30, 150)))
    assert "levels-not-anchored" in {c.code for c in part.caveats}
    changes = height_changes(part, reader.read(volume), 3)
    assert np.median(changes) < 0.7
    assert changes.max() < 1.5


def test_threads_read_alike(reader: Reader, volume: Image):
    """Field report E5: four threads at once give what one gives, bit for bit."""
    alone = reader.read(volume)
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(reader.read, [volume] * 4))
    for reading in together:
        assert np.array_equal(reading.labels, alone.labels)
        for a, b in zip(reading.vertebrae, alone.vertebrae, strict=True):
            assert np.array_equal(a.landmarks, b.landmarks)


@pytest.mark.parametrize("view", [View.SAGITTAL, View.LATERAL, View.UNKNOWN])
@pytest.mark.parametrize("kind", ["noise", "ramp", "black with a dot"])
def test_no_spine_no_numbers(reader: Reader, view: View, kind: str):
    """Field reports D3, D6: pictures without a spine are refused."""
    rng = np.random.default_rng(3)
    pixels = {
        "noise": rng.normal(100, 30, (1, 300, 220)),
        "ramp": np.linspace(0, 1, 300)[None, :, None] * np.ones((1, 300, 220)),
        "black with a dot": np.pad(np.ones((1, 4, 4)), ((0, 0), (148, 148), (108, 108))),
    }[kind]
    with pytest.raises(NoVertebraeError, match="no column of vertebrae found"):
        reader.read(picture(pixels, view))


def picture(pixels: np.ndarray, view: View) -> Image:
    """Return an image without scale."""
    return Image(
        pixels=pixels.astype(np.float32),
        affine=np.array([[1.0, 0, 0, 0], [0, 0, 1, 0], [0, -1, 0, 0], [0, 0, 0, 1]]),
        view=view,
        sequence=Sequence.UNKNOWN,
        position=Position.UNKNOWN,
        scale=Scale.UNKNOWN,
        scale_source="none",
    )


def test_axial_is_refused(reader: Reader, volume: Image):
    """Another plane gets its name in the refusal."""
    with pytest.raises(ReadingError, match="this image is axial"):
        reader.read(replace(volume, view=View.AXIAL))


def test_projected_film_is_read(reader: Reader):
    """The projected CT: at least five of its eight bodies, front to the left as told."""
    image = load_image(read_study([SAMPLES / "film_l1_collapse" / "film.dcm"]).series[0])
    reading = reader.read(image)
    assert len(reading.vertebrae) >= 5
    assert all(v.landmarks[0, 2] < v.landmarks[2, 2] for v in reading.vertebrae)


@pytest.mark.real_data
@pytest.mark.parametrize("name", film_data.HELD_BACK)
def test_mirrored_film_reads_mirrored(reader: Reader, shared_data: Path, name: str):
    """Field report B16: a film and its mirror image give the same bodies, front and back each where it lies."""
    image = load_image(read_study([shared_data / "radiographs_lateral_lumbar" / name], view=View.LATERAL).series[0])
    width = image.pixels.shape[2]
    there = reader.read(image)
    mirrored = reader.read(replace(image, pixels=np.ascontiguousarray(image.pixels[:, :, ::-1])))
    fronts = [[v.landmarks[0, 2] - v.landmarks[2, 2] for v in r.vertebrae] for r in (there, mirrored)]
    assert np.sign(np.median(fronts[0])) == -np.sign(np.median(fronts[1]))
    centres = np.array([v.landmarks[:, 1:].mean(0) for v in there.vertebrae])
    back = np.array([[v.landmarks[:, 1].mean(), width - 1 - v.landmarks[:, 2].mean()] for v in mirrored.vertebrae])
    depth = abs(np.median(fronts[0]))
    near = np.linalg.norm(centres[:, None] - back[None], axis=-1).min(1)
    assert np.mean(near < 0.3 * depth) > 0.6


@pytest.mark.real_data
def test_frontal_films_are_refused(reader: Reader, shared_data: Path):
    """Frontal films kept out of training are refused, told lateral or not; the model card reports the rate over all."""
    names = sorted(p.name for p in (shared_data / "radiographs_ap_landmarks").glob("*.jpg"))[::5][:12]
    for name in names:
        image = load_image(read_study([shared_data / "radiographs_ap_landmarks" / name], view=View.LATERAL).series[0])
        for view in (View.LATERAL, View.UNKNOWN):
            with pytest.raises(ReadingError, match="looks frontal"):
                reader.read(replace(image, view=view))


def test_auto_device_is_always_there():
    """`auto` and `cpu` work everywhere; an absent GPU is said in one line."""
    assert choose_device("auto").type in ("cpu", "cuda")
    assert choose_device("cpu").type == "cpu"
    if not torch.cuda.is_available():
        with pytest.raises(OVFError, match="torch sees no GPU"):
            choose_device("cuda")
