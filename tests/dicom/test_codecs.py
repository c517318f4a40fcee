"""Which transfer syntaxes can be decoded, and what is said where they can't (field report C3)."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from pydicom.uid import UID, JPEG2000Lossless, JPEGLosslessSV1, JPEGLSLossless, RLELossless

from ovf_imaging.dicom import doctor
from tests.dicom.build import film, put_pixels, save_compressed
from tests.dicom.test_pixels import UNSIGNED, compressed

PROGRAM = """
import sys
from pathlib import Path
for name in sys.argv[2:]:
    sys.modules[name] = None  # as if it weren't installed
from ovf_imaging.dicom import doctor, load_image, read_study
from ovf_imaging.errors import ImageError
print([c.uid for c in doctor() if not c.decodable])
try:
    print(load_image(read_study([Path(sys.argv[1])]).series[0]).pixels.max())
except ImageError as error:
    print(error)
"""
PLUGINS = ("openjpeg", "libjpeg", "rle", "pylibjpeg", "jpeg_ls")


def without(modules: Sequence[str], path: Path) -> tuple[str, str]:
    """Return the syntaxes that can't be decoded without these modules, and what became of the file."""
    command = [sys.executable, "-c", PROGRAM, str(path), *modules]
    run = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])
    missing, said = run.stdout.splitlines()
    return missing, said


def test_doctor_lists_all_and_here_all_can_be_decoded() -> None:
    found = {c.uid: c for c in doctor()}
    assert len(found) == 16
    assert all(c.decodable for c in found.values())
    assert found[JPEGLSLossless].package == "pylibjpeg-libjpeg"


@pytest.mark.parametrize(
    ("syntax", "words"),
    [
        (JPEG2000Lossless, "needs package pylibjpeg-openjpeg; install it and run again"),
        (JPEGLSLossless, "needs package pylibjpeg-libjpeg; install it and run again"),
        (JPEGLosslessSV1, "needs package pylibjpeg-libjpeg; install it and run again"),
        (RLELossless, "4000.0"),  # pydicom itself can
    ],
    ids=lambda v: v.name if isinstance(v, UID) else "",
)
def test_c3_missing_package_is_named(tmp_path: Path, syntax: UID, words: str) -> None:
    ds = put_pixels(film(), UNSIGNED, bits=12)
    path = save_compressed(ds, tmp_path / "1.dcm", syntax, compressed(ds, syntax))
    missing, said = without(PLUGINS, path)
    assert words in said
    assert said.startswith(f"1.dcm: transfer syntax {syntax.name} ({syntax})") or syntax == RLELossless
    assert (syntax in missing) == (syntax != RLELossless)


def test_jpeg_ls_is_read_without_the_package_that_tests_write_it_with(tmp_path: Path) -> None:
    ds = put_pixels(film(), UNSIGNED, bits=12)
    path = save_compressed(ds, tmp_path / "1.dcm", JPEGLSLossless, compressed(ds, JPEGLSLossless))
    assert without(["jpeg_ls"], path) == ("[]", "4000.0")
