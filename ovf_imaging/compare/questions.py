"""The questions that readers answer of a body or a study, and how their agreement is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ovf_imaging.types import Finding

CANNOT_TELL = "cannot tell"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question with its answers in order; graded answers get weighted kappa, a `positive` one sensitivity."""

    name: str
    title: str
    answers: tuple[str, ...] = ()  # () = whatever was answered
    graded: bool = False
    positive: str = ""
    doubt_counts: bool = False  # "cannot tell" is an answer that can agree


_YES_NO = ("absent", "present")
LEVEL_NAME = Question(name="level_name", title="Level name")
INDEX_LEVEL = Question(name="index_level", title="Index fracture")
QUESTIONS = (
    LEVEL_NAME,
    Question(name="fracture", title="Fracture", answers=_YES_NO, positive="present"),
    Question(name="genant_grade", title="Genant grade", answers=("0", "1", "2", "3"), graded=True),
    Question(name="shape", title="Shape of deformity"),
    Question(name="cleft", title="Intravertebral cleft", answers=_YES_NO, positive="present", doubt_counts=True),
    Question(name="of_class", title="OF class", answers=("1", "2", "3", "4", "5"), graded=True),
    Question(name="acuity", title="Acuity"),
    Question(name="stability", title="Stability"),
    Question(name="change", title="Change against the prior study"),
    INDEX_LEVEL,
)


def answers_of(finding: Finding | None) -> Mapping[str, str | None]:
    """Return a finding's answers by the question's name, None = cannot tell; none at all without a finding."""
    if finding is None:
        return {}
    return {
        "fracture": _yes_no(finding.fractured),
        "genant_grade": _number(finding.grade),
        "shape": finding.shape,
        "cleft": _yes_no(finding.cleft),
        "of_class": _number(finding.of_class),
        "acuity": finding.acuity,
        "stability": finding.stability,
        "change": finding.change,
    }


def _yes_no(value: bool | None) -> str | None:
    return None if value is None else "present" if value else "absent"


def _number(value: int | None) -> str | None:
    return None if value is None else str(value)
