"""An evaluation from images to files: rows, summary, page, and what was read in formats that others take."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from ovf_imaging import __version__
from ovf_imaging.pipeline import Config, Eyes, Watch
from ovf_imaging.report.arrays import labels_file
from ovf_imaging.report.place import Kind, put
from ovf_imaging.training import evaluate as held_back
from ovf_imaging.training.coco import Picture, coco_dataset, coco_pictures
from ovf_imaging.training.evaluate import HeldBack, Row, look
from ovf_imaging.training.evaluate_page import MARK, page
from ovf_imaging.training.evaluate_summary import rows_csv, summarise
from ovf_imaging.types import View
from ovf_imaging.vision import Reader

_EVALUATION = Kind(
    main="evaluation.html",
    mark=MARK.encode(),
    names=re.compile(r"evaluation\.html|rows\.csv|summary\.json|coco_keypoints\.json|labels_.*\.nii\.gz"),
)


IMAGES = {
    "mri": held_back.mri_volumes,
    "radiograph": held_back.films,
    "full-spine": held_back.full_spine_films,
}


def evaluate(config: Config, images: str, data: Path, out: Path, watch: Watch) -> tuple[Path, ...]:
    """Read a set of IMAGES below `data` with the networks of `config`, and write and return as `write_evaluation`."""
    reader = Reader.load(config.models_dir, config.device)
    return write_evaluation(reader, IMAGES[images](data), out, watch)


def write_evaluation(reader: Eyes, images: Sequence[HeldBack], out: Path, watch: Watch) -> tuple[Path, ...]:
    """Read the images, write all files into the folder `out` and return their paths, the page first.

    Raises OutputError, before anything is read, when `out` can't be written or holds such files of another's.
    """
    return put(_contents(reader, images, watch), _EVALUATION, out)


def _contents(reader: Eyes, images: Sequence[HeldBack], watch: Watch) -> Iterator[tuple[str, bytes]]:
    rows: list[Row] = []
    pictures: list[Picture] = []
    for seen in look(reader, images, watch):
        rows += seen.rows
        if not seen.painted:
            pictures += coco_pictures(seen)
        if seen.reading is not None and seen.image.view is View.SAGITTAL:
            yield f"labels_{seen.name}", labels_file(seen.reading)
    summary = summarise(rows)
    texts = {
        "rows.csv": rows_csv(rows),
        "summary.json": json.dumps(
            {"version": __version__, "models": dict(reader.models), "sources": summary}, indent=1, ensure_ascii=False
        ),
        "coco_keypoints.json": json.dumps(coco_dataset(pictures)),
        _EVALUATION.main: page(summary, rows, reader.models),
    }
    for name, text in texts.items():
        yield name, text.encode("utf-8")
