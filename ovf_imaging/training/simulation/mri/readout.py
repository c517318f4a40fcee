"""One sequence's k-space: fat shifted along frequency, wrap, ghosts, truncation, noise, magnitude."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from ovf_imaging.training.simulation.mri.protocol import Readout

Plane = NDArray[np.float32]  # (H, W)
Spectrum = NDArray[np.complex64]


def read_slice(water: Plane, fat: Plane, moving: Plane | None, readout: Readout, rng: np.random.Generator) -> Plane:
    """Return the magnitude image (H, W) of one slice.

    Water and fat (H, W) are signed echoes; `moving` (H, W) is the part of the echoes that moves, None = nothing.
    """
    spectrum = fft.fft2(fat) * _shift_ramp(readout, water.shape)
    spectrum += fft.fft2(water)
    if moving is not None:
        spectrum += fft.fft2(moving) * _sway(readout, water.shape)
    spectrum *= _spread(readout, water.shape)
    spectrum += _noise(readout, water.shape, rng)
    spectrum *= _measured(readout, water.shape)
    return np.asarray(np.abs(fft.ifft2(spectrum, overwrite_x=True)), dtype=np.float32)


def fold(plane: Plane, beyond_px: tuple[int, int]) -> Plane:
    """Return the plane without the rows and columns beyond the field, added at the opposite ends instead.

    They fade with their distance from the field, where the coil hears them less and less.
    """
    for axis, beyond in enumerate(beyond_px):
        if beyond:
            along = np.moveaxis(plane, axis, 0)
            inside = along[beyond:-beyond].copy()
            fade = np.linspace(1, 0, beyond, dtype=np.float32)[:, None]
            inside[-beyond:] += along[:beyond] * fade[::-1]
            inside[:beyond] += along[-beyond:] * fade
            plane = np.moveaxis(inside, 0, axis)
    return plane


def _shift_ramp(readout: Readout, shape: tuple[int, ...]) -> Spectrum:
    """Return the phase that moves a plane by `fat_shift_px` along frequency."""
    axis = 1 - readout.phase_axis
    ramp = np.exp(-2j * np.pi * fft.fftfreq(shape[axis]) * readout.fat_shift_px)
    return np.asarray(np.expand_dims(ramp, 1 - axis), dtype=np.complex64)


def _sway(readout: Readout, shape: tuple[int, ...]) -> Spectrum:
    """Return how motion modulates the lines of k-space: two ghosts `ghost_cycles` pixels away on either side."""
    lines = fft.fftfreq(shape[readout.phase_axis])
    wave = readout.ghost * np.sin(2 * np.pi * lines * readout.ghost_cycles + readout.ghost_phase)
    return np.asarray(np.expand_dims(wave, 1 - readout.phase_axis), dtype=np.complex64)


def _spread(readout: Readout, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Return the spectrum of a pixel whose signal spills over to its neighbours.

    Scanners show more pixels than they measured; here it also smooths the stairs of the render's voxels, which are
    as wide as a pixel.
    """
    rows, columns = (1 - 2 * readout.spill * (1 - np.cos(2 * np.pi * fft.fftfreq(n))) for n in shape)
    return np.asarray(rows[:, None] * columns, dtype=np.float32)


def _noise(readout: Readout, shape: tuple[int, ...], rng: np.random.Generator) -> Spectrum:
    """Return noise of k-space whose real and imaginary part have the standard deviation `noise` in the image."""
    # ifft2 divides by the number of pixels; truncation then keeps only part of the noise's power.
    strength = readout.noise * np.sqrt(shape[0] * shape[1] / (readout.measured[0] * readout.measured[1]))
    pair = rng.standard_normal((*shape, 2), dtype=np.float32) * np.float32(strength)
    return np.asarray(pair.view(np.complex64)[..., 0])


def _measured(readout: Readout, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Return the weight of every point of k-space: 0 where it was not measured, tapered by the scanner's filter."""
    weights = []
    for n, part in zip(shape, readout.measured, strict=True):
        distance = np.abs(fft.fftfreq(n)) * 2 / part  # 1 at the edge of what was measured
        flat = 1 - readout.window
        taper = np.cos(np.pi / 2 * np.clip((distance - flat) / max(readout.window, 1e-6), 0, 1)) ** 2
        taper = 0.15 + 0.85 * taper if readout.window > 0 else np.ones(n)
        weights.append(taper * (distance <= 1))
    return np.asarray(weights[0][:, None] * weights[1], dtype=np.float32)
