"""Whatever the order of files and whatever is broken in them, the answer is the same or one clear line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.uid import UID, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from ovf_imaging.dicom import load_image, read_study
from ovf_imaging.dicom.words import fold
from ovf_imaging.errors import InputError
from ovf_imaging.types import Image
from tests.dicom.build import AXIAL, film, mr, ramp, save

SETTINGS = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def signature(image: Image) -> tuple[object, ...]:
    return image.pixels.tobytes(), image.affine.tobytes(), image.sop_uids, image.caveats


@settings(SETTINGS, max_examples=8)
@given(order=st.permutations(range(9)))
def test_order_and_names_of_files_do_not_matter(tmp_path: Path, order: list[int]) -> None:
    """Six T2 slices, two T1 slices at places of T2 ones, one axial slice."""
    slices = [mr(i) for i in range(6)]
    slices += [mr(i, uid=f"1.9.{i}", EchoTime=10, RepetitionTime=500) for i in (1, 2)]
    slices += [mr(9, ImageOrientationPatient=AXIAL)]
    reference = [save(ds, tmp_path / "a" / f"{n}") for n, ds in enumerate(slices)]
    folder = tmp_path / "-".join(map(str, order))
    shuffled = [save(slices[i], folder / f"{n}.dcm") for n, i in enumerate(order)]
    for one, two in ((reference, shuffled), ([tmp_path / "a"], [folder])):
        first, second = read_study(one), read_study(two)
        assert first.caveats == second.caveats
        assert [signature(load_image(s)) for s in first.series] == [signature(load_image(s)) for s in second.series]


@SETTINGS
@given(data=st.data())
@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
def test_broken_bytes_give_an_answer_or_one_line(tmp_path: Path, data: st.DataObject, syntax: UID) -> None:
    """No byte of a file, changed or cut, leads to a traceback, a warning or an error of two lines."""
    good = save(data.draw(st.sampled_from([mr(pixels=ramp()), film()])), tmp_path / "good", syntax).read_bytes()
    raw = bytearray(good)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(raw) - 1536 - 1))  # pixels aside
        raw[place] = data.draw(st.integers(0, 255))
    cut = data.draw(st.one_of(st.none(), st.integers(0, len(raw))))
    (tmp_path / "bad.dcm").write_bytes(bytes(raw[:cut]))
    try:
        image = load_image(read_study([tmp_path / "bad.dcm"]).series[0])
    except InputError as error:
        said = str(error)
    else:
        said = ""
        assert np.isfinite(image.pixels).all()
        assert np.isfinite(image.affine).all()
    assert "\n" not in said
    assert "SECRET" not in said.upper()


@given(text=st.text(max_size=30))
def test_folding_is_stable(text: str) -> None:
    assert fold(fold(text)) == fold(text)
