"""What weakens X-rays: the table `attenuation.toml` and the light that a tube sends through it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Map = NDArray[np.float32]

_TABLE = Path(__file__).with_name("attenuation.toml")
_FILTER_CM = 0.3  # aluminium in and on the tube


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Substances:
    """Attenuation of everything that can lie in a ray's way."""

    energies_kev: Array  # (E,)
    coefficients: Mapping[str, Array]  # (E,) cm²/g
    densities: Mapping[str, float]  # g/cm³


@cache
def substances() -> Substances:
    """Return the table shipped with the package."""
    table = tomllib.loads(_TABLE.read_text(encoding="utf-8"))
    return Substances(
        energies_kev=np.array(table["energies_kev"], dtype=float),
        coefficients={name: np.array(row) for name, row in table["coefficients_cm2_g"].items()},
        densities=dict(table["densities_g_cm3"]),
    )


def spectrum(peak_kv: float) -> Array:
    """Return the share (E,) of a tube's energy in each bin of the table, behind its filter; sums to 1.

    Kramers' law, an energy-integrating detector. Raises ValueError when the tube's peak lies below the lowest bin.
    """
    table = substances()
    if peak_kv <= table.energies_kev[0]:
        raise ValueError(f"peak voltage wanted above {table.energies_kev[0]:.0f} kV, got {peak_kv}")
    energy = np.maximum(peak_kv - table.energies_kev, 0) * np.gradient(table.energies_kev)
    energy *= np.exp(-table.coefficients["aluminium"] * table.densities["aluminium"] * _FILTER_CM)
    return np.asarray(energy / energy.sum())


def transmitted(mass_g_cm2: Mapping[str, Map], peak_kv: float) -> Map:
    """Return the part (H, W) of the tube's light that passes through mass per area (H, W) of each substance."""
    coefficients = substances().coefficients
    passed = np.zeros(np.broadcast_shapes(*(m.shape for m in mass_g_cm2.values())), np.float32)
    for bin_, share in enumerate(spectrum(peak_kv)):
        if share > 0:
            depth = sum(mass * np.float32(coefficients[name][bin_]) for name, mass in mass_g_cm2.items())
            passed += np.float32(share) * np.exp(-depth)
    return passed
