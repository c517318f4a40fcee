"""What each channel of the networks means; training writes them, reading reads them."""

from __future__ import annotations

from torch import Tensor

# Levels a pixel can be told to belong to; the first stands for itself and all above.
LEVEL_CLASSES = (16, 17, 18, 19, 20, 21, 22, 23, 24, 26)  # T9 or higher, T10, T11, T12, L1–L5, S1
OFFSET_UNIT = 32.0  # pixels one unit of a landmark vote stands for
VOTE_CHANNELS = 12 + 6
LEVEL_CHANNELS = len(LEVEL_CLASSES)
BODY, SACRUM = 0, 1  # mask channels; on films BODY holds frontal bodies too


class Channels:
    """Views of the dense outputs (N, 28, h, w), on films (N, 29, h, w)."""

    @staticmethod
    def votes(dense: Tensor) -> tuple[Tensor, Tensor]:
        """Return landmark offsets (N, 6, 2, h, w) in OFFSET_UNIT pixels and their log scales (N, 6, h, w)."""
        n, _, h, w = dense.shape
        return dense[:, :12].reshape(n, 6, 2, h, w), dense[:, 12:18]

    @staticmethod
    def levels(dense: Tensor) -> Tensor:
        """Return level logits (N, 10, h, w), in the order of LEVEL_CLASSES."""
        return dense[:, VOTE_CHANNELS : VOTE_CHANNELS + LEVEL_CHANNELS]

    @staticmethod
    def frontal(dense: Tensor) -> Tensor:
        """Return the logit (N, h, w) that a film's body is seen from the front."""
        return dense[:, VOTE_CHANNELS + LEVEL_CHANNELS]
