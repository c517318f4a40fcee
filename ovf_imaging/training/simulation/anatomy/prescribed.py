"""A fracture as someone wants it, in place of those that a seed draws."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ovf_imaging.training.simulation.limits import Limits, check
from ovf_imaging.types import Level

_LOSS = Limits(0, 0.9, "part of this height that is lost")
_EVEN = 0.75  # a crushed body loses at least this part of its worst loss at every height
CLEFT_LEAST_LOSS = 0.2  # no cleft opens where less is lost
_WORDS = {
    "level": tuple(Level(level).name for level in range(Level.T1, Level.L6)),
    "kind": ("wedge", "biconcave", "crush", "pincer", "plana"),
    "endplates": ("superior", "inferior", "both"),
    "age": ("fresh", "old"),
    "cleft": ("none", "gas", "fluid"),
    "cleft_outline": ("line", "semilune", "triangle"),
    "cleft_place": ("anterior", "central"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PrescribedFracture:
    """One fracture; what it does not say, such as the place of a dent, is drawn from the other settings.

    Raises ValueError naming key, value and what was wanted.
    """

    level: str = ""
    kind: str = "wedge"
    endplates: str = "superior"
    anterior_loss: Annotated[float, _LOSS] = 0.0
    middle_loss: Annotated[float, _LOSS] = 0.0
    posterior_loss: Annotated[float, _LOSS] = 0.0
    age: str = "old"  # only a fresh one has oedema
    posterior_wall: Annotated[float, Limits(0, 1, "part of the posterior wall that is broken")] = 0.0
    retropulsion_mm: Annotated[float, Limits(0, 9, "posterior wall into the canal")] = 0.0
    cleft: str = "none"
    cleft_outline: str = "semilune"
    cleft_place: str = "anterior"
    cleft_mm: Annotated[float, Limits(0.5, 12, "thickness fully open, as far as the loss leaves room")] = 4.0

    def __post_init__(self) -> None:
        """Check every word and number, and that the losses are those of the kind."""
        for key, words in _WORDS.items():
            if getattr(self, key) not in words:
                raise ValueError(f"{key} wanted one of {', '.join(words)}, got {getattr(self, key)!r}")
        check(self)
        front, middle, back = self.height_loss
        if middle < (front + back) / 2:
            raise ValueError(
                f"middle_loss wanted at least {(front + back) / 2:g}, midway of the others, got {middle:g}"
            )
        lost = middle if self.cleft_place == "central" else front
        if self.cleft != "none" and lost < CLEFT_LEAST_LOSS:
            raise ValueError(f"a cleft wanted where at least {CLEFT_LEAST_LOSS:g} of the height is lost, got {lost:g}")
        leading = {"wedge": front, "crush": min(front, back) / _EVEN, "plana": min(front, back) / _EVEN}
        if leading.get(self.kind, middle) < max(self.height_loss):
            losses = f"{front:g}, {middle:g}, {back:g}"
            raise ValueError(f"kind {self.kind} does not go with losses of {losses} (anterior, middle, posterior)")

    @property
    def height_loss(self) -> tuple[float, float, float]:
        """Return what is lost of the anterior, middle and posterior height."""
        return self.anterior_loss, self.middle_loss, self.posterior_loss

    @property
    def broken_endplates(self) -> tuple[str, ...]:
        """Return the names of the broken endplates."""
        return ("superior", "inferior") if self.endplates == "both" else (self.endplates,)
