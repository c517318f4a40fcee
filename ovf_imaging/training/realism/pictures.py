"""Draw the pictures of docs/simulation.md: simulated films, and simulated MRI beside the one real volume under MIT.

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
from ovf_imaging.training.simulation.cases import case_scenes, draw_case, parse_settings
from ovf_imaging.vision.grey import mri_grey

HEIGHT_PX = 300
MRI_CASES, FILM_CASES = (0, 2), (0, 1, 2, 3, 5)
_ALONE = {"study": {"follow_up": 0.0, "dynamic": 0.0, "posture": 0.0}}
_SPACE_PX = 6
_JPEG_QUALITY = 80


def row_of(pictures: Sequence[Grey]) -> Image.Image:
    """Return grey pictures (H, W) of 0–1 side by side, all of HEIGHT_PX."""
    tiles = []
    for grey in pictures:
        size = round(grey.shape[1] * HEIGHT_PX / grey.shape[0]), HEIGHT_PX
        tile = Image.fromarray((np.clip(grey, 0, 1) * 255).astype(np.uint8))
        tiles.append(np.pad(np.asarray(tile.resize(size)), ((0, 0), (0, _SPACE_PX)), constant_values=255))
    return Image.fromarray(np.concatenate(tiles, 1))


def mri_pictures(data: Path, templates: Templates, seed: int) -> list[Grey]:
    """Return the middle slice of the real T2 volume, then T1, T2 and STIR of simulated patients."""
    real = sitk.ReadImage(str(data / "mri_t2_thoracolumbar" / "t2_lumbar.nii.gz"))
    # Columns to the back, rows to the feet, slices to the right.
    pixels = sitk.GetArrayFromImage(sitk.DICOMOrient(real, "PIR")).astype(np.float32)
    pictures = [mri_grey(pixels)[len(pixels) // 2]]
    for number in MRI_CASES:
        scan = draw_case("mri", parse_settings(_ALONE), templates, seed, number).studies[0].pictures[0].scan
        for image in scan.images.values() if scan else ():
            pictures.append(mri_grey(image.pixels.astype(np.float32))[len(image.pixels) // 2])
    return pictures


def film_pictures(templates: Templates, seed: int) -> list[Grey]:
    """Return simulated films as the networks see them."""
    cases = (draw_case("radiograph", parse_settings(_ALONE), templates, seed, number) for number in FILM_CASES)
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
        "simulated_mri": mri_pictures(given.data, templates, given.seed),
        "simulated_films": film_pictures(templates, given.seed),
    }
    for name, pictures in rows.items():
        row_of(pictures).save(given.out / f"{name}.jpg", quality=_JPEG_QUALITY, optimize=True)


if __name__ == "__main__":
    main()
