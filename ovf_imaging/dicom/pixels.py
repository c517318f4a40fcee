"""From one frame of a DICOM file to float32 pixels: decoded, rescaled, MONOCHROME1 inverted, padding marked.

Windows are never applied: what the networks see must not depend on how somebody last looked at the image.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.encaps import get_frame
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.processing import apply_modality_lut
from pydicom.uid import JPEG2000TransferSyntaxes, JPEGLSTransferSyntaxes, RLELossless

from ovf_imaging.dicom import tags
from ovf_imaging.dicom.codecs import plugin_for
from ovf_imaging.dicom.frames import macro
from ovf_imaging.dicom.header import native_bytes, syntax_of
from ovf_imaging.errors import ImageError, StudyError
from ovf_imaging.types import Caveat

Stored = NDArray[np.integer[Any]]
_END_OF_IMAGE = b"\xff\xd9"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plane:
    """One frame's pixels."""

    pixels: NDArray[np.float32]  # (H, W)
    valid: NDArray[np.bool_] | None  # (H, W), False on padding; None = no padding told
    caveats: tuple[Caveat, ...] = ()


def open_dataset(path: Path) -> Dataset:
    """Return a file's dataset with its pixels; ImageError when it can't be read."""
    try:
        with tags.quiet():
            return pydicom.dcmread(path, force=True)
    except OSError as error:
        raise ImageError(f"{path.name}: can't be read ({error.strerror or type(error).__name__})") from error
    except tags.BROKEN as error:
        raise ImageError(f"{path.name}: damaged or truncated DICOM; copy it again from its source") from error


def pixel_digest(path: Path, frame: int) -> str:
    """Return a digest of a file's pixel element and the frame's number, to tell copies from different images."""
    data = tags.value(open_dataset(path), "PixelData") or b""
    return f"{hashlib.sha256(data).hexdigest()}:{frame}"


def plane_of_file(ds: Dataset, frame: int, name: str) -> Plane:
    """Return one frame (numbered from 0) of a dataset; ImageError names the file and says why it has no pixels."""
    stored, caveats = _decode(ds, frame, name)
    padding = _padding(ds, stored)
    stored = _stored_bits(ds, stored)
    if padding is not None:
        again = _padding(ds, stored)
        padding = padding if again is None else padding | again
    pixels, ends = _rescale(ds, frame, stored, name)
    if tags.text(ds, "PhotometricInterpretation").upper() == "MONOCHROME1":
        pixels = np.float32(ends[0] + ends[1]) - pixels
    valid = None if padding is None or not padding.any() else ~padding
    return Plane(pixels=pixels, valid=valid, caveats=caveats)


def _decode(ds: Dataset, frame: int, name: str) -> tuple[Stored, tuple[Caveat, ...]]:
    try:
        syntax = syntax_of(ds)
    except StudyError as error:
        raise ImageError(f"{name}: {error}") from error
    plugin, missing = plugin_for(syntax)
    if missing:
        raise ImageError(f"{name}: {missing}")
    data = tags.value(ds, "PixelData")
    if not isinstance(data, bytes) or not data:
        raise ImageError(f"{name}: unreadable, the file is truncated before its pixels; copy it again from its source")
    caveats = () if plugin else _check_length(ds, data, name)
    options: dict[str, Any] = {"raw": True, "index": frame}
    try:
        with tags.quiet():
            if plugin:
                _check_whole(ds, frame, name)
                options["decoding_plugin"] = plugin
            if syntax not in JPEG2000TransferSyntaxes + JPEGLSTransferSyntaxes:
                options["correct_unused_bits"] = False  # _stored_bits does it, whatever HighBit is
            array, _ = get_decoder(syntax).as_array(ds, **options)
    except tags.BROKEN as error:
        text = f"{name}: unreadable, its pixels ({syntax.name}) are damaged or truncated; copy it again from its source"
        raise ImageError(text) from error
    if array.shape != (tags.whole(ds, "Rows"), tags.whole(ds, "Columns")):
        raise ImageError(f"{name}: wanted a grey image of {ds.Rows} × {ds.Columns}, got pixels of shape {array.shape}")
    return array, caveats


def _check_length(ds: Dataset, data: bytes, name: str) -> tuple[Caveat, ...]:
    wanted = native_bytes(ds)
    if len(data) < wanted:
        text = f"unreadable, wanted {wanted} bytes of pixels, the file holds {len(data)}: truncated"
        raise ImageError(f"{name}: {text}; copy it again from its source")
    if len(data) > wanted + wanted % 2 or (wanted % 2 and len(data) == wanted):
        text = f"a file holds {len(data)} bytes of pixels where {wanted + wanted % 2} are due; it was read all the same"
        return (Caveat(code="pixel-length", text=text),)
    return ()


def _check_whole(ds: Dataset, frame: int, name: str) -> None:
    """Raise ImageError when a compressed frame lacks its end marker, as decoders fill the missing rest with zeros."""
    if syntax_of(ds) == RLELossless:
        return
    count = max(1, tags.whole(ds, "NumberOfFrames", 1))
    data = get_frame(ds.PixelData, frame, number_of_frames=count, extended_offsets=_extended_offsets(ds))
    if not data.rstrip(b"\x00").endswith(_END_OF_IMAGE):
        text = "unreadable, a compressed frame is cut off before its end; copy it again from its source"
        raise ImageError(f"{name}: {text}")


def _extended_offsets(ds: Dataset) -> tuple[bytes, bytes] | None:
    table, lengths = tags.value(ds, "ExtendedOffsetTable"), tags.value(ds, "ExtendedOffsetTableLengths")
    return (table, lengths) if isinstance(table, bytes) and isinstance(lengths, bytes) else None


def _bits(ds: Dataset) -> tuple[int, int, int, bool]:
    """Return bits allocated, bits stored, high bit and whether values are signed, with the usual ones where absent."""
    allocated = tags.whole(ds, "BitsAllocated", 16)
    stored = tags.whole(ds, "BitsStored", allocated)
    stored = stored if 0 < stored <= allocated else allocated
    high = tags.whole(ds, "HighBit", stored - 1)
    high = high if stored - 1 <= high < allocated else stored - 1
    return allocated, stored, high, tags.whole(ds, "PixelRepresentation") == 1


def _stored_bits(ds: Dataset, array: Stored) -> Stored:
    """Return the values of the stored bits alone, sign extended: the others may hold overlays or nothing."""
    _, stored, high, _ = _bits(ds)
    if syntax_of(ds) in JPEG2000TransferSyntaxes + JPEGLSTransferSyntaxes:
        return array  # the codestream has its own precision and pydicom has applied it
    width = array.dtype.itemsize * 8
    if stored == width:
        return array
    top = np.left_shift(array, width - 1 - high)  # shifting down again extends the sign of a signed type
    return np.right_shift(top, width - stored)


def _padding(ds: Dataset, array: Stored) -> NDArray[np.bool_] | None:
    """Return where stored values are padding, None when the file names no padding value."""
    ends = [tags.number(ds, k) for k in ("PixelPaddingValue", "PixelPaddingRangeLimit")]
    if ends[0] is None:
        return None
    allocated, _, _, signed = _bits(ds)
    low, high = sorted(_as_stored(v, allocated, signed) for v in (ends[0], ends[0] if ends[1] is None else ends[1]))
    return np.asarray((array >= low) & (array <= high))


def _as_stored(value: float, bits: int, signed: bool) -> int:
    """Return a padding value as the pixels' type holds it: files write −2000 as 63536 and the other way round."""
    whole = int(value) % (1 << bits)
    return whole - (1 << bits) if signed and whole >= 1 << (bits - 1) else whole


def _rescale(ds: Dataset, frame: int, array: Stored, name: str) -> tuple[NDArray[np.float32], tuple[float, float]]:
    """Return the pixels after the modality step, and what the two ends of the stored range become by it."""
    _, bits, _, signed = _bits(ds)
    ends = (-float(1 << (bits - 1)), float((1 << (bits - 1)) - 1)) if signed else (0.0, float((1 << bits) - 1))
    if tags.item(ds, "ModalityLUTSequence") is not None:
        return _by_table(ds, array, name)
    step = macro(ds, frame, "PixelValueTransformationSequence")
    slope, intercept = tags.number(step, "RescaleSlope") or 1.0, tags.number(step, "RescaleIntercept") or 0.0
    if (slope, intercept) == (1.0, 0.0):
        return array.astype(np.float32), ends
    out = (array.astype(np.float64) * slope + intercept).astype(np.float32)
    return out, (ends[0] * slope + intercept, ends[1] * slope + intercept)


def _by_table(ds: Dataset, array: Stored, name: str) -> tuple[NDArray[np.float32], tuple[float, float]]:
    try:
        with tags.quiet():
            out = np.asarray(apply_modality_lut(array, ds), dtype=np.float32)
            table = tags.item(ds, "ModalityLUTSequence") or Dataset()
            first = int(tags.numbers(table, "LUTDescriptor")[1])
            count = int(tags.numbers(table, "LUTDescriptor")[0]) or 1 << 16
            whole = np.asarray(apply_modality_lut(np.arange(first, first + count), ds), dtype=np.float64)
    except tags.BROKEN as error:
        raise ImageError(f"{name}: its modality look-up table is damaged; export the image again") from error
    return out, (float(whole.min()), float(whole.max()))
