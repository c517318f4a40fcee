"""PNG, JPEG and TIFF as films or slices without millimetres."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray
from PIL import Image as Pil

from ovf_imaging.dicom import load_image, read_study
from ovf_imaging.errors import ImageError, StudyError
from ovf_imaging.types import Image, Position, Scale, Sequence, View

GREY: NDArray[np.uint8] = np.random.default_rng(1).integers(0, 256, (32, 24)).astype(np.uint8)
DEEP: NDArray[np.uint16] = np.random.default_rng(2).integers(0, 65536, (32, 24)).astype(np.uint16)
COLOUR: NDArray[np.uint8] = np.random.default_rng(3).integers(0, 256, (32, 24, 3)).astype(np.uint8)
LUMINANCE = COLOUR @ np.array([0.299, 0.587, 0.114])


def image_of(path: Path) -> Image:
    return load_image(read_study([path]).series[0])


def codes(image: Image) -> set[str]:
    return {c.code for c in image.caveats}


def saved(picture: Pil.Image, path: Path, **options: Any) -> Path:
    picture.save(path, **options)
    return path


def test_grey_png(tmp_path: Path) -> None:
    study = read_study([saved(Pil.fromarray(GREY), tmp_path / "flexion.png")])
    series = study.series[0]
    image = load_image(series)
    assert (series.view, series.sequence, series.position) == (View.UNKNOWN, Sequence.UNKNOWN, Position.FLEXION)
    assert (image.scale, image.scale_source, image.pixel_mm) == (Scale.UNKNOWN, "picture, pixels", (1.0, 1.0))
    assert (image.anterior_left, image.superior_up) == (None, None)
    assert codes(image) == {"scale-unknown"}
    np.testing.assert_array_equal(image.pixels, GREY[np.newaxis])


@pytest.mark.parametrize(("view", "sequence"), [(View.LATERAL, Sequence.NONE), (View.SAGITTAL, Sequence.UNKNOWN)])
def test_view_named_for_a_picture(tmp_path: Path, view: View, sequence: Sequence) -> None:
    series = read_study([saved(Pil.fromarray(GREY), tmp_path / "a.png")], view=view).series[0]
    assert (series.view, series.sequence) == (view, sequence)
    assert not series.caveats


def test_sequence_named_for_a_picture(tmp_path: Path) -> None:
    path = saved(Pil.fromarray(GREY), tmp_path / "a.png")
    assert read_study([path], view=View.SAGITTAL, sequence=Sequence.T2).series[0].sequence is Sequence.T2


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_sixteen_bits(tmp_path: Path, name: str) -> None:
    np.testing.assert_array_equal(image_of(saved(Pil.fromarray(DEEP), tmp_path / name)).pixels[0], DEEP)


def test_jpeg(tmp_path: Path) -> None:
    smooth = np.tile(np.linspace(0, 255, 24), (32, 1)).astype(np.uint8)
    image = image_of(saved(Pil.fromarray(smooth), tmp_path / "a.jpg", quality=95))
    np.testing.assert_allclose(image.pixels[0], smooth, atol=4)


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.bmp.tif"])
def test_colour_becomes_luminance(tmp_path: Path, name: str) -> None:
    image = image_of(saved(Pil.fromarray(COLOUR), tmp_path / name))
    np.testing.assert_allclose(image.pixels[0], LUMINANCE, atol=1e-3)


def test_grey_stored_as_colour_keeps_its_values(tmp_path: Path) -> None:
    path = saved(Pil.fromarray(np.stack([GREY] * 3, axis=-1)), tmp_path / "a.png")
    np.testing.assert_array_equal(image_of(path).pixels[0], GREY)


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_palette(tmp_path: Path, name: str) -> None:
    picture = Pil.fromarray(GREY, "L").convert("P") if name == "a.tif" else Pil.fromarray(COLOUR).quantize(16)
    image = image_of(saved(picture, tmp_path / name))
    expected = np.asarray(picture.convert("RGB")) @ np.array([0.299, 0.587, 0.114])
    seen = image.pixels[0] / (257 if name == "a.tif" else 1)
    np.testing.assert_allclose(seen, expected, atol=1.0)


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_transparent_pixels_are_not_valid(tmp_path: Path, mode: str, suffix: str) -> None:
    alpha = np.full(GREY.shape, 255, np.uint8)
    alpha[:, :8] = 0
    channels = [COLOUR[..., 0]] * (3 if mode == "RGBA" else 1)
    picture = Pil.fromarray(np.stack([*channels, alpha], axis=-1), mode)
    image = image_of(saved(picture, tmp_path / f"a.{suffix}"))
    assert image.valid is not None
    np.testing.assert_array_equal(image.valid[0], alpha > 0)
    np.testing.assert_array_equal(image.pixels[0][:, 8:], COLOUR[:, 8:, 0])


def test_transparent_colour(tmp_path: Path) -> None:
    path = saved(Pil.fromarray(GREY), tmp_path / "a.png", transparency=int(GREY[0, 0]))
    image = image_of(path)
    assert image.valid is not None
    np.testing.assert_array_equal(image.valid[0], GREY[0, 0] != GREY)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", ["jpg", "png", "tif"])
def test_exif_orientation(tmp_path: Path, orientation: int, suffix: str) -> None:
    smooth = np.add.outer(np.arange(32) * 4, np.arange(24)).astype(np.uint8)
    picture = Pil.fromarray(smooth)
    exif = Pil.Exif()
    exif[0x0112] = orientation
    path = tmp_path / f"a.{suffix}"
    if suffix == "tif":
        tifffile.imwrite(path, smooth, extratags=[(274, 3, 1, orientation, True)])
    else:
        saved(picture, path, exif=exif)
    image = image_of(path)
    turns = {
        1: smooth,
        2: smooth[:, ::-1],
        3: smooth[::-1, ::-1],
        4: smooth[::-1],
        5: smooth.T,
        6: smooth.T[:, ::-1],
        7: smooth.T[::-1, ::-1],
        8: smooth.T[::-1],
    }
    np.testing.assert_allclose(image.pixels[0], turns[orientation], atol=6 if suffix == "jpg" else 0)
    assert ("picture-turned" in codes(image)) == (orientation != 1)


def test_several_pages(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", np.stack([DEEP, DEEP // 2, DEEP // 3]), photometric="minisblack")
    image = image_of(tmp_path / "a.tif")
    np.testing.assert_array_equal(image.pixels[0], DEEP)
    assert "first-page-only" in codes(image)


def test_white_is_zero(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", DEEP, photometric="miniswhite")
    np.testing.assert_array_equal(image_of(tmp_path / "a.tif").pixels[0], 65535.0 - DEEP)


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_deflate", "packbits", "jpeg", None])
def test_compressed_tiff(tmp_path: Path, compression: str | None) -> None:
    path = saved(Pil.fromarray(GREY), tmp_path / "a.tif", compression=compression)
    np.testing.assert_allclose(image_of(path).pixels[0], GREY, atol=60 if compression == "jpeg" else 0)


def test_float_planar_and_big_endian_tiff(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", DEEP.astype(np.float32) / 7, byteorder=">", bigtiff=True)
    np.testing.assert_array_equal(image_of(tmp_path / "a.tif").pixels[0], DEEP.astype(np.float32) / 7)
    planes = np.moveaxis(COLOUR, -1, 0)
    tifffile.imwrite(tmp_path / "b.tif", planes, photometric="rgb", planarconfig="separate")
    np.testing.assert_allclose(image_of(tmp_path / "b.tif").pixels[0], LUMINANCE, atol=1e-3)


@pytest.mark.parametrize("mode", ["1", "CMYK", "YCbCr"])
def test_other_modes(tmp_path: Path, mode: str) -> None:
    picture = Pil.fromarray(COLOUR).convert(mode)
    path = saved(picture, tmp_path / ("a.png" if mode == "1" else "a.tif"))
    expected = np.asarray(picture.convert("L"), dtype=float)
    seen = image_of(path).pixels[0] * (255 if mode == "1" else 1)
    np.testing.assert_allclose(seen, expected, atol=3)


@pytest.mark.parametrize("suffix", ["png", "jpg", "tif"])
def test_truncated(tmp_path: Path, suffix: str) -> None:
    path = saved(Pil.fromarray(COLOUR), tmp_path / f"a.{suffix}")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(ImageError, match=rf"a\.{suffix}: unreadable, the picture is damaged"):
        image_of(path)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (np.zeros((1, 1), np.uint8), "got 1 × 1 pixels"),
        (np.full((32, 24), 9, np.uint8), "all pixels have the value 9"),
    ],
)
def test_nothing_to_see(tmp_path: Path, values: NDArray[np.uint8], words: str) -> None:
    with pytest.raises(ImageError, match=words):
        image_of(saved(Pil.fromarray(values), tmp_path / "a.png"))


def test_nan_tiff(tmp_path: Path) -> None:
    values = DEEP.astype(np.float32)
    values[3, 3] = np.nan
    tifffile.imwrite(tmp_path / "a.tif", values)
    with pytest.raises(ImageError, match="NaN or infinite"):
        image_of(tmp_path / "a.tif")


def test_all_transparent(tmp_path: Path) -> None:
    picture = Pil.fromarray(np.dstack([COLOUR, np.zeros((32, 24), np.uint8)]), "RGBA")
    with pytest.raises(ImageError, match="all pixels are padding"):
        image_of(saved(picture, tmp_path / "a.png"))


@pytest.mark.slow
def test_a_film_of_95_megapixels_is_read_and_a_bomb_is_not(tmp_path: Path) -> None:
    big = Pil.new("L", (10000, 9500))
    big.putpixel((5, 5), 200)
    assert image_of(saved(big, tmp_path / "a.png")).pixels.shape == (1, 9500, 10000)
    with pytest.raises(ImageError, match="too large"):
        image_of(saved(Pil.new("1", (20000, 20000)), tmp_path / "b.png"))


def test_pictures_of_one_folder_and_beside_dicom(tmp_path: Path) -> None:
    from tests.dicom.build import save_series

    for name in ("flexion", "extension"):
        saved(Pil.fromarray(GREY), tmp_path / f"{name}.png")
    study = read_study([tmp_path])
    assert [s.position for s in study.series] == [Position.EXTENSION, Position.FLEXION]
    assert [c.code for c in study.caveats] == ["taken-as-one-study"]
    save_series(tmp_path)
    study = read_study([tmp_path])
    assert [s.modality for s in study.series] == ["MR"]
    assert [c.code for c in study.caveats] == ["picture-set-aside"]
    both = read_study([tmp_path, tmp_path / "flexion.png"])
    assert [s.modality for s in both.series] == ["MR", "PICTURE"]


def test_a_picture_named_dicom_is_a_picture(tmp_path: Path) -> None:
    path = saved(Pil.fromarray(GREY), tmp_path / "a.png")
    path.rename(tmp_path / "a.dcm")
    assert image_of(tmp_path / "a.dcm").scale is Scale.UNKNOWN
    with pytest.raises(StudyError, match="no such file"):
        read_study([path])


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_broken_pictures_make_no_noise(
    tmp_path: Path, suffix: str, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    path = saved(Pil.fromarray(GREY), tmp_path / f"a.{suffix}")
    raw = bytearray(path.read_bytes())
    for place in (10, 22, 37, 46, 58):
        raw[place] ^= 0xFF
    path.write_bytes(bytes(raw))
    with pytest.raises(ImageError, match="unreadable, the picture is damaged"):
        image_of(path)
    assert capfd.readouterr().err == ""
    assert not caplog.records
