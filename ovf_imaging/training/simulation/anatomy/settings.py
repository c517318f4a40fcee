"""Every range and probability that a patient is drawn from, each with its limits and meaning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ovf_imaging.training.simulation.anatomy.prescribed import PrescribedFracture
from ovf_imaging.training.simulation.limits import Limits, Range, check

REGIONS = ("lumbar", "thoracolumbar", "full")


def _chance(meaning: str) -> Limits:
    return Limits(0, 1, f"chance {meaning}")


def _share(meaning: str) -> Limits:
    return Limits(0, 100, f"weight {meaning}")


def _part(meaning: str) -> Limits:
    return Limits(0, 1, meaning)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnatomySettings:
    """Ranges are (low, high) and drawn from evenly; a float is a chance. `limits_of` says what each means.

    Raises ValueError naming key, value and limits where a value is out of them or a range runs backwards.
    """

    region: str = "lumbar"  # where the fractures lie and what bounds_mm covers: one of REGIONS

    # the person
    age_years: Annotated[Range, Limits(50, 95, "age")] = (50, 95)
    female: Annotated[float, _chance("of a woman")] = 0.7
    size_female: Annotated[Range, Limits(0.7, 1.4, "size of all bones against Panjabi's means")] = (0.93, 1.12)
    size_male: Annotated[Range, Limits(0.7, 1.4, "size of all bones against Panjabi's means")] = (1.03, 1.24)
    mean_shape: Annotated[float, _chance("of the shape model's L2–L5 instead of the Visible Human's")] = 0.5
    size_spread: Annotated[Range, Limits(-0.2, 0.2, "departure of one body's depth, width or height")] = (-0.04, 0.04)
    t_score: Annotated[Range, Limits(-5, 2, "bone density")] = (-4.5, 0)
    back_fat_mm: Annotated[Range, Limits(2, 120, "skin to muscle behind the lumbar spine")] = (8, 45)
    belly_mm: Annotated[Range, Limits(40, 350, "spine to skin in front")] = (75, 190)
    # alignment
    pelvic_incidence_deg: Annotated[Range, Limits(20, 95, "pelvic incidence")] = (30, 85)
    lordosis_deg: Annotated[Range, Limits(-10, 95, "L1–S1 lordosis, kept within")] = (10, 80)
    lordosis_spread_deg: Annotated[float, Limits(0, 30, "sd about 0.54 incidence + 27.6 (Le Huec 2015)")] = 9.0
    kyphosis_deg: Annotated[Range, Limits(0, 100, "T1–T12 kyphosis without its fractures, kept within")] = (20, 75)
    kyphosis_spread_deg: Annotated[float, Limits(0, 40, "sd about 0.35 lordosis + 25 (Vialle 2005, r 0.5)")] = 11.0
    sacral_slope_deg: Annotated[Range, Limits(-10, 75, "sacral slope after balance, kept within")] = (14, 54)
    balance_mm: Annotated[Range, Limits(-150, 150, "T1 in front of S1, standing")] = (-30, 60)
    scoliosis: Annotated[float, _chance("of a scoliosis")] = 0.25
    scoliosis_deg: Annotated[Range, Limits(0, 40, "its Cobb angle")] = (3, 20)
    rotation_deg: Annotated[Range, Limits(0, 30, "turn of its apex about the column")] = (0, 20)
    tilt_deg: Annotated[Range, Limits(-20, 20, "the whole patient leaning or turned against the film")] = (-4, 4)
    slip: Annotated[float, _chance("of a degenerative spondylolisthesis")] = 0.15
    slip_part: Annotated[Range, Limits(-0.5, 0.5, "slip, part of the depth; minus is backwards")] = (-0.08, 0.22)
    # discs
    degeneration_at_50: Annotated[Range, _part("disc degeneration at 50 years: 0 healthy, 1 collapsed")] = (0, 0.45)
    degeneration_per_decade: Annotated[Range, Limits(0, 0.4, "how it grows")] = (0.03, 0.12)
    # fractures
    fracture: tuple[PrescribedFracture, ...] = ()  # where any is prescribed, no other is drawn
    wedge: Annotated[float, _share("of wedges among fractures (Ismail 1999)")] = 0.52
    biconcave: Annotated[float, _share("of biconcave ones")] = 0.25
    crush: Annotated[float, _share("of crush fractures")] = 0.15
    pincer: Annotated[float, _share("of pincer fractures")] = 0.08
    both_wedge: Annotated[float, _chance("of both endplates broken in a wedge")] = 0.15
    both_biconcave: Annotated[float, _chance("in a biconcave one")] = 0.6
    both_crush: Annotated[float, _chance("in a crush fracture")] = 0.5
    superior: Annotated[float, _chance("that a single broken endplate is the superior one")] = 0.82
    occult: Annotated[float, _chance("of a fresh fracture without loss of height, where nothing else is broken")] = 0.06
    most_fresh: Annotated[float, Limits(0, 6, "fresh fractures in a patient at most")] = 2
    fractured: Annotated[float, _chance("of at least one fracture")] = 0.7
    further_fracture: Annotated[float, _chance("of one more, again and again up to most_fractures")] = 0.35
    most_fractures: Annotated[float, Limits(1, 12, "fractures in a patient at most")] = 6
    fresh: Annotated[float, _chance("of oedema in a fracture")] = 0.5
    mild_loss: Annotated[Range, Limits(0, 0.9, "worst height loss of Genant 1")] = (0.12, 0.25)
    moderate_loss: Annotated[Range, Limits(0, 0.9, "of Genant 2")] = (0.25, 0.40)
    severe_loss: Annotated[Range, Limits(0, 0.9, "of Genant 3")] = (0.40, 0.75)
    plana_loss: Annotated[Range, Limits(0, 0.9, "of all three heights of a vertebra plana")] = (0.60, 0.90)
    plana: Annotated[float, _chance("of a severe fracture to be a plana")] = 0.12
    posterior_loss: Annotated[Range, Limits(0, 0.9, "loss of the posterior height where the wall is broken")] = (
        0.08,
        0.40,
    )
    wall_broken: Annotated[float, _chance("of a broken posterior wall, in moderate and severe fractures")] = 0.45
    retropulsion_mm: Annotated[Range, Limits(0, 9, "posterior wall into the canal")] = (0.5, 6.0)
    lip_mm: Annotated[Range, Limits(0, 5, "front of a broken endplate beyond the anterior wall")] = (0.3, 2.8)
    sideways: Annotated[Range, _part("difference of loss between right and left rim")] = (0.0, 0.25)
    compensation: Annotated[Range, _part("part of a fracture's kyphosis the neighbouring discs take back")] = (0, 0.6)
    distraction: Annotated[float, _chance("of OF 5 in a severe fracture")] = 0.05
    torn_slip_mm: Annotated[Range, Limits(0, 12, "forward slip of the body above an OF 5 fracture")] = (3, 6)
    torn_turn_deg: Annotated[Range, Limits(0, 20, "its turn")] = (3, 8)
    oedema_whole: Annotated[float, _chance("of oedema of the whole body rather than a band")] = 0.55
    # clefts
    oedema_band: Annotated[float, _part("part of the height that a band fills")] = 0.38
    cleft: Annotated[float, _chance("of a cleft in a fracture of at least 20 % loss")] = 0.35
    cleft_gas: Annotated[float, _chance("that it holds gas rather than fluid")] = 0.5
    cleft_open_mm: Annotated[Range, Limits(0.5, 12, "its thickness fully open")] = (1.5, 7.0)
    cleft_central: Annotated[float, _chance("that it lies in the middle and not in front")] = 0.35
    open_extension: Annotated[float, _part("how far a cleft opens in extension")] = 1.0
    open_supine: Annotated[float, _part("supine")] = 0.8
    open_neutral: Annotated[float, _part("neutral or unknown")] = 0.4
    open_standing: Annotated[float, _part("standing")] = 0.0
    open_flexion: Annotated[float, _part("in flexion")] = 0.0
    fluid_stays: Annotated[float, _part("fluid cleft's least opening in any position")] = 0.25
    # motion, L1–S1 together
    flexion_deg: Annotated[Range, Limits(0, 70, "flexion from neutral")] = (12, 35)
    extension_deg: Annotated[Range, Limits(0, 40, "extension from neutral")] = (5, 18)
    supine_deg: Annotated[Range, Limits(-15, 20, "more lordosis supine than standing, kyphotic spines unfold")] = (0, 8)
    # not fractures
    osteophytes: Annotated[float, _chance("of osteophytes at a corner beside a degenerate disc")] = 0.3
    front_osteophyte_mm: Annotated[Range, Limits(0, 15, "in front, how far they stand off the wall at most")] = (1.5, 8)
    back_osteophyte_mm: Annotated[Range, Limits(0, 6, "at the canal")] = (1.5, 3.5)
    schmorl: Annotated[float, _chance("of a Schmorl's node per body")] = 0.05
    schmorl_radius_mm: Annotated[Range, Limits(1, 12, "its radius across")] = (4, 8)
    schmorl_depth_mm: Annotated[Range, Limits(1, 12, "its depth")] = (3.5, 7)
    scheuermann: Annotated[float, _chance("of Scheuermann wedging")] = 0.07
    scheuermann_deg: Annotated[Range, Limits(0, 20, "wedge of each of its bodies")] = (5, 11)
    short: Annotated[float, _chance("of a short vertebral height per body")] = 0.03
    short_part: Annotated[Range, Limits(0, 0.3, "height missing at all three places of a short body")] = (0.08, 0.18)
    haemangioma: Annotated[float, _chance("of a haemangioma per body")] = 0.03
    haemangioma_radius_mm: Annotated[Range, Limits(1, 20, "its radius")] = (4, 11)
    metastasis: Annotated[float, _chance("of tumour in some bodies")] = 0.06
    metastatic_body: Annotated[float, _chance("of tumour per body of a patient with any")] = 0.25
    metastasis_radius_mm: Annotated[Range, Limits(1, 25, "its radius")] = (5, 16)
    modic: Annotated[float, _chance("of Modic changes at a degenerate disc")] = 0.2
    modic_1: Annotated[float, _share("of type 1 among them (Modic 1988, Zhang 2008)")] = 0.3
    modic_2: Annotated[float, _share("of type 2")] = 0.6
    modic_3: Annotated[float, _share("of type 3")] = 0.1
    modic_depth_mm: Annotated[Range, Limits(1, 15, "how deep they reach into the body")] = (4, 9)
    worn_from: Annotated[float, _part("disc degeneration from which osteophytes and Modic changes come")] = 0.5
    vacuum: Annotated[float, _chance("of gas in a badly degenerate disc")] = 0.15
    transitional: Annotated[float, _chance("of L6, T13 or a sacralised L5")] = 0.06
    screws: Annotated[float, _chance("of pedicle screws and rods")] = 0.05
    cement: Annotated[float, _chance("of cement in an old fracture")] = 0.1
    cement_radius: Annotated[Range, Limits(0.05, 0.45, "of each of its two lumps, part of the body's size")] = (
        0.16,
        0.3,
    )
    # months later
    months_later: Annotated[Range, Limits(0, 120, "time between a prior and a current study")] = (2, 14)
    progression: Annotated[Range, _part("further loss of a fresh fracture months later, part of what is left")] = (
        0.05,
        0.35,
    )
    new_fracture: Annotated[float, _chance("of a new fracture months later")] = 0.35

    def __post_init__(self) -> None:
        """Check every value against its limits."""
        if self.region not in REGIONS:
            raise ValueError(f"region wanted one of {', '.join(REGIONS)}, got {self.region!r}")
        check(self)
        levels = [one.level for one in self.fracture]
        if len(set(levels)) < len(levels):
            raise ValueError(f"fracture wanted once a level, got {', '.join(levels)}")
