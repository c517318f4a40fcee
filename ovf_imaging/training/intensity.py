"""Grey values as they vary between scanners, films and photographs; geometry is left alone."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from ovf_imaging.training.scene import FRONTAL, Draw


def _field(rng: np.random.Generator, size: tuple[int, int], cells: int, spread: float) -> Tensor:
    """Return a smooth random field (h, w) about zero."""
    seed = torch.from_numpy(rng.normal(0, spread, (1, 1, cells, cells))).float()
    return F.interpolate(seed, size, mode="bicubic", align_corners=True)[0, 0]


def _curve(rng: np.random.Generator, image: Tensor, monotone: bool) -> Tensor:
    """Map grey values through a random piecewise-linear curve."""
    knots = np.sort(rng.uniform(0, 1, 6)) if monotone else rng.uniform(0, 1, 6)
    table = torch.from_numpy(np.interp(np.linspace(0, 1, 256), np.linspace(0, 1, 6), knots)).float()
    low, high = table.min(), table.max()
    table = (table - low) / (high - low + 1e-3)
    return table[(image.clamp(0, 1) * 255).long()]


def _blur(image: Tensor, sigma: float) -> Tensor:
    radius = max(1, int(2.5 * sigma))
    x = torch.arange(-radius, radius + 1).float()
    kernel = torch.exp(-(x**2) / (2 * sigma**2))
    kernel = (kernel / kernel.sum()).view(1, 1, -1)
    c = image.shape[0]
    y = F.conv2d(image[:, None], kernel[:, :, None, :].expand(1, 1, 1, -1), padding=(0, radius))
    return F.conv2d(y, kernel[:, :, :, None].expand(1, 1, -1, 1), padding=(radius, 0))[:, 0].view(c, *image.shape[1:])


def mri_intensity(draw: Draw, rng: np.random.Generator, strength: float = 1.0) -> Tensor:
    """Return the draw's image with another contrast, coil, resolution and noise; bodies may glow or darken.

    `strength` multiplies how often each is done.
    """
    image = draw.image.clamp(0, 1.5)
    size = (image.shape[1], image.shape[2])
    if rng.random() < 0.3 * strength:
        image = _body_signal(image, draw.instances, rng)
    if rng.random() < 0.35 * strength:
        image = _curve(rng, image, monotone=rng.random() < 0.5)
    image = image.clamp(0, 1.5) ** float(np.exp(rng.normal(0, 0.35)))
    if rng.random() < 0.6 * strength:
        image = image * torch.exp(_field(rng, size, 3, 0.45))
    if rng.random() < 0.35 * strength:
        image = _blur(image, float(rng.uniform(0.4, 1.3)))
    if rng.random() < 0.6 * strength:
        image = image + torch.from_numpy(rng.normal(0, rng.uniform(0.01, 0.08), tuple(image.shape))).float()
    middle = len(image) // 2
    for side in (-1, 1):  # a stack that ends here, or one slice further on
        if rng.random() < 0.15 * strength:
            last = middle + side * int(rng.integers(middle)) if middle > 1 else middle
            for index in range(last + side, -1 if side < 0 else len(image), side):
                image[index] = image[last]
    if rng.random() < 0.2 * strength:
        image = image[middle : middle + 1].expand(len(image), -1, -1)
    return image * float(rng.uniform(0.75, 1.25)) + float(rng.normal(0, 0.05))


def _body_signal(image: Tensor, instances: Tensor, rng: np.random.Generator) -> Tensor:
    """Brighten or darken some bodies, wholly or in a band: oedema, sclerosis, cement, metastasis."""
    image = image.clone()
    for level in np.unique(instances.numpy()):
        if level in (0, FRONTAL) or rng.random() < 0.5:
            continue
        where = _blur((instances == int(level))[None].float(), 1.0)[0]
        if rng.random() < 0.5:
            patch = torch.sigmoid(_field(rng, (image.shape[1], image.shape[2]), 8, 6.0))
            where = where * patch
        image = image * (1 + where * float(rng.uniform(-0.6, 1.0)))
    return image


def film_intensity(draw: Draw, rng: np.random.Generator) -> Tensor:
    """Return the draw's image as another exposure, screen, photograph or grid would show it."""
    image = draw.image[:1].clamp(0, 1.2)
    size = (image.shape[1], image.shape[2])
    if rng.random() < 0.3:
        image = _curve(rng, image, monotone=True)
    image = image.clamp(0, 1.5) ** float(np.exp(rng.normal(0, 0.4)))
    if rng.random() < 0.6:
        image = image * torch.exp(_field(rng, size, 4, 0.35))
    if rng.random() < 0.4:
        image = image + _field(rng, size, int(rng.integers(3, 9)), 0.12)
    if rng.random() < 0.35:
        image = _gas(image, rng)
    if rng.random() < 0.3:
        image = _lines(image, rng)
    if rng.random() < 0.35:
        image = _blur(image, float(rng.uniform(0.4, 1.8)))
    if rng.random() < 0.6:
        grain = torch.from_numpy(rng.normal(0, rng.uniform(0.01, 0.07), tuple(image.shape))).float()
        image = image + (_blur(grain, 0.8) * 2 if rng.random() < 0.4 else grain)
    if rng.random() < 0.35:
        image = _boxes(image, rng)
    if rng.random() < 0.04:
        image = 1 - image
    contrast = float(rng.uniform(0.5, 1.3))
    image = (image - image.mean()) * contrast + float(rng.uniform(0.3, 0.6))
    return image.expand(3, -1, -1)


def _grid(size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    row, column = torch.meshgrid(torch.arange(size[0]).float(), torch.arange(size[1]).float(), indexing="ij")
    return row, column


def _gas(image: Tensor, rng: np.random.Generator) -> Tensor:
    """Lay dark (gas) or bright (stool, bone edge) soft ellipses over the film."""
    row, column = _grid((image.shape[1], image.shape[2]))
    for _ in range(int(rng.integers(1, 7))):
        a, b = rng.uniform(4, 40, 2) * image.shape[2] / 128
        angle = rng.uniform(0, np.pi)
        r, c = row - rng.uniform(0, image.shape[1]), column - rng.uniform(0, image.shape[2])
        x, y = r * np.cos(angle) + c * np.sin(angle), c * np.cos(angle) - r * np.sin(angle)
        distance = torch.sqrt((x / a) ** 2 + (y / b) ** 2)
        image = image - float(rng.uniform(-0.12, 0.22)) * torch.sigmoid((1 - distance) * rng.uniform(4, 25))
    return image


def _lines(image: Tensor, rng: np.random.Generator) -> Tensor:
    """Draw rods, wires, grid lines, seams and rib or iliac edges."""
    row, column = _grid((image.shape[1], image.shape[2]))
    kind = rng.choice(["grid", "rod", "edge"])
    count = int(rng.integers(1, 4))
    angle = rng.uniform(0, np.pi)
    for _ in range(count):
        if kind != "grid":
            angle = rng.uniform(0, np.pi)
        x = row * np.cos(angle) + column * np.sin(angle)
        at = rng.uniform(float(x.min()), float(x.max()))
        if kind == "grid":
            period = rng.uniform(10, 120)
            wave = ((x - at) % period) < rng.uniform(0.6, 2.0)
            image = image + float(rng.uniform(-0.35, 0.35)) * wave.float()
            break
        if kind == "rod":
            band = torch.sigmoid((rng.uniform(1, 7) - (x - at).abs()) * 2)
            image = image * (1 - band) + band * float(rng.uniform(0.7, 1.1))
        else:
            curve = (x - at) + 0.002 * rng.normal() * (row * np.sin(angle) - column * np.cos(angle)) ** 2 * 0.5
            image = image + float(rng.uniform(-0.2, 0.2)) * torch.sigmoid(curve * rng.uniform(0.1, 2))
    return image


def _boxes(image: Tensor, rng: np.random.Generator) -> Tensor:
    """Blacken a collimated border, or stick a label, a letter's block or glare on the film."""
    image = image.clone()
    h, w = image.shape[1:]
    if rng.random() < 0.5:
        side, width = int(rng.integers(4)), float(rng.uniform(0.03, 0.25))
        cut = int(width * (h if side < 2 else w))
        value = float(rng.choice([0.0, 0.0, 1.0]))
        region = (slice(0, cut), slice(h - cut, h), slice(0, cut), slice(w - cut, w))[side]
        if side < 2:
            image[:, region] = value
        else:
            image[:, :, region] = value
    else:
        r, c = int(rng.uniform(0, h * 0.9)), int(rng.uniform(0, w * 0.9))
        image[:, r : r + int(rng.uniform(4, h / 6)), c : c + int(rng.uniform(4, w / 4))] = float(rng.uniform(0, 1.2))
    return image
