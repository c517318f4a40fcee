"""Signal of a substance in a spin echo, with or without inversion."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ovf_imaging.training.simulation.mri.tissues import Substance


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """When a sequence excites, inverts and listens."""

    tr_ms: float
    te_ms: float
    ti_ms: float | None = None  # of an inversion recovery; None = plain spin echo
    fat_left: float = 1.0  # part of the fat that fat suppression leaves; 1 = none


def signal(timing: Timing, t1_ms: float, t2_ms: float) -> float:
    """Return the echo of protons of density 1, negative where inversion has not yet passed zero.

    Spin echo (1 − e^(−TR/T1)) e^(−TE/T2); inversion recovery (1 − 2 e^(−TI/T1) + e^(−TR/T1)) e^(−TE/T2).
    """
    recovered = 1 - np.exp(-timing.tr_ms / t1_ms)
    if timing.ti_ms is not None:
        recovered = 1 - 2 * np.exp(-timing.ti_ms / t1_ms) + np.exp(-timing.tr_ms / t1_ms)
    return float(recovered * np.exp(-timing.te_ms / t2_ms))


def water_and_fat(substance: Substance, lipid: Substance, timing: Timing) -> tuple[float, float]:
    """Return the signals of a substance's water and of its fat, which add up to its own.

    Fat relaxes like `lipid`, but a substance that is all fat by its own times.
    """
    of_fat = substance if substance.fat_fraction == 1 else lipid
    water = substance.proton_density * (1 - substance.fat_fraction)
    fat = substance.proton_density * substance.fat_fraction
    return (
        water * signal(timing, substance.t1_ms, substance.t2_ms),
        timing.fat_left * fat * signal(timing, of_fat.t1_ms, of_fat.t2_ms),
    )


def null_ti_ms(t1_ms: float, tr_ms: float) -> float:
    """Return the inversion time at which protons with this T1 give no signal."""
    return float(t1_ms * np.log(2 / (1 + np.exp(-tr_ms / t1_ms))))
