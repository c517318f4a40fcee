"""From a Series to an Image: pixels with their geometry as one value."""

from __future__ import annotations

from collections import abc
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from ovf_imaging.dicom import nifti, pictures, tags
from ovf_imaging.dicom.affine import SAME_PLACE_MM, Lattice, plane_affine, senses
from ovf_imaging.dicom.content import check_content
from ovf_imaging.dicom.header import Header, header_of
from ovf_imaging.dicom.pixels import Plane, open_dataset, plane_of_file
from ovf_imaging.dicom.roles import Role, part_of
from ovf_imaging.dicom.scale import film_scale
from ovf_imaging.dicom.stacks import Frame, gap_caveats, lattice_of
from ovf_imaging.errors import ImageError
from ovf_imaging.types import Affine, Caveat, Image, Pixels, Scale, Series

_SAME_DIRECTION = 0.05  # largest difference between direction cosines of the slices of one stack
_PLAIN = (2, 1, 0)  # columns run fastest in a file: its axes are (column, row, slice)
_TURNED = (2, 0, 1)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Volume:
    first: Dataset  # of the first slice's file
    frames: tuple[Frame, ...]
    pixels: Pixels  # (S, H, W)
    valid: NDArray[np.bool_] | None
    caveats: tuple[Caveat, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Geometry:
    affine: Affine
    scale: Scale
    source: str
    sense: tuple[bool | None, bool | None]  # anterior on the left, superior up
    turned: bool = False  # rows and columns exchanged
    caveats: tuple[Caveat, ...] = ()


def load_image(series: Series) -> Image:
    """Return a series' pixels (float32, rescaled, never windowed) with their geometry.

    Rows always run along the spine and columns from front to back or back to front; where a file has them the other
    way they are exchanged, never flipped, and `array_axes` says so. Raises ImageError, naming the file.
    """
    if series.modality == nifti.MODALITY:
        return nifti.load(series)
    if series.modality == pictures.MODALITY:
        return pictures.load(series)
    with tags.quiet():  # values are decoded when they are first looked at
        volume = _volume(series)
        film = part_of(volume.frames[0].header).role is Role.FILM
        geometry = _of_film(volume) if film else _of_stack(volume)
    return _image(series, _exchanged(volume) if geometry.turned else volume, geometry)


def _volume(series: Series) -> _Volume:
    """Return all slices of a series, decoded; each file is read once."""
    if not series.files:
        raise ImageError("a series names no file; read the study again")
    count = len(series.frames) or len(series.files)
    paths = series.files if len(series.files) == count else series.files * count
    numbers = series.frames or (0,) * count
    frames: list[Frame] = []
    planes: list[Plane] = []
    opened: tuple[Path, Dataset, Header] | None = None
    first: Dataset | None = None
    for path, number in zip(paths, numbers, strict=True):
        if opened is None or opened[0] != path:
            ds = open_dataset(path)
            opened = path, ds, header_of(ds, path)
            first = ds if first is None else first
        _, ds, header = opened
        if number >= header.frames:
            raise ImageError(f"{path.name}: wanted frame {number + 1}, the file has {header.frames}; read it again")
        frames.append(Frame(header=header, index=number, slice=header.slices[number]))
        planes.append(plane_of_file(ds, number, path.name))
    return _joined(first or Dataset(), tuple(frames), planes)


def _joined(first: Dataset, frames: tuple[Frame, ...], planes: list[Plane]) -> _Volume:
    sizes = {p.pixels.shape for p in planes}
    name = frames[0].header.path.name
    if len(sizes) > 1:
        raise ImageError(f"{name}: slices of one series differ in size ({len(sizes)} sizes); read the study again")
    pixels = np.stack([p.pixels for p in planes])
    marked = [np.ones(pixels.shape[1:], dtype=bool) if p.valid is None else p.valid for p in planes]
    valid = np.stack(marked) if any(p.valid is not None for p in planes) else None
    pixels = check_content(pixels, valid, name)
    caveats = tuple(dict.fromkeys(c for p in planes for c in p.caveats))
    return _Volume(first=first, frames=frames, pixels=pixels, valid=valid, caveats=caveats)


def _of_stack(volume: _Volume) -> _Geometry:
    """Return the geometry of MR slices; without positions their plane alone is known."""
    frames = volume.frames
    step = frames[0].slice.spacing_mm
    scale = Scale.PATIENT if step else Scale.UNKNOWN
    text = "the size of a pixel is not told: ratios and angles only, no millimetres"
    caveats = () if step else (Caveat(code="scale-unknown", text=text),)
    if not all(f.slice.orientation and f.slice.origin for f in frames):
        affine = plane_affine(*(step or (1.0, 1.0)), step=frames[0].slice.thickness_mm or 1.0)
        source = "PixelSpacing, without slice positions" if step else "no spacing told, pixels"
        return _Geometry(affine=affine, scale=scale, source=source, sense=(None, None), caveats=caveats)
    lattice = lattice_of(frames)
    _check_lattice(lattice, frames)
    affine = lattice.affine()
    turned = abs(lattice.down[2]) < abs(lattice.along[2])
    affine = affine[:, [0, 2, 1, 3]] if turned else affine
    return _Geometry(
        affine=affine,
        scale=scale,
        source="PixelSpacing and ImagePositionPatient" if step else "no spacing told, pixels",
        sense=senses(affine),
        turned=bool(turned),
        caveats=(*caveats, *gap_caveats(lattice)),
    )


def _check_lattice(lattice: Lattice, frames: abc.Sequence[Frame]) -> None:
    name = frames[0].header.path.name
    rows = np.asarray([f.slice.orientation for f in frames])
    spacings = {tuple(round(v, 4) for v in f.slice.spacing_mm or ()) for f in frames}
    if float(np.abs(rows - rows[0]).max()) > _SAME_DIRECTION or len(spacings) > 1:
        raise ImageError(f"{name}: slices of one series differ in orientation or spacing; read the study again")
    if lattice.is_sheared():
        raise ImageError(f"{name}: sheared stack, its slices drift sideways; export the series without gantry tilt")
    places = np.diff(lattice.places_mm)
    if places.size and float(np.abs(places).min()) < SAME_PLACE_MM:
        raise ImageError(f"{name}: several slices of one series lie at one place; read the study again")


def _exchanged(volume: _Volume) -> _Volume:
    """Return the volume with rows and columns exchanged, so that rows run along the spine."""
    pixels = np.ascontiguousarray(volume.pixels.swapaxes(1, 2))
    valid = None if volume.valid is None else np.ascontiguousarray(volume.valid.swapaxes(1, 2))
    return replace(volume, pixels=pixels, valid=valid)


def _of_film(volume: _Volume) -> _Geometry:
    """Return the geometry of a film: its scale, and its sides where PatientOrientation tells them."""
    found = film_scale(volume.first)
    right, below = (*volume.frames[0].header.patient_orientation, "", "")[:2]
    row, column = found.row, found.column
    turned = right[:1] in ("H", "F") and below[:1] in ("A", "P")
    if turned:
        row, column, right, below = column, row, below, right
        if found.scale is Scale.UNKNOWN:
            row, column = 1.0, column / row
    sense = {"A": False, "P": True}.get(right[:1]), {"F": True, "H": False}.get(below[:1])
    caveats = found.caveats
    if None in sense:
        text = "PatientOrientation does not say which side of the film is front and up: taken from the picture"
        caveats = (*caveats, Caveat(code="orientation-unknown", text=text))
    return _Geometry(
        affine=plane_affine(row, column),
        scale=found.scale,
        source=found.source,
        sense=sense,
        turned=turned,
        caveats=caveats,
    )


def _image(series: Series, volume: _Volume, geometry: _Geometry) -> Image:
    caveats = geometry.caveats
    if geometry.turned:
        text = "rows and columns of this series were exchanged so that rows run along the spine"
        caveats = (*caveats, Caveat(code="rows-exchanged", text=text))
    return Image(
        pixels=volume.pixels,
        affine=geometry.affine,
        view=series.view,
        sequence=series.sequence,
        position=series.position,
        scale=geometry.scale,
        scale_source=geometry.source,
        valid=volume.valid,
        sop_uids=tuple(f.header.sop_uid for f in volume.frames),
        series_uid=series.uid,
        array_axes=_TURNED if geometry.turned else _PLAIN,
        anterior_left=geometry.sense[0],
        superior_up=geometry.sense[1],
        caveats=tuple(dict.fromkeys((*series.caveats, *caveats, *volume.caveats))),
    )
