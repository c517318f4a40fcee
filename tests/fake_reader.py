"""Stand-ins for what is slow or harmful: eyes that see what they are told, and studies that misbehave on demand."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import numpy as np

from ovf_imaging import BatchOptions, Case, Caveat, Config, Image, Reading
from ovf_imaging.errors import NoVertebraeError, ReadingError
from tests import fakes

MODELS = {"fake 1.0": "00" * 32}


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeReader:
    """Eyes that answer each image with `answer(image)`."""

    answer: Callable[[Image], Reading]
    models: Mapping[str, str] = field(default_factory=lambda: MODELS)

    def read(self, image: Image) -> Reading:
        """Return the answer."""
        return self.answer(image)


def perfect(image: Image) -> Reading:
    """Return the bodies of `fakes.column()` on any image of its size."""
    return fakes.reading(image, fakes.column())


def blind(image: Image) -> Reading:
    """Refuse every image."""
    raise ReadingError(f"vertebrae wanted, a {image.view} image of something else came")


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeStudy:
    """A study whose one file tells what its reading shall do."""

    uid: str
    name: str
    inputs: tuple[Path, ...]
    where: str
    problem: str = ""


def find_stories(root: Path, *, skip: Iterable[Path] = ()) -> Sequence[FakeStudy]:
    """Return a study for each story below the root."""
    found = [p for p in sorted(root.rglob("*.story")) if not any(p.is_relative_to(s) for s in skip)]
    return [
        FakeStudy(uid=f"1.2.{p.stem}", name=p.stem, inputs=(p,), where=p.relative_to(root).as_posix()) for p in found
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryPipeline:
    """A pipeline that does what each study's story says, and keeps a diary of what it read."""

    diary: Path

    def run(self, inputs: Sequence[Path]) -> Case:
        """Return a case, or die, hang, eat memory, fail."""
        story = inputs[0].read_text(encoding="utf-8").strip()
        note(self.diary, f"read {inputs[0].stem}")
        return STORIES[story]()


def load_stories(config: Config) -> StoryPipeline:
    """Return the pipeline of stories; the diary lies where the models would."""
    note(config.models_dir, "load")
    return StoryPipeline(diary=config.models_dir)


def write_little(case: Case, folder: Path) -> None:
    """Write a stand-in for case.json, which takes no time."""
    folder.mkdir()
    (folder / "case.json").write_text(f'{{"study": "{case.study.uid}"}}', encoding="utf-8")


def note(diary: Path, line: str) -> None:
    """Add a line to the diary; short appends of several processes don't mix."""
    with diary.open("a", encoding="utf-8") as file:
        file.write(f"{line} {os.getpid()}\n")


def story_options(diary: Path, **changes: object) -> BatchOptions:
    """Return options that read stories with two workers."""
    base = BatchOptions(
        config=Config(models_dir=diary, device="cpu"),
        workers=2,
        load=load_stories,
        write=write_little,
        find=find_stories,
    )
    return replace(base, **changes)  # type: ignore[arg-type]


@cache
def _fine() -> Case:
    return fakes.normal_case()


def _caveats() -> Case:
    return fakes.normal_case(caveats=(Caveat(code="series-not-read", text="One series was not read.", must_see=True),))


def _fractured() -> Case:
    return fakes.mri_case()


def _nothing() -> Case:
    raise NoVertebraeError("vertebrae wanted, none found")


def _refuse() -> Case:
    raise ReadingError("a lateral film wanted, a frontal one came; give the lateral film")


def _bug() -> Case:
    raise ZeroDivisionError("a fault of ours")


def _die() -> Case:
    os._exit(9)


def _hang() -> Case:
    time.sleep(3600)
    return _fine()


def _slow() -> Case:
    time.sleep(0.3)
    return _fine()


def _eat() -> Case:
    hoard = []
    while True:
        hoard.append(np.ones(2**22))  # 32 MB, touched
        time.sleep(0.01)


STORIES: Mapping[str, Callable[[], Case]] = {
    "fine": _fine,
    "caveats": _caveats,
    "fractured": _fractured,
    "nothing": _nothing,
    "refuse": _refuse,
    "bug": _bug,
    "die": _die,
    "hang": _hang,
    "slow": _slow,
    "eat": _eat,
}
