"""Draw the pictures of docs/simulation.md: simulated films, and simulated MRI below real slices of a free licence.

python -m ovf_imaging.training.realism.pictures --data ../shared/data --out docs
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import SimpleITK as sitk  # noqa: N813
from PIL import Image

from ovf_imaging.training.realism.crops import Grey
from ovf_imaging.training.simulation.anatomy import Templates, load_templates
from ovf_imaging.training.simulation.cases import ALONE, case_scenes, draw_case, parse_settings
from ovf_imaging.vision.grey import mri_grey

HEIGHT_PX = 300
MRI_CASES, FILM_CASES = (0, 2, 3, 4), (0, 1, 2, 3, 5)
POLYGON_SLICES = ("valid_630.jpg", "valid_653.jpg", "valid_686.jpg")  # those that may be in the repository
_SPACE_PX = 6
_JPEG_QUALITY = 80


def rows_of(rows: Sequence[Sequence[Grey]]) -> Image.Image:
    """Return rows of grey pictures (H, W) of 0–1, all of HEIGHT_PX."""
    strips = []
    for pictures in rows:
        tiles = []
        for grey in pictures:
            size = round(grey.shape[1] * HEIGHT_PX / grey.shape[0]), HEIGHT_PX
            tile = np.asarray(Image.fromarray((np.clip(grey, 0, 1) * 255).astype(np.uint8)).resize(size))
            tiles.append(np.pad(tile, ((0, _SPACE_PX), (0, _SPACE_PX)), constant_values=255))
        strips.append(np.concatenate(tiles, 1))
    width = max(strip.shape[1] for strip in strips)
    padded = [np.pad(s, ((0, 0), (0, width - s.shape[1])), constant_values=255) for s in strips]
    return Image.fromarray(np.concatenate(padded))


def real_pictures(data: Path) -> list[Grey]:
    """Return the middle slice of the T2 volume under MIT, then three T1 slices under CC BY 4.0."""
    volume = sitk.ReadImage(str(data / "mri_t2_thoracolumbar" / "t2_lumbar.nii.gz"))
    # Columns to the back, rows to the feet, slices to the right.
    pixels = sitk.GetArrayFromImage(sitk.DICOMOrient(volume, "PIR")).astype(np.float32)
    slices = [np.asarray(Image.open(data / "mri_lumbar_polygons" / name).convert("L")) for name in POLYGON_SLICES]
    return [mri_grey(pixels)[len(pixels) // 2], *(mri_grey(s.astype(np.float32)) for s in slices)]


def simulated_pictures(templates: Templates, seed: int) -> list[list[Grey]]:
    """Return the middle slices of simulated patients: a row of T1, one of T2, one of the fluid-sensitive series."""
    settings = parse_settings({"study": ALONE})
    scans = [draw_case("mri", settings, templates, seed, n).studies[0].pictures[0].scan for n in MRI_CASES]
    images = [scan.images.values() for scan in scans if scan]
    return [
        [mri_grey(i.pixels.astype(np.float32))[len(i.pixels) // 2] for i in row] for row in zip(*images, strict=True)
    ]


def film_pictures(templates: Templates, seed: int) -> list[Grey]:
    """Return simulated films as the networks see them."""
    cases = (
        draw_case("radiograph", parse_settings({"study": ALONE}), templates, seed, number) for number in FILM_CASES
    )
    return [scene.image[0].numpy() for case in cases for scene in case_scenes(case)]


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(arguments)
    templates = load_templates(given.data / "meshes")
    rows = {
        "simulated_mri": [real_pictures(given.data), *simulated_pictures(templates, given.seed)],
        "simulated_films": [film_pictures(templates, given.seed)],
    }
    for name, pictures in rows.items():
        rows_of(pictures).save(given.out / f"{name}.jpg", quality=_JPEG_QUALITY, optimize=True)


if __name__ == "__main__":
    main()
