"""One simulated case: a patient drawn, put in one or more positions, and imaged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ovf_imaging.training.simulation.anatomy import DrawnPatient, Templates, draw_patient
from ovf_imaging.training.simulation.cases.settings import SimulationSettings, StudySettings
from ovf_imaging.training.simulation.ct import draw_ct_patient
from ovf_imaging.training.simulation.ct_scan import CtScan
from ovf_imaging.training.simulation.film.exposure import ImagedPatient, draw_exposure
from ovf_imaging.training.simulation.film.film import Film, expose
from ovf_imaging.training.simulation.mri import Constitution, Scan, acquire, draw_constitution, draw_protocol
from ovf_imaging.training.simulation.volume import PatientTruth
from ovf_imaging.types import Position

MODALITIES = ("radiograph", "mri")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Exposed:
    """A picture and the truth of the patient while it was taken."""

    truth: PatientTruth
    film: Film | None = None
    scan: Scan | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DrawnStudy:
    """The pictures of one day."""

    pictures: tuple[Exposed, ...]
    days: int  # after the first study of the case


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DrawnCase:
    """One patient."""

    modality: str  # one of MODALITIES
    seed: int
    number: int
    kind: str  # "single", "dynamic", "posture", "follow_up", "frontal"
    studies: tuple[DrawnStudy, ...]
    source: str = ""  # the real CT that the patient is; empty where one was drawn from meshes


def draw_case(
    modality: str,
    settings: SimulationSettings,
    templates: Templates,
    seed: int,
    number: int = 0,
    *,
    scans: Sequence[CtScan] = (),
) -> DrawnCase:
    """Return case `number` of a seed; it depends on nothing drawn before it.

    `scans` are real CTs that single films may be of instead of a drawn patient, unless fractures are prescribed. Raises
    ValueError for a modality that is none of MODALITIES.
    """
    if modality not in MODALITIES:
        raise ValueError(f"modality wanted one of {', '.join(MODALITIES)}, got {modality!r}")
    rng = np.random.default_rng([seed, number, MODALITIES.index(modality)])
    kind = _kind(rng, settings.study, modality)
    single_film = modality == "radiograph" and kind == "single" and not settings.anatomy.fracture
    if single_film and scans and rng.random() < settings.study.ct:
        return _ct_case(rng, settings, scans[int(rng.integers(len(scans)))], seed, number)
    patient = draw_patient(rng, settings.anatomy, templates)
    constitution = draw_constitution(rng, patient.truth(), settings.mri)
    studies = []
    for days, day in _days(rng, patient, _usual(settings.study, modality), kind):
        pictures = [
            _scan(rng, settings, p, constitution) if modality == "mri" else _film(rng, settings, p, kind) for p in day
        ]
        studies.append(DrawnStudy(pictures=tuple(pictures), days=days))
    return DrawnCase(modality=modality, seed=seed, number=number, kind=kind, studies=tuple(studies))


def _ct_case(rng: np.random.Generator, settings: SimulationSettings, scan: CtScan, seed: int, number: int) -> DrawnCase:
    """Return a film of a real CT: as it was scanned, bent, or with a body broken."""
    picture = _film(rng, settings, draw_ct_patient(rng, scan), "single")
    study = DrawnStudy(pictures=(picture,), days=0)
    return DrawnCase(
        modality="radiograph", seed=seed, number=number, kind="single", studies=(study,), source=f"ct_verse/{scan.name}"
    )


def _kind(rng: np.random.Generator, settings: StudySettings, modality: str) -> str:
    chances = {"follow_up": settings.follow_up}
    if modality == "radiograph":
        chances |= {"dynamic": settings.dynamic, "posture": settings.posture, "frontal": settings.frontal}
    kinds = ["single", *chances]
    return str(rng.choice(kinds, p=[1 - sum(chances.values()), *chances.values()]))


def _usual(settings: StudySettings, modality: str) -> tuple[Position, ...]:
    """Return the positions that a single picture is taken in."""
    if settings.position != "usual":
        return (Position(settings.position),)
    return (Position.SUPINE,) if modality == "mri" else (Position.STANDING, Position.NEUTRAL)


def _days(
    rng: np.random.Generator, patient: DrawnPatient, usual: tuple[Position, ...], kind: str
) -> Iterator[tuple[int, list[DrawnPatient]]]:
    """Yield for each study the days since the first, and the patient in every position that is imaged."""
    pairs = {
        "dynamic": (Position.FLEXION, Position.EXTENSION),
        "posture": (Position.STANDING, Position.SUPINE),
    }
    if kind in pairs:
        yield 0, [patient.moved(position) for position in pairs[kind]]
        return
    position = usual[int(rng.integers(len(usual)))]
    yield 0, [patient.moved(position)]
    if kind == "follow_up":
        later = patient.later(rng)
        days = round((later.person.age_years - patient.person.age_years) * 365.25)
        yield max(days, 1), [later.moved(position)]


def _film(rng: np.random.Generator, settings: SimulationSettings, patient: ImagedPatient, kind: str) -> Exposed:
    exposure = draw_exposure(rng, patient, settings.film, "frontal" if kind == "frontal" else "lateral")
    return Exposed(truth=patient.truth(), film=expose(patient, exposure, rng))


def _scan(
    rng: np.random.Generator, settings: SimulationSettings, patient: DrawnPatient, constitution: Constitution
) -> Exposed:
    protocol = draw_protocol(rng, settings.mri)
    return Exposed(truth=patient.truth(), scan=acquire(patient, protocol, rng, constitution))
