"""Losses on partly labelled pictures: masks, votes for landmarks, levels, heatmaps."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from ovf_imaging.training.scene import FRONTAL
from ovf_imaging.vision.channels import LEVEL_CHANNELS, LEVEL_CLASSES, OFFSET_UNIT, VOTE_CHANNELS, Channels

S1 = 26


def dense_loss(
    masks: Tensor, dense: Tensor, instances: Tensor, ignore: Tensor, table: Tensor, levels_known: Tensor
) -> dict[str, Tensor]:
    """Return the parts of the loss of a dense network.

    `masks` (N, M, H, W) logits, `dense` (N, 28 or 29, H/2, W/2), `instances` (N, H, W), `ignore` (N, 2, H, W),
    `table` (N, 256, 6, 2), `levels_known` (N,).
    """
    wanted = [(instances > 0) & (instances != S1), instances == S1]
    loss = masks.new_zeros(())
    for channel in range(masks.shape[1]):
        loss = loss + mask_loss(masks[:, channel], wanted[channel].float(), (~ignore[:, channel]).float())
    half = instances[:, ::2, ::2]
    body = (half > 0) & (half != FRONTAL)
    votes, spread = Channels.votes(dense)
    parts = {
        "mask": loss,
        "vote": vote_loss(votes, spread, half, body, table),
        "level": level_loss(dense, half, levels_known),
    }
    if dense.shape[1] > VOTE_CHANNELS + LEVEL_CHANNELS:
        seen = half > 0
        told = Channels.frontal(dense)[seen]
        truth = (half == FRONTAL)[seen].float()
        parts["frontal"] = F.binary_cross_entropy_with_logits(told, truth) if len(truth) else dense.sum() * 0
    return parts


def mask_loss(logits: Tensor, wanted: Tensor, valid: Tensor) -> Tensor:
    """Cross-entropy plus soft Dice over the pixels that are labelled."""
    entropy = (F.binary_cross_entropy_with_logits(logits, wanted, reduction="none") * valid).sum() / valid.sum()
    p = torch.sigmoid(logits) * valid
    overlap = (p * wanted).sum()
    dice = 1 - (2 * overlap + 1) / (p.sum() + (wanted * valid).sum() + 1)
    return entropy * 4 + dice


def vote_loss(votes: Tensor, spread: Tensor, half: Tensor, body: Tensor, table: Tensor) -> Tensor:
    """Laplace likelihood of each body pixel's votes for its own six landmarks.

    `votes` (N, 6, 2, h, w) offsets in OFFSET_UNIT pixels, `spread` (N, 6, h, w) log scales.
    """
    n, r, c = torch.nonzero(body, as_tuple=True)
    truth = table[n, half[n, r, c].long()]  # (K, 6, 2)
    some = ~torch.isnan(truth).all((1, 2))
    n, r, c, truth = n[some], r[some], c[some], truth[some]
    if len(n) == 0:
        return votes.sum() * 0
    known = ~torch.isnan(truth[..., 0])
    place = torch.stack([r, c], -1).float() * 2 + 0.5
    wanted = (truth - place[:, None]) / OFFSET_UNIT
    got = votes[n, :, :, r, c]
    scale = spread[n, :, r, c].clamp(-6, 3)
    error = (got - torch.nan_to_num(wanted)).abs().sum(-1)[known]
    scale = scale[known]
    return ((error * torch.exp(-scale)) + 2 * scale).mean() + 4 * error.mean()


def level_loss(dense: Tensor, half: Tensor, levels_known: Tensor) -> Tensor:
    """Cross-entropy of each body pixel's level."""
    classes = torch.full((256,), -1, dtype=torch.long, device=half.device)
    for number, level in enumerate(LEVEL_CLASSES):
        classes[level] = number
    classes[1 : LEVEL_CLASSES[0]] = 0
    truth = classes[half.long()]
    truth[~levels_known] = -1
    n, r, c = torch.nonzero(truth >= 0, as_tuple=True)
    if len(n) == 0:
        return dense.sum() * 0
    return F.cross_entropy(Channels.levels(dense)[n, :, r, c], truth[n, r, c])


def heatmap_loss(logits: Tensor, truth: Tensor, known: Tensor, sigma: float = 1.3) -> tuple[Tensor, Tensor]:
    """Return (coordinate loss, cross-entropy to a small Gaussian) of heatmaps.

    `logits` (N, 6, h, w); `truth` (N, 6, 2) in heatmap pixels (row, column); `known` (N, 6).
    """
    n, k, h, w = logits.shape
    p = logits.flatten(2).softmax(-1).view(n, k, h, w)
    rows, columns = (torch.arange(size, device=logits.device).float() for size in (h, w))
    got = torch.stack([(p.sum(3) * rows).sum(-1), (p.sum(2) * columns).sum(-1)], -1)
    error = F.smooth_l1_loss(got, truth, reduction="none", beta=0.5).sum(-1)
    inside = (truth > -0.5).all(-1) & (truth[..., 0] < h - 0.5) & (truth[..., 1] < w - 0.5) & known
    grid_r = torch.exp(-((rows - truth[..., :1]) ** 2) / (2 * sigma**2))
    grid_c = torch.exp(-((columns - truth[..., 1:]) ** 2) / (2 * sigma**2))
    target = grid_r[..., :, None] * grid_c[..., None, :]
    target = target / target.sum((2, 3), keepdim=True).clamp(min=1e-6)
    entropy = -(target.flatten(2) * logits.flatten(2).log_softmax(-1)).sum(-1)
    count = inside.sum().clamp(min=1)
    return (error * inside).sum() / count, (entropy * inside).sum() / count
