"""The command line's contract: exit codes, one clear line, nothing half-written."""

from __future__ import annotations

import io
import json
import os
import resource
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from PIL import Image as Picture
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from ovf_imaging import Level, case_to_json, read_case, shipped_folder
from ovf_imaging.cli.main import run
from tests import fakes

TOP = Path(__file__).parents[1]
MRI = TOP / "data_samples" / "mri_t2_thoracolumbar"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a command said and how it ended."""

    code: int
    out: str
    err: str


@pytest.fixture
def ovf(capfd: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Return a function that runs a command in this process."""

    def command(*arguments: str | Path) -> Said:
        code = run([str(a) for a in arguments])
        text = capfd.readouterr()
        return Said(code=code, out=text.out, err=text.err)

    return command


def apart(
    *arguments: str | Path, top: Path = TOP, before: Callable[[], None] | None = None, **environment: str
) -> Said:
    """Run a command of the package in `top` in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "ovf_imaging.cli", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=before,
        cwd=top,
        env={**os.environ, **environment},
    )
    return Said(code=done.returncode, out=done.stdout, err=done.stderr)


def slice_of(
    index: int, *, orientation: Sequence[int] = (0, 1, 0, 0, 0, -1), series: str = "1.2.3.4", kind: str = "MR"
) -> Dataset:
    """Return one made-up slice of field_reports.md's base recipe."""
    uids = {"MR": "1.2.840.10008.5.1.4.1.1.4", "CT": "1.2.840.10008.5.1.4.1.1.2"}
    data = Dataset()
    data.SOPClassUID, data.SOPInstanceUID = uids[kind], f"{series}.{index + 1}"
    data.StudyInstanceUID, data.SeriesInstanceUID, data.Modality = "1.2.3", series, kind
    data.Rows, data.Columns, data.SamplesPerPixel, data.PhotometricInterpretation = 12, 16, 1, "MONOCHROME2"
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 16, 16, 15, 0
    data.ImageOrientationPatient, data.PixelSpacing = list(orientation), [0.5, 0.5]
    data.ImagePositionPatient = [4 * index, -50, 50] if orientation[0] == 0 else [-50, -50, 4 * index]
    data.PixelData = np.full((12, 16), index + 1, dtype=np.uint16).tobytes()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.file_meta.MediaStorageSOPClassUID, data.file_meta.MediaStorageSOPInstanceUID = (
        data.SOPClassUID,
        data.SOPInstanceUID,
    )
    data.file_meta.ImplementationClassUID = generate_uid()
    return data


def save(slices: Sequence[Dataset], folder: Path) -> Path:
    folder.mkdir()
    for number, data in enumerate(slices):
        data.save_as(folder / f"{number}.dcm", enforce_file_format=True)
    return folder


def nifti(pixels: np.ndarray[tuple[int, ...], np.dtype[np.float32]], path: Path) -> Path:
    nib.loadsave.save(nib.nifti1.Nifti1Image(pixels, np.diag([4.0, 1.0, 1.0, 1.0])), path)
    return path


@pytest.fixture(scope="module")
def small_mri(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a volume of the sample's middle seven slices, which takes less time than all 38."""
    image = nib.nifti1.Nifti1Image.from_filename(MRI / "t2_lumbar.nii.gz")
    axis = int(np.argmin(image.shape))
    window = [slice(None)] * 3
    window[axis] = slice(image.shape[axis] // 2 - 3, image.shape[axis] // 2 + 4)
    path = tmp_path_factory.mktemp("small") / "t2.nii.gz"
    nib.loadsave.save(image.slicer[tuple(window)], path)
    return path


def empty_folder(place: Path) -> Path:
    (place / "empty").mkdir()
    return place / "empty"


def absent(place: Path) -> Path:
    return place / "not-there"


def text_as_dicom(place: Path) -> Path:
    (place / "notes.dcm").write_text("shopping list\n", encoding="utf-8")
    return place / "notes.dcm"


def truncated(place: Path) -> Path:
    (whole,) = save([slice_of(0)], place / "cut").iterdir()
    whole.write_bytes(whole.read_bytes()[:-200])
    return whole


def no_bytes(place: Path) -> Path:
    (place / "nothing.dcm").touch()
    return place / "nothing.dcm"


def axial_only(place: Path) -> Path:
    return save([slice_of(n, orientation=(1, 0, 0, 0, 1, 0)) for n in range(4)], place / "axial")


def ct(place: Path) -> Path:
    return save([slice_of(n, kind="CT") for n in range(4)], place / "ct")


def one_pixel(place: Path) -> Path:
    Picture.new("L", (1, 1), 7).save(place / "dot.png")
    return place / "dot.png"


def all_nan(place: Path) -> Path:
    return nifti(np.full((5, 64, 64), np.nan, dtype=np.float32), place / "nan.nii.gz")


def wrong_zip(place: Path) -> Path:
    (place / "study.zip").write_bytes(b"PK\x03\x04 this is no archive")
    return place / "study.zip"


def zip_of_junk(place: Path) -> Path:
    with zipfile.ZipFile(place / "junk.zip", "w") as archive:
        archive.writestr("readme.txt", "nothing to see")
    return place / "junk.zip"


BAD_INPUTS = (
    empty_folder,
    absent,
    text_as_dicom,
    truncated,
    no_bytes,
    axial_only,
    ct,
    one_pixel,
    all_nan,
    wrong_zip,
    zip_of_junk,
)


def refused(said: Said, out: Path) -> None:
    """Check that a command ended as one that couldn't use its input."""
    assert said.code == 2
    assert said.out == ""
    assert said.err.startswith("ovf: ")
    assert len(said.err.splitlines()) == 1
    assert "Traceback" not in said.err
    assert not out.exists()


@pytest.mark.parametrize("make", BAD_INPUTS, ids=lambda make: make.__name__)
def test_bad_input_gets_one_line_and_no_output(
    make: Callable[[Path], Path], ovf: Callable[..., Said], tmp_path: Path
) -> None:
    refused(ovf("assess", make(tmp_path), "--out", tmp_path / "out"), tmp_path / "out")


@pytest.mark.parametrize("fill", [0.0, 100.0])
def test_d6_an_image_of_nothing_is_refused(fill: float, ovf: Callable[..., Said], tmp_path: Path) -> None:
    path = nifti(np.full((5, 160, 120), fill, dtype=np.float32), tmp_path / "flat.nii.gz")
    refused(ovf("assess", path, "--out", tmp_path / "out", "--device", "cpu"), tmp_path / "out")


@pytest.mark.slow
def test_d6_noise_is_refused(ovf: Callable[..., Said], tmp_path: Path) -> None:
    noise = np.random.default_rng(3).normal(500, 100, (5, 160, 120)).astype(np.float32)
    path = nifti(noise, tmp_path / "noise.nii.gz")
    refused(ovf("assess", path, "--out", tmp_path / "out", "--device", "cpu"), tmp_path / "out")


@pytest.mark.slow
@pytest.mark.real_data
def test_a_frontal_film_is_refused(ovf: Callable[..., Said], tmp_path: Path, shared_data: Path) -> None:
    film = sorted((shared_data / "radiographs_ap_landmarks").rglob("*.jpg"))[0]
    said = ovf("assess", film, "--view", "lateral", "--out", tmp_path / "out", "--device", "cpu")
    refused(said, tmp_path / "out")
    assert "frontal" in said.err


def test_an_output_folder_that_is_a_file_is_refused_before_reading(ovf: Callable[..., Said], tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("x", encoding="utf-8")
    said = ovf("assess", MRI, "--out", tmp_path / "taken")
    assert said.code == 2
    assert "a folder wanted for --out" in said.err
    assert (tmp_path / "taken").read_text(encoding="utf-8") == "x"


def test_an_output_folder_that_may_not_be_written_is_refused(ovf: Callable[..., Said]) -> None:
    said = ovf("assess", MRI, "--out", "/proc/nowhere/case")
    assert said.code == 2
    assert len(said.err.splitlines()) == 1


@pytest.mark.slow
def test_a_full_disk_leaves_nothing_behind(tmp_path: Path, small_mri: Path) -> None:
    def little_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    said = apart("assess", small_mri, "--out", tmp_path / "out", "--device", "cpu", before=little_room)
    refused(said, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["pain_vas = ", "no_such_fact = 1\n", "pain_vas = 99\n"])
def test_a_context_that_is_wrong_is_refused_before_reading(text: str, ovf: Callable[..., Said], tmp_path: Path) -> None:
    (tmp_path / "context.toml").write_text(text, encoding="utf-8")
    said = ovf("assess", MRI, "--out", tmp_path / "out", "--context", tmp_path / "context.toml")
    refused(said, tmp_path / "out")


def test_a_context_that_is_not_there_is_named(ovf: Callable[..., Said], tmp_path: Path) -> None:
    said = ovf("assess", MRI, "--out", tmp_path / "out", "--context", tmp_path / "none.toml")
    refused(said, tmp_path / "out")
    assert "none.toml can't be read (No such file or directory)" in said.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["assess"],
        ["assess", "x"],
        ["assess", "x", "--out", "y", "--device", "mps"],
        ["assess", "x", "--out", "y", "--view", "axial"],
        ["assess", "x", "--out", "y", "--lowest", "L9"],
        ["batch", "x", "--out", "y", "--workers", "0"],
        ["nonsense"],
        ["recommend"],
    ],
)
def test_wrong_usage_is_2(arguments: list[str], ovf: Callable[..., Said]) -> None:
    said = ovf(*arguments)
    assert said.code == 2
    assert "Traceback" not in said.err


def test_version_and_help(ovf: Callable[..., Said]) -> None:
    assert ovf("version").out == "0.1.0\n"
    assert ovf("--help").code == 0


def test_options_of_assess_are_the_contract(ovf: Callable[..., Said]) -> None:
    shown = ovf("assess", "--help").out
    for words in ("auto|cpu|cuda", "auto|lateral|sagittal", "t1|t2|fluid", "neutral|flexion|extension|standing|supine"):
        assert words in shown.replace("\n", "").replace(" ", "")


@pytest.mark.slow
def test_assess_writes_all_and_sums_up_as_json(tmp_path: Path, small_mri: Path) -> None:
    out = tmp_path / "case"
    said = apart("assess", small_mri, "--out", out, "--device", "cpu", "--format", "json")
    assert said.err == ""
    summary = json.loads(said.out)
    assert said.code == (3 if summary["status"] == "caveats" else 0)
    assert summary["device"] == "cpu"
    assert {Path(f).name for f in summary["files"]} == {p.name for p in out.iterdir()}
    case = read_case(out)
    assert [f["level"] for f in summary["findings"]] == [Level(f.level).name for f in case.assessment.findings]
    assert case.provenance.made is not None
    assert set(case.provenance.models) == set(summary["models"])


@pytest.mark.slow
def test_d15_assess_works_without_any_network(tmp_path: Path, small_mri: Path) -> None:
    if subprocess.run(["unshare", "-rn", "true"], check=False, capture_output=True).returncode:
        pytest.fail("unshare wanted for a process without a network; it is not allowed here")
    out = tmp_path / "case"
    command = ["unshare", "-rn", sys.executable, "-m", "ovf_imaging.cli", "assess", str(small_mri), "--out", str(out)]
    done = subprocess.run([*command, "--device", "cpu"], capture_output=True, text=True, check=False)
    assert done.returncode in (0, 3), done.stderr
    assert (out / "report.pdf").is_file()


def copy_of_package(place: Path) -> Path:
    """Copy package and models, so that models can be spoilt."""
    top = shipped_folder()
    shutil.copytree(top / "ovf_imaging", place / "ovf_imaging", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(top / "models", place / "models")
    return place


def test_d15_absent_and_truncated_weights_are_named_with_path_and_hash(tmp_path: Path) -> None:
    top = copy_of_package(tmp_path / "copy")
    weights = top / "models" / "vertebrae_mri" / "models" / "model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[: len(whole) // 2])
    cut = apart("assess", MRI, "--out", tmp_path / "out", "--device", "cpu", top=top)
    weights.unlink()
    gone = apart("assess", MRI, "--out", tmp_path / "out", "--device", "cpu", top=top)
    for said in (cut, gone):
        refused(said, tmp_path / "out")
        assert str(weights) in said.err
        assert "sha256" in said.err


@pytest.fixture
def case_file(tmp_path: Path) -> Path:
    path = tmp_path / "case.json"
    path.write_text(case_to_json(fakes.mri_case()), encoding="utf-8")
    return path


def test_recommend_needs_no_pixels_and_follows_the_context(
    case_file: Path, ovf: Callable[..., Said], tmp_path: Path
) -> None:
    said = {}
    for name, facts in {"little": "", "much": "pain_vas = 8\nconservative_weeks = 8\n"}.items():
        (tmp_path / f"{name}.toml").write_text(facts, encoding="utf-8")
        said[name] = ovf("recommend", case_file, "--context", tmp_path / f"{name}.toml", "--format", "json")
        assert said[name].code in (0, 3), said[name].err
    little, much = (json.loads(s.out) for s in said.values())
    assert little["findings"] == much["findings"]
    assert {r["rule"] for r in little["recommendations"]} != {r["rule"] for r in much["recommendations"]}
    assert much["models"] == little["models"] != {}


def test_recommend_reads_a_questionnaire_response_as_it_reads_toml(
    case_file: Path, ovf: Callable[..., Said], tmp_path: Path
) -> None:
    answer = {"linkId": "pain_vas", "answer": [{"valueInteger": 8}]}
    response = {"resourceType": "QuestionnaireResponse", "status": "completed", "item": [answer]}
    (tmp_path / "facts.json").write_text(json.dumps(response), encoding="utf-8")
    (tmp_path / "facts.toml").write_text("pain_vas = 8", encoding="utf-8")
    said = [ovf("recommend", case_file, "--context", tmp_path / f"facts.{kind}") for kind in ("json", "toml")]
    assert said[0].code in (0, 3), said[0].err
    assert said[0] == said[1]


def test_recommend_prints_what_it_rests_on(case_file: Path, ovf: Callable[..., Said]) -> None:
    said = ovf("recommend", case_file)
    assert said.code in (0, 3)
    assert "because" in said.out


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff\xfe", b'{"schema": "other/1"}', b"[1, 2"])
def test_recommend_refuses_what_is_no_case(content: bytes, ovf: Callable[..., Said], tmp_path: Path) -> None:
    (tmp_path / "case.json").write_bytes(content)
    said = ovf("recommend", tmp_path / "case.json")
    assert said.code == 2
    assert len(said.err.splitlines()) == 1
    assert said.err.startswith("ovf: ")


def test_batch_of_nothing_is_refused(ovf: Callable[..., Said], tmp_path: Path) -> None:
    refused(ovf("batch", empty_folder(tmp_path), "--out", tmp_path / "out"), tmp_path / "out")
    refused(ovf("batch", tmp_path / "absent", "--out", tmp_path / "out"), tmp_path / "out")


@pytest.mark.slow
def test_c9_folders_of_any_name_are_read(ovf: Callable[..., Said], tmp_path: Path, small_mri: Path) -> None:
    names = ("Übung Wirbelsäule 1", "Dicom源文件", "te\u0302te", "-leading", "trailing.")
    for name in names:
        (tmp_path / "in" / name).mkdir(parents=True)
        shutil.copy(small_mri, tmp_path / "in" / name)
    out = tmp_path / "out"
    said = ovf("batch", tmp_path / "in", "--out", out, "--device", "cpu", "--workers", "1", "--format", "json")
    assert said.code in (0, 3), said.err
    rows = json.loads(said.out)["rows"]
    assert sorted(row["input"].split("/")[0] for row in rows) == sorted(names)
    assert {row["status"] for row in rows} <= {"done", "caveats"}
    assert len({(row["vertebrae"], row["levels"], row["worst_height_loss"]) for row in rows}) == 1
    assert rows[0]["vertebrae"] >= 5


@pytest.mark.slow
def test_c9_a_name_with_a_leading_dash_goes_after_two_dashes(tmp_path: Path, small_mri: Path) -> None:
    (tmp_path / "-leading").mkdir()
    shutil.copy(small_mri, tmp_path / "-leading")
    done = subprocess.run(
        [sys.executable, "-m", "ovf_imaging.cli", "assess", "--out", "out", "--device", "cpu", "--", "-leading"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(TOP)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 3), done.stderr
    assert (tmp_path / "out" / "case.json").is_file()


def test_doctor_lists_device_models_and_transfer_syntaxes(ovf: Callable[..., Said]) -> None:
    said = ovf("doctor")
    assert said.code == 0
    for word in ("Python", "torch", "vertebrae_mri", "vertebrae_radiograph", "JPEG 2000", "JPEG-LS", "RLE Lossless"):
        assert word in said.out


def test_c3_doctor_says_what_a_missing_codec_needs(tmp_path: Path) -> None:
    for package in ("pylibjpeg", "openjpeg", "libjpeg", "rle", "jpeg_ls"):
        (tmp_path / f"{package}.py").write_text("raise ImportError('not at this site')\n", encoding="utf-8")
    said = apart("doctor", PYTHONPATH=str(tmp_path))
    assert said.code == 3
    assert "JPEG 2000 Image Compression (1.2.840.10008.1.2.4.91) needs package pylibjpeg-openjpeg" in said.out
    assert "RLE Lossless (1.2.840.10008.1.2.5) can be read" in said.out


def test_view_wants_a_folder(ovf: Callable[..., Said], tmp_path: Path) -> None:
    said = ovf("view", tmp_path / "absent")
    assert said.code == 2
    assert "a folder of cases wanted" in said.err


def test_a_fault_of_ours_is_one_line_and_2() -> None:
    code = (
        "import sys; from ovf_imaging.cli import screen; sys.excepthook = screen.fault; "
        "raise ZeroDivisionError('a fault')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("ovf: a fault in ovf-imaging itself (ZeroDivisionError: a fault)")
    assert len(done.stderr.splitlines()) == 1


def test_no_progress_bar_in_a_pipe() -> None:
    code = "from ovf_imaging.cli import screen\nwith screen.progress('reading') as step:\n    step('reading', 1, 2)\n"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")


def test_a_progress_bar_on_a_terminal() -> None:
    code = (
        "from ovf_imaging.cli import screen\n"
        "with screen.progress('reading') as step:\n"
        "    step('series 1 of 2', 1, 2)\n"
    )
    ours, theirs = os.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=theirs, stderr=theirs, env={**os.environ, "TERM": "xterm"}
    ):
        os.close(theirs)
        seen = io.BytesIO()
        while chunk := read_terminal(ours):
            seen.write(chunk)
    os.close(ours)
    assert b"series 1 of 2" in seen.getvalue()


def read_terminal(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 4096)
    except OSError:  # Linux's word for the other end being closed
        return b""
