"""Every range and chance that painted findings are drawn from, each with its limits and meaning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ovf_imaging.training.simulation.limits import Limits, Range, check


def _chance(meaning: str) -> Limits:
    return Limits(0, 1, f"chance {meaning}")


@dataclass(frozen=True, slots=True, kw_only=True)
class PaintSettings:
    """Ranges are (low, high) and drawn from evenly; a float is a chance. `limits_of` says what each means.

    Raises ValueError naming key, value and limits where a value is out of them or a range runs backwards.
    """

    # fractures
    fractured: Annotated[float, _chance("of at least one fracture")] = 0.85
    further: Annotated[float, _chance("of one more, again and again up to three")] = 0.3
    wedge: Annotated[float, _chance("of a wedge")] = 0.5
    biconcave: Annotated[float, _chance("of a biconcave fracture, if no wedge")] = 0.6
    worst_loss: Annotated[Range, Limits(0, 0.65, "height loss where it is worst")] = (0.1, 0.6)
    pincer: Annotated[float, _chance("of a pincer fracture, if neither")] = 0.25
    plana: Annotated[float, _chance("of a vertebra plana")] = 0.04
    plana_loss: Annotated[Range, Limits(0, 0.8, "its loss of height")] = (0.6, 0.75)
    slipped: Annotated[float, _chance("of OF 5 in a loss over two fifths: what lies above slid forward")] = 0.06
    slip: Annotated[Range, Limits(0, 0.3, "by so much, depths")] = (0.08, 0.18)
    through: Annotated[float, _chance("that the body gives way to its lateral rims")] = 0.75
    lean: Annotated[Range, Limits(0, 0.5, "crush more to one side")] = (0.0, 0.25)
    lip: Annotated[Range, Limits(0, 0.15, "front wall pushed forward, depths, at the worst loss")] = (0.02, 0.1)
    wall_broken: Annotated[float, _chance("of a broken posterior wall in a loss over a quarter")] = 0.45
    retropulsion: Annotated[Range, Limits(0, 0.2, "posterior wall into the canal, depths")] = (0.03, 0.16)
    fresh: Annotated[float, _chance("of oedema in a fracture")] = 0.55
    occult: Annotated[float, _chance("of oedema without loss of height in a body that is not broken")] = 0.05
    diffuse: Annotated[float, _chance("of oedema of the whole body rather than a band")] = 0.5
    sclerosis: Annotated[float, _chance("of a dense band under a broken endplate")] = 0.6
    cement: Annotated[float, _chance("of cement in an old fracture")] = 0.12
    leak: Annotated[float, _chance("that some of it leaked into the disc")] = 0.25
    # clefts
    cleft: Annotated[float, _chance("of a cleft in a loss over a sixth")] = 0.45
    closed: Annotated[float, _chance("that it is closed")] = 0.08
    gas: Annotated[float, _chance("that it holds gas rather than fluid")] = 0.5
    central: Annotated[float, _chance("that it lies in the middle and not in front")] = 0.35
    cleft_length: Annotated[Range, Limits(0.1, 0.8, "its length, depths")] = (0.3, 0.65)
    cleft_thickness: Annotated[
        Range, Limits(0, 0.5, "its thickness, heights of the body before the fracture presses it")
    ] = (0.08, 0.28)
    # traps
    trap: Annotated[float, _chance("of a trap in a body that is not broken")] = 0.25

    def __post_init__(self) -> None:
        """Check every value."""
        check(self)
