"""A Case as JSON text and back, in the schema `ovf-case/1`; volumes are named there and kept in sidecar files."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, cast

from numpy.typing import NDArray

from ovf_imaging.errors import InputError
from ovf_imaging.report.arrays import fetched, file_start, left_out, reference
from ovf_imaging.report.records import Where, decode, encode
from ovf_imaging.types import Case

SCHEMA = "ovf-case/1"
_VOLUMES = frozenset({"pixels", "valid", "labels", "mask"})
_DTYPES = frozenset(f"{kind}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32, 64)) | {
    *("bool", "float32", "float64"),
}
_REF_KEYS = frozenset({"file", "key", "shape", "dtype", "sha256"})
ReadFile = Callable[[str], bytes]


def case_to_json(case: Case) -> str:
    """Return the whole case as JSON text; numbers that aren't finite are null, volumes are references."""
    starts = [file_start(reading) for reading in case.readings]

    def kept(array: NDArray[Any], where: Where) -> Any:
        if where[-1] in _VOLUMES:
            return reference(array, where, starts[int(where[1])])
        return encode(array.tolist(), where, kept)

    tree = {"schema": SCHEMA, **encode(case, (), kept)}
    return json.dumps(tree, indent=1, allow_nan=False) + "\n"


def parse_case(text: str, read_file: ReadFile | None) -> Case:
    """Return the case that `case_to_json` wrote; without `read_file` its volumes are read-only zeros.

    Raises InputError when the text isn't such a case or a sidecar isn't the one it was written with.
    """
    try:
        tree = json.loads(text, parse_constant=lambda name: None)
    except (json.JSONDecodeError, RecursionError) as error:
        raise InputError(f"case.json wanted JSON text, got something else ({error}); run ovf assess again") from error
    if not isinstance(tree, dict) or "schema" not in tree:
        raise InputError(f'case.json wanted a case with "schema": "{SCHEMA}", got none; name a folder of ovf assess')
    schema = tree.pop("schema")
    if schema != SCHEMA:
        raise InputError(
            f'case.json wanted schema "{SCHEMA}", got {schema!r}; '
            "read it with the version of ovf-imaging that wrote it, or run ovf assess again"
        )
    contents: dict[str, bytes] = {}

    def fetch(ref: Mapping[str, Any], where: Where) -> NDArray[Any]:
        _check_reference(ref, where)
        if read_file is None or ref["file"] is None:
            return left_out(tuple(ref["shape"]), ref["dtype"])
        if ref["file"] not in contents:
            contents.clear()  # files come one after the other: keep one
            contents[ref["file"]] = read_file(ref["file"])
        return fetched(contents, ref, _axes(tree, where))

    return cast(Case, decode(Case, tree, (), fetch))


def _check_reference(ref: Mapping[str, Any], where: Where) -> None:
    """Refuse what could reach outside the folder or fill the memory."""
    name = ref.get("file")
    sound = (
        set(ref) == _REF_KEYS
        and (name is None or (isinstance(name, str) and name != "" and not set(name) & set("/\\:\0")))
        and isinstance(ref["shape"], list)
        and len(ref["shape"]) == 3
        and all(isinstance(n, int) and 0 <= n < 2**31 for n in ref["shape"])
        and ref["dtype"] in _DTYPES
    )
    if not sound:
        raise InputError(f"case.json: {'.'.join(map(str, where))} wanted a sidecar's name, shape and dtype, got {ref}")


def _axes(tree: Mapping[str, Any], where: Where) -> tuple[int, int, int]:
    axes = tree["readings"][where[1]]["image"].get("array_axes", (2, 1, 0))
    if not isinstance(axes, list | tuple) or sorted(axes, key=str) != [0, 1, 2]:
        raise InputError(f"case.json: array_axes wanted 0, 1 and 2 in some order, got {axes!r}")
    return axes[0], axes[1], axes[2]
