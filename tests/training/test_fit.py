"""The training loop on one weight: stopped and resumed, or not, it takes the same steps."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ovf_imaging.training.fit import Run, fit

STEPS = 8  # of a clock that ticks once a step


class StopError(Exception):
    """The machine goes down."""


def ticking() -> Callable[[], float]:
    """Return a clock by which each step takes a second, whatever else is done."""
    ticks = iter(range(10**6))
    return lambda: next(ticks) / 1.0


def run_in(out: Path, **changes: Any) -> Run:
    return Run(out=out, hours=STEPS / 3600, checkpoint_s=2.5, clock=ticking(), **changes)


def train(run: Run, *, stop_at: int | None = None, seen: list[float] | None = None) -> Any:
    """Fit a line to random numbers; fail when so many steps of this go are done."""
    torch.manual_seed(run.seed)
    model = nn.Linear(2, 1)
    taken: list[float] = []

    def step(part: float, rng: np.random.Generator) -> dict[str, Tensor]:
        if len(taken) == stop_at:
            raise StopError("power cut")
        x = torch.from_numpy(rng.normal(size=(4, 2))).float()
        taken.append(part)
        return {"line": (model(x) - x.sum(1, keepdim=True)).square().mean()}

    average = fit(model, step, run, {"line": 1.0})
    if seen is not None:
        seen += taken
    return average


def test_stopped_and_resumed_is_as_if_never_stopped(tmp_path: Path):
    """Eight steps in one go; or five, of which the first three are in the checkpoint (3 s > 2.5 s), then five."""
    whole: list[float] = []
    rest: list[float] = []
    train(run_in(tmp_path / "whole"), seen=whole)
    with pytest.raises(StopError, match="power cut"):
        train(run_in(tmp_path / "halves"), stop_at=5)
    train(run_in(tmp_path / "halves"), seen=rest)
    assert whole == [n / STEPS for n in range(STEPS)]
    assert rest == whole[3:]
    one, two = (torch.load(tmp_path / k / "checkpoint.pt", weights_only=True) for k in ("whole", "halves"))
    for part in ("model", "average"):
        for name, value in one[part].items():
            assert torch.equal(value, two[part][name]), name
    assert (one["steps"], one["used"], one["losses"]) == (two["steps"], two["used"], two["losses"])
    assert (tmp_path / "whole" / "curves.csv").read_bytes() == (tmp_path / "halves" / "curves.csv").read_bytes()


def test_another_seed_draws_other_numbers(tmp_path: Path):
    weights = [train(run_in(tmp_path / str(seed), seed=seed)).weight for seed in (0, 1)]
    assert not torch.equal(*weights)


def test_the_curve_has_a_head_and_a_row_a_checkpoint(tmp_path: Path):
    """A checkpoint after more than 2.5 s: at 3 and 6 s, and at the end."""
    train(run_in(tmp_path))
    head, *rows = (tmp_path / "curves.csv").read_text(encoding="utf-8").splitlines()
    assert head == "step,seconds,line"
    assert [row.split(",")[:2] for row in rows] == [["3", "3"], ["6", "6"], ["8", "8"]]


def test_an_earlier_part_of_the_hours_counts_as_used(tmp_path: Path):
    seen: list[float] = []
    train(run_in(tmp_path, begin=0.5), seen=seen)
    assert seen == [0.5, 0.625, 0.75, 0.875]


def test_a_step_without_a_finite_loss_changes_no_weight(tmp_path: Path):
    model = nn.Linear(1, 1)
    before = model.weight.clone()

    def step(part: float, rng: np.random.Generator) -> dict[str, Tensor]:
        return {"line": model(torch.full((1, 1), torch.inf)).sum()}

    fit(model, step, run_in(tmp_path), {"line": 1.0})
    assert torch.equal(model.weight, before)


def test_the_seconds_used_are_told(tmp_path: Path):
    told: list[float] = []
    train(run_in(tmp_path, watch=told.append))
    assert told == list(range(1, STEPS + 1))
