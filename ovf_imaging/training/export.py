"""Write a trained network into its bundle: float16 safetensors, and the hash and settings into metadata.json."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save
from torch import Tensor


def averaged_weights(run: Path) -> dict[str, Tensor]:
    """Return the running average kept in a training run's checkpoint."""
    state: dict[str, Tensor] = torch.load(run / "checkpoint.pt", weights_only=True, map_location="cpu")["average"]
    return state


def export(bundle: Path, networks: Mapping[str, Mapping[str, Tensor]], settings: Mapping[str, Any]) -> str:
    """Write `networks` (prefix → weights) to `bundle` and return the sha256; other settings are merged in."""
    tensors = {
        f"{prefix}.{name}": (value.half() if value.dtype.is_floating_point else value).contiguous()
        for prefix, weights in networks.items()
        for name, value in weights.items()
        if not name.endswith("num_batches_tracked")
    }
    data = save(tensors)
    target = bundle / "models" / "model.safetensors"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data)
    sha256 = hashlib.sha256(data).hexdigest()
    path = bundle / "configs" / "metadata.json"
    metadata = json.loads(path.read_text(encoding="utf-8"))
    metadata["ovf"] = metadata.get("ovf", {}) | dict(settings) | {"sha256": sha256}
    path.write_text(json.dumps(metadata, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return sha256
