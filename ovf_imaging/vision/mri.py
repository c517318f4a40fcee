"""Read a sagittal MRI: bodies, sacrum, landmarks and levels, slice by slice with its neighbours."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from ovf_imaging.errors import NoVertebraeError, ReadingError
from ovf_imaging.types import Image, Reading, Scale
from ovf_imaging.vision.assemble import Body, cut_caveats, numbering_caveats, vertebra
from ovf_imaging.vision.channels import BODY, SACRUM, Channels
from ovf_imaging.vision.decode import Dense, Sight, Track, chain, instance_labels, link, sights_in_slice
from ovf_imaging.vision.frame import Frame, plain_frame, sagittal_frame
from ovf_imaging.vision.grey import mri_grey
from ovf_imaging.vision.levels import number, steps_between
from ovf_imaging.vision.mask_landmarks import mask_landmarks
from ovf_imaging.vision.networks import VertebraNet
from ovf_imaging.vision.shapes import body_pose
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
    bundle: Bundle
    device: torch.device

    @classmethod
    def load(cls, bundle: Bundle, device: torch.device) -> MriReader:
        """Return the reader of a verified bundle."""
        return cls(network=bundle.network("vertebrae", device), bundle=bundle, device=device)

    def read(self, image: Image) -> Reading:
        """Return the bodies of a sagittal image; ReadingError when none is found."""
        frame, dense, tracks = self.find(image)
        if len(tracks) < 2:
            raise NoVertebraeError(
                f"no column of vertebrae found ({len(tracks)} body); a sagittal spine MRI with two or more is wanted"
            )
        return self._reading(image, frame, dense, tracks)

    def find(self, image: Image) -> tuple[Frame, Dense, list[Track]]:
        """Return the working frame, the network's outputs there and the chain of bodies."""
        if image.scale is Scale.UNKNOWN:
            return self._find_unscaled(image, torch.from_numpy(mri_grey(image.pixels, image.valid)))
        frame = sagittal_frame(image, self.bundle.settings["working_pixel_mm"])
        # The grey volume is gone before the network runs: of a large one, both would not fit.
        working = self._working(torch.from_numpy(mri_grey(image.pixels, image.valid)), frame)
        dense = self._infer(working, image)
        return frame, dense, self._chain(dense)

    def _find_unscaled(self, image: Image, grey: Tensor) -> tuple[Frame, Dense, list[Track]]:
        """Try orientations of a picture without geometry, then bring its bodies to the depth the network knows."""
        wanted = self.bundle.settings["body_depth_px"]
        factor = self.bundle.settings["picture_px"] / max(image.pixels.shape[1:])
        best: tuple[float, Frame, Dense, list[Track]] | None = None
        for turns in (0, 1, 3, 2):
            frame = plain_frame(image, factor, turns)
            dense = self._infer(self._working(grey, frame), image)
            tracks = self._chain(dense)
            score = chain_score(tracks)
            if best is None or score > best[0] * (1.0 if turns == 0 else 1.25):
                best = (score, frame, dense, tracks)
            if turns == 0 and score > 3.0:
                break
        if best is None:
            raise ReadingError("no picture to read")
        _, frame, dense, tracks = best
        if len(tracks) >= 2:
            depth = float(np.median([t.best.depth for t in tracks]))
            if not 0.85 < depth / wanted < 1.2:
                size = (round(frame.size[0] * wanted / depth), round(frame.size[1] * wanted / depth))
                scaled = replace(frame, size=size)
                again = self._infer(self._working(grey, scaled), image)
                found = self._chain(again)
                if chain_score(found) >= 0.9 * chain_score(tracks):
                    return scaled, again, found
        return frame, dense, tracks

    def _chain(self, dense: Dense) -> list[Track]:
        return chain(link([sights_in_slice(dense, s) for s in range(len(dense.body))]))

    def _working(self, grey: Tensor, frame: Frame) -> Tensor:
        settings = self.bundle.settings
        x: Tensor = (frame.to_working(grey) - settings["grey_mean"]) / settings["grey_spread"]
        return x

    def _infer(self, x: Tensor, image: Image) -> Dense:
        """Run the network on the slices to be read, each with its neighbours about 4 mm away."""
        read, step = slices_to_read(image), slices_apart(image, _NEIGHBOUR_MM)
        if image.affine[0, 0] > 0:  # trained on slices that step to the patient's right (−x)
            step = -step
        beside = torch.arange(self.network.slices) - self.network.slices // 2
        masks, dense = torch.empty(0), torch.empty(0)
        with torch.inference_mode():
            for first in range(0, len(read), _BATCH):
                here = torch.tensor(read[first : first + _BATCH])
                around = (here[:, None] + step * beside).clamp(0, len(x) - 1)
                batch = x[around].contiguous(memory_format=torch.channels_last).to(self.device)
                m, d = self.network.parts(batch)
                if first == 0:  # laid out once: pieces to be joined would take the memory twice
                    masks, dense = (torch.empty((len(read), *part.shape[1:])) for part in (m, d))
                masks[first : first + _BATCH] = m
                dense[first : first + _BATCH] = d
        return to_dense(masks, dense)

    def _reading(self, image: Image, frame: Frame, dense: Dense, tracks: list[Track]) -> Reading:
        centres = np.array([t.best.centre for t in tracks])
        depths = np.array([t.best.depth for t in tracks])
        numbering = number([t.levels for t in tracks], [t.sacrum for t in tracks], steps_between(centres, depths))
        read = slices_to_read(image)
        calibration = float(self.bundle.settings["covariance_factor"])
        vertebrae = []
        instances = instance_labels(dense, tracks)
        for index, (track, level) in enumerate(zip(tracks, numbering.levels, strict=True)):
            sight = track.best
            landmarks = _on_the_edge(sight, instances[sight.slice], index + 1, dense.bone(sight.slice))
            body = Body(
                slice=read[sight.slice],
                landmarks=frame.points_to_native(landmarks),
                covariance=frame.covariance_to_native(sight.covariance * calibration),
                confidence=track.certainty,
            )
            vertebrae.append(vertebra(body, level, image))
        return Reading(
            image=image,
            labels=native_labels(frame, dense, tracks, numbering.levels, read, len(image.pixels)),
            vertebrae=tuple(vertebrae),
            reader=f"{self.bundle.name} {self.bundle.version}",
            caveats=numbering_caveats(numbering) + cut_caveats(vertebrae),
        )


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


def chain_score(tracks: list[Track]) -> float:
    """Return how much of a spine the tracks are: bodies, each by its certainty."""
    return sum(max(t.certainty - 0.4, 0.0) / 0.6 for t in tracks) if len(tracks) >= 2 else 0.0


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


def to_dense(masks: Tensor, dense: Tensor) -> Dense:
    """Return network outputs as numpy, logits of masks as probabilities."""
    votes, spread = Channels.votes(dense)
    p = torch.sigmoid(masks).numpy()
    return Dense(
        body=p[:, BODY],
        sacrum=p[:, SACRUM],
        votes=votes.numpy(),
        spread=spread.numpy(),
        levels=Channels.levels(dense).numpy(),
    )


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
