"""From the MR frames of one series to stacks of parallel slices in geometric order; what doesn't belong is left out."""

from __future__ import annotations

from collections import abc, defaultdict
from dataclasses import dataclass, replace

import numpy as np

from ovf_imaging.dicom.affine import SAME_PLACE_MM, Lattice
from ovf_imaging.dicom.contrast import not_anatomy
from ovf_imaging.dicom.frames import Slice
from ovf_imaging.dicom.header import Header
from ovf_imaging.dicom.pixels import pixel_digest
from ovf_imaging.dicom.views import is_localiser, plane_from_words, plane_of
from ovf_imaging.types import Caveat, View

_PARALLEL = 0.9995  # cosine between row or column directions of one stack: 1.8°
_RELATIVE = 0.1  # echo, repetition and inversion times closer than this are one contrast
_SAME_ORIGIN_MM = 1.0  # in-plane distance of the first pixels of two slices of one station
_FEW_SLICES = 3  # a plane of a two-plane localiser has no more


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One frame of one file."""

    header: Header
    index: int
    slice: Slice

    @property
    def key(self) -> tuple[object, ...]:
        """An order that doesn't depend on file names."""
        origin = self.slice.origin or (0.0, 0.0, 0.0)
        number = self.header.instance_number
        return (*origin, -1 if number is None else number, self.header.sop_uid, self.index)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """Slices of one plane and contrast, in order; `aside` says what they are when they can't be used."""

    frames: tuple[Frame, ...]
    view: View
    aside_code: str = ""
    aside: str = ""
    caveats: tuple[Caveat, ...] = ()


def stacks_of(headers: abc.Iterable[Header]) -> tuple[Stack, ...]:
    """Return the stacks of one series, biggest first; independent of the order and names of its files."""
    frames = [Frame(header=h, index=n, slice=s) for h in headers for n, s in enumerate(h.slices)]
    frames.sort(key=lambda f: f.key)
    placed = [f for f in frames if f.slice.orientation and f.slice.origin]
    lost = [f for f in frames if not (f.slice.orientation and f.slice.origin)]
    scouts = [f for f in placed if is_localiser(f.header, f.slice.contrast.kinds)]
    maps = [f for f in placed if f not in scouts and not_anatomy(f.slice.contrast)]
    plain = [f for f in placed if f not in scouts and f not in maps]
    if _is_three_plane_localiser(plain):
        scouts, plain = scouts + plain, []
    out = [_aside(scouts, "localiser", "localiser")] if scouts else []
    out += [_aside(maps, "derived", not_anatomy(maps[0].slice.contrast))] if maps else []
    for plane in _by_orientation(plain):
        out += _of_one_plane(plane)
    out += _without_geometry(lost)
    return tuple(sorted(out, key=lambda s: (-len(s.frames), s.aside_code, s.frames[0].key)))


def _aside(frames: list[Frame], code: str, what: str) -> Stack:
    return Stack(frames=tuple(frames), view=View.UNKNOWN, aside_code=code, aside=what)


def _is_three_plane_localiser(frames: list[Frame]) -> bool:
    """Tell a localiser without the name: several planes in one series, of which none is a proper sagittal stack."""
    planes = [plane_of(f.slice.orientation) for f in frames if f.slice.orientation]
    sagittal = planes.count(View.SAGITTAL)
    if len(set(planes)) < 2 or sagittal * 2 > len(planes):
        return False
    return len(set(planes)) > 2 or 0 < sagittal <= _FEW_SLICES


def _by_orientation(frames: list[Frame]) -> list[list[Frame]]:
    out: list[list[Frame]] = []
    for frame in frames:
        mine = np.asarray(frame.slice.orientation)
        for group in out:
            cosines = np.einsum("ij,ij->i", mine, np.asarray(group[0].slice.orientation))
            if float(cosines.min()) > _PARALLEL:
                group.append(frame)
                break
        else:
            out.append([frame])
    return out


def _of_one_plane(frames: list[Frame]) -> list[Stack]:
    """Return the stacks among parallel slices: one for each contrast, the odd-sized slices dropped and counted."""
    out: list[Stack] = []
    for contrast in _by_contrast(frames):
        sizes = _by_size(contrast)
        best = max(len(s) for s in sizes)
        kept = [s for s in sizes if len(s) == best]
        odd = [f for s in sizes if len(s) < best for f in s]
        for size in kept:
            stacks = _by_place(size)
            if odd and size is kept[0]:
                stacks[0] = replace(stacks[0], caveats=(*stacks[0].caveats, _odd_size(odd)))
            out += stacks
    return out


def _odd_size(odd: list[Frame]) -> Caveat:
    text = f"{len(odd)} slice(s) of another matrix or pixel spacing than the rest of their series were left out"
    return Caveat(code="odd-slice-left-out", text=text, must_see=True)


def _by_size(frames: list[Frame]) -> list[list[Frame]]:
    groups: dict[tuple[object, ...], list[Frame]] = defaultdict(list)
    for frame in frames:
        spacing = tuple(round(v, 4) for v in frame.slice.spacing_mm or ())
        groups[(frame.header.size, spacing)].append(frame)
    return list(groups.values())


def _by_contrast(frames: list[Frame]) -> list[list[Frame]]:
    columns = [
        _clusters([f.slice.contrast.echo_ms for f in frames]),
        _clusters([f.slice.contrast.repetition_ms for f in frames]),
        _clusters([f.slice.contrast.inversion_ms for f in frames]),
        [tuple(sorted(f.slice.contrast.kinds & {"W", "WATER", "IP", "IN_PHASE"})) for f in frames],
    ]
    groups: dict[tuple[object, ...], list[Frame]] = defaultdict(list)
    for frame, key in zip(frames, zip(*columns, strict=True), strict=True):
        groups[key].append(frame)
    return list(groups.values())


def _clusters(values: list[float | None]) -> abc.Sequence[int]:
    """Return a cluster number for each value; an absent value joins the only cluster there is."""
    names: dict[float, int] = {}
    last: float | None = None
    for value in sorted({v for v in values if v is not None}):
        new = last is None or value > last * (1 + _RELATIVE)
        names[value] = len(set(names.values())) + (0 if new else -1)
        last = value
    alone = 0 if len(set(names.values())) <= 1 else -1
    return [alone if v is None else names[v] for v in values]


def lattice_of(frames: abc.Sequence[Frame]) -> Lattice:
    """Return the geometry of slices that all have a place."""
    first = frames[0].slice
    along, down = np.asarray(first.orientation)
    return Lattice(
        along=along,
        down=down,
        origins=np.asarray([f.slice.origin for f in frames]),
        spacing_mm=first.spacing_mm or (1.0, 1.0),
        thickness_mm=first.thickness_mm or 1.0,
    )


def _repeats(frames: list[Frame]) -> bool:
    places = np.sort(lattice_of(frames).places_mm)
    return bool(np.any(np.diff(places) < SAME_PLACE_MM))


def _by_place(frames: list[Frame]) -> list[Stack]:
    """Return runs without two slices at one place, as stacks in geometric order.

    Slices at one place are stations of a long spine, time points (the first is kept), or copies under another UID.
    """
    view = plane_of(frames[0].slice.orientation) if frames[0].slice.orientation else View.UNKNOWN
    if not _repeats(frames):
        return [_checked(frames, view)]
    stations = _by_station(frames)
    if len(stations) > 1 and not any(_repeats(s) for s in stations):
        return [_checked(s, view) for s in stations]
    moments = _by_moment(frames)
    if len(moments) > 1 and len(moments[0]) > 1 and not any(_repeats(m) for m in moments):
        later = [f for m in moments[1:] for f in m]
        return [_checked(moments[0], view), _aside(later, "repeated", "later time points of an MR series")]
    once = _without_copies(frames)
    if len(once) < len(frames):
        text = f"{len(frames) - len(once)} slice(s) with the pixels of another slice at the same place were left out"
        caveat = Caveat(code="duplicates-left-out", text=text)
        return [_checked(once, view, (caveat,))]
    return [_checked(frames, view)]


def _without_copies(frames: list[Frame]) -> list[Frame]:
    lattice = lattice_of(frames)
    seen: dict[tuple[object, ...], Frame] = {}
    for frame, place in zip(frames, lattice.places_mm, strict=True):
        seen.setdefault((round(float(place), 1), pixel_digest(frame.header.path, frame.index)), frame)
    return list(seen.values())


def _by_station(frames: list[Frame]) -> list[list[Frame]]:
    lattice = lattice_of(frames)
    across = np.stack([lattice.origins @ lattice.along, lattice.origins @ lattice.down], axis=1)
    out: list[tuple[np.ndarray, list[Frame]]] = []
    for frame, where in zip(frames, across, strict=True):
        for centre, group in out:
            if np.abs(centre - where).max() <= _SAME_ORIGIN_MM:
                group.append(frame)
                break
        else:
            out.append((where, [frame]))
    return [group for _, group in out]


def _by_moment(frames: list[Frame]) -> list[list[Frame]]:
    groups: dict[tuple[float, ...], list[Frame]] = defaultdict(list)
    for frame in frames:
        groups[frame.slice.moment].append(frame)
    return [groups[k] for k in sorted(groups)]


def _checked(frames: list[Frame], view: View, caveats: tuple[Caveat, ...] = ()) -> Stack:
    """Return the slices in geometric order, set aside when their geometry can't be used, with a caveat at a gap."""
    places = lattice_of(frames).places_mm
    ordered = [frames[i] for i in np.argsort(places, kind="stable")]
    lattice = lattice_of(ordered)
    if len(ordered) > 1 and _repeats(ordered):
        what = f"{view.value} MR series with several slices at one place that nothing tells apart"
        return Stack(frames=tuple(ordered), view=view, aside_code="ambiguous", aside=what)
    if lattice.is_sheared():
        what = f"{view.value} MR series that is a sheared stack (its slices drift sideways)"
        return Stack(frames=tuple(ordered), view=view, aside_code="sheared", aside=what)
    return Stack(frames=tuple(ordered), view=view, caveats=(*caveats, *gap_caveats(lattice)))


def gap_caveats(lattice: Lattice) -> tuple[Caveat, ...]:
    """Return the caveat that slices are missing or unevenly spaced, () when they aren't."""
    gaps = lattice.gaps()
    if not gaps:
        return ()
    after = ", ".join(str(g + 1) for g in gaps)
    text = (
        f"slices are missing or unevenly spaced (after slice {after} of {len(lattice.origins)}): "
        "sizes within a slice hold, positions from side to side do not"
    )
    return (Caveat(code="slice-gap", text=text, must_see=True),)


def _without_geometry(frames: list[Frame]) -> list[Stack]:
    """Return slices that have no place as one stack in the order of location or number, with a caveat."""
    out: list[Stack] = []
    for contrast in _by_contrast(frames) if frames else []:
        for size in _by_size(contrast):
            view = plane_from_words((*size[0].header.descriptions, *size[0].header.study_descriptions))
            ordered = _numbered(size)
            if ordered is None:
                what = "MR series without slice positions or numbers to order it by"
                out.append(_aside(size, "unordered", what))
                continue
            if is_localiser(size[0].header, size[0].slice.contrast.kinds):
                out.append(_aside(size, "localiser", "localiser"))
                continue
            text = "the position and orientation of these MR slices are not told: which side is front is unknown"
            caveat = Caveat(code="geometry-unknown", text=text, must_see=True)
            out.append(Stack(frames=tuple(ordered), view=view, caveats=(caveat,)))
    return out


def _numbered(frames: list[Frame]) -> list[Frame] | None:
    if len({id(f.header) for f in frames}) == 1:
        return sorted(frames, key=lambda f: f.index)
    for keys in ([f.slice.location for f in frames], [f.header.instance_number for f in frames]):
        if None not in keys and len(set(keys)) == len(keys):
            return [frames[i] for i in np.argsort(np.asarray(keys, dtype=np.float64), kind="stable")]
    return None


def is_copy(one: Header, other: Header) -> bool:
    """Tell whether two files with one SOPInstanceUID are copies, not files that a careless tool gave one UID."""
    names = ("series_uid", "size", "frames", "instance_number", "view_position", "slices")
    return all(getattr(one, name) == getattr(other, name) for name in names)
