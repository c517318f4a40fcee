"""From files to a Study: one patient visit with the series that can be used, and a caveat for all that can't."""

from __future__ import annotations

from collections import Counter, abc
from dataclasses import replace
from pathlib import Path

from ovf_imaging.dicom import nifti, pictures
from ovf_imaging.dicom.candidates import Candidate, aside_caveats, aside_texts, candidates_of, without_copies
from ovf_imaging.dicom.gather import WANTED, Pool, gather
from ovf_imaging.dicom.header import Header
from ovf_imaging.dicom.identity import uid_of
from ovf_imaging.dicom.overrides import Wish, apply
from ovf_imaging.errors import StudyError
from ovf_imaging.types import Caveat, Position, Sequence, Study, View

_SHOWN = 3  # problems named in one line


def read_study(
    inputs: abc.Sequence[Path],
    *,
    view: View | None = None,
    sequence: Sequence | None = None,
    position: Position | None = None,
) -> Study:
    """Return the study under the inputs: its lateral films and sagittal MR series, and caveats on what was set aside.

    An input is a DICOM file, a folder (searched to its depths), a zip, a NIfTI file or a picture; several inputs are
    one study. `view`, `sequence` and `position` override what is recognised. Pixels are not read. Raises StudyError
    with one line that says what was wanted, what came and what to do.
    """
    wish = Wish(view=view, sequence=sequence, position=position)
    pool = gather(inputs)
    headers, copies = without_copies(_one_study(pool.headers, inputs))
    files = _flat_files(pool)
    candidates = (*candidates_of(headers), *_flat_candidates(files, pool, wish))
    candidates = apply(wish, candidates)
    usable = [c for c in candidates if not c.code]
    if not usable:
        raise StudyError(_nothing_usable(inputs, pool, candidates))
    caveats = (*pool.caveats, *copies, *_flat_caveats(files, pool), *aside_caveats(candidates), *_unreadable(pool))
    study = Study(
        uid=_uid(headers, usable),
        series=tuple(c.series for c in usable),
        caveats=tuple(dict.fromkeys(caveats)),
    )
    return _with_visit(study, headers)


def _one_study(headers: list[Header], inputs: abc.Sequence[Path]) -> list[Header]:
    """Return the headers when they are of one study, or given one by one and of one patient on one day."""
    uids = {h.study_uid for h in headers}
    if len(uids) < 2:
        return headers
    patients = {h.visit.patient for h in headers}
    days = {h.visit.taken.date() if h.visit.taken else None for h in headers}
    same_visit = len(patients) == 1 and len(days) == 1 and "" not in patients and None not in days
    if len(inputs) > 1 and same_visit:
        return headers
    raise StudyError(
        f"{inputs[0]}: wanted one study, got {len(uids)} (different StudyInstanceUID); "
        "give the folder of one, or use ovf batch for many"
    )


def _flat_files(pool: Pool) -> list[Path]:
    """Return the NIfTI files and pictures to read: those named, those in a folder only where it has no DICOM."""
    return [*pool.named, *([] if pool.headers else pool.beside)]


def _flat_caveats(files: list[Path], pool: Pool) -> tuple[Caveat, ...]:
    out: list[Caveat] = []
    if pool.headers and pool.beside:
        text = f"set aside: {len(pool.beside)} NIfTI file(s) or picture(s) beside the DICOM files"
        out.append(Caveat(code="picture-set-aside", text=text))
    if not pool.headers and len(pool.beside) > 1:
        text = f"{len(files)} NIfTI files or pictures of one folder were taken as one patient's"
        out.append(Caveat(code="taken-as-one-study", text=text, must_see=True))
    return tuple(out)


def _flat_candidates(files: list[Path], pool: Pool, wish: Wish) -> list[Candidate]:
    out: list[Candidate] = []
    for path in files:
        try:
            if path not in pool.niftis:
                series = pictures.read_series(path)
            elif wish.view is View.LATERAL:
                raise StudyError(
                    f"{path.name}: wanted a lateral film, got a NIfTI volume; give the film as DICOM or PNG"
                )
            else:
                series = nifti.read_series(path, wish.view)
        except StudyError as error:
            pool.problems.append((path, str(error).split(": ", 1)[-1]))
            continue
        except OSError as error:
            pool.problems.append((path, f"can't be read ({error.strerror or type(error).__name__})"))
            continue
        out.append(Candidate(series=series, unit="file"))
    return out


def _unreadable(pool: Pool) -> tuple[Caveat, ...]:
    """Return a caveat that counts what could not be read, without the names of files, which can name a patient."""
    if not pool.problems:
        return ()
    reasons = Counter(reason for _, reason in pool.problems)
    listed = "; ".join(f"{n} × {reason}" for reason, n in sorted(reasons.items())[:_SHOWN])
    text = f"{len(pool.problems)} file(s) or folder(s) could not be read: {listed}"
    return (Caveat(code="unreadable-files", text=text, must_see=True),)


def _nothing_usable(inputs: abc.Sequence[Path], pool: Pool, candidates: abc.Sequence[Candidate]) -> str:
    """Return the one line that says why there is no study."""
    first = inputs[0]
    aside = [text for _, text in aside_texts(candidates)]
    if aside:
        got = "; ".join(aside + [f"{len(pool.problems)} unreadable file(s)"] * bool(pool.problems))
        hint = "give the sagittal MR series or the lateral film"
        hint += ", or --view where the view was told wrongly" if any(c.forced for c in candidates) else ""
        return f"{first}: wanted a lateral film or a sagittal MR series, got {got}; {hint}"
    if pool.problems:
        path, reason = pool.problems[0]
        more = f" and {len(pool.problems) - 1} more file(s)" if len(pool.problems) > 1 else ""
        name = first if path == first else f"{first}: {path.name}" if path.name != first.name else first
        return f"{name}: {reason}{more}; {WANTED}"
    zips = next((c.text for c in pool.caveats if c.code == "zip-set-aside"), "")
    if zips:
        return f"{first}: no image found, {zips}; unpack it and give the folder"
    if not pool.seen:
        return f"{first}: the folder holds no files; {WANTED}"
    return f"{first}: none of {pool.seen} file(s) is an image; {WANTED}"


def _uid(headers: abc.Sequence[Header], usable: abc.Sequence[Candidate]) -> str:
    named = next((h.study_uid for h in headers if h.study_uid), "")
    return named or uid_of(usable[0].series.files[0], "study")


def _with_visit(study: Study, headers: abc.Sequence[Header]) -> Study:
    visits = [h.visit for h in headers]
    return replace(
        study,
        taken=next((v.taken for v in visits if v.taken is not None), None),
        age_years=next((v.age_years for v in visits if v.age_years is not None), None),
        sex=next((v.sex for v in visits if v.sex is not None), None),
    )
