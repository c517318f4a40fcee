"""A worker's watch over the process that reads for it: time limit, memory limit, death, tries."""

from __future__ import annotations

import os
import pickle
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field, replace
from typing import IO

import psutil

from ovf_imaging.batch.child import Job, Task
from ovf_imaging.batch.files import row_file, scratch_folder
from ovf_imaging.batch.rows import Row, Status, save_row
from ovf_imaging.errors import OVFError

_GLANCE_S = 0.1  # between two looks at memory
_LOAD_S = 600  # for loading the networks, from a cold disk too
_TAIL_BYTES = 64 * 1024  # of stderr, enough for its last line
_THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one study may use."""

    seconds: float
    memory_bytes: int
    tries: int
    threads: int  # of the process's own thread pools


@dataclass(frozen=True, slots=True, kw_only=True)
class Death:
    """How a process ended that gave no answer."""

    status: Status
    reason: str
    again: bool  # whether another try may end otherwise


_STOPPED = Death(status=Status.FAILED, reason="the batch was stopped", again=False)


class ChildLostError(OVFError):
    """The process that reads studies could not be started."""


@dataclass(slots=True, kw_only=True, eq=False)
class Supervisor:
    """One worker's child process. Mutable: it owns a process and starts another when one is lost."""

    job: Job
    limits: Limits
    closed: bool = field(default=False, init=False)
    _turn: threading.Lock = field(default_factory=threading.Lock, init=False)
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _log: IO[bytes] | None = field(default=None, init=False)
    _answers: queue.SimpleQueue[Row | OVFError | str | None] = field(default_factory=queue.SimpleQueue, init=False)

    def read(self, task: Task) -> Row:
        """Return the study's row after at most `limits.tries` tries.

        Raises OVFError only for what stops every study: no weights, no disk.
        """
        with self._turn:
            return self._read(task)

    def close(self) -> None:
        """End the process for good; a study under way ends within the blink of `_wait`."""
        self.closed = True
        with self._turn:
            self._kill()

    def _read(self, task: Task) -> Row:
        death = _STOPPED
        start, attempt = time.monotonic(), 0
        while attempt < self.limits.tries and not self.closed:
            attempt += 1
            answer = self._ask(task)
            if isinstance(answer, Row):
                return replace(answer, tries=attempt)
            death = answer
            if not death.again:
                break
        seconds = round(time.monotonic() - start, 2)
        row = Row(study=task.study, status=death.status, reason=death.reason, tries=max(attempt, 1), seconds=seconds)
        row = replace(row, input=task.source)
        if not self.closed:
            save_row(row, row_file(self.job.out, task.key), task.fingerprint)
        return row

    def _ask(self, task: Task) -> Row | Death:
        process = self._running()
        try:
            pickle.dump(task, _pipe(process.stdin))
            _pipe(process.stdin).flush()
        except OSError:
            return self._death(process)
        answer = self._wait(process, self.limits.seconds)
        if isinstance(answer, OVFError):
            raise answer
        if isinstance(answer, str):
            raise ChildLostError(f"a row wanted from the reading process, got {answer!r}")
        return answer

    def _running(self) -> subprocess.Popen[bytes]:
        """Return a process that has its networks loaded."""
        if self._process is not None and self._process.poll() is None:
            return self._process
        process = self._start()
        answer = self._wait(process, _LOAD_S)
        if isinstance(answer, Death):
            raise ChildLostError(f"the networks could not be loaded: {answer.reason}")
        if isinstance(answer, OVFError):
            raise answer
        return process

    def _start(self) -> subprocess.Popen[bytes]:
        self._kill()
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed in _kill
        self._answers = queue.SimpleQueue()
        threads = {name: str(self.limits.threads) for name in _THREAD_VARIABLES}
        path = os.pathsep.join(p for p in sys.path if p)
        scratch = str(scratch_folder(self.job.out))
        environment = {**os.environ, **threads, "PYTHONPATH": path, "TMPDIR": scratch}
        process = subprocess.Popen(
            [sys.executable, "-m", "ovf_imaging.batch.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env=environment,
            start_new_session=True,  # Ctrl-C ends it through us, not beside us
        )
        self._process = process
        threading.Thread(target=_listen, args=(_pipe(process.stdout), self._answers), daemon=True).start()
        pickle.dump(self.job, _pipe(process.stdin))
        _pipe(process.stdin).flush()
        return process

    def _wait(self, process: subprocess.Popen[bytes], seconds: float) -> Row | OVFError | str | Death:
        """Return the process's next answer, or how it ended: by itself, or by our hand when past a limit."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                answer = self._answers.get(timeout=_GLANCE_S)
            except queue.Empty:
                pass
            else:
                return self._death(process) if answer is None else answer
            if self.closed:
                return _STOPPED
            if time.monotonic() > deadline:
                self._kill()
                return Death(status=Status.TIMEOUT, reason=f"no answer within {seconds:g} s; ended", again=True)
            used = _memory_bytes(process.pid)
            if used > self.limits.memory_bytes:
                self._kill()
                wanted = f"{used / 2**20:.0f} MB of memory, {self.limits.memory_bytes / 2**20:.0f} MB allowed"
                return Death(status=Status.FAILED, reason=f"out of memory: {wanted}; ended", again=True)

    def _death(self, process: subprocess.Popen[bytes]) -> Death:
        """Return why a process ended by itself: an exception (which would come again) or something worse."""
        code = process.wait()
        last = self._last_words()
        self._kill()
        if code == 1 and "MemoryError" in last:
            return Death(status=Status.FAILED, reason=f"out of memory: {last}", again=True)
        if code == 1 and last:
            return Death(status=Status.FAILED, reason=f"a fault in ovf-imaging: {last}", again=False)
        how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        return Death(status=Status.FAILED, reason=f"the reading process died ({how})", again=True)

    def _last_words(self) -> str:
        """Return the last line that the process wrote to stderr."""
        if self._log is None:
            return ""
        self._log.seek(max(0, self._log.seek(0, os.SEEK_END) - _TAIL_BYTES))
        lines = self._log.read().decode("utf-8", "replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "")

    def _kill(self) -> None:
        """End the process with all that it started, and let go of its pipes."""
        if self._process is not None:
            for each in _family(self._process.pid):
                each.kill()
            self._process.wait()
            for pipe in (self._process.stdin, self._process.stdout):
                _close(pipe)
        if self._log is not None:
            self._log.close()
        self._process = self._log = None


def _listen(pipe: IO[bytes], answers: queue.SimpleQueue[Row | OVFError | str | None]) -> None:
    """Pass a process's answers on; None when it ended."""
    while True:
        try:
            answers.put(pickle.load(pipe))
        except (EOFError, OSError, ValueError, pickle.UnpicklingError):
            answers.put(None)
            return


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise ValueError("a process started with pipes wanted")
    return pipe


def _close(pipe: IO[bytes] | None) -> None:
    try:
        _pipe(pipe).close()
    except BrokenPipeError:
        return  # what was left to send has no reader any more


def _family(pid: int) -> list[psutil.Process]:
    try:
        parent = psutil.Process(pid)
        return [*parent.children(recursive=True), parent]
    except psutil.NoSuchProcess:
        return []


def _memory_bytes(pid: int) -> int:
    total = 0
    for each in _family(pid):
        try:
            total += each.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total
