"""The words that options take, kept apart from the nouns so that `--help` need not load numpy."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer


class Device(StrEnum):
    """Where the networks run."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"


DeviceOption = Annotated[Device, typer.Option("--device", help="auto takes the GPU when there is one.")]


class ViewChoice(StrEnum):
    """What the images show."""

    AUTO = "auto"
    LATERAL = "lateral"
    SAGITTAL = "sagittal"


class SequenceChoice(StrEnum):
    """The MR contrast."""

    T1 = "t1"
    T2 = "t2"
    FLUID = "fluid"


class PositionChoice(StrEnum):
    """How the patient was held."""

    NEUTRAL = "neutral"
    FLEXION = "flexion"
    EXTENSION = "extension"
    STANDING = "standing"
    SUPINE = "supine"


class Format(StrEnum):
    """What is printed on stdout."""

    TEXT = "text"
    JSON = "json"


class PageFormat(StrEnum):
    """How the rule book is printed."""

    TEXT = "text"
    MARKDOWN = "markdown"


class Split(StrEnum):
    """Which real images are painted on: those that networks may be trained on, or those held back from training."""

    TRAIN = "train"
    HELD_BACK = "held-back"


class Modality(StrEnum):
    """What a simulated patient is imaged with."""

    RADIOGRAPH = "radiograph"
    MRI = "mri"


class ReferenceChoice(StrEnum):
    """Which of two readers is taken for the truth."""

    A = "a"
    B = "b"
