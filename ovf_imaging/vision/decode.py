"""From dense network outputs to bodies: every pixel votes for the landmarks of the body it belongs to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.draw import polygon2mask

from ovf_imaging.vision.channels import OFFSET_UNIT
from ovf_imaging.vision.shapes import body_pose, outline

Array = NDArray[np.float64]
_MOST_OVERLAP = 0.3  # of two bodies' outlines; more means one body found twice
_SACRUM_SEEN, _SACRUM_SURE = 0.15, 0.5  # share of a body's pixels in the sacrum's mask
_TWIN = 0.7  # body depths between two sights of the sacrum that are one
_OVERLAP_GRID = 24  # pixels a body depth when overlaps are drawn
_LEAST_PIXELS = 12  # half-size pixels a body must have in a slice to be seen there


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Dense:
    """Network outputs of a stack of slices in working pixels, as numpy."""

    body: NDArray[np.float32]  # (S, h, w) probability
    sacrum: NDArray[np.float32]  # (S, h, w)
    votes: NDArray[np.float32]  # (S, 6, 2, h/2, w/2) in OFFSET_UNIT pixels
    spread: NDArray[np.float32]  # (S, 6, h/2, w/2) log scale
    levels: NDArray[np.float32]  # (S, 10, h/2, w/2) logits

    def bone(self, s: int) -> NDArray[np.float32]:
        """Return the probability (h, w) of body or sacrum on one slice."""
        return np.asarray(np.maximum(self.body[s], self.sacrum[s]), dtype=np.float32)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sight:
    """One body in one slice."""

    slice: int
    landmarks: Array  # (6, 2) working pixels
    covariance: Array  # (6, 2, 2)
    mass: float  # working pixels
    sacrum: float  # share of its pixels that are sacrum
    levels: Array  # (10,) mean log-probability by level class
    certainty: float  # mean mask probability

    @property
    def centre(self) -> Array:
        """Mean of the landmarks (2,)."""
        return np.asarray(self.landmarks.mean(0))

    @property
    def depth(self) -> float:
        """Body depth in working pixels."""
        return body_pose(self.landmarks).depth


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Track:
    """One body through the slices."""

    sights: tuple[Sight, ...]

    @property
    def mass(self) -> float:
        """Working pixels over all slices."""
        return sum(s.mass for s in self.sights)

    @property
    def best(self) -> Sight:
        """The sight in the middle of the body's width."""
        middle = sum(s.slice * s.mass for s in self.sights) / self.mass
        largest = max(s.mass for s in self.sights)
        return min((s for s in self.sights if s.mass > 0.6 * largest), key=lambda s: abs(s.slice - middle))

    @property
    def sacrum(self) -> float:
        """Share of sacrum pixels."""
        return sum(s.sacrum * s.mass for s in self.sights) / self.mass

    @property
    def levels(self) -> Array:
        """Mean log-probability by level class (10,)."""
        return np.asarray(sum(s.levels * s.mass for s in self.sights) / self.mass)

    @property
    def certainty(self) -> float:
        """Mean mask probability."""
        return sum(s.certainty * s.mass for s in self.sights) / self.mass


def _landmark_votes(dense: Dense, s: int, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> Array:
    place = np.stack([rows, columns], -1) * 2 + 0.5
    votes = dense.votes[s][:, :, rows, columns].transpose(2, 0, 1).astype(np.float64)  # (K, 6, 2)
    return np.asarray(place[:, None] + votes * OFFSET_UNIT)


def sights_in_slice(dense: Dense, s: int, threshold: float = 0.5) -> list[Sight]:
    """Return the bodies of slice `s`, found as peaks of the votes for their centres."""
    mask = dense.bone(s)
    half = mask.reshape(mask.shape[0] // 2, 2, mask.shape[1] // 2, 2).mean((1, 3))
    rows, columns = np.nonzero(half > threshold)
    if rows.size < _LEAST_PIXELS:
        return []
    votes = _landmark_votes(dense, s, rows, columns)
    centres = votes.mean(1)
    front = (votes[:, 0] + votes[:, 3] - votes[:, 2] - votes[:, 5]) / 2
    depth = float(np.median(np.linalg.norm(front, axis=-1)))
    peaks = _peaks(centres, half[rows, columns], half.shape, depth)
    if len(peaks) == 0:
        return []
    distance = np.linalg.norm(centres[:, None] - peaks[None], axis=-1)
    owner = distance.argmin(1)
    owner[distance.min(1) > 0.4 * depth] = -1
    found = []
    for number in range(len(peaks)):
        mine = owner == number
        if mine.sum() >= _LEAST_PIXELS:
            found.append(_sight(dense, s, rows[mine], columns[mine], votes[mine], half[rows[mine], columns[mine]]))
    return found


def _peaks(centres: Array, weight: NDArray[np.float32], shape: tuple[int, int], depth: float) -> Array:
    """Return the maxima (P, 2) of the smoothed vote histogram, no two nearer than a third of a depth."""
    index = np.clip(np.round((centres - 0.5) / 2).astype(int), 0, np.array(shape) - 1)
    votes = np.zeros(shape)
    np.add.at(votes, (index[:, 0], index[:, 1]), weight)
    smooth = ndimage.gaussian_filter(votes, max(0.045 * depth, 0.7))
    size = max(3, 2 * round(0.16 * depth / 2 * 1.0) + 1)
    top = (smooth == ndimage.maximum_filter(smooth, size)) & (smooth > 0.1 * smooth.max())
    order = np.argsort(-smooth[top])
    places = np.argwhere(top)[order] * 2 + 0.5
    kept: list[Array] = []
    for place in places:
        if all(np.linalg.norm(place - k) > 0.33 * depth for k in kept):
            kept.append(place)
    return np.array(kept)


def _sight(
    dense: Dense, s: int, rows: NDArray[np.intp], columns: NDArray[np.intp], votes: Array, mask: NDArray[np.float32]
) -> Sight:
    spread = dense.spread[s][:, rows, columns].T.astype(np.float64).clip(-6, 3)  # (K, 6)
    scale = np.exp(spread) * OFFSET_UNIT
    weight = mask[:, None] / scale**2
    weight = weight / weight.sum(0)
    points = (votes * weight[..., None]).sum(0)
    # Votes of one body share their errors: their mean expected variance stands, not that of their mean.
    variance = (weight * 2 * scale**2).sum(0)
    offset = votes - points
    scatter = np.einsum("kp,kpi,kpj->pij", weight, offset, offset)
    covariance = variance[:, None, None] * np.eye(2) + scatter
    logits = dense.levels[s][:, rows, columns].astype(np.float64)
    logits = logits - logits.max(0)
    logp = logits - np.log(np.exp(logits).sum(0))
    sacrum = dense.sacrum[s][rows * 2, columns * 2]
    body = dense.body[s][rows * 2, columns * 2]
    return Sight(
        slice=s,
        landmarks=points,
        covariance=covariance,
        mass=float(rows.size * 4),
        sacrum=float((sacrum > body).mean()),
        levels=logp.mean(1),
        certainty=float(mask.mean()),
    )


def link(slices: list[list[Sight]]) -> list[Track]:
    """Return the bodies through the slices: sights of neighbouring slices whose centres lie near one another."""
    masses = [sum(s.mass for s in sights) for sights in slices]
    if not any(masses):
        return []
    start = int(np.argmax(masses))
    tracks: list[list[Sight]] = [[s] for s in slices[start]]
    for order in (range(start + 1, len(slices)), range(start - 1, -1, -1)):
        ends = [t[0] for t in tracks]
        for k in order:
            for sight in sorted(slices[k], key=lambda s: -s.mass):
                near = [np.linalg.norm(sight.centre - e.centre) / max(e.depth, 1) for e in ends]
                best = int(np.argmin(near)) if near else -1
                if best >= 0 and near[best] < 0.4:
                    if ends[best].slice != k:
                        tracks[best].append(sight)
                        ends[best] = sight
                elif not near or near[best] > 0.6:
                    tracks.append([sight])
                    ends.append(sight)
    return [Track(sights=tuple(sorted(t, key=lambda s: s.slice))) for t in tracks]


def chain(tracks: list[Track]) -> list[Track]:
    """Return the tracks that form one spine, head to foot: similar size, in a smooth line, none twice."""
    if not tracks:
        return []
    largest = float(np.median(sorted(t.mass for t in tracks)[-5:]))
    kept = [t for t in tracks if t.mass > 0.12 * largest]
    ups = np.array([body_pose(t.best.landmarks).up * t.mass for t in kept]).sum(0)
    up = ups / max(float(np.linalg.norm(ups)), 1e-9)
    kept.sort(key=lambda t: -float(t.best.centre @ up))
    depth = float(np.median([t.best.depth for t in kept]))
    kept = [t for t in kept if 0.5 < t.best.depth / depth < 1.7]
    kept = [t for t in kept if float(body_pose(t.best.landmarks).up @ up) > 0.2]
    return _one_sacrum(_on_the_line(_apart(kept, depth), depth), depth)


def _one_sacrum(tracks: list[Track], depth: float) -> list[Track]:
    """Return the chain with one S1 at its foot: S1 found twice is merged, what lies below it is S2 and left out."""
    merged: list[Track] = []
    for track in tracks:
        last = merged[-1] if merged else None
        if last is None or min(last.sacrum, track.sacrum) < _SACRUM_SEEN or _distance(last, track) > _TWIN * depth:
            merged.append(track)
        elif track.mass * (0.5 + track.sacrum) > last.mass * (0.5 + last.sacrum):
            merged[-1] = track
    sacra = [n for n, t in enumerate(merged) if t.sacrum > _SACRUM_SURE]
    return merged[: sacra[0] + 1] if sacra else merged


def _distance(a: Track, b: Track) -> float:
    return float(np.linalg.norm(a.best.centre - b.best.centre))


def _apart(tracks: list[Track], depth: float) -> list[Track]:
    """Return the tracks without those that lie on another: of two, the sacrum or else the surer one stays."""
    order = sorted(tracks, key=lambda t: (t.sacrum > 0.5, t.certainty * t.mass), reverse=True)
    kept: list[Track] = []
    for track in order:
        if all(_overlap(track.best.landmarks, k.best.landmarks, depth) < _MOST_OVERLAP for k in kept):
            kept.append(track)
    return [t for t in tracks if t in kept]


def _overlap(a: Array, b: Array, depth: float) -> float:
    """Return the part of the smaller of two bodies' outlines that lies in the other."""
    if float(np.linalg.norm(a.mean(0) - b.mean(0))) > 1.5 * depth:
        return 0.0
    outlines = [outline(a), outline(b)]
    low = np.concatenate(outlines).min(0)
    scale = _OVERLAP_GRID / depth
    size = np.ceil((np.concatenate(outlines).max(0) - low) * scale).astype(int) + 1
    masks = [polygon2mask((int(size[0]), int(size[1])), (o - low) * scale) for o in outlines]
    return float((masks[0] & masks[1]).sum() / max(min(m.sum() for m in masks), 1))


def _on_the_line(tracks: list[Track], depth: float) -> list[Track]:
    """Keep the longest run in which each body's next is where its own axis points, within reason."""
    if len(tracks) < 2:
        return tracks
    score = [t.mass for t in tracks]
    before = [-1] * len(tracks)
    for j, track in enumerate(tracks):
        for i in range(j):
            if _follows(tracks[i], track, depth) and score[i] + track.mass > score[j]:
                score[j] = score[i] + track.mass
                before[j] = i
    j = int(np.argmax(score))
    run = []
    while j >= 0:
        run.append(tracks[j])
        j = before[j]
    return run[::-1]


def _follows(above: Track, below: Track, depth: float) -> bool:
    a, b = body_pose(above.best.landmarks), body_pose(below.best.landmarks)
    step = b.centre - a.centre
    distance = float(np.linalg.norm(step)) / depth
    down = -(a.up + b.up)
    down = down / max(float(np.linalg.norm(down)), 1e-9)
    along = float(step @ down) / max(float(np.linalg.norm(step)), 1e-9)
    return 0.35 < distance < 4.2 and along > 0.64


def instance_labels(dense: Dense, tracks: list[Track], threshold: float = 0.5) -> NDArray[np.uint8]:
    """Return (S, h, w): 1 + index of the track each mask pixel belongs to, 0 elsewhere.

    A pixel goes to the body its own votes' centre is nearest to.
    """
    labels = np.zeros(dense.body.shape, np.uint8)
    for s in range(len(labels)):
        here = [
            (n, t.sights[[v.slice for v in t.sights].index(s)])
            for n, t in enumerate(tracks)
            if any(v.slice == s for v in t.sights)
        ]
        if not here:
            continue
        rows, columns = np.nonzero(dense.bone(s) > threshold)
        centre = _landmark_votes(dense, s, rows // 2, columns // 2).mean(1)
        places = np.array([v.centre for _, v in here])
        depth = float(np.median([v.depth for _, v in here]))
        distance = np.linalg.norm(centre[:, None] - places[None], axis=-1)
        owner = distance.argmin(1)
        near = distance.min(1) < 0.45 * depth
        numbers = np.array([n + 1 for n, _ in here], np.uint8)
        labels[s, rows[near], columns[near]] = numbers[owner[near]]
    return labels
