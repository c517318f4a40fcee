"""The training loop: cosine schedule over a time budget, running average of the weights, exact resume."""

from __future__ import annotations

import copy
import csv
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

Step = Callable[[float], dict[str, Tensor]]  # given the part of the budget used: draws a batch, returns its losses


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """How long and how fast to train."""

    hours: float
    begin: float = 0.0  # part of the hours that an earlier run has used
    decoder_rate: float = 2e-3
    encoder_rate: float = 8e-4
    weight_decay: float = 1e-2
    average: float = 0.998
    checkpoint_s: float = 120.0
    warmup: float = 0.02  # part of the budget


def fit(model: nn.Module, step: Step, out: Path, schedule: Schedule, weights: dict[str, float]) -> nn.Module:
    """Train `model` in place until the time budget is used and return its running average.

    `weights` multiplies the parts of the loss. Checkpoints and curves.csv go to `out`; a checkpoint there is resumed.
    """
    out.mkdir(parents=True, exist_ok=True)
    encoder = [p for n, p in model.named_parameters() if n.startswith("encoder.")]
    others = [p for n, p in model.named_parameters() if not n.startswith("encoder.")]
    optimiser = torch.optim.AdamW(
        [{"params": encoder, "lr": schedule.encoder_rate}, {"params": others, "lr": schedule.decoder_rate}],
        weight_decay=schedule.weight_decay,
    )
    rates = [g["lr"] for g in optimiser.param_groups]
    average = copy.deepcopy(model).eval()
    used, steps = schedule.begin * schedule.hours * 3600, 0
    checkpoint = out / "checkpoint.pt"
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        model.load_state_dict(state["model"])
        average.load_state_dict(state["average"])
        optimiser.load_state_dict(state["optimiser"])
        used, steps = float(state["used"]), int(state["steps"])
    saved = used
    sums: dict[str, float] = {}
    while used < schedule.hours * 3600:
        started = time.monotonic()
        part = used / (schedule.hours * 3600)
        factor = min(part / schedule.warmup, 1.0) * (0.5 + 0.5 * math.cos(math.pi * part)) + 1e-3
        for group, rate in zip(optimiser.param_groups, rates, strict=True):
            group["lr"] = rate * factor
        model.train()
        losses = step(part)
        loss = torch.stack([weights[k] * v for k, v in losses.items()]).sum()
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        if bool(torch.isfinite(loss)):
            optimiser.step()
            _follow(average, model, min(schedule.average, (steps + 1) / (steps + 10)))
        for k, v in losses.items():
            sums[k] = sums.get(k, 0.0) * 0.98 + float(v.detach()) * 0.02
        steps += 1
        used += time.monotonic() - started
        if used - saved > schedule.checkpoint_s or used >= schedule.hours * 3600:
            saved = used
            state = {"model": model.state_dict(), "average": average.state_dict(), "used": used, "steps": steps}
            torch.save(state | {"optimiser": optimiser.state_dict()}, out / "checkpoint.tmp")
            (out / "checkpoint.tmp").replace(checkpoint)
            with (out / "curves.csv").open("a", newline="") as file:
                csv.writer(file).writerow([steps, round(used), *(f"{k}={v:.4f}" for k, v in sums.items())])
    return average


def _follow(average: nn.Module, model: nn.Module, decay: float) -> None:
    with torch.no_grad():
        for a, m in zip(average.state_dict().values(), model.state_dict().values(), strict=True):
            if a.dtype.is_floating_point:
                a.lerp_(m, 1 - decay)
            else:
                a.copy_(m)
