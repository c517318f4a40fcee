"""Batches over studies that misbehave: each is a row, none is the end."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, replace
from pathlib import Path

import psutil
import pyarrow.parquet as pq
import pytest
from distributed import LocalCluster

from ovf_imaging import Assessment, Config, Finding, Level, Measurement, StudyError, View, WeightsError
from ovf_imaging.batch import BatchOptions, Outcome, Row, Status, run_batch
from ovf_imaging.batch.files import key_of
from ovf_imaging.batch.rows import row_of
from ovf_imaging.errors import InputError, OutputError
from tests import fakes
from tests.fake_reader import FakeStudy, find_stories, story_options

MB = 2**20


@pytest.fixture
def diary(tmp_path: Path) -> Path:
    return tmp_path / "diary.txt"


def tell(root: Path, **stories: str) -> Path:
    root.mkdir(exist_ok=True)
    for name, story in stories.items():
        (root / f"{name}.story").write_text(story, encoding="utf-8")
    return root


def many(root: Path, count: int, story: str = "fine", **others: str) -> Path:
    return tell(root, **{f"s{n:02d}": story for n in range(count)}, **others)


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def by_study(outcome: Outcome) -> dict[str, Row]:
    return {row.study: row for row in outcome.rows}


def reads(diary: Path) -> Counter[str]:
    lines = diary.read_text(encoding="utf-8").splitlines()
    return Counter(line.split()[1] for line in lines if line.startswith("read"))


def loads(diary: Path) -> int:
    return diary.read_text(encoding="utf-8").count("load")


def test_every_study_is_a_row_whatever_becomes_of_it(tmp_path: Path, diary: Path) -> None:
    root = tell(
        tmp_path / "in", a="fine", b="fractured", c="caveats", d="nothing", e="refuse", f="bug", g="fine", h="fine"
    )
    out = tmp_path / "out"
    told: list[tuple[int, int]] = []
    outcome = run_batch(root, out, story_options(diary), lambda done, total, _row: told.append((done, total)))

    assert {name: row.status for name, row in by_study(outcome).items()} == {
        **dict.fromkeys("abgh", Status.DONE),
        "c": Status.CAVEATS,
        "d": Status.NO_VERTEBRAE,
        "e": Status.REFUSED,
        "f": Status.FAILED,
    }
    assert told == [(n, 8) for n in range(9)]
    assert not outcome.clean
    assert not outcome.empty
    rows = table(out / "cases.csv")
    assert [row["study"] for row in rows] == list("abcdefgh")
    assert [row["study"] for row in table(out / "errors.csv")] == list("def")
    assert pq.read_table(out / "cases.parquet").num_rows == 8
    assert sorted(p.name for p in out.iterdir() if p.is_dir() and p.name != ".batch") == sorted(
        row["case"] for row in rows if row["case"]
    )


def test_rows_without_a_case_hold_a_reason_and_no_number(tmp_path: Path, diary: Path) -> None:
    root = tell(tmp_path / "in", a="fine", none="nothing", bug="bug")
    run_batch(root, tmp_path / "out", story_options(diary))
    rows = {row["study"]: row for row in table(tmp_path / "out" / "cases.csv")}
    assert rows["none"]["status"] == "no_vertebrae"
    assert rows["none"]["reason"] == "vertebrae wanted, none found"
    assert rows["bug"]["reason"] == "a fault in ovf-imaging: ZeroDivisionError: a fault of ours"
    assert rows["bug"]["tries"] == "1"  # it would come again
    for name in ("none", "bug"):
        numbers = ("vertebrae", "levels", "worst_grade", "worst_height_loss", "fractures", "angles", "case")
        assert [rows[name][column] for column in numbers] == [""] * len(numbers)
    column = pq.read_table(tmp_path / "out" / "cases.parquet").column("vertebrae").to_pylist()
    assert column == [8, None, None]


def test_a_row_tells_what_the_case_tells(tmp_path: Path, diary: Path) -> None:
    root = tell(tmp_path / "in", patient="fractured")
    (row,) = run_batch(root, tmp_path / "out", story_options(diary)).rows
    assert (row.view, row.sequence, row.scale_source, row.device) == ("sagittal", "t2", "PixelSpacing", "cpu")
    assert (row.vertebrae, row.levels) == (8, "T11 T12 L1 L2 L3 L4 L5 S1")
    assert (row.worst_level, row.worst_grade, row.fractures, row.fractured_levels) == ("L1", 2, 1, "L1")
    assert row.worst_height_loss == pytest.approx(0.34, abs=0.06)
    assert row.angles is not None
    assert row.angles.startswith("local_cobb T12-L2 ")
    assert (row.input, row.report) == ("patient.story", f"{row.case}/report.pdf")
    assert (tmp_path / "out" / str(row.case) / "case.json").is_file()


def measured(quantity: str, value: float, upper: Level, lower: Level) -> Measurement:
    return Measurement(levels=(upper, lower), quantity=quantity, value=value, unit="")


def test_the_index_columns_are_of_the_index_fracture_alone() -> None:
    """L1 is the index fracture beside a fractured T11; each number differs, so a column can't show a wrong one."""
    body, other, around = (Level.L1, Level.L1), (Level.T11, Level.T11), (Level.T12, Level.L2)
    own = (
        measured("wedge_angle", 17.0, *body),
        measured("retropulsion", 4.5, *body),
        measured("posterior_wall_involvement", 0.3, *body),
        measured("canal_narrowing", 0.2, *body),
        measured("cleft_probability", 0.9, *body),
        measured("oedema_extent", 0.6, *body),
        replace(measured("wedge_angle", 3.0, *body), against=1),  # a change, not a value
    )
    angles = (
        measured("wedge_angle", 9.0, *other),
        measured("local_cobb", 6.0, Level.T10, Level.T12),
        measured("gardner_angle", 7.0, Level.T10, Level.T11),
        measured("local_cobb", 12.0, *around),
        measured("gardner_angle", 14.0, Level.T12, Level.L1),
        measured("farcy_index", 11.0, Level.T12, Level.L1),
        measured("angle_t10_l2", 21.0, Level.T10, Level.L2),
        measured("angle_l1_l5", -30.0, Level.L1, Level.L5),
    )
    finding = Finding(
        level=Level.L1,
        height_loss=0.35,
        fractured=True,
        of_class=3,
        cleft=True,
        cleft_kind="gas",
        acuity="acute",
        basis=own,
    )
    assessment = Assessment(findings=(finding,), angles=angles, index_level=Level.L1, deformity_index=5)
    row = row_of(fakes.mri_case(assessment=assessment), study="s", folder="s", seconds=1)
    assert (row.index_level, row.deformity_index, row.index_of_class) == ("L1", 5, 3)
    assert (row.index_acuity, row.index_stability, row.index_cleft) == ("acute", None, "gas")
    assert (row.index_cleft_probability, row.index_oedema_share) == (0.9, 0.6)
    assert (row.index_wedge_deg, row.index_local_cobb_deg, row.index_gardner_deg) == (17, 12, 14)
    assert (row.index_farcy_deg, row.index_retropulsion_mm) == (11, 4.5)
    assert (row.index_wall_share, row.index_canal_narrowing) == (0.3, 0.2)
    assert (row.t10_l2_deg, row.t4_t12_deg, row.l1_l5_deg, row.l1_s1_deg) == (21, None, -30, None)


def test_without_a_fracture_the_index_columns_are_empty() -> None:
    row = row_of(fakes.normal_case(), study="s", folder="s", seconds=1)
    assert {v for name, v in asdict(row).items() if name.startswith("index_")} == {None}


def test_e1_a_study_that_kills_its_process_or_eats_memory_is_a_failed_row(tmp_path: Path, diary: Path) -> None:
    root = many(tmp_path / "in", 48, die="die", eat="eat")
    options = story_options(diary, study_memory_bytes=500 * MB)
    outcome = run_batch(root, tmp_path / "out", options)
    assert outcome.counts == {Status.DONE: 48, Status.FAILED: 2}
    rows = by_study(outcome)
    assert rows["die"].reason == "the reading process died (exit code 9)"
    assert rows["eat"].reason is not None
    assert rows["eat"].reason.startswith("out of memory: ")
    assert (rows["die"].tries, rows["eat"].tries) == (2, 2)
    assert len(table(tmp_path / "out" / "cases.csv")) == 50

    before = reads(diary)
    again = run_batch(root, tmp_path / "out", story_options(diary, study_memory_bytes=500 * MB, resume=True))
    assert again.skipped == 48
    assert reads(diary) - before == {"die": 2, "eat": 2}


def test_e2_a_study_that_hangs_is_ended_and_marked_timeout(tmp_path: Path, diary: Path) -> None:
    root = many(tmp_path / "in", 6, hang="hang")
    outcome = run_batch(root, tmp_path / "out", story_options(diary, study_seconds=1.0))
    assert outcome.counts == {Status.DONE: 6, Status.TIMEOUT: 1}
    assert by_study(outcome)["hang"].reason == "no answer within 1 s; ended"
    assert not [p for p in psutil.Process().children(recursive=True) if "batch.child" in " ".join(p.cmdline())]


def test_e4_a_study_too_big_for_its_worker_is_named_and_the_others_finish(tmp_path: Path, diary: Path) -> None:
    root = many(tmp_path / "in", 10, big="eat")
    options = story_options(diary, study_memory_bytes=512 * MB, tries=3)
    outcome = run_batch(root, tmp_path / "out", options)
    assert outcome.counts == {Status.DONE: 10, Status.FAILED: 1}
    assert by_study(outcome)["big"].tries == 3
    assert [row["study"] for row in table(tmp_path / "out" / "errors.csv")] == ["big"]


def test_networks_are_loaded_once_a_worker(tmp_path: Path, diary: Path) -> None:
    root = many(tmp_path / "in", 12, "slow")
    run_batch(root, tmp_path / "out", story_options(diary))
    assert loads(diary) == 2
    assert sum(reads(diary).values()) == 12


def test_resume_after_a_kill_redoes_only_what_was_not_done(tmp_path: Path, diary: Path) -> None:
    root, out = many(tmp_path / "in", 14, "slow"), tmp_path / "out"
    script = (
        "import sys; from pathlib import Path; from ovf_imaging import run_batch; "
        "from tests.fake_reader import story_options; a = [Path(p) for p in sys.argv[1:]]; "
        "run_batch(a[0], a[1], story_options(a[2]))"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen([sys.executable, "-c", script, str(root), str(out), str(diary)], env=environment) as killed:
        children = wait_for_rows(out, 4, killed)
        killed.kill()
    gone, alive = psutil.wait_procs(children, timeout=5)
    assert len(gone) == 2
    assert not alive  # they don't outlive the batch
    done = len(list((out / ".batch" / "rows").glob("*.json")))
    assert 4 <= done < 14

    outcome = run_batch(root, out, story_options(diary, resume=True))
    assert outcome.counts == {Status.DONE: 14}
    assert outcome.skipped == done
    assert max(reads(diary).values()) <= 2  # those under way when it was killed
    assert sum(reads(diary).values()) <= 14 + 2
    assert len(table(out / "cases.csv")) == 14
    assert not (out / ".batch" / "work").exists()


def wait_for_rows(out: Path, count: int, process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """Return the batch's children once `count` studies are done."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        if len(list((out / ".batch" / "rows").glob("*.json"))) >= count:
            return list(psutil.Process(process.pid).children(recursive=True))
        time.sleep(0.05)
    raise AssertionError(f"{count} rows wanted in 30 s")


def test_resume_reads_again_what_changed_and_what_lost_its_case(tmp_path: Path, diary: Path) -> None:
    root, out = tell(tmp_path / "in", same="fine", changed="fine", lost="fine", refused="refuse"), tmp_path / "out"
    first = by_study(run_batch(root, out, story_options(diary)))
    tell(root, changed="fractured")
    (out / str(first["lost"].case) / "case.json").unlink()
    before = reads(diary)
    second = run_batch(root, out, story_options(diary, resume=True))
    assert reads(diary) - before == {"changed": 1, "lost": 1}
    assert by_study(second)["changed"].fractures == 1
    assert second.skipped == 2
    assert (out / str(first["lost"].case) / "case.json").is_file()


def test_resume_reads_again_under_other_options(tmp_path: Path, diary: Path) -> None:
    root, out = tell(tmp_path / "in", a="fine"), tmp_path / "out"
    run_batch(root, out, story_options(diary))
    config = Config(models_dir=diary, device="cpu", view=View.LATERAL)
    assert run_batch(root, out, story_options(diary, resume=True, config=config)).skipped == 0


def test_results_are_not_overwritten_unasked(tmp_path: Path, diary: Path) -> None:
    root, out = tell(tmp_path / "in", a="fine"), tmp_path / "out"
    run_batch(root, out, story_options(diary))
    with pytest.raises(OutputError, match=r"holds the results of a batch; add --resume"):
        run_batch(root, out, story_options(diary))


def test_no_study_at_all_is_an_error_and_leaves_nothing(tmp_path: Path, diary: Path) -> None:
    (tmp_path / "in").mkdir()
    with pytest.raises(StudyError, match=r"studies wanted below .*, none found"):
        run_batch(tmp_path / "in", tmp_path / "out", story_options(diary))
    assert not (tmp_path / "out").exists()


def test_results_never_mix_with_the_studies(tmp_path: Path, diary: Path) -> None:
    root = tell(tmp_path / "in", a="fine")
    with pytest.raises(OutputError, match="holds the studies; choose another --out"):
        run_batch(root, root, story_options(diary))


def test_results_below_the_studies_are_not_taken_for_studies(tmp_path: Path, diary: Path) -> None:
    root = tell(tmp_path / "in", a="fine")
    run_batch(root, root / "out", story_options(diary))
    tell(root / "out", b="fine")
    assert [row.study for row in run_batch(root, root / "out", story_options(diary, resume=True)).rows] == ["a"]


def find_twins(root: Path, *, skip: Iterable[Path] = ()) -> list[FakeStudy]:
    return [replace(study, name="twin") for study in find_stories(root, skip=skip)]


def test_studies_of_one_name_keep_apart(tmp_path: Path, diary: Path) -> None:
    root = tell(tmp_path / "in", a="fine", b="fractured")
    outcome = run_batch(root, tmp_path / "out", story_options(diary, find=find_twins))
    assert len({row.case for row in outcome.rows}) == 2
    assert [row.fractures for row in outcome.rows] == [0, 1]


def no_weights(config: Config) -> object:
    raise WeightsError(f"weights wanted at {config.models_dir}, none there")


def test_a_batch_without_weights_ends_at_once(tmp_path: Path, diary: Path) -> None:
    root = many(tmp_path / "in", 5)
    with pytest.raises(WeightsError, match="weights wanted at"):
        run_batch(root, tmp_path / "out", story_options(diary, load=no_weights))
    assert not (tmp_path / "out").exists()


def dies_loading(config: Config) -> object:
    os._exit(7)


def test_a_batch_whose_networks_kill_the_process_says_so(tmp_path: Path, diary: Path) -> None:
    root = many(tmp_path / "in", 3)
    with pytest.raises(Exception, match=r"the networks could not be loaded: the reading process died \(exit code 7\)"):
        run_batch(root, tmp_path / "out", story_options(diary, load=dies_loading))


def find_broken(root: Path, *, skip: Iterable[Path] = ()) -> list[FakeStudy]:
    broken = FakeStudy(uid="9", name="broken", inputs=(root / "b.dcm",), where="b.dcm", problem="truncated file")
    return [*find_stories(root, skip=skip), broken]


def test_a_study_known_to_be_broken_is_a_row_too(tmp_path: Path, diary: Path) -> None:
    root = tell(tmp_path / "in", a="fine")
    outcome = run_batch(root, tmp_path / "out", story_options(diary, find=find_broken))
    assert by_study(outcome)["broken"].status is Status.REFUSED
    assert table(tmp_path / "out" / "errors.csv")[0]["reason"] == "truncated file"


def test_an_existing_scheduler_serves_as_well(tmp_path: Path, diary: Path) -> None:
    root = many(tmp_path / "in", 4, die="die")
    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, protocol="tcp://", dashboard_address=None
    ) as cluster:
        options = story_options(diary, scheduler=cluster.scheduler_address)
        outcome = run_batch(root, tmp_path / "out", options)
    assert outcome.counts == {Status.DONE: 4, Status.FAILED: 1}


def test_a_scheduler_that_is_not_there_is_named(tmp_path: Path, diary: Path) -> None:
    root = tell(tmp_path / "in", a="fine")
    options = story_options(diary, scheduler="tcp://127.0.0.1:9", scheduler_seconds=1.0)
    with pytest.raises(InputError, match=r"a Dask scheduler with workers wanted at tcp://127\.0\.0\.1:9"):
        run_batch(root, tmp_path / "out", options)


@pytest.mark.parametrize(
    "name",
    [
        "Übung Wirbelsäule 1",
        "Dicom源文件",
        "te\u0302te",
        "trailing.",
        "x" * 300,
        "-leading",
        "a/b\\c:d",
        "...",
        "\udcff",
    ],
)
def test_c9_any_study_name_gives_a_folder_name_that_any_disk_takes(name: str, tmp_path: Path) -> None:
    key = key_of(name)
    assert len(key.encode("utf-8")) <= 200
    assert not key.startswith(("-", "."))
    assert not key.endswith((".", " "))
    assert not set(key) & set('/\\:*?"<>|')
    (tmp_path / key).mkdir()
    assert key_of(f"{name}x") != key


def test_a_plain_name_is_kept() -> None:
    assert key_of("3fa9c0d1e2b4") == "3fa9c0d1e2b4"


def test_default_options_are_the_real_ones() -> None:
    options = BatchOptions()
    assert options.load.__qualname__ == "Pipeline.load"
    assert options.workers is None
