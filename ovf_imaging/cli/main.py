"""The commands of `ovf`. Results go to stdout, progress and complaints to stderr."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

import ovf_imaging as ovf
from ovf_imaging.cli import checkup, screen, summary, viewing
from ovf_imaging.cli.choices import Device, DeviceOption, Format, PositionChoice, SequenceChoice, ViewChoice
from ovf_imaging.cli.compare import compare
from ovf_imaging.cli.evaluate import evaluate
from ovf_imaging.cli.files import ContextFile, read_facts
from ovf_imaging.cli.recommend import recommend
from ovf_imaging.cli.rules import rules
from ovf_imaging.cli.screen import SEE_CAVEATS
from ovf_imaging.cli.simulate import simulate
from ovf_imaging.cli.train import train
from ovf_imaging.errors import OutputError, OVFError, StudyError

_PLANES = "lateral film or sagittal MR"

app = typer.Typer(
    name="ovf",
    help="Osteoporotic vertebral fractures on lateral radiographs and sagittal MRI. Research use only.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command()(simulate)
app.command()(compare)
app.command()(recommend)
app.command()(train)
app.command()(evaluate)
app.add_typer(rules, name="rules")

Inputs = Annotated[
    list[Path], typer.Argument(metavar="INPUT", help="File, folder or zip of one study; several if need be.")
]
Out = Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for the results.")]
ViewOption = Annotated[ViewChoice, typer.Option("--view", help=f"Overrides what was recognised ({_PLANES}).")]
SequenceOption = Annotated[SequenceChoice | None, typer.Option("--sequence", help="Overrides the MR contrast.")]
PositionOption = Annotated[PositionChoice | None, typer.Option("--position", help="Overrides the position.")]
LowestOption = Annotated[
    str | None,
    typer.Option(
        "--lowest", metavar="LEVEL", help="Level of the lowest vertebra shown, the sacrum aside; the others follow."
    ),
]
PriorOption = Annotated[
    Path | None,
    typer.Option("--prior", metavar="PRIOR", help="Earlier study to compare with: a case's folder, or images."),
]
FormatOption = Annotated[Format, typer.Option("--format", help="What is printed on stdout.")]


@app.command()
def assess(
    inputs: Inputs,
    out: Out,
    context: ContextFile = None,
    device: DeviceOption = Device.AUTO,
    view: ViewOption = ViewChoice.AUTO,
    sequence: SequenceOption = None,
    position: PositionOption = None,
    lowest: LowestOption = None,
    prior: PriorOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """Find, number and measure the vertebrae of one study, and write its report."""
    facts = ovf.Context() if context is None else read_facts(context)
    _writable(out)
    config = _config(device, view, sequence, position, lowest)
    with screen.progress("looking at the files") as step:
        study = ovf.Pipeline(config=config).read_study(inputs)
        step("loading the networks", 0, len(study.series) + 1)
        case = ovf.Pipeline.load(config).run(study, facts, watch=step, prior=prior)
        step("writing the report", len(study.series), len(study.series) + 1)
        files = ovf.write_case(case, out)
    if format is Format.JSON:
        screen.say_json(summary.as_tree(case, files))
    else:
        for line in (*summary.as_lines(case), *(f"Written: {f}" for f in files)):
            screen.say(line)
    _leave(SEE_CAVEATS if summary.must_see(case) else 0)


@app.command()
def batch(
    root: Annotated[Path, typer.Argument(metavar="INPUT_ROOT", help="Folder with many studies below it.")],
    out: Out,
    workers: Annotated[int | None, typer.Option("--workers", min=1, help="Studies read at the same time.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Skip what an earlier run has done.")] = False,
    scheduler: Annotated[
        str | None, typer.Option("--scheduler", metavar="ADDRESS", help="A running Dask scheduler.")
    ] = None,
    device: DeviceOption = Device.AUTO,
    view: ViewOption = ViewChoice.AUTO,
    sequence: SequenceOption = None,
    position: PositionOption = None,
    time_limit: Annotated[float, typer.Option("--time-limit", min=1, help="Seconds for one study.")] = 600,
    tries: Annotated[int, typer.Option("--tries", min=1, help="Tries before a study counts as failed.")] = 2,
    format: FormatOption = Format.TEXT,
) -> None:
    """Assess every study below a folder: one row a study in cases.csv and cases.parquet, the bad ones in errors.csv."""
    options = ovf.BatchOptions(
        config=_config(device, view, sequence, position),
        workers=workers,
        scheduler=scheduler,
        resume=resume,
        study_seconds=time_limit,
        tries=tries,
    )
    with screen.progress("looking for studies") as step:
        outcome = ovf.run_batch(root, out, options, lambda done, total, _row: step("studies", done, total))
    _report_batch(outcome, out, format)
    if outcome.empty:
        raise StudyError(f"none of the {len(outcome.rows)} studies could be read; {out / 'errors.csv'} says why")
    _leave(0 if outcome.clean else SEE_CAVEATS)


@app.command()
def view(
    cases_dir: Annotated[Path, typer.Argument(metavar="CASES_DIR", help="Folder of cases.")] = Path(),
    port: Annotated[int | None, typer.Option("--port", help="Port of the page; by default the first free one.")] = None,
    browser: Annotated[bool, typer.Option(help="Open the page in the browser.")] = True,
) -> None:
    """Open the viewer on a folder of cases, in the browser of this machine."""
    if not cases_dir.is_dir():
        raise StudyError(f"a folder of cases wanted, {cases_dir} is none; give the --out of an earlier run")
    viewing.show(ovf.shipped_folder() / "app" / "main.py", cases_dir, port, browser=browser)


@app.command()
def doctor() -> None:
    """Say what this installation can do: Python, device, models, transfer syntaxes."""
    well = True
    for line, fine in checkup.lines():
        screen.say(line)
        well = well and fine
    _leave(0 if well else SEE_CAVEATS)


@app.command()
def version() -> None:
    """Print the version."""
    screen.say(ovf.__version__)


def main() -> None:
    """Run the command that the shell gave, and exit with its code."""
    screen.speak_any_name()
    sys.excepthook = screen.fault
    raise SystemExit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Return the exit code of a command: 0, 2 or 3. What the world did wrong becomes one line on stderr."""
    try:
        typer.main.get_command(app)(list(arguments), prog_name="ovf")
    except SystemExit as end:
        return end.code if end.code in (0, screen.UNUSABLE, SEE_CAVEATS) else screen.UNUSABLE
    except OVFError as error:
        screen.complain(str(error))
    except OSError as error:
        screen.complain(f"the system refused: {error}")
    return screen.UNUSABLE


def _leave(code: int) -> None:
    raise typer.Exit(code)


def _config(
    device: Device,
    view: ViewChoice,
    sequence: SequenceChoice | None,
    position: PositionChoice | None,
    lowest: str | None = None,
) -> ovf.Config:
    return ovf.Config(
        device=device.value,
        view=None if view is ViewChoice.AUTO else ovf.View(view.value),
        sequence=None if sequence is None else ovf.Sequence(sequence.value),
        position=None if position is None else ovf.Position(position.value),
        lowest=None if lowest is None else _level(lowest),
    )


def _level(name: str) -> ovf.Level:
    try:
        return ovf.Level[name.upper()]
    except KeyError:
        raise typer.BadParameter(f"the name of a level such as L4 wanted, got {name}", param_hint="--lowest") from None


def _writable(out: Path) -> None:
    """Refuse an output folder that can't be written before minutes are spent on reading."""
    there = next(p for p in (out.absolute(), *out.absolute().parents) if p.exists())
    if not there.is_dir():
        raise OutputError(f"a folder wanted for --out, {there} is a file; choose another")
    if not os.access(there, os.W_OK | os.X_OK):
        raise OutputError(f"{there} may not be written to; choose another --out")


def _report_batch(outcome: ovf.Outcome, out: Path, format: Format) -> None:
    counts = {str(status): count for status, count in sorted(outcome.counts.items())}
    files = [str(out / name) for name in ("cases.csv", "cases.parquet", "errors.csv")]
    if format is Format.JSON:
        rows: list[dict[str, Any]] = [asdict(row) for row in outcome.rows]
        text = {"studies": len(rows), "skipped": outcome.skipped, "counts": counts, "files": files, "rows": rows}
        screen.say_json(text)
        return
    parts = ", ".join(f"{count} {status.replace('_', ' ')}" for status, count in counts.items())
    screen.say(f"{len(outcome.rows)} studies: {parts} ({outcome.skipped} from an earlier run)")
    for file in files:
        screen.say(f"Written: {file}")
