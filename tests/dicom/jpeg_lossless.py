"""The smallest lossless JPEG encoder (process 14, first-order prediction), as no installed package has one.

Source: ITU-T T.81, annex H. All 17 difference categories get Huffman codes of five bits.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_CODE_BITS = 5
_CATEGORIES = 17


def encode(values: NDArray[Any], precision: int) -> bytes:
    """Encode non-negative values (rows, columns) of so many bits as one JPEG stream."""
    rows, columns = values.shape
    bits = _Bits()
    for difference in _differences(values.astype(np.int64), precision):
        category = int(abs(difference)).bit_length()
        bits.put(category, _CODE_BITS)
        if 0 < category < 16:
            bits.put(difference if difference > 0 else difference + (1 << category) - 1, category)
    frame = bytes([precision]) + rows.to_bytes(2, "big") + columns.to_bytes(2, "big") + b"\x01\x01\x11\x00"
    counts = bytes(_CATEGORIES if n == _CODE_BITS else 0 for n in range(1, 17))
    table = b"\x00" + counts + bytes(range(_CATEGORIES))
    scan = b"\x01\x01\x00\x01\x00\x00"  # one component, table 0, predictor 1
    parts = (_segment(0xC3, frame), _segment(0xC4, table), _segment(0xDA, scan), bits.flushed())
    return b"\xff\xd8" + b"".join(parts) + b"\xff\xd9"


def _differences(values: NDArray[np.int64], precision: int) -> list[int]:
    predicted = np.empty_like(values)
    predicted[:, 1:] = values[:, :-1]
    predicted[1:, 0] = values[:-1, 0]
    predicted[0, 0] = 1 << (precision - 1)
    wrapped = (values - predicted + 32767) % 65536 - 32767  # modulo 2^16; 32768 is its own category
    return [int(v) for v in wrapped.ravel()]


def _segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + (len(body) + 2).to_bytes(2, "big") + body


class _Bits:
    def __init__(self) -> None:
        self._text: list[str] = []

    def put(self, value: int, count: int) -> None:
        self._text.append(format(value, f"0{count}b"))

    def flushed(self) -> bytes:
        text = "".join(self._text)
        text += "1" * (-len(text) % 8)
        data = int(text, 2).to_bytes(len(text) // 8, "big")
        return data.replace(b"\xff", b"\xff\x00")
