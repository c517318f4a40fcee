"""Classifiers that try to tell simulated crops from real ones, always tested on patients they have not seen."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor, nn

from ovf_imaging.training.realism.crops import Grey

Array = NDArray[np.float64]
Verdicts = Callable[[NDArray[np.bool_]], NDArray[np.bool_]]  # training rows → what is thought simulated, all rows
FOLDS = 5
EPOCHS = 24
_BATCH = 32
_COARSE = 2.0  # sigma in pixels that parts coarse from fine


def held_out_accuracy(
    simulated: NDArray[np.bool_], subjects: Sequence[str], rng: np.random.Generator, verdicts: Verdicts
) -> float:
    """Return the mean of both classes' recall over FOLDS folds; all crops of a subject lie in one fold.

    0.5 is chance. A class of fewer subjects than FOLDS makes as few folds. Raises ValueError where it has only one.
    """
    names = np.array(subjects)
    own = {label: rng.permutation(np.unique(names[simulated == label])) for label in (False, True)}
    folds = min(FOLDS, *(len(subjects) for subjects in own.values()))
    if folds < 2:
        raise ValueError("two patients or films wanted of either kind, got one; raise --n")
    fold = np.zeros(len(names), int)
    for label, of_label in own.items():
        for number, name in enumerate(of_label):
            fold[(names == name) & (simulated == label)] = number % folds
    told = np.zeros(len(names), bool)
    for number in range(folds):
        held = fold == number
        told[held] = verdicts(~held)[held]
    return float(np.mean([(told[simulated == label] == label).mean() for label in (False, True)]))


def logistic(features: Array, simulated: NDArray[np.bool_]) -> Verdicts:
    """Return a ridge logistic regression on features (N, K), both classes weighing the same."""

    def verdicts(train: NDArray[np.bool_]) -> NDArray[np.bool_]:
        centre, spread = features[train].mean(0), features[train].std(0) + 1e-9
        x = torch.from_numpy((features - centre) / spread)
        y = torch.from_numpy(simulated.astype(float))
        weight = _balance(y[train])
        line = torch.zeros(x.shape[1] + 1, dtype=torch.float64, requires_grad=True)
        optimiser = torch.optim.LBFGS([line], max_iter=100, line_search_fn="strong_wolfe")

        def loss() -> Tensor:
            optimiser.zero_grad()
            score = x[train] @ line[1:] + line[0]
            fit = nn.functional.binary_cross_entropy_with_logits(score, y[train], weight)
            whole: Tensor = fit + 0.01 * (line[1:] ** 2).sum()
            whole.backward()  # type: ignore[no-untyped-call]
            return whole

        optimiser.step(loss)  # type: ignore[no-untyped-call]
        return np.asarray((x @ line[1:] + line[0] > 0).numpy())

    return verdicts


def convolutional(pictures: Array, simulated: NDArray[np.bool_], seed: int) -> Verdicts:
    """Return a small network on pictures (N, H, W), each brought to zero mean and unit spread first."""
    flat = pictures.reshape(len(pictures), -1)
    scaled = (flat - flat.mean(1, keepdims=True)) / (flat.std(1, keepdims=True) + 1e-6)
    x = torch.from_numpy(scaled.reshape(pictures.shape)[:, None]).float()
    y = torch.from_numpy(simulated.astype(np.float32))

    def verdicts(train: NDArray[np.bool_]) -> NDArray[np.bool_]:
        torch.manual_seed(seed)
        rows = torch.from_numpy(np.flatnonzero(train))
        weight = _balance(y[rows])
        model = _network()
        optimiser = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.02)
        for _ in range(EPOCHS):
            for batch in torch.split(torch.randperm(len(rows)), _BATCH):
                score = model(x[rows[batch]])[:, 0]
                loss = nn.functional.binary_cross_entropy_with_logits(score, y[rows[batch]], weight[batch])
                optimiser.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                optimiser.step()
        model.eval()
        with torch.inference_mode():
            told = torch.cat([model(part)[:, 0] > 0 for part in torch.split(x, _BATCH)])
        return np.asarray(told.numpy())

    return verdicts


def by_features(
    features: Mapping[str, Array], simulated: NDArray[np.bool_], subjects: Sequence[str], seed: int
) -> dict[str, float]:
    """Return held-out accuracy of a logistic regression on all groups of features, on each alone, without each."""

    def accuracy(groups: Sequence[str]) -> float:
        chosen = np.concatenate([features[g] for g in groups], 1)
        return held_out_accuracy(simulated, subjects, np.random.default_rng(seed), logistic(chosen, simulated))

    found = {"all": accuracy(list(features))}
    found |= {f"{g} alone": accuracy([g]) for g in features}
    return found | {f"without {g}": accuracy([k for k in features if k != g]) for g in features}


def by_pictures(
    pictures: Sequence[Grey], simulated: NDArray[np.bool_], subjects: Sequence[str], seed: int
) -> dict[str, float]:
    """Return held-out accuracy of a small network on the crops, on their coarse part alone, on their fine part."""
    whole = np.stack(pictures).astype(float)
    coarse = np.asarray(ndimage.gaussian_filter(whole, (0, _COARSE, _COARSE)))
    return {
        name: held_out_accuracy(simulated, subjects, np.random.default_rng(seed), convolutional(part, simulated, seed))
        for name, part in (("crops", whole), ("coarse part", coarse), ("fine part", whole - coarse))
    }


def _network() -> nn.Sequential:
    layers: list[nn.Module] = []
    for inputs, outputs in ((1, 8), (8, 16), (16, 32)):
        layers += [nn.Conv2d(inputs, outputs, 5, 2, 2), nn.BatchNorm2d(outputs), nn.ReLU()]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2), nn.Linear(32, 1))


def _balance(simulated: Tensor) -> Tensor:
    """Return weights (N,) that make both classes count the same."""
    share = simulated.mean()
    return torch.where(simulated > 0.5, 0.5 / share, 0.5 / (1 - share))
