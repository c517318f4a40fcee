"""Model bundles on disk: a MONAI folder each, its weights verified before use. Nothing is downloaded."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from monai.bundle.config_parser import ConfigParser
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor

from ovf_imaging.errors import WeightsError
from ovf_imaging.vision.networks import VertebraNet


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bundle:
    """A model bundle: its networks as MONAI's configuration describes them, what its metadata says, its tensors."""

    name: str
    version: str
    sha256: str
    settings: Mapping[str, Any]  # the "ovf" part of metadata.json
    networks: Mapping[str, Any]  # the "networks" part of inference.json, as MONAI reads it
    tensors: Mapping[str, Tensor]

    def network(self, prefix: str, device: torch.device) -> VertebraNet:
        """Return the network whose tensors begin with `prefix`, ready to infer on `device`."""
        net: VertebraNet = ConfigParser(dict(self.networks)).get_parsed_content(prefix)
        own = {k.removeprefix(f"{prefix}."): v.float() for k, v in self.tensors.items() if k.startswith(f"{prefix}.")}
        counters = {k: v for k, v in net.state_dict().items() if k.endswith("num_batches_tracked")}
        missing = net.state_dict().keys() - own.keys() - counters.keys()
        if missing:
            raise WeightsError(
                f"{self.name}: the file lacks {len(missing)} tensors of its network; reinstall the bundle"
            )
        try:
            net.load_state_dict(counters | own)
        except RuntimeError as error:
            raise WeightsError(
                f"{self.name}: weights do not fit the network ({error}); reinstall the bundle"
            ) from error
        return net.eval().to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def load_bundle(models_dir: Path, name: str) -> Bundle:
    """Return the bundle `name`; WeightsError when it is absent, cut short or altered, naming path and hash."""
    folder = models_dir / name
    metadata_path = folder / "configs" / "metadata.json"
    weights_path = folder / "models" / "model.safetensors"
    try:
        metadata = json.loads(metadata_path.read_text(encoding="utf-8"))
        networks = json.loads((folder / "configs" / "inference.json").read_text(encoding="utf-8"))["networks"]
        settings, version = metadata["ovf"], metadata["version"]
        wanted = settings["sha256"]
    except (OSError, ValueError, KeyError) as error:
        raise WeightsError(f"{metadata_path}: no readable model metadata ({error!r}); reinstall the bundle") from error
    try:
        data = weights_path.read_bytes()
    except OSError as error:
        raise WeightsError(
            f"{weights_path}: weights wanted with sha256 {wanted}, file can't be read; reinstall the bundle"
        ) from error
    got = hashlib.sha256(data).hexdigest()
    if got != wanted:
        raise WeightsError(f"{weights_path}: weights wanted with sha256 {wanted}, got {got}; reinstall the bundle")
    try:
        tensors = load(data)
    except SafetensorError as error:
        raise WeightsError(f"{weights_path}: not a safetensors file ({error}); reinstall the bundle") from error
    return Bundle(name=name, version=version, sha256=got, settings=settings, networks=networks, tensors=tensors)
