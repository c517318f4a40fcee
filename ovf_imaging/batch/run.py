"""Studies handed out over Dask, their rows gathered and the tables written."""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from dask.system import CPU_COUNT
from distributed import Client, LocalCluster, Worker, WorkerPlugin, as_completed, get_worker
from distributed.system import MEMORY_LIMIT

import ovf_imaging as ovf
from ovf_imaging.batch.child import Job, Runs, Task
from ovf_imaging.batch.files import (
    fingerprint,
    forget,
    key_of,
    row_file,
    rows_folder,
    scratch_folder,
    short_hash,
    sweep,
)
from ovf_imaging.batch.rows import FINAL, READ, Row, Status, saved_row
from ovf_imaging.batch.supervise import Limits, Supervisor
from ovf_imaging.batch.tables import CASES_CSV, write_tables
from ovf_imaging.errors import InputError, OutputError, OVFError, StudyError

_TABLES_EVERY_S = 30
_WORKER_BYTES = 3 * 2**30  # what a worker is given at least when their number is ours to choose
_SHARE = 0.9  # of the machine's memory that all workers together may use


class Found(Protocol):
    """A study found under the root, as `find_studies` returns it."""

    @property
    def uid(self) -> str:
        """Its UID."""

    @property
    def name(self) -> str:
        """Its name below the root."""

    @property
    def inputs(self) -> Sequence[Path]:
        """Its files or folders."""

    @property
    def where(self) -> str:
        """Its place below the root."""

    @property
    def problem(self) -> str:
        """Why it can't be used, "" where its files look sound."""


class Finds(Protocol):
    """What lists the studies below a root."""

    def __call__(self, root: Path, *, skip: Iterable[Path]) -> Sequence[Found]:
        """Return every study, those that can't be read too; folders in `skip` are left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchOptions:
    """How a batch is run."""

    config: ovf.Config = field(default_factory=lambda: ovf.Config())
    workers: int | None = None  # None = what the machine's cores and memory carry
    scheduler: str | None = None  # address of a Dask scheduler; None = workers on this machine
    scheduler_seconds: float = 30  # to wait for it and its workers
    resume: bool = False
    study_seconds: float = 600
    study_memory_bytes: int | None = None  # None = a worker's share of the machine
    tries: int = 2
    load: Callable[[ovf.Config], Runs] = field(default_factory=lambda: ovf.Pipeline.load)
    write: Callable[[ovf.Case, Path], object] = field(default_factory=lambda: ovf.write_case)
    find: Finds = field(default_factory=lambda: ovf.find_studies)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a batch: one row for each study found, in the order they were found."""

    rows: tuple[Row, ...]
    skipped: int  # done by an earlier run

    @property
    def counts(self) -> Mapping[Status, int]:
        """How many studies ended which way."""
        return Counter(row.status for row in self.rows)

    @property
    def clean(self) -> bool:
        """Whether there is nothing that the reader must look at."""
        return all(row.status is Status.DONE for row in self.rows)

    @property
    def empty(self) -> bool:
        """Whether not one study gave a case."""
        return not any(row.status in READ for row in self.rows)


Watch = Callable[[int, int, Row | None], None]  # studies done, studies in all, the one just done


def run_batch(root: Path, out: Path, options: BatchOptions, watch: Watch | None = None) -> Outcome:
    """Read every study under `root` and write the tables and one case folder a study into `out`.

    A study that can't be read, dies, hangs or eats memory is a row. Raises StudyError when there is no study at all,
    OutputError when `out` can't be used, and WeightsError or InputError when no study could ever be read.
    """
    tell = watch or (lambda _done, _total, _row: None)
    studies = _studies(root, out, options)
    _prepare(out)
    rows: dict[str, Row] = {}
    todo: list[Task] = []
    every = _tasks(studies, options.config)
    for study, task in zip(studies, every, strict=True):
        done = _done(out, task) if options.resume else None
        if study.problem:
            refused = Row(study=task.study, status=Status.REFUSED, reason=study.problem, input=task.source, tries=0)
            rows[task.key] = refused
        elif done is not None:
            rows[task.key] = done
        else:
            todo.append(task)
    order, skipped = [task.key for task in every], sum(not s.problem for s in studies) - len(todo)
    tell(len(rows), len(order), None)
    try:
        _read_all(todo, out, options, rows, lambda row: tell(len(rows), len(order), row))
    finally:
        sweep(out)
        if rows:
            write_tables([rows[key] for key in order if key in rows], out)
        else:
            forget(out)
    return Outcome(rows=tuple(rows[key] for key in order), skipped=skipped)


def _studies(root: Path, out: Path, options: BatchOptions) -> Sequence[Found]:
    """Return what lies below the root, results in it left out."""
    if out.resolve() == root.resolve():
        raise OutputError(f"{out} holds the studies; choose another --out, so that results don't mix with them")
    if (out / CASES_CSV).exists() and not options.resume:
        raise OutputError(f"{out} holds the results of a batch; add --resume to go on with it, or choose another --out")
    studies = options.find(root, skip=[out] if out.resolve().is_relative_to(root.resolve()) else [])
    if not studies:
        raise StudyError(f"studies wanted below {root}, none found; give the folder that holds them")
    return studies


def _prepare(out: Path) -> None:
    """Make the output folder; OutputError when that is not allowed."""
    try:
        sweep(out)
        scratch_folder(out).mkdir(parents=True, exist_ok=True)
        rows_folder(out).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{out} can't be written: {error.strerror or error}; choose another --out") from error


def _tasks(studies: Sequence[Found], config: ovf.Config) -> Sequence[Task]:
    """Return a task for each study, no two with the same key."""
    settings = f"{ovf.__version__} {config.view} {config.sequence} {config.position}"
    shared = Counter(key_of(s.name).casefold() for s in studies)
    tasks = []
    for study in studies:
        key = key_of(study.name)
        if shared[key.casefold()] > 1:
            key = f"{key}-{short_hash(study.uid, study.where)}"
        tasks.append(
            Task(
                key=key,
                study=study.name,
                inputs=tuple(study.inputs),
                source=study.where,
                fingerprint=fingerprint(study.inputs, settings),
            )
        )
    return tasks


def _done(out: Path, task: Task) -> Row | None:
    """Return the row of a study that an earlier run finished and whose case is still there."""
    row = saved_row(row_file(out, task.key), task.fingerprint)
    if row is None or row.status not in FINAL:
        return None
    return row if row.case is None or (out / row.case / "case.json").is_file() else None


def _read_all(
    tasks: Sequence[Task], out: Path, options: BatchOptions, rows: dict[str, Row], told: Callable[[Row], None]
) -> None:
    """Fill `rows` with each task's row as it comes, writing the tables now and then."""
    if not tasks:
        return
    job = Job(out=out.resolve(), config=options.config, load=options.load, write=options.write)
    written = time.monotonic()
    with _workers(options, len(tasks)) as (client, count), _reading(client, job, options, count) as plugin:
        keys = {client.submit(_study, plugin, task, pure=False, priority=-n): task for n, task in enumerate(tasks)}
        for future in as_completed(list(keys)):
            task = keys.pop(future)
            error = future.exception() if future.status == "error" else None
            if isinstance(error, OVFError):
                client.cancel(list(keys))
                raise error
            if error is None:
                row = future.result()
            else:
                row = Row(study=task.study, status=Status.FAILED, reason=f"worker lost: {error}", input=task.source)
            rows[task.key] = row
            future.release()
            told(row)
            if time.monotonic() - written > _TABLES_EVERY_S:
                write_tables(list(rows.values()), out)
                written = time.monotonic()


@contextmanager
def _workers(options: BatchOptions, studies: int) -> Iterator[tuple[Client, int]]:
    """Yield a client, and how many workers share this machine (1 where the machines are another's)."""
    if options.scheduler is not None:
        with _connected(options.scheduler, options.scheduler_seconds) as client:
            yield client, 1
        return
    count = options.workers or max(1, min(CPU_COUNT, int(MEMORY_LIMIT * _SHARE / _WORKER_BYTES), studies))
    # Threads of this process are enough: each worker only watches a process that does the reading.
    cluster = LocalCluster(
        n_workers=count,
        threads_per_worker=1,
        processes=False,
        memory_limit=None,
        dashboard_address=None,
        silence_logs=logging.CRITICAL,
    )
    with cluster, Client(cluster) as client:
        yield client, count


def _connected(address: str, seconds: float) -> Client:
    """Return a client of a running scheduler that has workers."""
    wanted = f"a Dask scheduler with workers wanted at {address}"
    try:
        client = Client(address, timeout=seconds)
    except (OSError, ValueError) as error:
        raise InputError(f"{wanted}, none answers ({error}); start `dask scheduler` or drop --scheduler") from error
    try:
        client.wait_for_workers(1, timeout=seconds)
    except TimeoutError as error:
        client.close()
        raise InputError(f"{wanted}, it has none; start `dask worker {address}`") from error
    return client


@contextmanager
def _reading(client: Client, job: Job, options: BatchOptions, sharing: int) -> Iterator[str]:
    """Give each worker its supervisors for the time of the batch, and yield their plugin's name."""
    plugin = StudyReaders(job=job, options=options, sharing=sharing)
    client.register_plugin(plugin)
    try:
        yield plugin.name
    finally:
        client.unregister_worker_plugin(plugin.name)


class StudyReaders(WorkerPlugin):
    """A worker's supervisors: one for each of its threads that reads at the same time, reused from study to study."""

    def __init__(self, *, job: Job, options: BatchOptions, sharing: int) -> None:
        """Remember what every supervisor is made from."""
        self.name = f"ovf-{uuid.uuid4().hex}"
        self._job = job
        self._options = options
        self._sharing = sharing

    def setup(self, worker: Worker) -> None:
        """Start with none; each is made when the first study asks for it."""
        self._lock = threading.Lock()
        self._idle: list[Supervisor] = []
        self._all: list[Supervisor] = []
        sharing = max(self._sharing, worker.state.nthreads)
        self._limits = Limits(
            seconds=self._options.study_seconds,
            memory_bytes=self._options.study_memory_bytes or int(MEMORY_LIMIT * _SHARE / sharing),
            tries=self._options.tries,
            threads=max(1, CPU_COUNT // sharing),
        )

    def teardown(self, worker: Worker) -> None:
        """End every process."""
        with self._lock:
            for supervisor in self._all:
                supervisor.close()

    def read(self, task: Task) -> Row:
        """Return the study's row."""
        with self._lock:
            if self._idle:
                supervisor = self._idle.pop()
            else:
                supervisor = Supervisor(job=self._job, limits=self._limits)
                self._all.append(supervisor)
        try:
            return supervisor.read(task)
        finally:
            with self._lock:
                self._idle.append(supervisor)


def _study(plugin: str, task: Task) -> Row:
    readers = get_worker().plugins[plugin]
    if not isinstance(readers, StudyReaders):
        raise ValueError(f"the plugin {plugin!r} wanted to be a StudyReaders, got {type(readers).__name__}")
    return readers.read(task)
