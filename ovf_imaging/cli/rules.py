"""`ovf rules`: the records behind the recommendations, to read and to check."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import ovf_imaging as ovf
from ovf_imaging.cli import screen
from ovf_imaging.cli.choices import PageFormat
from ovf_imaging.errors import InputError

rules = typer.Typer(help="The records behind the recommendations, to read and to check.", no_args_is_help=True)


@rules.command("list")
def list_(
    arm: Annotated[str | None, typer.Option("--arm", help="One arm only, such as surgery.")] = None,
    format: Annotated[PageFormat, typer.Option("--format", help="A line a record, or all of every one.")] = (
        PageFormat.TEXT
    ),
) -> None:
    """List the records in clinical order."""
    if format is PageFormat.MARKDOWN:
        screen.say(ovf.rules_page().rstrip("\n"))
        return
    book = ovf.rule_book()
    arms = [known.id for known in book.arms]
    if arm is not None and arm not in arms:
        raise InputError(f'no arm "{arm}"; give one of {", ".join(arms)}')
    for rule in book.rules:
        if arm in (None, rule.arm):
            screen.say(f"{rule.id:9} {rule.arm:13} {ovf.words.label('kinds', rule.kind):16} {rule.text}")


@rules.command()
def show(rule_id: Annotated[str, typer.Argument(metavar="ID", help="The id of a record, such as VA-15.")]) -> None:
    """Show one record: its condition in words, what it says, where it comes from, what stands against it."""
    try:
        lines = ovf.rule_lines(rule_id)
    except KeyError as error:
        raise InputError(f"{error.args[0]}; give the id of a record") from error
    for line in lines:
        screen.say(line)


@rules.command()
def check(file: Annotated[Path, typer.Argument(metavar="FILE", help="A rule file (TOML).")]) -> None:
    """Check a rule file against the vocabulary, the facts and the other records, and tell every error."""
    errors = ovf.check_rules(file)
    for error in errors:
        screen.complain(str(error))
    if errors:
        raise typer.Exit(screen.UNUSABLE)
    screen.say(f"{file}: sound")
