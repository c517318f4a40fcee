"""Who the patient is, bones apart."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Drawn once for a patient; the same in every position."""

    age_years: float
    sex: str  # "F", "M"
    size: float  # all bones against the table's
    t_score: float
    incidence_deg: float
    sacral_slope_deg: float  # before the pelvis balances the trunk
    lordosis_deg: float  # L1–S1, unbroken
    kyphosis_deg: float  # T1–T12, unbroken
    balance_mm: float  # T1 in front of S1
    back_fat_mm: float
    belly_mm: float
    mean_shape: bool  # L2–L5 are the shape model's
    seed: int  # of the textures
