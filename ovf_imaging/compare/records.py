"""What is compared: two readers' numbers, answers and landmarks of the same body, and what has no partner."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ovf_imaging.compare.estimates import Estimate

ALL = "all"  # the level of a statistic over all levels
AT_DETECTOR = "_at_detector"  # ends the name of a quantity in magnified millimetres


class Side(StrEnum):
    """The two readers."""

    A = "A"
    B = "B"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a pair was read. The readers may name the same body differently."""

    study: str  # a mark that names nobody
    image: str = ""  # "Sagittal MRI, T2"; "" where a study's images are judged together
    view: str = ""  # "Sagittal MRI": images that share statistics; "" likewise
    levels_a: tuple[int, ...] = ()  # one body, or upper and lower; none where the study is judged as a whole
    levels_b: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """A quantity as both readers measured it; None = cannot tell."""

    place: Place
    quantity: str
    unit: str
    a: float | None
    b: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """A question as both readers answered it; None = cannot tell."""

    place: Place
    question: str
    a: str | None
    b: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Distance:
    """How far apart the readers set a landmark, in the plane of the slice."""

    place: Place
    landmark: str
    percent: float  # of the body's depth, mean of both readers
    mm: float | None  # None where the scale isn't the patient's


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpaired:
    """A study, image or body that only one reader has."""

    what: str  # "study", "image", "body"
    place: Place
    only_in: Side


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """All that was paired, and all that wasn't."""

    studies: int
    images: int
    readers_a: tuple[str, ...]
    readers_b: tuple[str, ...]
    numbers: tuple[Numbers, ...] = ()
    answers: tuple[Answers, ...] = ()
    distances: tuple[Distance, ...] = ()
    unpaired: tuple[Unpaired, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistic:
    """One row of agreement.csv."""

    quantity: str
    view: str
    level: str  # "L1", "T12–L2" or ALL
    name: str
    estimate: Estimate
    n: int
    studies: int
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Confusion:
    """How often the readers gave which answers over all levels; cannot tell is one of them."""

    question: str
    answers: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]  # rows are A's answers, columns B's


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Everything that the page and the tables say."""

    pairs: Pairs
    statistics: tuple[Statistic, ...]
    confusions: tuple[Confusion, ...]
    reference: Side | None = None
