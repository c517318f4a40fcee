"""The networks: a U-Net on an EfficientNet-lite0 encoder, used whole-image (dense) and on body crops (heatmaps)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812  the name every PyTorch text uses

# (repeats, kernel, stride, expansion, output channels) of each stage of EfficientNet-lite0 (Tan & Le 2019).
_STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
_SKIP_STAGES = (0, 1, 2, 4, 6)  # last stage at stride 2, 4, 8, 16, 32
_SKIP_CHANNELS = (16, 24, 40, 112, 320)
_DECODER_CHANNELS = (32, 64, 96, 128)  # at stride 2, 4, 8, 16
STRIDE = 32  # height and width of an input must be multiples of this


class _SameConv(nn.Conv2d):
    """Convolution padded as TensorFlow's SAME on even inputs: stride 2 pads below and to the right."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, groups: int = 1) -> None:
        super().__init__(inputs, outputs, kernel, stride, 0, groups=groups, bias=False)
        total = kernel - stride if stride > 1 else kernel - 1
        self._pads = (total // 2, total - total // 2) * 2

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(F.pad(x, self._pads) if any(self._pads) else x)


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)


class _InvertedResidual(nn.Module):
    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        hidden = inputs * expansion
        layers: list[nn.Module] = []
        if expansion != 1:
            layers += [_SameConv(inputs, hidden, 1, 1), _norm(hidden), nn.ReLU6(inplace=True)]
        layers += [_SameConv(hidden, hidden, kernel, stride, hidden), _norm(hidden), nn.ReLU6(inplace=True)]
        layers += [_SameConv(hidden, outputs, 1, 1), _norm(outputs)]
        self.layers = nn.Sequential(*layers)
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.layers(x)
        return x + y if self.residual else y


class EfficientNetLite0(nn.Module):
    """EfficientNet-lite0 without its classifier; returns the features at strides 2, 4, 8, 16 and 32."""

    def __init__(self, channels: int = 3) -> None:
        """Build the layers with random weights."""
        super().__init__()
        self.stem = nn.Sequential(_SameConv(channels, 32, 3, 2), _norm(32), nn.ReLU6(inplace=True))
        stages: list[nn.Module] = []
        width = 32
        for repeats, kernel, stride, expansion, outputs in _STAGES:
            blocks = [_InvertedResidual(width, outputs, kernel, stride, expansion)]
            blocks += [_InvertedResidual(outputs, outputs, kernel, 1, expansion) for _ in range(repeats - 1)]
            stages.append(nn.Sequential(*blocks))
            width = outputs
        self.stages = nn.ModuleList(stages)

    def forward(self, x: Tensor) -> list[Tensor]:
        """Return features (N, 16 | 24 | 40 | 112 | 320, H / stride, W / stride) of an image (N, channels, H, W)."""
        x = self.stem(x)
        features = []
        for number, stage in enumerate(self.stages):
            x = stage(x)
            if number in _SKIP_STAGES:
                features.append(x)
        return features


class _Up(nn.Module):
    """Double the size, join the skip, mix."""

    def __init__(self, inputs: int, skip: int, outputs: int) -> None:
        super().__init__()
        self.mix = nn.Sequential(
            nn.Conv2d(inputs + skip, outputs, 3, padding=1, bias=False),
            nn.GroupNorm(8, outputs),
            nn.SiLU(inplace=True),
            nn.Conv2d(outputs, outputs, 3, padding=1, bias=False),
            nn.GroupNorm(8, outputs),
            nn.SiLU(inplace=True),
        )

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        x = F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)
        mixed: Tensor = self.mix(torch.cat([x, skip], 1))
        return mixed


class _Edges(nn.Module):
    """A correction of the mask logits from the image at full size; nothing at first."""

    def __init__(self, channels: int, features: int, fine: int, masks: int) -> None:
        super().__init__()
        self.near = nn.Sequential(nn.Conv2d(channels, fine, 3, padding=1, bias=False), nn.GroupNorm(8, fine), nn.SiLU())
        self.far = nn.Conv2d(features, fine, 1)
        last = nn.Conv2d(fine, masks, 3, padding=1)
        nn.init.zeros_(last.weight)
        last.bias = nn.Parameter(torch.zeros(masks))
        self.mix = nn.Sequential(
            nn.Conv2d(2 * fine, fine, 3, padding=1, bias=False), nn.GroupNorm(8, fine), nn.SiLU(), last
        )

    def forward(self, image: Tensor, features: Tensor) -> Tensor:
        far = F.interpolate(self.far(features), scale_factor=2.0, mode="bilinear", align_corners=False)
        correction: Tensor = self.mix(torch.cat([self.near(image), far], 1))
        return correction


class VertebraNet(nn.Module):
    """Encoder–decoder with heads: `masks` channels at full size, `dense` and `context` channels at half size.

    The context channels (what a pixel can only know from afar: its level, the projection) come from stride 8. With
    `fine` channels a branch at full size corrects the masks' edges, which lie a pixel from one another at 1 mm.

    Input (N, slices, H, W), H and W multiples of 32, grey values about zero mean and unit spread; the channels are
    neighbouring slices of MRI, the one to be read in the middle, or the same film thrice.
    """

    def __init__(self, masks: int, dense: int, context: int = 0, fine: int = 0, slices: int = 3) -> None:
        """Build the layers with random weights."""
        super().__init__()
        self.masks = masks
        self.dense = dense
        self.slices = slices
        self.encoder = EfficientNetLite0(slices)
        self.bottom = nn.Sequential(nn.Conv2d(_SKIP_CHANNELS[4], 128, 1, bias=False), nn.GroupNorm(8, 128), nn.SiLU())
        ups = []
        channels = 128
        for level in (3, 2, 1, 0):
            ups.append(_Up(channels, _SKIP_CHANNELS[level], _DECODER_CHANNELS[level]))
            channels = _DECODER_CHANNELS[level]
        self.ups = nn.ModuleList(ups)
        self.head = nn.Conv2d(channels, masks * 4 + dense, 1)
        self.context_head = nn.Conv2d(_DECODER_CHANNELS[2], context, 1) if context else None
        self.edges = _Edges(slices, channels, fine, masks) if fine else None

    def parts(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return mask logits (N, masks, H, W) and dense then context outputs (N, dense + context, H/2, W/2)."""
        features = self.encoder(x)
        y = self.bottom(features[4])
        afar = None
        for up, level in zip(self.ups, (3, 2, 1, 0), strict=True):
            y = up(y, features[level])
            if level == 2 and self.context_head is not None:
                afar = F.interpolate(self.context_head(y), scale_factor=4.0, mode="bilinear", align_corners=False)
        out = self.head(y)
        masks, dense = F.pixel_shuffle(out[:, : self.masks * 4], 2), out[:, self.masks * 4 :]
        if self.edges is not None:
            masks = masks + self.edges(x, y)
        if afar is not None:
            dense = torch.cat([dense, afar], 1)
        return masks, dense

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, masks + dense + context, H, W); without masks (N, dense, H/2, W/2)."""
        masks, dense = self.parts(x)
        if self.masks == 0:
            return dense
        dense = F.interpolate(dense, scale_factor=2.0, mode="bilinear", align_corners=False)
        return torch.cat([masks, dense], 1)
