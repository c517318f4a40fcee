"""The process that reads studies for a worker: loads the networks once, then answers study after study.

Run as `python -m ovf_imaging.batch.child`; speaks pickles, requests on stdin, answers on what was stdout. An error
that nobody foresaw ends the process with its traceback on stderr, and the supervisor makes a row of it: the process
is the boundary, so nothing here catches everything.
"""

from __future__ import annotations

import os
import pickle
import queue
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Protocol

import ovf_imaging as ovf
from ovf_imaging.batch.files import fresh_folder, put_in_place, row_file
from ovf_imaging.batch.rows import Row, Status, row_of, save_row
from ovf_imaging.errors import InputError, NoVertebraeError, OutputError, OVFError


class Runs(Protocol):
    """What a batch wants of a pipeline."""

    def run(self, inputs: list[Path]) -> ovf.Case:
        """Return the case of one study."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One study to read."""

    key: str
    study: str
    inputs: tuple[Path, ...]
    source: str  # the inputs, as the tables name them
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What all studies of a batch have in common."""

    out: Path
    config: ovf.Config
    load: Callable[[ovf.Config], Runs]
    write: Callable[[ovf.Case, Path], object]


def main() -> int:
    """Serve until stdin closes."""
    answers = _claim_stdout()
    requests: queue.SimpleQueue[Task] = queue.SimpleQueue()
    questions = os.fdopen(os.dup(0), "rb")  # not sys.stdin: its lock, held by a thread, aborts the interpreter's exit
    job: Job = pickle.load(questions)
    threading.Thread(target=_listen, args=(questions, requests), daemon=True).start()
    try:
        pipeline = job.load(job.config)
    except OVFError as error:
        _send(answers, error)
        return 0
    _send(answers, "ready")
    while True:
        try:
            _send(answers, read_one(pipeline, job, requests.get()))
        except OutputError as error:
            _send(answers, error)


def read_one(pipeline: Runs, job: Job, task: Task) -> Row:
    """Return the row of one study, its case and row file written; OutputError when they can't be."""
    start = time.monotonic()
    try:
        case = pipeline.run(list(task.inputs))
    except InputError as error:
        status = Status.NO_VERTEBRAE if isinstance(error, NoVertebraeError) else Status.REFUSED
        row = Row(study=task.study, status=status, reason=str(error), seconds=round(time.monotonic() - start, 2))
    except OVFError as error:
        row = Row(study=task.study, status=Status.FAILED, reason=str(error))
    else:
        folder = fresh_folder(job.out)
        job.write(case, folder)
        put_in_place(folder, job.out / task.key)
        row = row_of(case, study=task.study, folder=task.key, seconds=time.monotonic() - start)
    ovf.forget_archives()
    row = replace(row, input=task.source)
    save_row(row, row_file(job.out, task.key), task.fingerprint)
    return row


def _claim_stdout() -> BinaryIO:
    """Return the pipe for answers, and send whatever a library prints to stderr instead."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return answers


def _listen(questions: BinaryIO, requests: queue.SimpleQueue[Task]) -> None:
    """Pass requests on; leave at once when the worker that asks is gone, even in the middle of a study."""
    while True:
        try:
            requests.put(pickle.load(questions))
        except EOFError:
            os._exit(0)


def _send(answers: BinaryIO, answer: Row | OVFError | str) -> None:
    pickle.dump(answer, answers)
    answers.flush()


if __name__ == "__main__":
    sys.exit(main())
