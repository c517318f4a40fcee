"""PNG, JPEG and TIFF as one film or slice without millimetres."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image as Pil
from PIL import ImageOps, UnidentifiedImageError

from ovf_imaging.dicom import tags
from ovf_imaging.dicom.affine import plane_affine
from ovf_imaging.dicom.content import check_content
from ovf_imaging.dicom.identity import uid_of
from ovf_imaging.dicom.views import position_from_words
from ovf_imaging.errors import ImageError
from ovf_imaging.types import Caveat, Image, Scale, Sequence, Series, View

MODALITY = "PICTURE"
_LUMINANCE = np.array([0.299, 0.587, 0.114], dtype=np.float32)  # ITU-R BT.601, as Pillow's own grey conversion
_BROKEN = (
    OSError,
    SyntaxError,
    UnidentifiedImageError,
    Pil.DecompressionBombError,
    tifffile.TiffFileError,
    *tags.BROKEN,
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Picture:
    grey: NDArray[np.float32]  # (H, W)
    valid: NDArray[np.bool_] | None = None  # (H, W), False where transparent
    caveats: tuple[Caveat, ...] = ()


def read_series(path: Path) -> Series:
    """Return a picture as a series of unknown view: nothing in the file says whether it is a film or a slice."""
    return Series(
        uid=uid_of(path, "series"),
        view=View.UNKNOWN,
        sequence=Sequence.UNKNOWN,
        position=position_from_words(path.stem),
        files=(path,),
        modality=MODALITY,
    )


def load(series: Series) -> Image:
    """Return a picture as an image whose unit is the pixel; ImageError when it can't be read or shows nothing."""
    path = series.files[0]
    try:
        with tags.quiet():
            picture = _read(path)
    except _BROKEN as error:
        text = "unreadable, the picture is damaged, truncated or too large"
        raise ImageError(f"{path.name}: {text}; export it again as PNG or TIFF") from error
    pixels = picture.grey[np.newaxis]
    valid = None if picture.valid is None else picture.valid[np.newaxis]
    pixels = check_content(pixels, valid, path.name)
    text = "a picture has no millimetres: ratios and angles only"
    caveat = Caveat(code="scale-unknown", text=text)
    return Image(
        pixels=pixels,
        affine=plane_affine(1.0, 1.0),
        view=series.view,
        sequence=series.sequence,
        position=series.position,
        scale=Scale.UNKNOWN,
        scale_source="picture, pixels",
        valid=valid,
        series_uid=series.uid,
        caveats=(*series.caveats, caveat, *picture.caveats),
    )


def _read(path: Path) -> _Picture:
    with path.open("rb") as file:
        start = file.read(4)
    if start[:2] in (b"II", b"MM"):
        return _read_tiff(path)
    with Pil.open(path) as opened:
        turned = ImageOps.exif_transpose(opened)
        turned.load()
        caveats = _turned_caveat(opened.size != turned.size or opened.getexif().get(0x0112, 1) != 1)
        pages = getattr(opened, "n_frames", 1)
        return replace(_from_pil(turned), caveats=(*caveats, *_pages_caveat(pages)))


def _turned_caveat(turned: bool) -> tuple[Caveat, ...]:
    text = "the picture was turned upright as its EXIF orientation says"
    return (Caveat(code="picture-turned", text=text),) if turned else ()


def _pages_caveat(pages: int) -> tuple[Caveat, ...]:
    text = f"the picture has {pages} pages; only the first was read"
    return (Caveat(code="first-page-only", text=text, must_see=True),) if pages > 1 else ()


def _from_pil(picture: Pil.Image) -> _Picture:
    if picture.mode in ("I;16", "I;16B", "I;16L", "I", "F", "L", "1") and "transparency" not in picture.info:
        return _Picture(grey=np.asarray(picture).astype(np.float32))
    clear = picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info
    colours = np.asarray(picture.convert("RGBA" if clear else "RGB"))
    return _grey(colours)


def _grey(samples: NDArray[Any]) -> _Picture:
    """Return samples (H, W, C) as luminance; a second or fourth channel is opacity."""
    count = samples.shape[2]
    colours = samples[..., : 3 if count >= 3 else 1]
    same = colours.shape[2] == 1 or bool((colours == colours[..., :1]).all())
    grey = colours[..., 0].astype(np.float32) if same else colours.astype(np.float32) @ _LUMINANCE
    clear = samples[..., -1] == 0 if count in (2, 4) else None
    return _Picture(grey=grey, valid=None if clear is None or not clear.any() else ~clear)


def _read_tiff(path: Path) -> _Picture:
    """Return a TIFF's first page; files whose compression tifffile lacks go to Pillow, which knows the common ones."""
    with tifffile.TiffFile(path) as opened:
        page = opened.pages.first
        pages = len(opened.pages)
        turn = int(page.tags["Orientation"].value) if "Orientation" in page.tags else 1
        try:
            samples = np.asarray(page.asarray())
        except ValueError:
            samples = np.empty(0)
        planar = page.planarconfig == tifffile.PLANARCONFIG.SEPARATE
        photometric = tifffile.PHOTOMETRIC(page.photometric).name
        palette, bits = page.colormap, page.bitspersample
    if samples.size == 0 or photometric in ("YCBCR", "SEPARATED", "CIELAB"):
        with Pil.open(path) as again:
            upright = ImageOps.exif_transpose(again)
            upright.load()
            return replace(_from_pil(upright), caveats=(*_turned_caveat(turn != 1), *_pages_caveat(pages)))
    if photometric == "PALETTE" and palette is not None:
        samples = np.moveaxis(np.asarray(palette)[:, samples], 0, -1)
    samples = _channels_last(samples, planar)
    picture = _grey(_upright(samples, turn))
    if photometric == "MINISWHITE":
        white = float((1 << bits) - 1) if samples.dtype.kind in "iub" else float(picture.grey.max())
        picture = replace(picture, grey=np.float32(white) - picture.grey)
    return replace(picture, caveats=(*_turned_caveat(turn != 1), *_pages_caveat(pages)))


def _channels_last(samples: NDArray[Any], planar: bool) -> NDArray[Any]:
    while samples.ndim > 3 or (samples.ndim == 3 and samples.shape[0] == 1 and not planar):
        samples = samples[0]  # volumetric and series TIFF: their first plane
    if samples.ndim == 2:
        return samples[..., np.newaxis]
    return np.moveaxis(samples, 0, -1) if planar else samples


def _upright(samples: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Return samples (H, W, C) turned as TIFF orientation 1–8 says."""
    if orientation in (5, 6, 7, 8):
        samples = samples.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        samples = samples[::-1]
    if orientation in (2, 3, 6, 7):
        samples = samples[:, ::-1]
    return np.ascontiguousarray(samples)
