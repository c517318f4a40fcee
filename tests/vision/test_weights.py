"""Bundles: verified before use, one clear line when they are not right (field report D15)."""

import hashlib
import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save

from ovf_imaging.errors import WeightsError
from ovf_imaging.vision.networks import VertebraNet
from ovf_imaging.vision.weights import load_bundle


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """Return a models folder with one small untrained bundle, "net"."""
    net = VertebraNet(masks=0, dense=6)
    data = save({f"refiner.{k}": v.half() for k, v in net.state_dict().items() if v.dtype.is_floating_point})
    for folder in ("configs", "models"):
        (tmp_path / "net" / folder).mkdir(parents=True)
    (tmp_path / "net/models/model.safetensors").write_bytes(data)
    target = {"_target_": "ovf_imaging.vision.networks.VertebraNet", "masks": 0, "dense": 6}
    (tmp_path / "net/configs/inference.json").write_text(json.dumps({"networks": {"refiner": target}}))
    settings = {"sha256": hashlib.sha256(data).hexdigest()}
    (tmp_path / "net/configs/metadata.json").write_text(json.dumps({"version": "1", "ovf": settings}))
    return tmp_path


def test_a_whole_bundle_gives_its_network(bundle: Path):
    """The network infers and is in evaluation mode."""
    net = load_bundle(bundle, "net").network("refiner", torch.device("cpu"))
    assert not net.training
    assert net(torch.zeros(1, 3, 64, 64)).shape == (1, 6, 32, 32)


def test_absent_weights_are_named(bundle: Path):
    """Absent: one line with the path and the hash wanted."""
    (bundle / "net/models/model.safetensors").unlink()
    with pytest.raises(WeightsError, match=r"model\.safetensors: weights wanted with sha256 [0-9a-f]{64}"):
        load_bundle(bundle, "net")


def test_truncated_weights_are_refused(bundle: Path):
    """Half a file: the hash differs."""
    path = bundle / "net/models/model.safetensors"
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(WeightsError, match=r"wanted with sha256 [0-9a-f]{64}, got [0-9a-f]{64}; reinstall"):
        load_bundle(bundle, "net")


def test_absent_metadata_is_named(bundle: Path):
    """No metadata: the path is named."""
    with pytest.raises(WeightsError, match=r"other/configs/metadata\.json: no readable model metadata"):
        load_bundle(bundle, "other")


def test_missing_tensor_is_an_error_not_a_guess(bundle: Path):
    """A bundle whose tensors do not fill the network is refused, not filled with random numbers."""
    _replace(bundle, save({"refiner.head.bias": torch.zeros(6)}))
    half = load_bundle(bundle, "net")
    with pytest.raises(WeightsError, match=r"lacks \d+ tensors of its network"):
        half.network("refiner", torch.device("cpu"))


def _replace(bundle: Path, data: bytes) -> None:
    (bundle / "net/models/model.safetensors").write_bytes(data)
    path = bundle / "net/configs/metadata.json"
    metadata = json.loads(path.read_text())
    metadata["ovf"]["sha256"] = hashlib.sha256(data).hexdigest()
    path.write_text(json.dumps(metadata))
