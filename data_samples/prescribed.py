"""The samples that are simulated: drawn from settings/NAME.toml, stored losslessly compressed, with their truth."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydicom import dcmread
from pydicom.uid import JPEG2000Lossless

from ovf_imaging.training.simulation.anatomy import load_templates
from ovf_imaging.training.simulation.cases import case_files, draw_case, read_settings
from ovf_imaging.training.simulation.cases.dicom_files import uid

SETTINGS = Path(__file__).parent / "settings"
# What each is imaged with, and the seed of all that its settings leave open.
SEEDS = {
    "film_l1_wedge": ("radiograph", 1),
    "film_full_spine": ("radiograph", 3),
    "film_flexion_extension": ("radiograph", 1),
    "film_prior_current": ("radiograph", 1),
    "film_normal": ("radiograph", 1),
    "film_frontal": ("radiograph", 1),
    "mri_fresh_t12": ("mri", 1),
    "mri_old_fractures": ("mri", 1),
}
# Of each picture and of each body: what a reader is asked for. Everything else is in `ovf simulate`'s truth.json.
PICTURE = ("files", "view", "sequence", "facing", "field", "scale")
BODY = ("level", "name", "landmarks", "heights_mm", "height_loss", "genant_grade", "fracture", "cleft",
        "oedema_fraction", "traps", "cut")  # fmt: skip


def write_simulated(data: Path, out: Path, names: Sequence[str]) -> None:
    """Write the named samples to out/simulated/NAME and their truth to out/expected/simulated/NAME.json."""
    templates = load_templates(data / "meshes")
    for name in names:
        modality, seed = SEEDS[name]
        case = draw_case(modality, read_settings(SETTINGS / f"{name}.toml"), templates, seed)
        files = case_files(case)
        truth = json.loads(files["truth.json"])
        _write(out / "expected" / "simulated" / f"{name}.json", _expected(name, truth))
        folders = _folders(truth)
        for path, held in files.items():
            study, _, picture = path.partition("/")
            if picture.endswith(".dcm"):
                _write(out / "simulated" / name / folders[study] / picture, _sample(name, held))


def _folders(truth: dict[str, Any]) -> dict[str, str]:
    """Return where each study's pictures lie below the sample, by the study's name in the truth."""
    names = [study["folder"] for study in truth["studies"]]
    return dict(zip(names, ("",) if len(names) == 1 else ("prior", "current"), strict=True))


def _write(path: Path, held: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(held)


def _sample(name: str, file: bytes) -> bytes:
    """Return a picture as one of the sample's own patient, JPEG 2000 without loss."""
    ds = dcmread(io.BytesIO(file))
    ds.PatientName, ds.PatientID, ds.Manufacturer = "Sample^Synthetic", f"SAMPLE-{name}", "ovf-imaging sample"
    for key in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "FrameOfReferenceUID"):
        if key in ds:
            ds[key].value = uid(name, ds[key].value)
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    ds.compress(JPEG2000Lossless, generate_instance_uid=False)
    stored = io.BytesIO()
    ds.save_as(stored, enforce_file_format=True)
    return stored.getvalue()


def _expected(name: str, truth: dict[str, Any]) -> bytes:
    """Return what is true of a sample as JSON: the truth of what its pictures show, in their own pixels."""
    lines = (SETTINGS / f"{name}.toml").read_text(encoding="utf-8").splitlines()
    folders = _folders(truth)
    told = {
        "sample": f"simulated/{name}",
        "why": lines[0].removeprefix("# "),
        "studies": [
            {
                "folder": folders[study["folder"]],
                "days": study["days"],
                "images": [_picture(image) for image in study["images"]],
            }
            for study in truth["studies"]
        ],
        "change": truth["change"],
    }
    return (json.dumps(_short(told), indent=1, ensure_ascii=False) + "\n").encode()


def _picture(image: dict[str, Any]) -> dict[str, Any]:
    shown = [{key: body[key] for key in BODY} for body in image["bodies"] if body["shown"]]
    levels = [body["level"] for body in shown]
    angles = [row for row in image["patient"]["angles"] if set(row["levels"]) <= set(levels)]
    about = {key: image[key] for key in PICTURE if key in image}
    return {**about, "position": image["patient"]["position"], "angles": angles, "bodies": shown}


def _short(value: Any) -> Any:
    """Return JSON values with numbers to three decimals."""
    if isinstance(value, dict):
        return {key: _short(v) for key, v in value.items()}
    if isinstance(value, list):
        return [_short(v) for v in value]
    return round(value, 3) if isinstance(value, float) else value
