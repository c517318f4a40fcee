"""Readings as COCO keypoints: a category a level, six keypoints a body, in the picture's own pixels.

Source: https://cocodataset.org/#format-data. `annotations` alone is what pycocotools' `loadRes` takes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ovf_imaging.training.evaluate import Seen
from ovf_imaging.types import Landmark, Level, Vertebra
from ovf_imaging.vision.shapes import outline

Picture = tuple[dict[str, Any], list[dict[str, Any]]]  # an image's entry, and its bodies'
_KEYPOINTS = [landmark.name.lower() for landmark in Landmark]
_SKELETON = [[1, 2], [2, 3], [3, 6], [6, 5], [5, 4], [4, 1]]  # round the body; COCO counts keypoints from 1
_VISIBLE = 2


def coco_pictures(seen: Seen) -> Iterator[Picture]:
    """Yield a film, or each slice of a volume that holds landmarks; one without a body where nothing was read.

    x is the column, y the row, pixel centres on whole numbers; `score` is the reader's confidence.
    """
    height, width = seen.image.pixels.shape[1:]
    vertebrae = () if seen.reading is None else seen.reading.vertebrae
    for index in sorted({_slice(v) for v in vertebrae}) or [0]:
        image = {"file_name": seen.name, "slice": index, "width": width, "height": height}
        yield image, [_body(v) for v in vertebrae if _slice(v) == index]


def coco_dataset(pictures: Iterable[Picture]) -> dict[str, Any]:
    """Return pictures as one COCO dataset, images and annotations numbered from 1."""
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for image, bodies in pictures:
        images.append({"id": len(images) + 1} | image)
        for body in bodies:
            annotations.append({"id": len(annotations) + 1, "image_id": len(images), "iscrowd": 0} | body)
    return {"images": images, "annotations": annotations, "categories": _categories()}


def _slice(vertebra: Vertebra) -> int:
    return round(float(vertebra.landmarks[0, 0]))


def _body(vertebra: Vertebra) -> dict[str, Any]:
    points = vertebra.landmarks[:, :0:-1]  # (6, 2) as x, y
    contour = outline(points)
    low, high = contour.min(0), contour.max(0)
    return {
        "category_id": int(vertebra.level),
        "keypoints": [v for x, y in points.round(2).tolist() for v in (x, y, _VISIBLE)],
        "num_keypoints": len(points),
        "bbox": [*low.round(2).tolist(), *(high - low).round(2).tolist()],
        "area": round(_area(contour), 2),
        "segmentation": [contour.round(2).ravel().tolist()],
        "score": round(vertebra.confidence, 4),
    }


def _area(contour: NDArray[np.float64]) -> float:
    """Return the area inside a closed contour (N, 2). Source: the shoelace formula."""
    x, y = contour.T
    return abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1))) / 2


def _categories() -> list[dict[str, Any]]:
    shape = {"supercategory": "vertebra", "keypoints": _KEYPOINTS, "skeleton": _SKELETON}
    return [{"id": int(level), "name": level.name} | shape for level in Level]
