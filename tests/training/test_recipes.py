"""A recipe of two one-weight networks: what it leaves under its folder, and whose folder it refuses."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from ovf_imaging.errors import InputError, OutputError
from ovf_imaging.pipeline import Config
from ovf_imaging.training.fit import Run, fit
from ovf_imaging.training.recipes import RECIPES, Order, Part, Recipe, train

HOURS = 0.2 / 3600


def train_line(data: Path, run: Run) -> nn.Module:
    torch.manual_seed(run.seed)
    model = nn.Linear(1, 1)

    def step(part: float, rng: np.random.Generator) -> dict[str, Tensor]:
        return {"line": model(torch.full((1, 1), float(rng.normal()))).square().mean()}

    return fit(model, step, run, {"line": 1.0})


LINES = Recipe(
    bundle="lines",
    needs=("films",),
    parts=(Part(name="first", share=0.75, train=train_line), Part(name="second", share=0.25, train=train_line)),
)


@pytest.fixture
def order(tmp_path: Path) -> Order:
    """Return an order over data with one folder and two bundles, one of them the recipe's."""
    (tmp_path / "data" / "films").mkdir(parents=True)
    for name in ("lines", "others"):
        bundle = tmp_path / "models" / name
        for folder in ("configs", "docs", "models"):
            (bundle / folder).mkdir(parents=True)
        (bundle / "configs" / "metadata.json").write_text(json.dumps({"version": "1", "ovf": {"sha256": "", "px": 3}}))
        (bundle / "docs" / "README.md").write_text("figures of the old weights")
        (bundle / "models" / "model.safetensors").write_bytes(b"old")
    return Order(data=tmp_path / "data", out=tmp_path / "out", hours=HOURS, device="cpu", models=tmp_path / "models")


def test_the_bundle_is_a_copy_with_the_new_weights(order: Order):
    models = train(LINES, order)
    assert models == order.out / "models"
    file = models / "lines" / "models" / "model.safetensors"
    tensors = load_file(file)
    for name in ("first", "second"):
        average = torch.load(order.out / name / "checkpoint.pt", weights_only=True)["average"]
        assert torch.equal(tensors[f"{name}.weight"], average["weight"].half())
        assert (order.out / name / "curves.csv").is_file()
    metadata = json.loads((models / "lines" / "configs" / "metadata.json").read_text())
    assert metadata["ovf"] == {"sha256": hashlib.sha256(file.read_bytes()).hexdigest(), "px": 3}
    assert not (models / "lines" / "docs").exists()
    assert (models / "others" / "models" / "model.safetensors").read_bytes() == b"old"
    assert (order.models / "lines" / "models" / "model.safetensors").read_bytes() == b"old"


def test_the_hours_are_shared_out(order: Order):
    """Three quarters of 0.2 s, and a quarter; a step over takes milliseconds."""
    train(LINES, order)
    used = [torch.load(order.out / p / "checkpoint.pt", weights_only=True)["used"] for p in ("first", "second")]
    assert used[0] >= 0.15
    assert used[1] >= 0.05
    assert json.loads((order.out / "run.json").read_text()) == {"bundle": "lines", "hours": HOURS}


def test_a_folder_with_something_in_it_is_refused_and_left_alone(order: Order):
    order.out.mkdir()
    (order.out / "letter.txt").write_text("x")
    with pytest.raises(
        OutputError, match="wanted a new or empty folder, or with --resume one where a training was begun"
    ):
        train(LINES, order)
    with pytest.raises(OutputError, match="wanted a new or empty folder"):
        train(LINES, replace(order, resume=True))
    assert [p.name for p in order.out.iterdir()] == ["letter.txt"]


def test_a_finished_training_resumed_is_the_same(order: Order):
    file = train(LINES, order) / "lines" / "models" / "model.safetensors"
    before = file.read_bytes()
    train(LINES, replace(order, hours=None, resume=True))
    assert file.read_bytes() == before


def test_a_training_of_other_hours_is_not_gone_on_with(order: Order):
    train(LINES, order)
    with pytest.raises(OutputError, match=r"wanted a training of .*'hours': 2.0.* to go on with, it holds .*'lines'"):
        train(LINES, replace(order, hours=2.0, resume=True))


def test_data_without_a_folder_are_named(order: Order):
    with pytest.raises(InputError, match="wanted the folder meshes in it; name the given data with --data"):
        train(replace(LINES, needs=("films", "meshes")), order)
    assert not order.out.exists()


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_a_recipe_makes_every_network_of_its_bundle(recipe: Recipe):
    config = Config().models_dir / recipe.bundle / "configs" / "inference.json"
    networks = json.loads(config.read_text(encoding="utf-8"))["networks"]
    assert networks.keys() <= {part.name for part in recipe.parts}
    assert sum(part.share for part in recipe.parts) == pytest.approx(1)
