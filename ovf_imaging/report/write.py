"""A case on disk and back: which files it has and what is in them; place.py writes all of them or none."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

import PIL.Image

from ovf_imaging.errors import InputError
from ovf_imaging.report.arrays import file_start, sidecars
from ovf_imaging.report.case_json import SCHEMA, case_to_json, parse_case
from ovf_imaging.report.overlay import overlay
from ovf_imaging.report.pdf import pdf
from ovf_imaging.report.place import Kind, put
from ovf_imaging.report.table import measurements_csv
from ovf_imaging.report.words import fractured_levels
from ovf_imaging.types import Case

CASE_FILE = "case.json"
_CASE = Kind(
    main=CASE_FILE,
    mark=f'"schema": "{SCHEMA.partition("/")[0]}/'.encode(),
    names=re.compile(
        r"case\.json|report\.pdf|measurements\.csv"
        r"|(prior_)?(overlay_\d+\.png|(labels|image)_\d+\.nii\.gz|masks_\d+\.npz)"
    ),
)


def write_case(case: Case, out: Path) -> tuple[Path, ...]:
    """Write a case's files into the folder `out` and return their paths, case.json first.

    Replaces the files of an earlier case there and leaves others alone. Raises OutputError and leaves everything
    as it was when `out` is a file, holds files of our names that aren't ours, or can't be written.
    """
    return put(_contents(case), _CASE, out)


def read_case(folder: Path) -> Case:
    """Return the case in a folder that `write_case` wrote; InputError when there is none or a file was changed."""
    return case_from_json(_read(folder / CASE_FILE).decode("utf-8", "replace"), folder)


def case_from_json(text: str, folder: Path | None = None) -> Case:
    """Return the case of a case.json; its volumes come from the folder, or are read-only zeros without one.

    Raises InputError when the text isn't such a case or a file of the folder isn't the one it was written with.
    """
    return parse_case(text, None if folder is None else lambda name: _read(folder / name))


def _contents(case: Case) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of each file, case.json last: a folder with it is whole."""
    yield from sidecars(case)
    yield "measurements.csv", measurements_csv(case).encode("utf-8", "replace")
    marked = fractured_levels(case)
    for number, reading in enumerate(case.readings, start=1):
        buffer = io.BytesIO()
        PIL.Image.fromarray(overlay(reading, marked=() if reading.prior else marked)).save(
            buffer, format="PNG", compress_level=2
        )
        yield f"{file_start(reading)}overlay_{number}.png", buffer.getvalue()
    yield "report.pdf", pdf(case)
    yield CASE_FILE, case_to_json(case).encode("utf-8")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        why = error.strerror or str(error)
        raise InputError(f"{path}: wanted a file of a case written by ovf assess, got none ({why})") from error
