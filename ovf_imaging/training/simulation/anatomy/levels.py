"""Mean sizes of the levels and how often each breaks: the tables that a patient is drawn about."""

from __future__ import annotations

from dataclasses import dataclass

from ovf_imaging.types import Level


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelFacts:
    """What is known of one level."""

    depth_mm: float  # superior endplate, front to back
    width_mm: float
    height_mm: float  # posterior
    wedge_deg: float  # of an unbroken lumbar body, positive when the back is lower; thoracic wedges follow the kyphosis
    disc_mm: float  # height of the healthy disc below
    disc_share: float  # part of the regional lordosis or kyphosis that the disc below takes
    flexion_share: float  # part of the L1–S1 motion in the segment below
    genant: tuple[int, int, int, int]  # bodies of grade 0–3 among VerSe's patients


def _facts(depth: float, width: float, height: float, wedge: float, disc: float, share: float, flexion: float,
           genant: tuple[int, int, int, int]) -> LevelFacts:  # fmt: skip
    return LevelFacts(depth_mm=depth, width_mm=width, height_mm=height, wedge_deg=wedge, disc_mm=disc,
                      disc_share=share, flexion_share=flexion, genant=genant)  # fmt: skip


# Depth, width, height: Panjabi 1991, 1992, the thoracolumbar heights raised by a tenth as in the lumbar shape model
# of 87 patients (meanVBheight 27.8 mm). Discs: Kunkel 2011 (thoracic), Hong 2010 (lumbar). Motion: White and Panjabi
# 1990. Genant: ct_verse/genant_grades.csv, 1,453 bodies.
FACTS: dict[int, LevelFacts] = {
    Level.T1: _facts(18.5, 26.5, 15.0, 0, 4.2, 0.04, 0.02, (62, 3, 0, 0)),
    Level.T2: _facts(19.2, 27.0, 16.6, 0, 4.0, 0.05, 0.02, (65, 3, 0, 0)),
    Level.T3: _facts(21.5, 27.0, 17.0, 0, 3.8, 0.06, 0.02, (52, 7, 0, 1)),
    Level.T4: _facts(23.3, 27.0, 17.6, 0, 3.8, 0.08, 0.02, (56, 3, 2, 0)),
    Level.T5: _facts(24.6, 27.5, 18.0, 0, 4.0, 0.11, 0.02, (53, 6, 0, 1)),
    Level.T6: _facts(26.0, 28.0, 18.8, 0, 4.2, 0.12, 0.03, (51, 3, 4, 2)),
    Level.T7: _facts(27.4, 29.0, 19.6, 0, 4.4, 0.12, 0.03, (49, 9, 1, 4)),
    Level.T8: _facts(28.2, 30.5, 20.2, 0, 4.6, 0.12, 0.03, (53, 8, 2, 3)),
    Level.T9: _facts(29.3, 32.0, 21.0, 0, 4.8, 0.10, 0.03, (68, 7, 3, 2)),
    Level.T10: _facts(30.3, 34.0, 22.2, 0, 5.2, 0.09, 0.04, (79, 5, 3, 0)),
    Level.T11: _facts(31.2, 37.0, 23.6, 0, 5.8, 0.07, 0.05, (75, 9, 3, 3)),
    Level.T12: _facts(32.0, 39.5, 25.2, 0, 6.6, 0.04, 0.07, (73, 12, 12, 4)),
    Level.L1: _facts(33.2, 42.0, 26.4, -1.5, 7.8, 0.08, 0.13, (76, 15, 15, 16)),
    Level.L2: _facts(34.2, 43.5, 27.0, 0.5, 8.8, 0.13, 0.16, (82, 18, 18, 3)),
    Level.L3: _facts(35.0, 45.0, 26.8, 2.0, 9.6, 0.18, 0.19, (87, 17, 9, 5)),
    Level.L4: _facts(35.5, 47.0, 26.4, 4.0, 10.4, 0.26, 0.24, (86, 11, 15, 3)),
    Level.L5: _facts(35.2, 48.5, 24.6, 9.0, 9.6, 0.35, 0.28, (95, 5, 7, 3)),
}
S1_DEPTH_MM = 33.0
S1_WIDTH_MM = 55.0


def model_of(level: int) -> int:
    """Return the level whose template and facts a level takes: T13 is built like T12 and L6 like L5."""
    return {int(Level.T13): int(Level.T12), int(Level.L6): int(Level.L5)}.get(level, level)


def facts_of(level: int) -> LevelFacts:
    """Return the facts of a level from T1 to L6."""
    return FACTS[model_of(level)]
