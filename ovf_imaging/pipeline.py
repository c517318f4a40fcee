"""The one composition of the rooms: run = conclude(see(study)).

`see` is slow (pixels, networks); `conclude` is pure and takes milliseconds, so that screen, batch table and report
all speak from the same code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from ovf_imaging import __version__
from ovf_imaging.assess import assess
from ovf_imaging.dicom import load_image, read_study
from ovf_imaging.errors import ImageError, InputError, NoVertebraeError, ReadingError, StudyError
from ovf_imaging.knowledge.loader import file_hashes
from ovf_imaging.knowledge.rules import rule_set
from ovf_imaging.measure import measure, measure_changes, see_signs
from ovf_imaging.recommend import recommend
from ovf_imaging.report import CASE_FILE, read_case
from ovf_imaging.types import (
    Case,
    Caveat,
    Context,
    Image,
    Level,
    Measurement,
    Position,
    Provenance,
    Reading,
    Sequence,
    Series,
    Study,
    View,
)

DEVICES = ("auto", "cpu", "cuda")
Inputs = str | Path | Iterable[str | Path] | Study
Prior = Inputs | Case  # images, or a case that was written before: its folder, its case.json, or itself
Watch = Callable[[str, int, int], None]  # what is being done, steps done, steps in all


class Eyes(Protocol):
    """Whatever turns an image into a reading, from several threads too: the networks, or a fake in a test."""

    @property
    def models(self) -> Mapping[str, str]:
        """Name and version of each model → sha256 of its weights."""

    def read(self, image: Image) -> Reading:
        """Return what is seen on the image; ReadingError when it shows no vertebrae or the wrong view."""


def shipped_folder() -> Path:
    """Return the folder that holds `models/` and `app/`: inside an installed wheel, else the top of the checkout."""
    inside = Path(__file__).parent / "_shipped"
    return inside if inside.is_dir() else Path(__file__).parents[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Everything that can be set, read once by `Pipeline.load`."""

    models_dir: Path = field(default_factory=lambda: shipped_folder() / "models")
    device: str = "auto"  # "auto" takes the GPU when there is one
    view: View | None = None  # None = recognised from the files
    sequence: Sequence | None = None
    position: Position | None = None
    lowest: Level | None = None  # of the vertebrae on the images, the sacrum aside; None = counted by the network
    most_pixels: int = 200_000_000  # of a study's images held at once, 4 bytes each; one image is always read

    def __post_init__(self) -> None:
        """Refuse a device that nobody knows."""
        if self.device not in DEVICES:
            raise ValueError(f"device wanted one of {', '.join(DEVICES)}, got {self.device!r}")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pipeline:
    """Files in, Case out.

    `eyes` may be None: such a pipeline reads files and concludes but can't see. Threads may share one.
    """

    config: Config = field(default_factory=Config)
    eyes: Eyes | None = None
    provenance: Provenance = field(default_factory=lambda: _made_now(Provenance(version=__version__)))
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    @classmethod
    def load(cls, config: Config | None = None) -> Pipeline:
        """Return a pipeline with its networks loaded and their hashes verified.

        Raises WeightsError when a bundle is absent or broken, OVFError when the wanted device is not there.
        """
        # Imported here: torch takes seconds, and neither `ovf --help` nor `ovf recommend` needs it.
        from ovf_imaging.vision import Reader

        config = config or Config()
        reader = Reader.load(config.models_dir, config.device, config.lowest)
        eyes: Eyes = reader if reader.device == "cpu" else _spared(reader, config)
        made_by = Provenance(version=__version__, models=dict(reader.models), device=reader.device)
        return cls(config=config, eyes=eyes, provenance=_made_now(made_by))

    @classmethod
    def of(cls, case: Case) -> Pipeline:
        """Return a pipeline that concludes anew for a case already seen, under the models, device and time it had."""
        return cls(provenance=_made_now(case.provenance))

    @property
    def device(self) -> str:
        """The device that images are read on."""
        return self.provenance.device

    def read_study(self, inputs: str | Path | Iterable[str | Path]) -> Study:
        """Return the study that lies in a file, folder or zip, with the view, sequence and position of the config."""
        paths = [inputs] if isinstance(inputs, str | Path) else list(inputs)
        chosen = self.config
        return read_study(
            [Path(p) for p in paths], view=chosen.view, sequence=chosen.sequence, position=chosen.position
        )

    def run(
        self,
        inputs: Inputs,
        context: Context | None = None,
        watch: Watch | None = None,
        *,
        prior: Prior | None = None,
    ) -> Case:
        """Return the case of one study: a file, a folder, a zip, several of them, or a Study read before.

        It is compared with the `prior` study where one is given. Raises InputError (StudyError, ImageError,
        ReadingError) when nothing in either can be used.
        """
        study, readings = self._look(inputs if isinstance(inputs, Study) else self.read_study(inputs), watch)
        earlier, before = (None, ()) if prior is None else self._look_back(prior, watch)
        case = self.conclude(study, (*readings, *before), context or Context(), earlier)
        return replace(case, provenance=replace(case.provenance, made=self.clock()))

    def see(self, study: Study) -> tuple[Reading, ...]:
        """Return what is read of each series, with the signs that the series show together.

        Raises ReadingError or ImageError when none can be read.
        """
        return self._look(study)[1]

    def conclude(
        self, study: Study, readings: tuple[Reading, ...], context: Context, prior: Study | None = None
    ) -> Case:
        """Return the case that readings and context amount to; pure: same arguments, same case.

        The readings of the prior study, marked so, come after the current ones.
        """
        alone = tuple(m for index, reading in enumerate(readings) for m in _measured(reading, index))
        measurements = (*alone, *measure_changes(readings, alone))
        assessment = assess(readings, measurements)
        case = Case(
            study=study,
            context=context,
            readings=readings,
            measurements=measurements,
            assessment=assessment,
            recommendations=(),
            missing=(),
            provenance=self.provenance,
            prior=prior,
        )
        return self.advise(case, context)

    def advise(self, case: Case, context: Context) -> Case:
        """Return a case with its advice drawn anew under a context; what was measured and found stays as it is."""
        advice = recommend(case.assessment, case.current_measurements(), context)
        return replace(
            case,
            context=context,
            recommendations=advice.recommendations,
            missing=advice.missing,
            others=advice.others,
            provenance=self.provenance,
            caveats=(*advice.caveats, *_of_two_studies(case.study, case.prior)),
        )

    def _look_back(self, prior: Prior, watch: Watch | None) -> tuple[Study, tuple[Reading, ...]]:
        """Return the prior study with its readings marked as such: those of its case, or those seen on its images."""
        if not isinstance(prior, Case):
            written = _written_case(prior)
            if written is None:
                study, readings = self._look(prior if isinstance(prior, Study) else self.read_study(prior), watch)
                return study, tuple(_as_prior(reading) for reading in readings)
            prior = written
        return prior.study, tuple(_as_prior(reading) for reading in prior.readings if not reading.prior)

    def _look(self, study: Study, watch: Watch | None = None) -> tuple[Study, tuple[Reading, ...]]:
        """Return the readings, and the study with a caveat for each series that gave none."""
        if not study.series:
            raise StudyError("a lateral film or a sagittal MR series wanted, the study holds none; give other files")
        readings: list[Reading] = []
        refused: list[InputError] = []
        caveats: list[Caveat] = []
        for index, series in enumerate(study.series):
            if watch is not None:
                watch(f"reading series {index + 1} of {len(study.series)}", index, len(study.series))
            try:
                readings.append(self._read(series, sum(r.image.pixels.size for r in readings)))
            except (ImageError, ReadingError) as error:
                refused.append(type(error)(str(error)))  # the one caught would keep the image alive by its traceback
                caveats.append(_not_read(series, error))
        if watch is not None:
            watch("measuring", len(study.series), len(study.series))
        if not readings:
            raise _refusal(refused)
        return replace(study, caveats=(*study.caveats, *caveats)), see_signs(tuple(readings))

    def _read(self, series: Series, held: int) -> Reading:
        """Return the reading of a series, unless its pixels and those `held` already are more than memory is for."""
        if self.eyes is None:
            raise ValueError("this pipeline has no eyes; make one with Pipeline.load()")
        image = load_image(series)
        if held and held + image.pixels.size > self.config.most_pixels:
            most = f"{self.config.most_pixels / 1e6:g} million pixels"
            raise ImageError(f"the study's images hold more than {most} together; give this one in a study of its own")
        reading = self.eyes.read(image)
        if not reading.vertebrae:
            raise NoVertebraeError(f"vertebrae wanted, none found on the {series.view} {series.modality} image")
        return reading


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SparedEyes:
    """Eyes that read an image on other eyes when the first run out of memory, and say so."""

    first: Eyes
    spare: Callable[[], Eyes]
    out_of_memory: type[Exception]

    @property
    def models(self) -> Mapping[str, str]:
        """The models of the first eyes; the spare ones hold the same."""
        return self.first.models

    def read(self, image: Image) -> Reading:
        """Return the first eyes' reading, or the spare ones' with a caveat."""
        try:
            return self.first.read(image)
        except self.out_of_memory:
            reading = self.spare().read(image)
        text = "The graphics card ran out of memory; this image was read on the CPU."
        return replace(reading, caveats=(*reading.caveats, Caveat(code="read-on-cpu", text=text)))


def _made_now(made: Provenance) -> Provenance:
    """Return a provenance with the version of the program and of what it knows."""
    return replace(made, version=__version__, knowledge=file_hashes(), rules=rule_set())


def _spared(eyes: Eyes, config: Config) -> Eyes:
    import torch  # here for the reason given in Pipeline.load

    from ovf_imaging.vision import Reader

    return SparedEyes(
        first=eyes,
        spare=lambda: Reader.load(config.models_dir, "cpu", config.lowest),
        out_of_memory=torch.OutOfMemoryError,
    )


def _written_case(prior: Inputs) -> Case | None:
    """Return the case that lies in a folder or beside a case.json; None when the inputs are images."""
    if not isinstance(prior, str | Path):
        return None
    folder = Path(prior).parent if Path(prior).name == CASE_FILE else Path(prior)
    return read_case(folder) if (folder / CASE_FILE).is_file() else None


def _measured(reading: Reading, index: int) -> tuple[Measurement, ...]:
    rows = measure(reading, index)
    return tuple(replace(m, caveats=_of_prior(m.caveats)) for m in rows) if reading.prior else rows


def _as_prior(reading: Reading) -> Reading:
    image = replace(reading.image, caveats=_of_prior(reading.image.caveats))
    return replace(reading, prior=True, image=image, caveats=_of_prior(reading.caveats))


def _of_prior(caveats: tuple[Caveat, ...]) -> tuple[Caveat, ...]:
    """Return caveats of the prior study named as such; what must be seen is the current study's."""
    return tuple(replace(c, text=f"Prior study: {c.text}", must_see=False) for c in caveats)


def _of_two_studies(study: Study, prior: Study | None) -> tuple[Caveat, ...]:
    """Return the prior study's own caveats, and what speaks against the two belonging together in this order."""
    if prior is None:
        return ()
    found = list(_of_prior(prior.caveats))
    if prior.taken is not None and study.taken is not None and prior.taken.date() > study.taken.date():
        text = "The prior study was taken after the current one: exchange them, or read every change the other way."
        found.append(Caveat(code="prior-is-later", text=text, must_see=True))
    if prior.sex is not None and study.sex is not None and prior.sex != study.sex:
        text = "The prior study gives another sex of the patient: are both of one patient?"
        found.append(Caveat(code="prior-other-patient", text=text, must_see=True))
    return tuple(found)


def _not_read(series: Series, error: InputError) -> Caveat:
    name = series.view if series.sequence in (Sequence.NONE, Sequence.UNKNOWN) else f"{series.view} {series.sequence}"
    return Caveat(code="series-not-read", text=f"A {name} series was not read: {error}.", must_see=True)


def _refusal(errors: list[InputError]) -> InputError:
    """Return the first error; with several series, one of its kind that holds every reason in one line."""
    if len(errors) == 1:
        return errors[0]
    reasons = "; ".join(dict.fromkeys(str(e) for e in errors))
    return type(errors[0])(f"none of the {len(errors)} series can be read: {reasons}")
