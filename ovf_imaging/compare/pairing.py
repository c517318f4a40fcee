"""Two readers' cases → pairs: study by study, image by image, body by body."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ovf_imaging.compare.match import Body, Match, matches
from ovf_imaging.compare.questions import INDEX_LEVEL, LEVEL_NAME, answers_of
from ovf_imaging.compare.records import AT_DETECTOR, Answers, Distance, Numbers, Pairs, Place, Side, Unpaired
from ovf_imaging.errors import StudyError
from ovf_imaging.report import words
from ovf_imaging.report.table import all_measurements
from ovf_imaging.types import Case, Image, Landmark, Level, Measurement, Scale, level_name

_SUPERIOR = 3  # landmarks of the superior endplate, the only ones of the sacrum that count
_Key = tuple[int, tuple[int, ...], str, str, int | None]  # reading, levels, quantity, unit, reading compared with


@dataclass(frozen=True, slots=True, kw_only=True)
class _Visit:
    """A study that both readers read."""

    mark: str
    a: Case
    b: Case
    matches: tuple[Match, ...]

    def place(self, match: Match, levels_a: Sequence[int], levels_b: Sequence[int]) -> Place:
        """Return the place of bodies on an image."""
        return _place(self.mark, self.a.readings[match.a].image, levels_a, levels_b)


def pair(a: Mapping[str, Case], b: Mapping[str, Case]) -> Pairs:
    """Return all that two readers read of the same studies; StudyError when they share no image."""
    visits = [
        _Visit(mark=words.study_mark(key), a=a[key], b=b[key], matches=matches(a[key], b[key]))
        for key in sorted(a.keys() & b.keys())
    ]
    if not any(visit.matches for visit in visits):
        what = "images of the studies" if visits else f"studies of A ({len(a)}) and B ({len(b)})"
        raise StudyError(f"cases of the same images wanted, no two {what} are the same; give two readings of one study")
    return Pairs(
        studies=len(visits),
        images=sum(len(visit.matches) for visit in visits),
        readers_a=_readers(visit.a for visit in visits),
        readers_b=_readers(visit.b for visit in visits),
        numbers=tuple(numbers for visit in visits for numbers in _numbers(visit)),
        answers=tuple(answers for visit in visits for answers in (*_names(visit), *_judgements(visit))),
        distances=tuple(distance for visit in visits for distance in _distances(visit)),
        unpaired=(*_lone_studies(a, b), *(lone for visit in visits for lone in _lone_parts(visit))),
    )


def _readers(cases: Iterable[Case]) -> tuple[str, ...]:
    return tuple(sorted({reading.reader for case in cases for reading in case.readings}))


def _place(mark: str, image: Image, levels_a: Sequence[int] = (), levels_b: Sequence[int] = ()) -> Place:
    return Place(
        study=mark,
        image=words.image_name(image),
        view=words.label("views", image.view),
        levels_a=tuple(levels_a),
        levels_b=tuple(levels_b),
    )


def _numbers(visit: _Visit) -> Iterator[Numbers]:
    """Yield each quantity that either reader has of bodies that both see, whatever they call these bodies."""
    matched = {match.a: match for match in visit.matches}
    values_a = _keyed(visit.a, {m.a: (m.a, {body.a.level: body.a.level for body in m.bodies}) for m in visit.matches})
    values_b = _keyed(visit.b, {m.b: (m.a, {body.b.level: body.a.level for body in m.bodies}) for m in visit.matches})
    for key in dict.fromkeys([*values_a, *values_b]):
        reading, levels, quantity, unit, _ = key
        called_b = {body.a.level: body.b.level for body in matched[reading].bodies}
        yield Numbers(
            place=visit.place(matched[reading], levels, [called_b[level] for level in levels]),
            quantity=quantity,
            unit=unit,
            a=values_a.get(key),
            b=values_b.get(key),
        )
    indices = (visit.a.assessment.deformity_index, visit.b.assessment.deformity_index)
    if indices != (None, None):
        place = Place(study=visit.mark)
        yield Numbers(place=place, quantity="deformity_index", unit="{score}", a=indices[0], b=indices[1])


def _keyed(case: Case, in_a: Mapping[int, tuple[int, Mapping[int, int]]]) -> dict[_Key, float | None]:
    """Return a case's values under A's numbers for readings and levels; what A has no number for is left out."""
    found: dict[_Key, float | None] = {}
    for m in all_measurements(case):
        if m.reading not in in_a or (m.against is not None and m.against not in in_a):
            continue
        reading, names = in_a[m.reading]
        if all(level in names for level in m.levels):
            against = None if m.against is None else in_a[m.against][0]
            levels = tuple(dict.fromkeys(names[level] for level in m.levels))
            quantity = _quantity(m, case.readings[m.reading].image)
            found[reading, levels, quantity, m.unit, against] = _known(m.value)
    return found


def _known(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _quantity(m: Measurement, image: Image) -> str:
    """Return a quantity's name that tells the detector's millimetres from the patient's."""
    return m.quantity + AT_DETECTOR if m.unit.startswith("mm") and image.scale is Scale.DETECTOR else m.quantity


def _names(visit: _Visit) -> Iterator[Answers]:
    """Yield what each reader calls each body of each image."""
    for match in visit.matches:
        for body in match.bodies:
            place = visit.place(match, [body.a.level], [body.b.level])
            names = (level_name(body.a.level), level_name(body.b.level))
            yield Answers(place=place, question=LEVEL_NAME.name, a=names[0], b=names[1])


def _judgements(visit: _Visit) -> Iterator[Answers]:
    """Yield what each reader says of each body, and which is the index fracture, over the study's images together."""
    found_a = {finding.level: finding for finding in visit.a.assessment.findings}
    found_b = {finding.level: finding for finding in visit.b.assessment.findings}
    called_a = _called_a(visit)
    for level_b, level_a in called_a.items():
        said_a, said_b = answers_of(found_a.get(level_a)), answers_of(found_b.get(level_b))
        place = Place(study=visit.mark, levels_a=(level_a,), levels_b=(level_b,))
        for question in said_a or said_b:
            yield Answers(place=place, question=question, a=said_a.get(question), b=said_b.get(question))
    index_a, index_b = visit.a.assessment.index_level, visit.b.assessment.index_level
    if (index_a, index_b) != (None, None):
        yield Answers(
            place=Place(study=visit.mark),
            question=INDEX_LEVEL.name,
            a=None if index_a is None else level_name(index_a),
            b=None if index_b is None else level_name(called_a.get(index_b, index_b)),
        )


def _called_a(visit: _Visit) -> Mapping[int, int]:
    """Return what A calls each level of B's; where images differ in that, as on the first of them."""
    found: dict[int, int] = {}
    for match in visit.matches:
        if not visit.a.readings[match.a].prior:
            for body in match.bodies:
                if body.a.level not in found.values():
                    found.setdefault(body.b.level, body.a.level)
    return found


def _distances(visit: _Visit) -> Iterator[Distance]:
    """Yield how far apart each landmark was set that both readers have."""
    for match in visit.matches:
        images = (visit.a.readings[match.a].image, visit.b.readings[match.b].image)
        true_mm = all(image.scale is Scale.PATIENT for image in images)
        for body in match.bodies:
            place = visit.place(match, [body.a.level], [body.b.level])
            for landmark in _landmarks(body):
                apart = float(body.apart[landmark])
                yield Distance(
                    place=place,
                    landmark=landmark.name.lower(),
                    percent=100 * apart / body.depth,
                    mm=apart if true_mm else None,
                )


def _landmarks(body: Body) -> Iterator[Landmark]:
    count = _SUPERIOR if Level.S1 in (body.a.level, body.b.level) else len(Landmark)
    yield from (landmark for landmark in list(Landmark)[:count] if np.isfinite(body.apart[landmark]))


def _lone_studies(a: Mapping[str, Case], b: Mapping[str, Case]) -> Iterator[Unpaired]:
    for side, keys in ((Side.A, a.keys() - b.keys()), (Side.B, b.keys() - a.keys())):
        for key in sorted(keys):
            yield Unpaired(what="study", place=Place(study=words.study_mark(key)), only_in=side)


def _lone_parts(visit: _Visit) -> Iterator[Unpaired]:
    """Yield the images and the bodies of a study that only one reader has."""
    for side, case, read in (
        (Side.A, visit.a, {match.a for match in visit.matches}),
        (Side.B, visit.b, {match.b for match in visit.matches}),
    ):
        for index, reading in enumerate(case.readings):
            if index not in read:
                yield Unpaired(what="image", place=_place(visit.mark, reading.image), only_in=side)
    for match in visit.matches:
        for vertebra in match.only_a:
            yield Unpaired(what="body", place=visit.place(match, [vertebra.level], []), only_in=Side.A)
        for vertebra in match.only_b:
            yield Unpaired(what="body", place=visit.place(match, [], [vertebra.level]), only_in=Side.B)
