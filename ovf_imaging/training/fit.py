"""The training loop: cosine schedule over a time budget, running average of the weights, exact resume."""

from __future__ import annotations

import copy
import csv
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

# Given the part of the budget used and the step's own random numbers: draws a batch, returns its losses.
Step = Callable[[float, np.random.Generator], dict[str, Tensor]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One training: where it is kept, how long, how fast and on what."""

    out: Path
    hours: float
    begin: float = 0.0  # part of the hours that an earlier run has used
    seed: int = 0
    device: str = "cpu"
    decoder_rate: float = 2e-3
    encoder_rate: float = 8e-4
    weight_decay: float = 1e-2
    average: float = 0.998
    checkpoint_s: float = 120.0
    warmup: float = 0.02  # part of the budget
    watch: Callable[[float], None] = lambda used_s: None  # told the seconds used after each step
    clock: Callable[[], float] = time.monotonic

    @property
    def seconds(self) -> float:
        """The time budget."""
        return self.hours * 3600


def fit(model: nn.Module, step: Step, run: Run, weights: Mapping[str, float]) -> nn.Module:
    """Train `model` in place until the time budget is used and return its running average.

    `weights` multiplies the parts of the loss. Checkpoints and curves.csv go to `run.out`; a checkpoint there is
    resumed. Each step draws from `run.seed` and its number alone, so that a run stopped and resumed takes the steps
    that it would have taken; the learning rate goes by the clock, which no two runs share to the microsecond.
    """
    run.out.mkdir(parents=True, exist_ok=True)
    training = _Training(model.to(run.device), run)
    saved = training.used
    while training.used < run.seconds:
        training.advance(step, weights)
        run.watch(training.used)
        if training.used - saved > run.checkpoint_s or training.used >= run.seconds:
            saved = training.used
            training.save()
    return training.average


class _Training:
    """A network on its way: its weights, their average, the optimiser, and how far it has come."""

    def __init__(self, model: nn.Module, run: Run) -> None:
        self.run, self.model = run, model
        self.average = copy.deepcopy(model).eval()
        encoder = [p for n, p in model.named_parameters() if n.startswith("encoder.")]
        others = [p for n, p in model.named_parameters() if not n.startswith("encoder.")]
        self.optimiser = torch.optim.AdamW(
            [{"params": encoder, "lr": run.encoder_rate}, {"params": others, "lr": run.decoder_rate}],
            weight_decay=run.weight_decay,
        )
        self.rates = [run.encoder_rate, run.decoder_rate]
        self.used, self.steps = run.begin * run.seconds, 0
        self.losses: dict[str, float] = {}  # running means
        self.checkpoint = run.out / "checkpoint.pt"
        if self.checkpoint.exists():
            state = torch.load(self.checkpoint, weights_only=True, map_location=run.device)
            self.model.load_state_dict(state["model"])
            self.average.load_state_dict(state["average"])
            self.optimiser.load_state_dict(state["optimiser"])
            self.used, self.steps, self.losses = float(state["used"]), int(state["steps"]), state.get("losses", {})

    def advance(self, step: Step, weights: Mapping[str, float]) -> None:
        """Take one step; a batch whose loss is not finite changes nothing."""
        started = self.run.clock()
        part = self.used / self.run.seconds
        factor = min(part / self.run.warmup, 1.0) * (0.5 + 0.5 * math.cos(math.pi * part)) + 1e-3
        for group, rate in zip(self.optimiser.param_groups, self.rates, strict=True):
            group["lr"] = rate * factor
        self.model.train()
        # bfloat16 has float32's range, so that losses need no scaling.
        with torch.autocast(self.run.device, torch.bfloat16, enabled=self.run.device == "cuda"):
            losses = step(part, np.random.default_rng((self.run.seed, self.steps)))
        loss = torch.stack([weights[k] * v for k, v in losses.items()]).sum()
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.model.parameters(), 5.0)
        if bool(torch.isfinite(loss)):
            self.optimiser.step()
            self._follow(min(self.run.average, (self.steps + 1) / (self.steps + 10)))
        for name, value in losses.items():
            new = float(value.detach())
            self.losses[name] = 0.98 * self.losses.get(name, new) + 0.02 * new
        self.steps += 1
        self.used += self.run.clock() - started

    def _follow(self, decay: float) -> None:
        with torch.no_grad():
            for a, m in zip(self.average.state_dict().values(), self.model.state_dict().values(), strict=True):
                if a.dtype.is_floating_point:
                    a.lerp_(m, 1 - decay)
                else:
                    a.copy_(m)

    def save(self) -> None:
        """Write the checkpoint whole or not at all, then a row of curves.csv."""
        state = {
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "used": self.used,
            "steps": self.steps,
            "losses": self.losses,
        }
        new = self.checkpoint.with_suffix(".tmp")
        torch.save(state, new)
        new.replace(self.checkpoint)
        curves = self.run.out / "curves.csv"
        head = [] if curves.exists() else [["step", "seconds", *self.losses]]
        with curves.open("a", newline="", encoding="utf-8") as file:
            row = [self.steps, round(self.used), *(f"{v:.4f}" for v in self.losses.values())]
            csv.writer(file).writerows([*head, row])
