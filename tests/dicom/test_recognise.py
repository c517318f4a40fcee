"""Weighting, view and position: tags first, words second."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydicom import Dataset

from ovf_imaging.dicom import load_image, read_study
from ovf_imaging.errors import StudyError
from ovf_imaging.types import Position, Sequence, Series, View
from tests.dicom.build import SAGITTAL, enhanced, film, mr, ramp, save


def series_of(tmp_path: Path, ds: Dataset) -> Series:
    return read_study([save(ds, tmp_path / "1.dcm")]).series[0]


NO_TIMES: dict[str, Any] = {"EchoTime": None, "RepetitionTime": None, "ScanningSequence": None}
SEQUENCES: list[tuple[dict[str, Any], Sequence]] = [
    ({"EchoTime": 10, "RepetitionTime": 500}, Sequence.T1),
    ({"EchoTime": 12, "RepetitionTime": 900, "SeriesDescription": "t1_tse_sag"}, Sequence.T1),
    ({"EchoTime": 100, "RepetitionTime": 3500}, Sequence.T2),
    ({"EchoTime": 100, "RepetitionTime": 3500, "ScanOptions": "FS"}, Sequence.FLUID),
    ({"EchoTime": 90, "RepetitionTime": 4000, "ScanOptions": ["PFP", "FS"]}, Sequence.FLUID),
    ({"EchoTime": 90, "RepetitionTime": 4000, "SeriesDescription": "T2 SPAIR sag"}, Sequence.FLUID),
    ({"EchoTime": 40, "RepetitionTime": 3000, "ScanOptions": "FS"}, Sequence.FLUID),  # PD fat-suppressed
    ({"EchoTime": 40, "RepetitionTime": 3000}, Sequence.UNKNOWN),  # plain PD
    (
        {"EchoTime": 60, "RepetitionTime": 4000, "ScanningSequence": ["SE", "IR"], "InversionTime": 160},
        Sequence.FLUID,
    ),
    ({"EchoTime": 30, "RepetitionTime": 3500, "ScanningSequence": ["SE", "IR"], "InversionTime": 220}, Sequence.FLUID),
    ({"EchoTime": 9, "RepetitionTime": 2200, "ScanningSequence": ["SE", "IR"], "InversionTime": 860}, Sequence.T1),
    ({"EchoTime": 10, "RepetitionTime": 550, "InversionTime": 90, "ScanOptions": "FS"}, Sequence.T1),  # T1 SPAIR
    ({"EchoTime": 60, "RepetitionTime": 4000, "SeriesDescription": "sag tirm"}, Sequence.FLUID),
    ({"EchoTime": 50, "RepetitionTime": 4000, "ScanningSequence": ["SE", "IR"], "SequenceName": "*tir2d1_15",
      "SeriesDescription": "STIR"}, Sequence.FLUID),
    ({**NO_TIMES, "SeriesDescription": "Sag T1"}, Sequence.T1),
    ({**NO_TIMES, "SeriesDescription": "SAG T2 FSE"}, Sequence.T2),
    ({**NO_TIMES, "SeriesDescription": "SAG T2 FATSAT"}, Sequence.FLUID),
    ({**NO_TIMES, "SeriesDescription": "t2_tirm_sag"}, Sequence.FLUID),
    ({**NO_TIMES, "SeriesDescription": "sag", "ProtocolName": "T1 TSE"}, Sequence.T1),
    ({**NO_TIMES, "SeriesDescription": "T2 sag T1-T12"}, Sequence.T2),  # levels, not a weighting
    ({**NO_TIMES, "SeriesDescription": "sag spine"}, Sequence.UNKNOWN),
    ({"EchoTime": 0, "RepetitionTime": 0, "SeriesDescription": "T1 sag"}, Sequence.T1),
    ({"EchoTime": "", "RepetitionTime": ""}, Sequence.UNKNOWN),
    ({"EchoTime": 4, "RepetitionTime": 20, "ScanningSequence": "GR"}, Sequence.UNKNOWN),
    ({"EchoTime": 4, "RepetitionTime": 20, "ScanningSequence": "GR", "SeriesDescription": "t1 vibe sag"}, Sequence.T1),
    ({"ImageType": ["DERIVED", "PRIMARY", "DIXON", "WATER"]}, Sequence.FLUID),
    ({"ImageType": ["ORIGINAL", "PRIMARY", "W", "NORM"], "EchoTime": 10, "RepetitionTime": 600}, Sequence.T1),
    ({"ImageType": ["ORIGINAL", "PRIMARY", "IN_PHASE"]}, Sequence.T2),
]  # fmt: skip


@pytest.mark.parametrize(("tags", "wanted"), SEQUENCES)
def test_weighting(tmp_path: Path, tags: dict[str, Any], wanted: Sequence) -> None:
    series = series_of(tmp_path, mr(pixels=ramp(), **tags))
    assert series.sequence is wanted
    assert ("sequence-unknown" in {c.code for c in series.caveats}) == (wanted is Sequence.UNKNOWN)


@pytest.mark.parametrize(
    ("tags", "words", "wanted"),
    [
        ({"EchoTime": 100, "RepetitionTime": 3500}, "T1 TSE sag", Sequence.T2),
        ({"EchoTime": 10, "RepetitionTime": 500}, "STIR sag", Sequence.T1),
        ({"EchoTime": 10, "RepetitionTime": 500}, "T2 fs sag", Sequence.T1),
    ],
)
def test_tags_win_over_words(tmp_path: Path, tags: dict[str, Any], words: str, wanted: Sequence) -> None:
    series = series_of(tmp_path, mr(SeriesDescription=words, **tags))
    assert series.sequence is wanted
    assert "sequence-conflict" in {c.code for c in series.caveats}


def test_contrast_enhanced_t1_is_t1_with_a_caveat(tmp_path: Path) -> None:
    tags: dict[str, Any] = {"EchoTime": 10, "RepetitionTime": 600, "ScanOptions": "FS", "ContrastBolusAgent": "Gd"}
    series = series_of(tmp_path, mr(**tags))
    assert series.sequence is Sequence.T1
    assert [c.text for c in series.caveats if c.code == "t1-not-plain"] == [
        "this T1 series is fat-suppressed and contrast-enhanced; its marrow signal is not plain T1"
    ]


@pytest.mark.parametrize(
    ("contrast", "suppressed", "wanted"),
    [
        ("T1", "NONE", Sequence.T1),
        ("T2", "NONE", Sequence.T2),
        ("T2", "FAT", Sequence.FLUID),
        ("STIR", "NONE", Sequence.FLUID),
        ("PROTON_DENSITY", "FAT", Sequence.FLUID),
        ("UNKNOWN", "NONE", Sequence.T2),  # by echo and repetition time
    ],
)
def test_enhanced_contrast_macro(tmp_path: Path, contrast: str, suppressed: str, wanted: Sequence) -> None:
    frames = [([float(v) for v in SAGITTAL], [-4.0 * i, -50.0, 50.0]) for i in range(3)]
    ds = enhanced(frames, ramp(3 * 16, 12).reshape(3, 16, 12))
    kind, modifier = Dataset(), Dataset()
    kind.AcquisitionContrast, kind.FrameType = contrast, ["ORIGINAL", "PRIMARY", "M", "NONE"]
    modifier.SpectrallySelectedSuppression = suppressed
    ds.SharedFunctionalGroupsSequence[0].MRImageFrameTypeSequence = [kind]
    ds.SharedFunctionalGroupsSequence[0].MRModifierSequence = [modifier]
    assert series_of(tmp_path, ds).sequence is wanted


@pytest.mark.parametrize(
    ("tags", "words"),
    [
        ({"ImageType": ["DERIVED", "PRIMARY", "DIXON", "FAT"]}, "fat image of a Dixon series"),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "OUT_PHASE"]}, "opposed-phase image"),
        ({"ImageType": ["DERIVED", "SECONDARY", "ADC"]}, "diffusion map"),
        ({"DiffusionBValue": 800.0}, "diffusion image"),
        ({"SeriesDescription": "3-plane loc"}, "localiser"),
        ({"SeriesDescription": "SAG SCOUT"}, "localiser"),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}, "localiser"),
    ],
)
def test_what_is_no_picture_of_anatomy_is_set_aside(tmp_path: Path, tags: dict[str, Any], words: str) -> None:
    with pytest.raises(StudyError, match=words):
        series_of(tmp_path, mr(**tags))


def code(value: str, meaning: str) -> list[Dataset]:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "SCT", meaning
    return [item]


NO_VIEW: dict[str, Any] = {"ViewPosition": None}
LATERAL: list[dict[str, Any]] = [
    {"ViewPosition": "LL"},
    {"ViewPosition": "RL"},
    {"ViewPosition": "LATERAL"},
    {**NO_VIEW, "ViewCodeSequence": code("399173006", "left lateral")},
    {**NO_VIEW, "ViewCodeSequence": code("R-102CD", "")},
    {**NO_VIEW, "ViewCodeSequence": code("999", "Lateral projection")},
    {**NO_VIEW, "PatientOrientation": ["A", "F"]},
    {**NO_VIEW, "SeriesDescription": "L-Spine Lat"},
    {**NO_VIEW, "SeriesDescription": "LWS seitl."},
    {**NO_VIEW, "SeriesDescription": "LWS seitlich stehend"},
    {**NO_VIEW, "SeriesDescription": "rachis lombaire profil"},
    {**NO_VIEW, "SeriesDescription": "Rx columna lumbar perfil"},
    {**NO_VIEW, "SeriesDescription": "LWK zijdelings"},
    {**NO_VIEW, "SeriesDescription": "поясничный отдел боковая"},
    {**NO_VIEW, "SeriesDescription": "腰椎侧位"},
    {**NO_VIEW, "SeriesDescription": "腰椎 側面"},
    {**NO_VIEW, "SeriesDescription": "Laterální snímek"},
    {**NO_VIEW, "ProtocolName": "BWS_LAT"},
    {**NO_VIEW, "StudyDescription": "XR lumbar spine lateral"},
    {"ViewPosition": "LL", "StudyDescription": "LUMBAR SPINE AP"},  # what was ordered doesn't outweigh tags
]


@pytest.mark.parametrize("tags", LATERAL)
def test_lateral_films(tmp_path: Path, tags: dict[str, Any]) -> None:
    series = series_of(tmp_path, film(**tags))
    assert (series.view, series.sequence) == (View.LATERAL, Sequence.NONE)


FRONTAL: list[dict[str, Any]] = [
    {"ViewPosition": "AP"},
    {"ViewPosition": "PA"},
    {**NO_VIEW, "ViewCodeSequence": code("399348003", "antero-posterior")},
    {**NO_VIEW, "PatientOrientation": ["L", "F"]},
    {**NO_VIEW, "SeriesDescription": "L Spine A.P."},
    {**NO_VIEW, "SeriesDescription": "rachis de face"},
    {**NO_VIEW, "SeriesDescription": "LWS a.-p."},
    {**NO_VIEW, "SeriesDescription": "腰椎正位"},
]


@pytest.mark.parametrize("tags", FRONTAL)
def test_frontal_films_are_refused(tmp_path: Path, tags: dict[str, Any]) -> None:
    with pytest.raises(StudyError, match=r"wanted a lateral film .*, got frontal film \(1 file\); .* or --view"):
        series_of(tmp_path, film(**tags))


def test_frontal_film_beside_a_lateral_one_is_set_aside(tmp_path: Path) -> None:
    save(film(uid="1.2.1"), tmp_path / "1")
    save(film(uid="1.2.2", ViewPosition="AP"), tmp_path / "2")
    study = read_study([tmp_path])
    assert [s.view for s in study.series] == [View.LATERAL]
    assert [c.code for c in study.caveats] == ["frontal-set-aside"]


@pytest.mark.parametrize(
    "tags", [NO_VIEW, {"ViewPosition": ""}, {**NO_VIEW, "StudyDescription": "Lumbar spine AP & LAT"}]
)
def test_films_of_no_told_view_stay_unknown(tmp_path: Path, tags: dict[str, Any]) -> None:
    assert series_of(tmp_path, film(**tags)).view is View.UNKNOWN


def test_tags_and_words_that_disagree_leave_the_view_to_the_picture(tmp_path: Path) -> None:
    series = series_of(tmp_path, film(ViewPosition="AP", SeriesDescription="LWS seitlich"))
    assert series.view is View.UNKNOWN
    assert [(c.code, c.must_see) for c in series.caveats] == [("view-conflict", True)]


POSITIONS: list[tuple[str, Position]] = [
    ("L-Spine LAT flexion", Position.FLEXION),
    ("LWS seitl. Inklination", Position.FLEXION),
    ("LS lat FLEX", Position.FLEXION),
    ("rachis en extension", Position.EXTENSION),
    ("LWS Reklination", Position.EXTENSION),
    ("L spine EXT", Position.EXTENSION),
    ("LWS im Stehen", Position.STANDING),
    ("lateral standing", Position.STANDING),
    ("profil debout", Position.STANDING),
    ("腰椎立位", Position.STANDING),
    ("lateral supine", Position.SUPINE),
    ("LWS liegend", Position.SUPINE),
    ("lateral neutral", Position.NEUTRAL),
    ("standing flexion", Position.FLEXION),
    ("flexion/extension", Position.UNKNOWN),
    ("standard lateral", Position.UNKNOWN),
    ("lateral", Position.UNKNOWN),
]


@pytest.mark.parametrize(("words", "wanted"), POSITIONS)
def test_positions(tmp_path: Path, words: str, wanted: Position) -> None:
    assert series_of(tmp_path, film(SeriesDescription=words)).position is wanted


def test_position_by_code(tmp_path: Path) -> None:
    erect = film(PatientOrientationCodeSequence=code("C86043", ""))
    assert series_of(tmp_path, erect).position is Position.STANDING


@pytest.mark.parametrize(
    ("told", "wanted"), [("HFS", Position.SUPINE), ("FFS", Position.SUPINE), ("HFP", Position.UNKNOWN)]
)
def test_mr_lies_as_patient_position_says(tmp_path: Path, told: str, wanted: Position) -> None:
    assert series_of(tmp_path, mr(PatientPosition=told)).position is wanted


def test_raw_film_beside_a_finished_one_is_set_aside(tmp_path: Path) -> None:
    raw = "1.2.840.10008.5.1.4.1.1.1.1.1"
    save(film(uid="1.2.1", sop_class=raw), tmp_path / "raw.dcm")
    alone = read_study([tmp_path])
    assert "film-for-processing" in {c.code for c in load_image(alone.series[0]).caveats}
    save(film(uid="1.2.2"), tmp_path / "finished.dcm")
    assert [s.files[0].name for s in read_study([tmp_path]).series] == ["finished.dcm"]
