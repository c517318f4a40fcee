"""Read a sagittal MRI: bodies, sacrum, landmarks and levels, slice by slice with its neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from ovf_imaging.errors import NoVertebraeError
from ovf_imaging.types import Image, Level, Reading, Scale
from ovf_imaging.vision.assemble import Body, cut_caveats, numbering_caveats, vertebra
from ovf_imaging.vision.decode import Dense, Sight, Track, instance_labels
from ovf_imaging.vision.frame import Frame, plain_frame, sagittal_frame
from ovf_imaging.vision.grey import mri_grey
from ovf_imaging.vision.mask_landmarks import mask_landmarks
from ovf_imaging.vision.networks import VertebraNet
from ovf_imaging.vision.refine import Refined, Refiner
from ovf_imaging.vision.shapes import body_pose
from ovf_imaging.vision.sight import ColumnSight, column_of, to_dense
from ovf_imaging.vision.weights import Bundle

Array = NDArray[np.float64]
_BATCH = 4  # slices at once: bounds the memory
_NEIGHBOUR_MM = 4.0  # how far apart the slices lay that the network was trained on
_WHOLE = 0.85  # part of a body's mask that its largest piece must hold for its edge to be trusted
_READ_MM = 2.5  # of thinner slices some are read, the rest interpolated


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MriReader:
    """The MRI bundle at work."""

    network: VertebraNet
    refiner: Refiner
    bundle: Bundle
    device: torch.device
    lowest: int | None = None  # level of the lowest body, where a person stated it

    @classmethod
    def load(cls, bundle: Bundle, device: torch.device, lowest: int | None = None) -> MriReader:
        """Return the reader of a verified bundle."""
        return cls(
            network=bundle.network("vertebrae", device),
            refiner=Refiner.load(bundle, device),
            bundle=bundle,
            device=device,
            lowest=lowest,
        )

    def read(self, image: Image) -> Reading:
        """Return the bodies of a sagittal image; ReadingError when none is found."""
        sight = self.look(image)
        if len(sight.tracks) < 2:
            raise NoVertebraeError(
                f"no column of vertebrae found ({len(sight.tracks)} body); "
                "a sagittal spine MRI with two or more is wanted"
            )
        return self._reading(image, sight)

    def look(self, image: Image) -> ColumnSight:
        """Return what the network sees of an image, before anything is refused."""
        if image.scale is Scale.UNKNOWN:
            return self._find_unscaled(image, torch.from_numpy(mri_grey(image.pixels, image.valid)))
        frame = sagittal_frame(image, self.bundle.settings["working_pixel_mm"])
        # The grey volume is gone before the network runs: of a large one, both would not fit.
        return self._seen(frame.to_working(torch.from_numpy(mri_grey(image.pixels, image.valid))), frame, image)

    def _find_unscaled(self, image: Image, grey: Tensor) -> ColumnSight:
        """Try orientations of a picture without geometry, then bring its bodies to the depth the network knows."""
        wanted = self.bundle.settings["body_depth_px"]
        factor = self.bundle.settings["picture_px"] / max(image.pixels.shape[1:])
        best = self._turned(image, grey, factor, 0)
        if best.score <= 3.0:
            for turns in (1, 3, 2):
                other = self._turned(image, grey, factor, turns)
                if other.score > 1.25 * best.score:
                    best = other
        if len(best.tracks) >= 2:
            depth = float(np.median([t.best.depth for t in best.tracks]))
            if not 0.85 < depth / wanted < 1.2:
                rows, columns = best.frame.size
                scaled = replace(best.frame, size=(round(rows * wanted / depth), round(columns * wanted / depth)))
                again = self._seen(scaled.to_working(grey), scaled, image)
                if again.score >= 0.9 * best.score:
                    return again
        return best

    def _turned(self, image: Image, grey: Tensor, factor: float, turns: int) -> ColumnSight:
        frame = plain_frame(image, factor, turns)
        return self._seen(frame.to_working(grey), frame, image)

    def _seen(self, grey: Tensor, frame: Frame, image: Image) -> ColumnSight:
        """Return what the network sees of working pixels."""
        dense = self._infer(grey, image)
        return ColumnSight(grey=grey, frame=frame, dense=dense, tracks=column_of(dense))

    def _beside(self, image: Image, slices: list[int]) -> Tensor:
        """Return (N, slices of the network) indices: each slice with its neighbours about 4 mm away."""
        step = slices_apart(image, _NEIGHBOUR_MM)
        if image.affine[0, 0] > 0:  # trained on slices that step to the patient's right (−x)
            step = -step
        beside = torch.arange(self.network.slices) - self.network.slices // 2
        return (torch.tensor(slices)[:, None] + step * beside).clamp(0, len(image.pixels) - 1)

    def _infer(self, grey: Tensor, image: Image) -> Dense:
        """Run the network on the slices to be read."""
        around = self._beside(image, slices_to_read(image))
        mean, spread = self.bundle.settings["grey_mean"], self.bundle.settings["grey_spread"]
        masks, dense = torch.empty(0), torch.empty(0)
        with torch.inference_mode():
            for first in range(0, len(around), _BATCH):
                x = (grey[around[first : first + _BATCH]] - mean) / spread
                m, d = self.network.parts(x.contiguous(memory_format=torch.channels_last).to(self.device))
                if first == 0:  # laid out once: pieces to be joined would take the memory twice
                    masks, dense = (torch.empty((len(around), *part.shape[1:])) for part in (m, d))
                masks[first : first + _BATCH] = m
                dense[first : first + _BATCH] = d
        return to_dense(masks, dense)

    def _reading(self, image: Image, sight: ColumnSight) -> Reading:
        frame, tracks = sight.frame, sight.tracks
        numbering = sight.numbering(self.lowest)
        read = slices_to_read(image)
        vertebrae = []
        for track, level, found in zip(
            tracks, numbering.levels, self._refined(image, sight, numbering.levels), strict=True
        ):
            body = Body(
                slice=read[track.best.slice],
                landmarks=frame.points_to_native(found.landmarks),
                covariance=frame.covariance_to_native(found.covariance),
                confidence=track.certainty * found.agreement,
            )
            vertebrae.append(vertebra(body, level, image))
        return Reading(
            image=image,
            labels=native_labels(frame, sight.dense, tracks, numbering.levels, read, len(image.pixels)),
            vertebrae=tuple(vertebrae),
            reader=f"{self.bundle.name} {self.bundle.version}",
            caveats=numbering_caveats(numbering) + cut_caveats(vertebrae),
        )

    def _refined(self, image: Image, sight: ColumnSight, levels: Sequence[int]) -> list[Refined]:
        """Return each body's landmarks in working pixels: from crops, or the mask's edge where crops can't be had.

        The sacrum has no crop, and a crop that sees another body than the mask is not believed.
        """
        instances = instance_labels(sight.dense, sight.tracks)
        read = slices_to_read(image)
        best = [track.best for track in sight.tracks]
        edges = [
            _on_the_edge(b, instances[b.slice], index + 1, sight.dense.bone(b.slice)) for index, b in enumerate(best)
        ]
        cropped = [n for n, level in enumerate(levels) if level != Level.S1]
        around = self._beside(image, [read[best[n].slice] for n in cropped])
        refined = self.refiner.refine(
            (sight.grey[slices], body_pose(edges[n])) for n, slices in zip(cropped, around, strict=True)
        )
        crops = dict(zip(cropped, refined, strict=True))
        settings = self.bundle.settings
        found = []
        for n, (b, edge) in enumerate(zip(best, edges, strict=True)):
            crop = crops.get(n)
            if crop is None or _astray(crop.landmarks, edge) > settings["crop_astray_depths"] * b.depth:
                found.append(Refined(landmarks=edge, covariance=b.covariance * settings["covariance_factor"]))
            else:
                found.append(replace(crop, covariance=crop.covariance * settings["crop_covariance_factor"]))
        return found


def _astray(landmarks: Array, edge: Array) -> float:
    """Return the furthest that a crop's landmark lies from the mask's, in pixels."""
    return float(np.linalg.norm(landmarks - edge, axis=1).max())


def _on_the_edge(sight: Sight, instances: NDArray[np.uint8], number: int, share: NDArray[np.float32]) -> Array:
    """Return the landmarks on the edge of the body's mask, as the training landmarks were taken from masks.

    `share` is the probability of bone, which places the edge between the pixels. The votes say which corner is which.
    They stand alone where the mask is in pieces: on images unlike those of the training they stray further than the
    mask does.
    """
    pieces, count = ndimage.label(instances == number)
    if count == 0:
        return sight.landmarks
    sizes = np.bincount(pieces.ravel())[1:]
    if sizes.max() < _WHOLE * sizes.sum():
        return sight.landmarks
    piece = pieces == sizes.argmax() + 1
    own = piece | (ndimage.binary_dilation(piece) & (instances == 0))
    pose = body_pose(sight.landmarks)
    found = mask_landmarks(np.where(own, share, 0.0), pose.up, pose.front)
    return sight.landmarks if found is None else found


def slices_apart(image: Image, distance_mm: float) -> int:
    """Return how many slices make up a distance, at least 1."""
    spacing = float(np.linalg.norm(image.affine[:3, 0]))
    if image.scale is Scale.UNKNOWN or spacing <= 0:
        return 1
    return max(1, round(distance_mm / spacing))


def slices_to_read(image: Image) -> list[int]:
    """Return the indices of the slices that the network looks at: every one unless they are thin."""
    count = len(image.pixels)
    read = list(range(0, count, slices_apart(image, _READ_MM)))
    return read if read[-1] == count - 1 else [*read, count - 1]


def native_labels(
    frame: Frame, dense: Dense, tracks: list[Track], levels: tuple[int, ...], read: list[int], count: int
) -> NDArray[np.uint8]:
    """Return the label map on the image's own grid (count, H, W).

    Each body's mask is resampled as a probability, and interpolated between the slices that were read.
    """
    working = torch.from_numpy(instance_labels(dense, tracks, threshold=0.25))
    spans = [_span(working == index + 1, len(read)) for index in range(len(levels))]

    @lru_cache(maxsize=2 * len(levels))  # slice after slice, each body needs two: a volume of floats would not fit
    def share(index: int, k: int) -> NDArray[np.float32]:
        owned = F.max_pool2d((working[k] == index + 1).float()[None, None], 3, 1, 1)[0]
        return np.asarray(frame.to_native_maps(torch.from_numpy(dense.bone(k))[None] * owned)[0].numpy())

    labels = np.zeros((count, *frame.native), np.uint8)
    for s in range(count):
        after = int(np.searchsorted(read, s))
        best = np.full(frame.native, 0.5, np.float32)
        for index, level in enumerate(levels):
            low, high = spans[index]
            if not read[low] <= s <= read[high]:
                continue
            here = share(index, after)
            if read[after] != s:
                weight = (s - read[after - 1]) / (read[after] - read[after - 1])
                here = np.asarray((1 - weight) * share(index, after - 1) + weight * here, dtype=np.float32)
            take = here > best
            labels[s][take] = level
            best[take] = here[take]
    return labels


def _span(owned: Tensor, count: int) -> tuple[int, int]:
    """Return the first and last slice read on which a body has a share: one beyond those that show it."""
    seen = np.flatnonzero(owned.flatten(1).any(1).numpy())
    return max(int(seen[0]) - 1, 0), min(int(seen[-1]) + 1, count - 1)
