"""The composition: what it does with series that can't be read, and that it says the same thing twice."""

from __future__ import annotations

import weakref
from collections import abc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from ovf_imaging import (
    Case,
    Caveat,
    Config,
    Context,
    Image,
    Level,
    NoVertebraeError,
    OVFError,
    Pipeline,
    Position,
    Provenance,
    Reading,
    ReadingError,
    Sequence,
    SignKind,
    Study,
    StudyError,
    View,
    case_to_json,
    write_case,
)
from ovf_imaging.knowledge.rules import rule_set
from ovf_imaging.pipeline import SparedEyes, shipped_folder
from tests import fakes
from tests.fake_reader import MODELS, FakeReader, blind, perfect

NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)


def eyes_open(answer: Callable[[Image], Reading] = perfect) -> Pipeline:
    made_by = Provenance(version="0.1.0", models=MODELS, knowledge={"genant.toml": "ab" * 32})
    return Pipeline(eyes=FakeReader(answer=answer), provenance=made_by, clock=lambda: NOON)


def volume(path: Path, *, mirrored: bool = False) -> Path:
    """Write the fakes' MRI as NIfTI: axes right, anterior, superior."""
    pixels = fakes.mri_image(fakes.column()).pixels
    if mirrored:
        pixels = pixels[::-1]
    image = nib.nifti1.Nifti1Image(pixels[:, :, ::-1].transpose(0, 2, 1)[:, :, ::-1], np.diag([4.0, 1.1, 1.1, 1.0]))
    nib.loadsave.save(image, path)
    return path


@pytest.fixture
def mri(tmp_path: Path) -> Path:
    return volume(tmp_path / "t2.nii.gz")


def two_series(path: Path) -> Study:
    study = eyes_open().read_study(path)
    (series,) = study.series
    return replace(study, series=(series, replace(series, uid="second")))


def answers_in_turn(*answers: Callable[[Image], Reading]) -> Callable[[Image], Reading]:
    turn = iter(answers)
    return lambda image: next(turn)(image)


def test_run_concludes_what_it_sees(mri: Path) -> None:
    pipeline = eyes_open()
    case = pipeline.run(mri)
    study = pipeline.read_study(mri)
    again = pipeline.conclude(study, pipeline.see(study), Context())
    assert case.provenance.made == NOON
    assert case_to_json(replace(case, provenance=again.provenance)) == case_to_json(again)
    assert [v.level for v in case.readings[0].vertebrae] == [*range(18, 25), 26]
    assert {m.quantity for m in case.measurements} >= {"anterior_height", "wedge_angle"}
    assert case.assessment.findings


def test_seeing_looks_for_signs_in_each_body(mri: Path) -> None:
    (reading,) = eyes_open().see(eyes_open().read_study(mri))
    whole = [v for v in reading.vertebrae if v.complete and v.level != Level.S1]
    assert whole
    assert {kind for v in whole for kind in (s.kind for s in v.signs)} == {SignKind.CLEFT, SignKind.OEDEMA}


def test_conclude_is_pure(mri: Path) -> None:
    pipeline = eyes_open()
    study = pipeline.read_study(mri)
    readings = pipeline.see(study)
    first, second = (pipeline.conclude(study, readings, Context()) for _ in range(2))
    assert case_to_json(first) == case_to_json(second)
    assert first.provenance.made is None


@pytest.mark.parametrize("wrap", [str, Path, lambda p: [p], lambda p: (str(p),)])
def test_inputs_come_as_path_text_or_several(
    mri: Path, wrap: Callable[[Path], str | Path | abc.Sequence[Path]]
) -> None:
    assert eyes_open().run(wrap(mri)).readings


def lying() -> Pipeline:
    """Return a pipeline that takes every image to be of a patient lying down."""
    return replace(eyes_open(), config=Config(position=Position.SUPINE))


def test_a_prior_study_is_seen_after_the_current_one_and_compared_with_it(mri: Path) -> None:
    """The same images twice: nothing has changed, and no finding is of the prior's reading."""
    case = lying().run(mri, prior=mri)
    assert [r.prior for r in case.readings] == [False, True]
    assert case.prior == lying().read_study(mri)
    changes = [m for m in case.measurements if m.against is not None]
    assert {(m.reading, m.against) for m in changes} == {(0, 1)}
    assert {f.change for f in case.assessment.findings if f.fractured} == {"no measurable change"}
    assert {m.reading for f in case.assessment.findings for m in f.basis} == {0}
    alone = lying().run(mri)
    assert [f.grade for f in case.assessment.findings] == [f.grade for f in alone.assessment.findings]


@pytest.mark.parametrize("name", [None, "", "case.json"], ids=["the case", "its folder", "its file"])
def test_a_case_that_was_written_is_a_prior_without_its_own_prior(mri: Path, tmp_path: Path, name: str | None) -> None:
    old = lying().run(mri, prior=mri)
    write_case(old, tmp_path / "old")
    case = lying().run(mri, prior=old if name is None else tmp_path / "old" / name)
    assert case_to_json(case) == case_to_json(old)


def test_position_unknown_is_not_compared_and_said(mri: Path) -> None:
    case = eyes_open().run(mri, prior=mri)
    assert {f.change for f in case.assessment.findings} == {None}
    assert "position-unknown" in {c.code for c in case.all_caveats()}


def test_a_prior_that_can_not_be_read_is_refused(mri: Path, tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="nothing-here"):
        eyes_open().run(mri, prior=tmp_path / "nothing-here")


def test_what_must_be_seen_is_the_current_studys_and_the_prior_is_named(mri: Path) -> None:
    doubt = Caveat(code="odd", text="The image is odd.", must_see=True)
    pipeline = lying()
    study = pipeline.read_study(mri)
    odd = tuple(replace(r, caveats=(doubt,)) for r in pipeline.see(study))
    (caveat,) = [
        c for c in pipeline.run(mri, prior=pipeline.conclude(study, odd, Context())).all_caveats() if c.code == "odd"
    ]
    assert (caveat.text, caveat.must_see) == ("Prior study: The image is odd.", False)


def test_a_prior_of_a_later_day_or_of_another_sex_must_be_seen(mri: Path) -> None:
    pipeline = lying()
    study = replace(pipeline.read_study(mri), taken=NOON, sex="F")
    readings = pipeline.see(study)
    later = replace(study, taken=NOON.replace(day=2), sex="M")
    found = {c.code: c.must_see for c in pipeline.conclude(study, readings, Context(), later).caveats}
    assert (found["prior-is-later"], found["prior-other-patient"]) == (True, True)
    same = {c.code for c in pipeline.conclude(study, readings, Context(), study).caveats}
    assert not same & {"prior-is-later", "prior-other-patient"}


def test_a_series_that_cannot_be_read_is_a_caveat_the_reader_must_see(mri: Path) -> None:
    case = eyes_open(answers_in_turn(perfect, blind)).run(two_series(mri))
    (caveat,) = [c for c in case.all_caveats() if c.code == "series-not-read"]
    assert len(case.readings) == 1
    assert caveat.must_see
    assert "a sagittal image of something else came" in caveat.text


def test_when_none_can_be_read_all_reasons_come_in_one_line(mri: Path) -> None:
    def dark(image: Image) -> Reading:
        raise NoVertebraeError("no vertebra found")

    with pytest.raises(ReadingError, match=r"^none of the 2 series can be read: vertebrae .* came; no vertebra found$"):
        eyes_open(answers_in_turn(blind, dark)).run(two_series(mri))


def test_one_series_that_cannot_be_read_says_why_itself(mri: Path) -> None:
    with pytest.raises(ReadingError, match=r"^vertebrae wanted, a sagittal image of something else came$"):
        eyes_open(blind).run(mri)


def test_d6_a_reading_without_vertebrae_is_no_case(mri: Path) -> None:
    empty = eyes_open(lambda image: replace(perfect(image), vertebrae=()))
    with pytest.raises(NoVertebraeError, match="none found on the sagittal"):
        empty.run(mri)


def test_a_study_without_series_is_refused() -> None:
    with pytest.raises(StudyError, match="lateral film or a sagittal MR series wanted"):
        eyes_open().see(Study(uid="1"))


def test_a_pipeline_without_eyes_reads_files_and_concludes_but_cannot_see(mri: Path) -> None:
    pipeline = Pipeline()
    study = pipeline.read_study(mri)
    with pytest.raises(ValueError, match=r"no eyes; make one with Pipeline\.load"):
        pipeline.see(study)
    assert pipeline.conclude(study, (perfect(fakes.mri_image(fakes.column())),), Context()).assessment.findings


def test_what_was_chosen_overrides_what_was_recognised(mri: Path) -> None:
    study = replace(eyes_open(), config=Config(view=View.SAGITTAL, sequence=Sequence.FLUID)).read_study(mri)
    assert study.series[0].sequence is Sequence.FLUID


def test_a_case_concluded_anew_keeps_its_models_device_and_time(mri: Path) -> None:
    case = eyes_open().run(mri)
    old = replace(case, provenance=replace(case.provenance, device="cuda"))
    new = Pipeline.of(old).conclude(old.study, old.readings, Context())
    assert (new.provenance.models, new.provenance.device, new.provenance.made) == (MODELS, "cuda", NOON)
    assert "genant.toml" in new.provenance.knowledge
    assert new.provenance.rules == rule_set()


@pytest.mark.slow
def test_e5_threads_that_share_the_networks_get_what_one_thread_gets(mri: Path) -> None:
    pipeline = replace(Pipeline.load(Config(device="cpu")), clock=lambda: NOON)
    serial = case_to_json(pipeline.run(mri))
    with ThreadPoolExecutor(4) as pool:
        cases: list[Case] = list(pool.map(pipeline.run, [mri] * 4))
    assert {case_to_json(case) for case in cases} == {serial}


def test_progress_is_told(mri: Path) -> None:
    told: list[tuple[str, int, int]] = []
    eyes_open().run(two_series(mri), watch=lambda *step: told.append(step))
    assert told == [("reading series 1 of 2", 0, 2), ("reading series 2 of 2", 1, 2), ("measuring", 2, 2)]


def test_d13_an_image_too_big_for_the_card_is_read_on_the_cpu_and_marked(mri: Path) -> None:
    def overflow(image: Image) -> Reading:
        raise MemoryError("CUDA out of memory")

    eyes = SparedEyes(
        first=FakeReader(answer=overflow), spare=lambda: FakeReader(answer=perfect), out_of_memory=MemoryError
    )
    case = replace(eyes_open(), eyes=eyes).run(mri)
    assert "read-on-cpu" in {c.code for c in case.all_caveats()}
    assert eyes.models == MODELS


def test_d13_what_a_study_holds_at_once_has_a_limit_and_what_lies_beyond_is_told(mri: Path) -> None:
    three = two_series(mri)
    three = replace(three, series=(*three.series, replace(three.series[0], uid="third")))
    size = eyes_open().run(mri).readings[0].image.pixels.size
    case = replace(eyes_open(), config=Config(most_pixels=2 * size)).run(three)
    assert len(case.readings) == 2
    (caveat,) = [c for c in case.all_caveats() if c.code == "series-not-read"]
    assert "pixels together; give this one in a study of its own" in caveat.text
    assert caveat.must_see
    assert len(replace(eyes_open(), config=Config(most_pixels=1)).run(three).readings) == 1


def test_d13_a_series_that_is_refused_leaves_no_image_behind(mri: Path) -> None:
    kept: list[weakref.ref[NDArray[np.float32]]] = []

    def refuse(image: Image) -> Reading:
        assert all(pixels() is None for pixels in kept)
        kept.append(weakref.ref(image.pixels))
        raise ReadingError(f"series {len(kept)} shows something else")

    series = two_series(mri).series
    with pytest.raises(ReadingError, match="none of the 6 series can be read"):
        eyes_open(refuse).run(Study(uid="1", series=(*series, *series, *series)))


@pytest.mark.slow
def test_d14_the_cpu_always_works_and_a_gpu_that_is_not_there_is_named() -> None:
    assert Pipeline.load(Config(device="cpu")).device == "cpu"
    if torch.cuda.is_available():
        assert Pipeline.load(Config(device="cuda")).device == "cuda"
    else:
        assert Pipeline.load(Config(device="auto")).device == "cpu"
        with pytest.raises(OVFError, match="torch sees no GPU; use --device cpu or auto"):
            Pipeline.load(Config(device="cuda"))


def test_an_unknown_device_is_a_slip_of_the_caller() -> None:
    with pytest.raises(ValueError, match="device wanted one of auto, cpu, cuda, got 'mps'"):
        Config(device="mps")


def test_models_and_app_are_found_in_a_checkout() -> None:
    assert (shipped_folder() / "app" / "main.py").is_file()
    assert Config().models_dir == shipped_folder() / "models"
