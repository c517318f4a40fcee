"""What a network saw of an image at one size and turn, for MRI and film alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ovf_imaging.vision.channels import BODY, SACRUM, Channels
from ovf_imaging.vision.decode import Dense, Track, chain, link, sights_in_slice
from ovf_imaging.vision.frame import Frame
from ovf_imaging.vision.levels import Numbering, number, steps_between


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ColumnSight:
    """A column of bodies and where it was seen."""

    grey: Tensor  # (S, H, W) grey values 0–1 that crops are taken from
    frame: Frame
    dense: Dense
    tracks: list[Track]

    @property
    def score(self) -> float:
        """How much of a spine the tracks are: bodies, each by its certainty."""
        return sum(max(t.certainty - 0.4, 0.0) / 0.6 for t in self.tracks) if len(self.tracks) >= 2 else 0.0

    def numbering(self, lowest: int | None) -> Numbering:
        """Return the bodies' levels, counted from the `lowest` where a person stated it; raises as `number`."""
        centres = np.array([t.best.centre for t in self.tracks])
        depths = np.array([t.best.depth for t in self.tracks])
        steps = steps_between(centres, depths)
        return number([t.levels for t in self.tracks], [t.sacrum for t in self.tracks], steps, lowest)


def column_of(dense: Dense) -> list[Track]:
    """Return the chain of bodies in network outputs."""
    return chain(link([sights_in_slice(dense, s) for s in range(len(dense.body))]))


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
