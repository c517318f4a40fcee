"""Rows as cases.csv, cases.parquet and errors.csv."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ovf_imaging.batch.files import write_whole
from ovf_imaging.batch.rows import READ, Row

CASES_CSV, CASES_PARQUET, ERRORS_CSV = "cases.csv", "cases.parquet", "errors.csv"
_ERROR_COLUMNS = ("study", "status", "reason", "input", "tries", "seconds", "version")
_TYPES = {"int": pa.int64(), "float": pa.float64()}
SCHEMA = pa.schema(
    [pa.field(f.name, _TYPES.get(str(f.type).removesuffix(" | None"), pa.string())) for f in fields(Row)]
)


def write_tables(rows: Sequence[Row], out: Path) -> None:
    """Write the three tables: every study in cases.csv and cases.parquet, those without numbers in errors.csv too."""
    records = [asdict(row) for row in rows]
    errors = [record for row, record in zip(rows, records, strict=True) if row.status not in READ]
    write_whole(out / CASES_CSV, _csv(records, tuple(SCHEMA.names)))
    write_whole(out / ERRORS_CSV, _csv(errors, _ERROR_COLUMNS))
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist([_text_safe(r) for r in records], schema=SCHEMA), buffer)
    write_whole(out / CASES_PARQUET, buffer.getvalue())


def _csv(records: Sequence[dict[str, object]], columns: tuple[str, ...]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue().encode("utf-8", "backslashreplace")


def _text_safe(record: dict[str, object]) -> dict[str, object]:
    """File names that are no Unicode hold lone surrogates, which Parquet can't."""
    return {
        name: value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value
        for name, value in record.items()
    }
