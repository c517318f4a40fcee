"""Metal bends the field: signal is read where it does not lie, and far off resonance it is not excited."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from ovf_imaging.training.simulation.mri.protocol import PROTON_MHZ_PER_T
from ovf_imaging.training.simulation.mri.slab import Part

Plane = NDArray[np.float32]  # (H, W)

SUSCEPTIBILITY_PPM = 180.0  # titanium against tissue (Schenck 1996, Med Phys 23:815-850)
_LEAST_SHIFT_PX = 0.03  # a line of pixels that are all shifted by less is left alone
_SLICE_BANDWIDTH_HZ = 1500.0  # beyond this a spin is excited with another slice


def field_shift_hz(metal: Part, step_mm: tuple[float, float, float], field_t: float) -> Part:
    """Return (S, H, W) the shift of resonance about metal; the main field runs along the rows, head to foot.

    Source: convolution with the dipole kernel 1/3 − k_z²/k² (Salomir 2003, Concepts Magn Reson 19B:26-34).
    """
    padded = [fft.next_fast_len(n + n // 4, real=True) for n in metal.shape]
    spectrum = fft.rfftn(metal, padded)
    frequencies = [fft.fftfreq(padded[0], step_mm[0]), fft.fftfreq(padded[1], step_mm[1])]
    kx, kz = (f.astype(np.float32) for f in frequencies)
    ky = fft.rfftfreq(padded[2], step_mm[2]).astype(np.float32)
    square = kx[:, None, None] ** 2 + kz[None, :, None] ** 2 + ky**2
    square[0, 0, 0] = 1
    kernel = np.float32(1 / 3) - kz[None, :, None] ** 2 / square
    kernel[0, 0, 0] = 0
    parts_per_million = fft.irfftn(spectrum * kernel, padded)[tuple(slice(n) for n in metal.shape)]
    hz = parts_per_million * SUSCEPTIBILITY_PPM * PROTON_MHZ_PER_T * field_t
    return np.asarray(hz, dtype=np.float32)


def displace(signal: Plane, shift_hz: Plane, bandwidth_hz: float, axis: int) -> Plane:
    """Return the signal (H, W) moved along an axis by shift / bandwidth pixels; what is moved piles up or thins out.

    Nothing is lost but what leaves the image or lies beyond the slice's bandwidth.
    """
    moved = signal.copy()
    lines, shifts = np.moveaxis(moved, axis, 1), np.moveaxis(shift_hz, axis, 1)
    bent = np.flatnonzero((np.abs(shifts) > _LEAST_SHIFT_PX * bandwidth_hz).any(1))
    source = lines[bent] * np.exp(-((shifts[bent] / _SLICE_BANDWIDTH_HZ) ** 2))
    place = np.arange(source.shape[1]) + shifts[bent] / bandwidth_hz
    first = np.floor(place).astype(np.int64)
    beyond = place - first
    total = np.zeros(source.size)
    for at, weight in ((first, 1 - beyond), (first + 1, beyond)):
        inside = (at >= 0) & (at < source.shape[1])
        flat = (np.arange(len(bent))[:, None] * source.shape[1] + at)[inside]
        total += np.bincount(flat, (source * weight)[inside], minlength=source.size)
    lines[bent] = total.reshape(source.shape)
    return moved
