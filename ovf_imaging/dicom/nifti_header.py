"""What a NIfTI header promises, checked before the NIfTI library sees the file.

The library prints its complaints to stderr and mends in silence what must be told: missing voxels and NaN become 0.
Source: nifti1.h and nifti2.h, fields sizeof_hdr, dim, datatype, bitpix and vox_offset.
"""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ovf_imaging.dicom.content import not_finite
from ovf_imaging.errors import ImageError, StudyError

_FIRST, _SECOND = 348, 540  # sizeof_hdr of the two versions
_BITS = {2: 8, 4: 16, 8: 32, 16: 32, 64: 64, 128: 24, 256: 8, 512: 16, 768: 32, 1024: 64, 1280: 64, 2304: 32}
_FLOATS = {16: "f4", 64: "f8"}  # datatype code → numpy
_MOST_DIMENSIONS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """Size and kind of the voxels that a header announces."""

    order: str  # byte order as struct writes it
    count: int  # numbers in the file
    kind: int  # datatype code
    start: int  # first byte of the voxels


def promise_of(path: Path) -> Promise:
    """Return what a NIfTI header announces; StudyError when it can't be true."""
    try:
        raw = _read(path, _SECOND)
        order = "<" if int.from_bytes(raw[:4], "little") in (_FIRST, _SECOND) else ">"
        first = struct.unpack_from(order + "i", raw, 0)[0] == _FIRST
        rank, *sizes = struct.unpack_from(order + ("8h" if first else "8q"), raw, 40 if first else 16)
        kind = struct.unpack_from(order + "h", raw, 70 if first else 12)[0]
        start = int(struct.unpack_from(order + ("f" if first else "q"), raw, 108 if first else 168)[0])
    except (OSError, EOFError, zlib.error, struct.error, ValueError, OverflowError) as error:
        raise StudyError(f"{path.name}: damaged or truncated NIfTI; copy it again from its source") from error
    sizes = sizes[:rank] if 0 < rank <= _MOST_DIMENSIONS else []
    if not sizes or min(sizes) < 1 or kind not in _BITS or start < 0:
        raise StudyError(f"{path.name}: not a NIfTI volume that can be read (damaged header); convert it again")
    return Promise(order=order, count=math.prod(sizes), kind=kind, start=start)


def _read(path: Path, count: int = -1) -> bytes:
    if path.name.casefold().endswith(".gz"):
        with gzip.open(path) as file:
            return file.read(count)
    with path.open("rb") as plain:
        return plain.read(count)


def check_voxels(path: Path) -> None:
    """Raise ImageError when voxels are missing, NaN or infinite."""
    promise = promise_of(path)
    try:
        raw = _read(path)
    except (OSError, EOFError, zlib.error) as error:
        raise ImageError(f"{path.name}: unreadable, the file is damaged or truncated; copy it again") from error
    if len(raw) - promise.start < promise.count * _BITS[promise.kind] // 8:
        text = "unreadable, the file is damaged or truncated before its last voxel; copy it again"
        raise ImageError(f"{path.name}: {text}")
    if promise.kind in _FLOATS:
        values = np.frombuffer(raw, promise.order + _FLOATS[promise.kind], promise.count, promise.start)
        broken = promise.count - int(np.count_nonzero(np.isfinite(values)))
        if broken:
            raise ImageError(f"{path.name}: {not_finite(broken, promise.count)}")
