"""The bundles as MONAI sees them: their configuration builds the network their metadata describes."""

import json
from pathlib import Path

import pytest
import torch
from monai.bundle.config_parser import ConfigParser

MODELS = Path(__file__).parents[2] / "models"


@pytest.mark.parametrize("name", ["vertebrae_mri", "vertebrae_radiograph"])
def test_network_is_what_the_metadata_says(name: str):
    configs = MODELS / name / "configs"
    data_format = json.loads((configs / "metadata.json").read_text())["network_data_format"]
    parser = ConfigParser(json.loads((configs / "inference.json").read_text()))
    network = parser.get_parsed_content("network_def").eval()
    inputs, outputs = data_format["inputs"]["image"], data_format["outputs"]["pred"]
    with torch.inference_mode():
        pred = network(torch.zeros(1, inputs["num_channels"], 64, 96))
    assert pred.shape == (1, outputs["num_channels"], 64, 96)
