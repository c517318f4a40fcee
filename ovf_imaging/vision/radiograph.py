"""Read a lateral radiograph: a localiser over the whole film, then each body in an upright crop of its own."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from skimage.draw import polygon2mask
from torch import Tensor

from ovf_imaging.errors import NoVertebraeError, ReadingError
from ovf_imaging.types import Caveat, Image, Level, Reading, Vertebra
from ovf_imaging.vision.assemble import Body, cut_caveats, numbering_caveats, vertebra
from ovf_imaging.vision.channels import Channels
from ovf_imaging.vision.frame import Frame, plain_frame
from ovf_imaging.vision.grey import film_grey
from ovf_imaging.vision.levels import Numbering
from ovf_imaging.vision.networks import STRIDE, VertebraNet
from ovf_imaging.vision.refine import Refiner
from ovf_imaging.vision.shapes import body_pose, outline
from ovf_imaging.vision.sight import ColumnSight, column_of, to_dense
from ovf_imaging.vision.weights import Bundle

Array = NDArray[np.float64]
_FRONTAL = "the film looks frontal (AP or PA); a lateral film of the spine is wanted"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FilmSight(ColumnSight):
    """What the localiser saw of a film at one scale and turn; `grey` is the whole film."""

    frontal: float  # mean probability that its bodies are seen from the front


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FilmReader:
    """The radiograph bundle at work."""

    localiser: VertebraNet
    refiner: Refiner
    bundle: Bundle
    device: torch.device
    lowest: int | None = None  # level of the lowest body, where a person stated it

    @classmethod
    def load(cls, bundle: Bundle, device: torch.device, lowest: int | None = None) -> FilmReader:
        """Return the reader of a verified bundle."""
        return cls(
            localiser=bundle.network("localiser", device),
            refiner=Refiner.load(bundle, device),
            bundle=bundle,
            device=device,
            lowest=lowest,
        )

    def read(self, image: Image) -> Reading:
        """Return the bodies of a lateral film; ReadingError for a frontal film or when none is found."""
        return self.read_sight(image, self.look(image))

    def look(self, image: Image) -> FilmSight:
        """Return the best sight of a film, before anything is refused."""
        pixels = image.pixels[:1]
        valid = None if image.valid is None else image.valid[:1]
        return self.find(image, torch.from_numpy(film_grey(pixels, valid)))

    def read_sight(self, image: Image, sight: FilmSight) -> Reading:
        """Return the bodies of a film that was looked at; ReadingError as `read`."""
        if sight.frontal > 0.5:
            raise ReadingError(_FRONTAL)
        if len(sight.tracks) < 2:
            raise NoVertebraeError(
                f"no column of vertebrae found ({len(sight.tracks)} body); a lateral film of two or more is wanted"
            )
        numbering = sight.numbering(self.lowest)
        return self._reading(image, self._refine(sight), numbering, sight)

    def refuse_frontal(self, sight: FilmSight) -> None:
        """Raise ReadingError when a picture of unknown kind is surely a frontal film: a long column seen so.

        On MRI the localiser sees parts of columns, never so sure and so long.
        """
        sure = self.bundle.settings["surely_frontal"]
        if sight.frontal >= sure["probability"] and sight.score >= sure["score"]:
            raise ReadingError(_FRONTAL)

    def find(self, image: Image, grey: Tensor) -> FilmSight:
        """Return the best sight of the film over scales and, where the first sees little, turns."""
        settings = self.bundle.settings
        longest = max(image.pixels.shape[1:])
        first = self._look(image, grey, settings["first_px"] / longest, 0)
        sight = self._at_depth(image, grey, first)
        if sight.score < 2.5:
            for turns in (1, 3, 2):
                other = self._look(image, grey, settings["first_px"] / longest, turns)
                if other.score > 1.3 * max(sight.score, first.score, 0.8):
                    sight = self._at_depth(image, grey, other)
        return sight

    def _at_depth(self, image: Image, grey: Tensor, sight: FilmSight) -> FilmSight:
        """Look again at the scale at which bodies have the depth the localiser knows best."""
        settings = self.bundle.settings
        if not sight.tracks:
            return sight
        depth = float(np.median([t.best.depth for t in sight.tracks]))
        change = settings["body_depth_px"] / depth
        if 0.8 < change < 1.25:
            return sight
        longest = max(sight.frame.size)
        change = min(change, settings["largest_px"] / longest)
        factor = max(sight.frame.size) / max(sight.frame.turned) * change
        again = self._look(image, grey, factor, 0, like=sight.frame)
        return again if again.score >= 0.95 * sight.score else sight

    def _look(self, image: Image, grey: Tensor, factor: float, turns: int, like: Frame | None = None) -> FilmSight:
        settings = self.bundle.settings
        frame = plain_frame(image, factor, turns)
        if like is not None:
            size = tuple(max(STRIDE, round(n * factor)) for n in like.turned)
            frame = replace(like, size=(size[0], size[1]))
        x = (frame.to_working(grey) - settings["grey_mean"]) / settings["grey_spread"]
        batch = x[:, None].expand(-1, 3, -1, -1).contiguous(memory_format=torch.channels_last).to(self.device)
        with torch.inference_mode():
            masks, outputs = self.localiser.parts(batch)
        masks, outputs = masks.float().cpu(), outputs.float().cpu()
        dense = to_dense(masks, outputs)
        seen = torch.from_numpy(dense.body[0, ::2, ::2] > 0.5)
        frontal = torch.sigmoid(Channels.frontal(outputs))[0][seen]
        return FilmSight(
            grey=grey,
            frame=frame,
            dense=dense,
            tracks=column_of(dense),
            frontal=float(frontal.mean()) if len(frontal) else 0.0,
        )

    def _refine(self, sight: FilmSight) -> list[Body]:
        """Return each body's landmarks from several crops around the localiser's pose, in native pixels."""
        native = [sight.frame.points_to_native(t.best.landmarks) for t in sight.tracks]
        refined = self.refiner.refine((sight.grey, body_pose(points)) for points in native)
        factor = float(self.bundle.settings["covariance_factor"])
        return [
            Body(
                slice=0,
                landmarks=found.landmarks,
                covariance=found.covariance * factor,
                confidence=track.certainty * found.agreement,
            )
            for track, found in zip(sight.tracks, refined, strict=True)
        ]

    def _reading(self, image: Image, bodies: list[Body], numbering: Numbering, sight: FilmSight) -> Reading:
        vertebrae = [vertebra(b, level, image) for b, level in zip(bodies, numbering.levels, strict=True)]
        labels = np.zeros(image.pixels.shape, np.uint8)
        for v in vertebrae:
            labels[0][polygon2mask(image.pixels.shape[1:], outline(v.landmarks[:, 1:]))] = v.level
        caveats = numbering_caveats(numbering) + cut_caveats(vertebrae)
        if sight.frame.transpose or sight.frame.flip_rows:
            caveats += (
                Caveat(
                    code="film-turned",
                    text="The film was read turned: its head end is not at the top.",
                    must_see=image.superior_up is None,
                ),
            )
        caveats += _facing_caveats(image, vertebrae)
        doubtful = tuple(v.level for v in vertebrae if v.confidence < self.bundle.settings["doubtful_below"])
        if doubtful:
            names = ", ".join(Level(k).name for k in doubtful)
            caveats += (
                Caveat(code="doubtful-body", text=f"Poorly seen: {names}. Check its landmarks.", levels=doubtful),
            )
        return Reading(
            image=image,
            labels=labels,
            vertebrae=tuple(vertebrae),
            reader=f"{self.bundle.name} {self.bundle.version}",
            caveats=caveats,
        )


def _facing_caveats(image: Image, vertebrae: list[Vertebra]) -> tuple[Caveat, ...]:
    """Return a warning when the picture shows the front on the other side than the file says."""
    if image.anterior_left is None:
        return ()
    front = sum(float(v.landmarks[0, 2] + v.landmarks[3, 2] - v.landmarks[2, 2] - v.landmarks[5, 2]) for v in vertebrae)
    if (front < 0) == image.anterior_left:
        return ()
    seen, told = ("right", "left") if front > 0 else ("left", "right")
    text = f"The film seems to face {seen}, its file says {told}; front and back heights may be swapped."
    return (Caveat(code="facing-disagrees", text=text, must_see=True),)
