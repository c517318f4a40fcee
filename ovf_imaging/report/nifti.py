"""NIfTI-1 files as bytes, on the grid of the input that an Image came from.

Written here and not by SimpleITK, which reports no error when the disk fills up and refuses sheared affines.
Source: nifti1.h, https://nifti.nimh.nih.gov/pub/dist/src/niftilib/nifti1.h
"""

from __future__ import annotations

import gzip
import struct
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ovf_imaging.errors import InputError
from ovf_imaging.types import Affine

_HEADER = "<i35xB8h3f4h8f3fhBB4f2i80s24s2h6f12f16s4s"
_CODES = {"uint8": 2, "int16": 4, "int32": 8, "float32": 16, "float64": 64, "uint16": 512}
_LONGEST = 32767  # dim is int16
_MILLIMETRES = 2
_START = 352


def nifti_bytes(array: NDArray[Any], affine: Affine, array_axes: tuple[int, int, int], in_mm: bool) -> bytes:
    """Return a (slice, row, column) array as .nii.gz bytes, its axes put back in the input's order.

    `affine` maps (slice, row, column) to LPS; the file's maps the input's axes to RAS. Equal arrays give equal bytes.
    """
    if max(array.shape) > _LONGEST:
        raise ValueError(f"NIfTI-1 wanted at most {_LONGEST} pixels along an axis, got {array.shape}")
    own = _own_axes(array_axes)
    turned = array.transpose(own)
    ras = np.diag([-1.0, -1.0, 1.0, 1.0]) @ spanning(affine)[:, [*own, 3]]
    steps = np.linalg.norm(ras[:3, :3], axis=0)
    name = turned.dtype.name
    header = struct.pack(
        _HEADER,
        *(348, 0),
        *(3, *turned.shape, 1, 1, 1, 1),
        *(0.0, 0.0, 0.0),
        *(0, _CODES[name], turned.dtype.itemsize * 8, 0),
        *(1.0, *steps, 0.0, 0.0, 0.0, 0.0),
        *(float(_START), 1.0, 0.0),
        *(0, 0, _MILLIMETRES if in_mm else 0),
        *(0.0, 0.0, 0.0, 0.0),
        *(0, 0),
        *(b"ovf-imaging", b""),
        *(0, 1),
        *(0.0,) * 6,
        *ras[:3].ravel(),
        *(b"", b"n+1\0"),
    )
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)  # 31: a gzip frame; its time stamp stays 0
    little = turned.dtype.newbyteorder("<")
    parts = [packer.compress(header.ljust(_START, b"\0"))]
    for last in range(turned.shape[2]):  # the file's first axis runs fastest; a copy of it all would take the memory
        parts.append(packer.compress(np.asarray(turned[..., last], dtype=little).tobytes(order="F")))
    return b"".join((*parts, packer.flush()))


def nifti_array(data: bytes, array_axes: tuple[int, int, int]) -> NDArray[Any]:
    """Return the (slice, row, column) array of .nii.gz bytes that `nifti_bytes` made; InputError when they aren't."""
    try:
        raw = gzip.decompress(data)
        head = struct.unpack_from(_HEADER, raw)
        shape, code, start = head[3:6], head[14], int(head[25])
        dtype = np.dtype({number: name for name, number in _CODES.items()}[code]).newbyteorder("<")
        values = np.frombuffer(raw, dtype, int(np.prod(shape)), start)
    except (OSError, EOFError, zlib.error, struct.error, KeyError, ValueError) as error:
        raise InputError(f"wanted a whole NIfTI-1 file (.nii.gz), got another or a cut one ({error})") from error
    turned = values.reshape(shape, order="F")
    return np.ascontiguousarray(turned.transpose(array_axes))


def spanning(affine: Affine) -> Affine:
    """Return the affine with a unit slice step where its own is zero, as a film's may be."""
    whole = np.array(affine, dtype=np.float64)
    if not np.any(whole[:3, 0]):
        normal = np.cross(whole[:3, 1], whole[:3, 2])
        whole[:3, 0] = normal / (np.linalg.norm(normal) or 1.0)
    return whole


def _own_axes(array_axes: tuple[int, int, int]) -> list[int]:
    """Return, for each axis of the input's array, which of slice, row, column lies along it."""
    return [array_axes.index(axis) for axis in range(3)]
