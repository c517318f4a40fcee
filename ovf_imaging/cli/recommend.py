"""`ovf recommend`: what the review says of a case, why, what would change it, and what is missing."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

import ovf_imaging as ovf
from ovf_imaging.cli import inquiry, note, screen, summary
from ovf_imaging.cli.choices import Format
from ovf_imaging.cli.files import ContextFile, read_conclusions, read_facts

CaseFile = Annotated[Path, typer.Argument(metavar="CASE", help="A case.json that `ovf assess` wrote, or its folder.")]
Explain = Annotated[str | None, typer.Option("--explain", metavar="RULE", help="Why a record applies or doesn't.")]
Assumed = Annotated[
    list[str] | None,
    typer.Option("--what-if", metavar="FACT=VALUE", help="What another fact would change; several if need be."),
]
Write = Annotated[
    Path | None,
    typer.Option("--write", metavar="FOLDER", help="Write the advice for other systems too: FHIR and CDS Hooks."),
]
Missing = Annotated[bool, typer.Option("--missing", help="What to ask next: what would decide most records first.")]


def recommend(
    case_file: CaseFile,
    context: ContextFile = None,
    explain: Explain = None,
    assumed: Assumed = None,
    missing: Missing = False,
    write: Write = None,
    format: Annotated[Format, typer.Option("--format", help="What is printed on stdout.")] = Format.TEXT,
) -> None:
    """Say what the review says of a case under clinical facts; findings and measurements are the case's own."""
    if sum((explain is not None, bool(assumed), missing, write is not None)) > 1:
        raise typer.BadParameter("one of --explain, --what-if, --missing and --write at a time")
    old = read_conclusions(case_file)
    case = ovf.Pipeline.of(old).advise(old, old.context if context is None else read_facts(context))
    known = (case.assessment, case.current_measurements(), case.context)
    if explain is not None:
        explanation = ovf.explain(explain, *known)
        _tell(format, inquiry.explained(explanation), inquiry.explained_tree(explanation))
    elif assumed:
        outcome = ovf.what_if(*known, ovf.parse_assumptions(assumed))
        _tell(format, inquiry.compared(outcome), inquiry.compared_tree(outcome))
    elif missing:
        decides = ovf.rank_missing(*known)
        _tell(format, inquiry.asked(decides), inquiry.asked_tree(decides))
    else:
        files = () if write is None else ovf.write_advice(case, write)
        lines = (*note.lines(case), *(f"Written: {file}" for file in files))
        _tell(format, lines, summary.as_tree(case, files))
    raise typer.Exit(screen.SEE_CAVEATS if summary.must_see(case) else 0)


def _tell(format: Format, lines: Iterable[str], tree: Any) -> None:
    if format is Format.JSON:
        screen.say_json(tree)
        return
    for line in lines:
        screen.say(line)
