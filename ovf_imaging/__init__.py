"""ovf_imaging: osteoporotic vertebral fractures measured on lateral radiographs and sagittal MRI. Research use only.

The front door. Command line, batch and viewer import from here and from nowhere deeper:

    from ovf_imaging import Pipeline
    case = Pipeline.load().run("study/")

Names load on first use (PEP 562), so that importing the package costs no imaging library.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from ovf_imaging.batch import BatchOptions, Outcome, Row, run_batch
    from ovf_imaging.compare import Agreement, Side, compare_readers, compared, write_agreement
    from ovf_imaging.dicom import doctor, find_studies, forget_archives, load_image, read_study
    from ovf_imaging.errors import (
        ContextError,
        GeometryError,
        ImageError,
        InputError,
        KnowledgeError,
        NoVertebraeError,
        OutputError,
        OVFError,
        ReadingError,
        StudyError,
        WeightsError,
    )
    from ovf_imaging.knowledge.rule_check import check_rules
    from ovf_imaging.knowledge.rules import rule_book
    from ovf_imaging.pipeline import Config, Pipeline, shipped_folder
    from ovf_imaging.recommend import (
        Explanation,
        WhatIf,
        explain,
        parse_assumptions,
        parse_context,
        parse_response,
        rank_missing,
        what_if,
    )
    from ovf_imaging.report import (
        case_from_json,
        case_to_json,
        measurements_csv,
        overlay,
        pdf,
        read_case,
        rule_lines,
        rules_page,
        words,
        write_advice,
        write_case,
    )
    from ovf_imaging.types import (
        Affine,
        Assessment,
        Case,
        Caveat,
        Context,
        Fact,
        Finding,
        Image,
        Labels,
        Landmark,
        Level,
        Measurement,
        Panel,
        Pixels,
        Points,
        Position,
        Provenance,
        Reading,
        Reason,
        Recommendation,
        RuleKind,
        Scale,
        Sequence,
        Series,
        Shape,
        Sign,
        SignKind,
        Study,
        Vertebra,
        View,
    )

_ROOMS = {
    "batch": ("BatchOptions", "Outcome", "Row", "run_batch"),
    "compare": ("Agreement", "Side", "compare_readers", "compared", "write_agreement"),
    "dicom": ("doctor", "find_studies", "forget_archives", "load_image", "read_study"),
    "errors": (
        "ContextError",
        "GeometryError",
        "ImageError",
        "InputError",
        "KnowledgeError",
        "NoVertebraeError",
        "OVFError",
        "OutputError",
        "ReadingError",
        "StudyError",
        "WeightsError",
    ),
    "knowledge.rule_check": ("check_rules",),
    "knowledge.rules": ("rule_book",),
    "pipeline": ("Config", "Pipeline", "shipped_folder"),
    "recommend": (
        "Explanation",
        "WhatIf",
        "explain",
        "parse_assumptions",
        "parse_context",
        "parse_response",
        "rank_missing",
        "what_if",
    ),
    "report": (
        "case_from_json",
        "case_to_json",
        "measurements_csv",
        "overlay",
        "pdf",
        "read_case",
        "rule_lines",
        "rules_page",
        "words",
        "write_advice",
        "write_case",
    ),
    "types": (
        "Affine",
        "Assessment",
        "Case",
        "Caveat",
        "Context",
        "Fact",
        "Finding",
        "Image",
        "Labels",
        "Landmark",
        "Level",
        "Measurement",
        "Panel",
        "Pixels",
        "Points",
        "Position",
        "Provenance",
        "Reading",
        "Reason",
        "Recommendation",
        "RuleKind",
        "Scale",
        "Sequence",
        "Series",
        "Shape",
        "Sign",
        "SignKind",
        "Study",
        "Vertebra",
        "View",
    ),
}
_HOME = {name: room for room, names in _ROOMS.items() for name in names}

__all__ = [
    "Affine",
    "Agreement",
    "Assessment",
    "BatchOptions",
    "Case",
    "Caveat",
    "Config",
    "Context",
    "ContextError",
    "Explanation",
    "Fact",
    "Finding",
    "GeometryError",
    "Image",
    "ImageError",
    "InputError",
    "KnowledgeError",
    "Labels",
    "Landmark",
    "Level",
    "Measurement",
    "NoVertebraeError",
    "OVFError",
    "Outcome",
    "OutputError",
    "Panel",
    "Pipeline",
    "Pixels",
    "Points",
    "Position",
    "Provenance",
    "Reading",
    "ReadingError",
    "Reason",
    "Recommendation",
    "Row",
    "RuleKind",
    "Scale",
    "Sequence",
    "Series",
    "Shape",
    "Side",
    "Sign",
    "SignKind",
    "Study",
    "StudyError",
    "Vertebra",
    "View",
    "WeightsError",
    "WhatIf",
    "__version__",
    "case_from_json",
    "case_to_json",
    "check_rules",
    "compare_readers",
    "compared",
    "doctor",
    "explain",
    "find_studies",
    "forget_archives",
    "load_image",
    "measurements_csv",
    "overlay",
    "parse_assumptions",
    "parse_context",
    "parse_response",
    "pdf",
    "rank_missing",
    "read_case",
    "read_study",
    "rule_book",
    "rule_lines",
    "rules_page",
    "run_batch",
    "shipped_folder",
    "what_if",
    "words",
    "write_advice",
    "write_agreement",
    "write_case",
]


def __getattr__(name: str) -> object:
    """Return a public name from the room where it lives, importing that room on first use."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return the public names."""
    return sorted(__all__)
