"""What the terminal shows: one-line errors, progress on a terminal only, and plain lines of results."""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

UNUSABLE, SEE_CAVEATS = 2, 3  # exit codes
Step = Callable[[str, int, int], None]  # what is being done, steps done, steps in all


def say(text: str) -> None:
    """Print a line of result."""
    sys.stdout.write(text + "\n")


def say_json(tree: Any) -> None:
    """Print plain values as JSON."""
    say(json.dumps(tree, indent=2, allow_nan=False, ensure_ascii=False))


def complain(text: str) -> None:
    """Print one line to stderr, whatever the text."""
    sys.stderr.write(f"ovf: {' '.join(text.split())}\n")


def speak_any_name() -> None:
    """Let file names that the terminal's encoding lacks through as escapes instead of failing on them."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def fault(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Say in one line that ovf itself is at fault, and exit 2; OVF_DEBUG=1 shows where it happened.

    Meant as `sys.excepthook`: a front end exits with 0, 2 or 3 and nothing else.
    """
    if issubclass(kind, KeyboardInterrupt):
        complain("stopped")
        raise SystemExit(UNUSABLE)
    if os.environ.get("OVF_DEBUG"):
        sys.stderr.write("".join(traceback.format_exception(kind, error, trace)))
    complain(f"a fault in ovf-imaging itself ({kind.__name__}: {error}); OVF_DEBUG=1 shows where, please report it")
    raise SystemExit(UNUSABLE)


@contextmanager
def progress(title: str) -> Iterator[Step]:
    """Yield a function that moves a bar on stderr; in a pipe it does nothing."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(title, total=None)

        def step(doing: str, done: int, total: int) -> None:
            bar.update(task, description=doing, completed=done, total=total)

        yield step
