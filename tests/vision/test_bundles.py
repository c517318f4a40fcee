"""The bundles as MONAI sees them: their configuration builds the network their metadata describes, and runs."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from monai.bundle.config_parser import ConfigParser

TOP = Path(__file__).parents[2]
MODELS = TOP / "models"
NAMES = ["vertebrae_mri", "vertebrae_radiograph"]


def bundle(command: str, *arguments: str) -> str:
    """Return what `python -m monai.bundle` says from the checkout's top level, where no network may be needed."""
    away = dict.fromkeys(("http_proxy", "https_proxy"), "http://127.0.0.1:9")
    line = [sys.executable, "-m", "monai.bundle", command, *arguments]
    done = subprocess.run(line, cwd=TOP, env={**os.environ, **away}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout + done.stderr


@pytest.mark.parametrize("name", NAMES)
def test_network_is_what_the_metadata_says(name: str):
    configs = MODELS / name / "configs"
    data_format = json.loads((configs / "metadata.json").read_text())["network_data_format"]
    parser = ConfigParser(json.loads((configs / "inference.json").read_text()))
    network = parser.get_parsed_content("network_def").eval()
    inputs, outputs = data_format["inputs"]["image"], data_format["outputs"]["pred"]
    with torch.inference_mode():
        pred = network(torch.zeros(1, inputs["num_channels"], 64, 96))
    assert pred.shape == (1, outputs["num_channels"], 64, 96)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_monai_runs_the_bundle_on_its_sample(name: str, tmp_path: Path):
    out = tmp_path / "case"
    bundle("run", "--config_file", f"models/{name}/configs/inference.json", "--output_dir", str(out))
    case = json.loads((out / "case.json").read_text(encoding="utf-8"))
    assert len(case["readings"][0]["vertebrae"]) >= 3
    weights = json.loads((MODELS / name / "configs" / "metadata.json").read_text())["ovf"]["sha256"]
    assert weights in case["provenance"]["models"].values()


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_monai_finds_the_shapes_that_the_metadata_tells(name: str):
    configs = f"models/{name}/configs"
    files = ("--meta_file", f"{configs}/metadata.json", "--config_file", f"{configs}/inference.json")
    assert "verified with no error" in bundle("verify_net_in_out", "network_def", *files, "--n", "2", "--device", "cpu")


@pytest.mark.parametrize("name", NAMES)
def test_a_run_without_a_place_named_leaves_the_bundle_as_it_is(name: str):
    parser = ConfigParser(json.loads((MODELS / name / "configs" / "inference.json").read_text()))
    assert parser.get_parsed_content("output_dir") == f"reports/{name}"  # git ignores it and no wheel holds it
