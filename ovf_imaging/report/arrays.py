"""The volumes of a case: which sidecar file holds each, how they are checked, and what stands for one left out.

`image_1.nii.gz` and `labels_1.nii.gz` lie on the input's grid, `masks_1.npz` holds the rest of reading 1; those of a
prior study's reading begin with "prior_".
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ovf_imaging.errors import InputError
from ovf_imaging.report.nifti import nifti_array, nifti_bytes
from ovf_imaging.report.records import Where
from ovf_imaging.types import Case, Image, Reading, Scale


def left_out(shape: tuple[int, ...], dtype: str) -> NDArray[Any]:
    """Return a read-only array of zeros that takes no memory: it stands for one that wasn't read."""
    return np.broadcast_to(np.zeros((), dtype=dtype), shape)


def is_left_out(array: NDArray[Any]) -> bool:
    """Return whether an array only stands for one that wasn't read (see `left_out`)."""
    return not array.flags.writeable and all(step == 0 for step in array.strides)


def file_start(reading: Reading) -> str:
    """Return what the names of a reading's files begin with."""
    return "prior_" if reading.prior else ""


def reference(array: NDArray[Any], where: Where, start: str = "") -> dict[str, Any]:
    """Return what stands for a volume in case.json.

    The file's name begins with `start`. `sha256` is that of the values in C order, little-endian, in `dtype`; so
    packing the file anew keeps it.
    """
    out = is_left_out(array)
    name, key = sidecar(where)
    return {
        "file": None if out else start + name,
        "key": key,
        "shape": list(array.shape),
        "dtype": array.dtype.name,
        "sha256": None if out else digest(array),
    }


def sidecar(where: Where) -> tuple[str, str | None]:
    """Return the file's name and, in an .npz, the key of the volume at this place of the case."""
    number = int(where[1]) + 1
    if where[2:] == ("image", "pixels"):
        return f"image_{number}.nii.gz", None
    if where[2:] == ("labels",):
        return f"labels_{number}.nii.gz", None
    return f"masks_{number}.npz", "_".join(str(step) for step in where[2:])


def digest(array: NDArray[Any]) -> str:
    """Return the sha256 of the values in C order, little-endian."""
    plain = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    return hashlib.sha256(plain.data).hexdigest()


def sidecars(case: Case) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of every sidecar file of a case, one at a time for the memory's sake."""
    for number, reading in enumerate(case.readings, start=1):
        image, start = reading.image, file_start(reading)
        if not is_left_out(image.pixels):
            yield f"{start}image_{number}.nii.gz", _on_grid(smallest_exact(image.pixels), image)
        if not is_left_out(reading.labels):
            yield f"{start}labels_{number}.nii.gz", labels_file(reading)
        if masks := _masks(reading):
            buffer = io.BytesIO()
            np.savez_compressed(buffer, allow_pickle=False, **masks)
            yield f"{start}masks_{number}.npz", buffer.getvalue()


def labels_file(reading: Reading) -> bytes:
    """Return the labels as .nii.gz on the input's own grid, in a type wide enough that no number wraps."""
    low, high = int(reading.labels.min()), int(reading.labels.max())
    if low < 0 or high > np.iinfo(np.uint16).max:
        raise ValueError(f"labels wanted from 0 to {np.iinfo(np.uint16).max}, got {low} to {high}")
    dtype = np.uint8 if high <= np.iinfo(np.uint8).max else np.uint16
    return _on_grid(reading.labels.astype(dtype), reading.image)


def smallest_exact(pixels: NDArray[np.float32]) -> NDArray[Any]:
    """Return the pixels as 16-bit whole numbers where that loses nothing, not even the sign of a zero.

    Works slice by slice: copies of a whole volume would not fit in memory.
    """
    if pixels.dtype != np.float32 or not all(np.isfinite(part).all() for part in pixels):
        return pixels
    low, high = (pixels.min(), pixels.max()) if pixels.size else (0.0, 0.0)
    for dtype in (np.uint16, np.int16):
        bounds = np.iinfo(dtype)
        if low < bounds.min or high > bounds.max:
            continue
        whole = np.empty(pixels.shape, dtype)
        if all(_kept_exactly(part, out) for part, out in zip(pixels, whole, strict=True)):
            return whole
    return pixels


def _kept_exactly(pixels: NDArray[np.float32], whole: NDArray[Any]) -> bool:
    """Put pixels into an array of whole numbers; return whether they come back bit by bit."""
    whole[...] = pixels.astype(whole.dtype)
    return bool(np.array_equal(whole.astype(np.float32).view(np.uint32), pixels.view(np.uint32)))


def fetched(files: Mapping[str, bytes], ref: Mapping[str, Any], axes: tuple[int, int, int]) -> NDArray[Any]:
    """Return the volume that a reference names, out of the files' contents; InputError when it isn't the same one."""
    name = str(ref["file"])
    try:
        stored = _from_npz(files[name], str(ref["key"])) if name.endswith(".npz") else nifti_array(files[name], axes)
        array = stored.astype(str(ref["dtype"]))
    except InputError as error:
        raise InputError(f"{name}: {error}") from error
    except (KeyError, TypeError) as error:
        raise InputError(f"{name}: wanted a volume {ref.get('key') or ''} as case.json tells, got none") from error
    if list(array.shape) != list(ref["shape"]) or digest(array) != ref["sha256"]:
        raise InputError(f"{name}: isn't the file that case.json was written with; run ovf assess again")
    return array


def _on_grid(array: NDArray[Any], image: Image) -> bytes:
    return nifti_bytes(array, image.affine, image.array_axes, image.scale is not Scale.UNKNOWN)


def _masks(reading: Reading) -> dict[str, NDArray[np.bool_]]:
    masks = {"image_valid": reading.image.valid} if reading.image.valid is not None else {}
    for i, vertebra in enumerate(reading.vertebrae):
        for j, sign in enumerate(vertebra.signs):
            if sign.mask is not None:
                masks[f"vertebrae_{i}_signs_{j}_mask"] = sign.mask
    return {key: mask for key, mask in masks.items() if not is_left_out(mask)}


def _from_npz(data: bytes, key: str) -> NDArray[Any]:
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            return np.asarray(archive[key])
    except (OSError, EOFError, ValueError, zipfile.BadZipFile) as error:
        raise InputError(f"wanted a whole .npz file, got another or a cut one ({error})") from error
