"""`ovf compare`: how well two readers agree, or a reader and a model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import ovf_imaging as ovf
from ovf_imaging.cli import screen
from ovf_imaging.cli.choices import ReferenceChoice

_CASES = "a case.json, a folder of ovf assess, or a folder with many of them below."


def compare(
    a: Annotated[Path, typer.Argument(metavar="A", help=f"One reader's cases: {_CASES}")],
    b: Annotated[Path, typer.Argument(metavar="B", help="The other reader's, likewise.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for the results.")],
    reference: Annotated[
        ReferenceChoice | None, typer.Option("--reference", help="The reader who is taken for the truth.")
    ] = None,
) -> None:
    """Say how well two readers, or a reader and a model, agree on the same images: page, figure and tables."""
    side = None if reference is None else ovf.Side(reference.value.upper())
    agreement = ovf.compare_readers(a, b, side)
    files = ovf.write_agreement(agreement, out)
    for line in (*ovf.compared(agreement), *(f"Written: {file}" for file in files)):
        screen.say(line)
    if any(lone.what != "body" for lone in agreement.pairs.unpaired):
        raise typer.Exit(screen.SEE_CAVEATS)
