"""Pixels as stored to pixels as seen (field reports B4 to B14, C2, C5)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from ovf_imaging.dicom import load_image, read_study
from ovf_imaging.errors import ImageError, StudyError
from ovf_imaging.types import Image
from tests.dicom.build import Array, film, mr, put_pixels, ramp, save, save_compressed, save_series
from tests.dicom.jpeg_lossless import encode

SIGNED = np.linspace(-2000, 2000, 64 * 48).round().astype(np.int16).reshape(64, 48)
UNSIGNED = (SIGNED + 2000).astype(np.uint16)


def image_of(path: Path) -> Image:
    return load_image(read_study([path]).series[0])


def compressed(ds: Dataset, syntax: UID) -> bytes:
    """One frame of a dataset, compressed by the encoder that is at hand."""
    if syntax in (JPEGLossless, JPEGLosslessSV1):
        stored = np.frombuffer(ds.PixelData, "<u2").reshape(ds.Rows, ds.Columns)
        return encode(stored & ((1 << ds.BitsStored) - 1), ds.BitsStored)
    plugin = {JPEG2000Lossless: "pylibjpeg", JPEGLSLossless: "pyjpegls", RLELossless: "pydicom"}[syntax]
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.compress(syntax, encoding_plugin=plugin)
    return next(generate_frames(ds.PixelData, number_of_frames=1))


def test_b4_monochrome1_is_inverted_once(tmp_path: Path) -> None:
    plain = image_of(save(film(4095 - ramp()), tmp_path / "2.dcm"))
    inverse = image_of(save(film(ramp(), PhotometricInterpretation="MONOCHROME1"), tmp_path / "1.dcm"))
    np.testing.assert_array_equal(plain.pixels, inverse.pixels)


def test_b4_inversion_comes_after_rescaling(tmp_path: Path) -> None:
    changes: dict[str, Any] = {"PhotometricInterpretation": "MONOCHROME1", "RescaleSlope": 2, "RescaleIntercept": -1000}
    image = image_of(save(film(ramp(), **changes), tmp_path / "1.dcm"))
    np.testing.assert_array_equal(image.pixels[0], (4095.0 - ramp()) * 2 - 1000)


def test_b5_negative_slope_is_the_plain_picture(tmp_path: Path) -> None:
    plain = image_of(save(film(4095 - ramp()), tmp_path / "2.dcm"))
    turned = image_of(save(film(ramp(), RescaleSlope=-1, RescaleIntercept=4095), tmp_path / "1.dcm"))
    np.testing.assert_array_equal(plain.pixels, turned.pixels)


WINDOWS: list[dict[str, Any]] = [
    {"WindowCenter": 100, "WindowWidth": 0},
    {"WindowCenter": "", "WindowWidth": ""},
    {"WindowCenter": [40, 400], "WindowWidth": [80, 2000]},
]


@pytest.mark.parametrize("window", WINDOWS)
def test_b8_windows_change_nothing(tmp_path: Path, window: dict[str, Any]) -> None:
    image = image_of(save(film(**window), tmp_path / "1.dcm"))
    np.testing.assert_array_equal(image.pixels[0], ramp())


def test_b8_window_that_is_no_number(tmp_path: Path) -> None:
    path = save(film(WindowCenter=123.0, WindowWidth=4.0), tmp_path / "1.dcm")
    path.write_bytes(path.read_bytes().replace(b"123.0", b"NaN  ").replace(b"123 ", b"NaN "))
    np.testing.assert_array_equal(image_of(path).pixels[0], ramp())


@pytest.mark.parametrize(
    "rescale",
    [
        {"RescaleSlope": 1, "RescaleIntercept": ""},
        {"RescaleSlope": "", "RescaleIntercept": 0},
        {"RescaleSlope": "", "RescaleIntercept": ""},
        {"RescaleSlope": 0, "RescaleIntercept": 0},
    ],
)
def test_b9_empty_rescale_is_none(tmp_path: Path, rescale: dict[str, Any]) -> None:
    np.testing.assert_array_equal(image_of(save(film(**rescale), tmp_path / "1.dcm")).pixels[0], ramp())


def test_b10_slope_of_each_slice(tmp_path: Path) -> None:
    for i in range(4):
        pixels = np.full((16, 12), 100, np.uint16)
        save(mr(i, pixels=pixels, RescaleSlope=i + 1, RescaleIntercept=0), tmp_path / f"{i}.dcm")
    image = image_of(tmp_path)
    by_place = sorted(
        zip(image.to_mm(np.array([[s, 0, 0] for s in range(4)]))[:, 0], image.pixels[:, 0, 0], strict=True)
    )
    assert [v for _, v in by_place] == [100, 200, 300, 400]


def padded(value: int = -2000) -> Array:
    pixels = np.linspace(900, 1100, 32 * 24).round().astype(np.int16).reshape(32, 24)
    pixels[:, :8] = value
    return pixels


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
def test_b11_padding_is_not_valid(tmp_path: Path, syntax: UID) -> None:
    ds = put_pixels(film(), padded())
    ds.add_new("PixelPaddingValue", "SS", -2000)
    image = image_of(save(ds, tmp_path / "1.dcm", syntax))
    assert image.valid is not None
    assert not image.valid[0, :, :8].any()
    assert image.valid[0, :, 8:].all()
    np.testing.assert_array_equal(image.pixels[0][:, 8:], padded()[:, 8:])
    assert image.pixels.min() == padded()[:, 8:].min()


def test_b11_padding_written_as_the_other_type(tmp_path: Path) -> None:
    ds = put_pixels(film(), padded())
    ds.add_new("PixelPaddingValue", "US", 63536)
    image = image_of(save(ds, tmp_path / "1.dcm"))
    assert image.valid is not None
    assert int((~image.valid).sum()) == 32 * 8


def test_b11_padding_range_beyond_the_stored_bits(tmp_path: Path) -> None:
    pixels = padded(-32768)
    pixels[:, 0] = -30000
    ds = put_pixels(film(), pixels, bits=12)
    ds.add_new("PixelPaddingValue", "SS", -32768)
    ds.add_new("PixelPaddingRangeLimit", "SS", -30000)
    image = image_of(save(ds, tmp_path / "1.dcm"))
    assert image.valid is not None
    assert int((~image.valid).sum()) == 32 * 8
    assert (image.pixels.min(), image.pixels.max()) == (pixels[:, 8:].min(), 1100)


def test_b11_all_padding_is_refused(tmp_path: Path) -> None:
    ds = put_pixels(film(), np.full((32, 24), -2000, np.int16))
    ds.add_new("PixelPaddingValue", "SS", -2000)
    with pytest.raises(ImageError, match="no image content, all pixels are padding"):
        image_of(save(ds, tmp_path / "1.dcm"))


SYNTAXES = [JPEGLSLossless, JPEG2000Lossless, RLELossless, JPEGLosslessSV1, JPEGLossless]


@pytest.mark.parametrize("pixels", [SIGNED, UNSIGNED], ids=["signed", "unsigned"])
@pytest.mark.parametrize("syntax", SYNTAXES, ids=lambda s: s.name)
def test_b13_compressed_equals_native(tmp_path: Path, syntax: UID, pixels: Array) -> None:
    ds = put_pixels(film(), pixels, bits=12)
    frame = compressed(ds, syntax)
    image = image_of(save_compressed(ds, tmp_path / "1.dcm", syntax, frame))
    np.testing.assert_array_equal(image.pixels[0], pixels)


@pytest.mark.parametrize("encoded_as", ["unsigned", "signed"])
def test_b13_codestream_of_the_other_sign(tmp_path: Path, encoded_as: str) -> None:
    """The raw 12 bits are one and the same; only PixelRepresentation says what they mean."""
    bits = SIGNED.view(np.uint16) & 0xFFF
    stream, meant = (bits, SIGNED) if encoded_as == "unsigned" else (SIGNED, bits)
    ds = put_pixels(film(), stream, bits=12)
    frame = compressed(ds, JPEG2000Lossless)
    ds.PixelRepresentation = int(encoded_as == "unsigned")
    image = image_of(save_compressed(ds, tmp_path / "1.dcm", JPEG2000Lossless, frame))
    np.testing.assert_array_equal(image.pixels[0], meant)


def test_native_bits_beyond_the_stored_ones_are_masked(tmp_path: Path) -> None:
    image = image_of(save(put_pixels(film(), ramp() | 0xF000, bits=12), tmp_path / "1.dcm"))
    np.testing.assert_array_equal(image.pixels[0], ramp())


def test_native_values_at_the_upper_bits(tmp_path: Path) -> None:
    ds = put_pixels(film(), ramp() << 4, bits=12)
    ds.HighBit = 15
    np.testing.assert_array_equal(image_of(save(ds, tmp_path / "1.dcm")).pixels[0], ramp())


@pytest.mark.parametrize("syntax", [ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian, ImplicitVRLittleEndian])
def test_b14_byte_order(tmp_path: Path, syntax: UID) -> None:
    pixels = np.arange(192, dtype=np.uint16).reshape(16, 12)
    image = image_of(save(mr(pixels=pixels), tmp_path / "1.dcm", syntax))
    np.testing.assert_array_equal(image.pixels[0], pixels)
    assert image.pixels.max() == 191


@pytest.mark.parametrize("syntax", [ExplicitVRBigEndian, ExplicitVRLittleEndian])
def test_b14_eight_bits(tmp_path: Path, syntax: UID) -> None:
    pixels = np.arange(192, dtype=np.uint8).reshape(16, 12)
    np.testing.assert_array_equal(image_of(save(mr(pixels=pixels), tmp_path / "1.dcm", syntax)).pixels[0], pixels)


def test_file_without_meta_header(tmp_path: Path) -> None:
    for implicit in (True, False):
        ds = mr(pixels=ramp())
        path = tmp_path / f"{implicit}.dcm"
        ds.save_as(path, implicit_vr=implicit, little_endian=True, enforce_file_format=False)
        np.testing.assert_array_equal(image_of(path).pixels[0], ramp())


def odd_sized(data: bytes) -> Dataset:
    ds = put_pixels(film(), np.arange(165, dtype=np.uint8).reshape(15, 11))
    ds.PixelData = data
    return ds


@pytest.mark.parametrize("tail", [b"", b"\x00\x01\x02"])
def test_c5_odd_or_too_long_pixels_are_read_with_a_caveat(tmp_path: Path, tail: bytes) -> None:
    pixels = np.arange(165, dtype=np.uint8)
    path = save(odd_sized(pixels.tobytes() + tail), tmp_path / "1.dcm")
    if not tail:  # pydicom pads when it writes; take the pad byte off again
        raw = path.read_bytes()
        path.write_bytes(raw.replace((166).to_bytes(4, "little"), (165).to_bytes(4, "little"))[:-1])
    image = image_of(path)
    np.testing.assert_array_equal(image.pixels.ravel(), pixels)
    assert "pixel-length" in {c.code for c in image.caveats}


@pytest.mark.parametrize("missing", [1, 2, 80])
def test_c5_one_byte_short_is_refused(tmp_path: Path, missing: int) -> None:
    pixels = np.arange(165, dtype=np.uint8).tobytes()
    with pytest.raises((StudyError, ImageError), match="truncated"):
        image_of(save(odd_sized(pixels[:-missing]), tmp_path / "1.dcm"))


def test_c2_native_file_cut_in_half(tmp_path: Path) -> None:
    path = save(mr(pixels=ramp()), tmp_path / "1.dcm")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(StudyError, match=r"1\.dcm: truncated, the file ends before its pixels do; give"):
        read_study([path])


@pytest.mark.parametrize("share", [0.0, 0.01, 0.1, 0.25, 0.4])
def test_c2_file_cut_in_its_header(tmp_path: Path, share: float) -> None:
    path = save(mr(), tmp_path / "1.dcm")
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(StudyError, match=r"empty file|truncated|holds something else"):
        read_study([path])


@pytest.mark.parametrize("syntax", SYNTAXES, ids=lambda s: s.name)
@pytest.mark.parametrize("where", ["frame", "file"])
def test_c2_compressed_frame_cut_to_a_third(tmp_path: Path, syntax: UID, where: str) -> None:
    ds = put_pixels(film(), UNSIGNED, bits=12)
    frame = compressed(ds, syntax)
    kept = frame[: len(frame) // 3 // 2 * 2]
    path = save_compressed(ds, tmp_path / "1.dcm", syntax, kept if where == "frame" else frame)
    if where == "file":
        path.write_bytes(path.read_bytes()[: -len(frame) * 2 // 3])
    with pytest.raises(ImageError, match=r"1\.dcm: unreadable"):
        image_of(path)


def test_c2_one_cut_slice_refuses_the_series(tmp_path: Path) -> None:
    folder = save_series(tmp_path)
    ds = put_pixels(mr(1), UNSIGNED, bits=12)
    frame = compressed(ds, JPEGLSLossless)
    save_compressed(put_pixels(mr(1), UNSIGNED, bits=12), folder / "2.dcm", JPEGLSLossless, frame[:400])
    for i in (0, 2, 3):
        save(put_pixels(mr(i), UNSIGNED, bits=12), folder / f"{i + 1}.dcm")
    with pytest.raises(ImageError, match=r"2\.dcm: unreadable, a compressed frame is cut off"):
        image_of(folder)


def test_truncated_slice_beside_good_ones_is_told(tmp_path: Path) -> None:
    folder = save_series(tmp_path, 5)
    path = folder / "5.dcm"
    path.write_bytes(path.read_bytes()[:-100])
    study = read_study([folder])
    assert len(study.series[0].files) == 4
    caveat = next(c for c in study.caveats if c.code == "unreadable-files")
    assert caveat.must_see
    assert caveat.text == "1 file(s) or folder(s) could not be read: 1 × truncated, the file ends before its pixels do"


def test_modality_table_is_applied(tmp_path: Path) -> None:
    table = Dataset()
    table.add_new("LUTDescriptor", "US", [4096, 0, 16])
    table.add_new("LUTData", "OW", (np.arange(4096, dtype="<u2") * 2 + 5).tobytes())
    table.ModalityLUTType = "US"
    ds = film()
    ds.ModalityLUTSequence = [table]
    np.testing.assert_array_equal(image_of(save(ds, tmp_path / "1.dcm")).pixels[0], ramp() * 2.0 + 5)
    ds.PhotometricInterpretation = "MONOCHROME1"
    np.testing.assert_array_equal(image_of(save(ds, tmp_path / "2.dcm")).pixels[0], (4095.0 - ramp()) * 2 + 5)
    table.LUTData = b"\x00\x01"
    with pytest.raises(ImageError, match="modality look-up table"):
        image_of(save(ds, tmp_path / "3.dcm"))


def test_rescale_of_each_enhanced_frame(tmp_path: Path) -> None:
    from tests.dicom.build import SAGITTAL, enhanced

    pixels = np.full((3, 16, 12), 100, np.uint16)
    ds = enhanced([([float(v) for v in SAGITTAL], [-4.0 * i, -50.0, 50.0]) for i in range(3)], pixels)
    for n, group in enumerate(ds.PerFrameFunctionalGroupsSequence):
        step = Dataset()
        step.RescaleSlope, step.RescaleIntercept, step.RescaleType = n + 1, 7, "US"
        group.PixelValueTransformationSequence = [step]
    assert image_of(save(ds, tmp_path / "1.dcm")).pixels[:, 0, 0].tolist() == [107, 207, 307]


NOTHING: list[tuple[Array, str]] = [
    (np.full((1, 1), 7, np.uint16), r"no image content, wanted a picture of a spine, got 1 × 1 pixels"),
    (np.full((32, 24), 7, np.uint16), "no image content, all pixels have the value 7"),
    (np.zeros((32, 24), np.uint16), "no image content, all pixels have the value 0"),
]


@pytest.mark.parametrize(("pixels", "words"), NOTHING)
def test_nothing_to_see_is_refused(tmp_path: Path, pixels: Array, words: str) -> None:
    with pytest.raises(ImageError, match=words):
        image_of(save(film(pixels), tmp_path / "1.dcm"))


def test_unknown_and_video_transfer_syntax(tmp_path: Path) -> None:
    ds = film()
    ds.PixelData = encapsulate([b"\x00" * 100])
    ds["PixelData"].is_undefined_length = True
    path = save(ds, tmp_path / "1.dcm", UID("1.2.840.10008.1.2.4.100"))
    with pytest.raises(ImageError, match=r"transfer syntax MPEG2 .* can't be read; export the study"):
        image_of(path)
    path.write_bytes(path.read_bytes().replace(b"1.2.840.10008.1.2.4.100", b"1.2.840.10008.1.2.4.999"))
    with pytest.raises(StudyError, match=r"transfer syntax 1\.2\.840\.10008\.1\.2\.4\.999 is not known"):
        image_of(path)
