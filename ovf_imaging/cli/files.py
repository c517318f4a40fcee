"""The small files that commands take: a case, and the clinical facts of a patient."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import ovf_imaging as ovf
from ovf_imaging.errors import ContextError, StudyError

ContextFile = Annotated[
    Path | None,
    typer.Option("--context", metavar="FILE", help="Clinical facts: TOML, or a FHIR QuestionnaireResponse (.json)."),
]


def read_facts(path: Path) -> ovf.Context:
    """Return the context that a file states; ContextError when it can't be read or isn't sound."""
    parse = ovf.parse_response if path.suffix.lower() == ".json" else ovf.parse_context
    try:
        return parse(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ContextError(
            f"a TOML or JSON file of clinical facts wanted, {path} can't be read ({_why(error)})"
        ) from error


def read_conclusions(path: Path) -> ovf.Case:
    """Return the case of a case.json, or of the folder that holds one, without its pixels."""
    file = path / "case.json" if path.is_dir() else path
    try:
        return ovf.case_from_json(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise StudyError(f"a case.json wanted, {file} can't be read ({_why(error)}); give one") from error


def _why(error: OSError | UnicodeDecodeError) -> str:
    return (error.strerror or str(error)) if isinstance(error, OSError) else "not UTF-8 text"
