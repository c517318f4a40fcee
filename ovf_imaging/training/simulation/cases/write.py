"""Many cases on disk, drawn side by side; each case's folder appears whole or not at all."""

from __future__ import annotations

import multiprocessing
import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ovf_imaging.errors import OutputError, SettingsError
from ovf_imaging.training.simulation.anatomy import Templates, load_templates
from ovf_imaging.training.simulation.cases.case import draw_case
from ovf_imaging.training.simulation.cases.files import case_files, case_name
from ovf_imaging.training.simulation.cases.settings import SimulationSettings

Watch = Callable[[int, int], None]  # cases done, cases in all


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to simulate."""

    modality: str
    count: int
    seed: int
    out: Path
    meshes: Path
    settings: SimulationSettings
    workers: int = 1


def simulate(order: Order, watch: Watch = lambda _done, _total: None) -> tuple[Path, ...]:
    """Write the cases of an order and return their folders.

    Case k of a seed is the same whatever else is drawn. A case that lies there already is replaced. Raises
    SettingsError when the meshes are missing, OutputError when `out` can't be written.
    """
    _templates(order.meshes)  # told before any process starts, and cached for all of them
    try:
        order.out.mkdir(parents=True, exist_ok=True)
        folders = []
        for folder in _each(order):
            folders.append(folder)
            watch(len(folders), order.count)
    except OSError as error:
        raise OutputError(f"can't write to {order.out} ({error.strerror or error}); choose another folder") from error
    return tuple(sorted(folders))


def _each(order: Order) -> Iterator[Path]:
    if order.workers == 1:
        yield from (_one(order, number) for number in range(order.count))
        return
    spawn = multiprocessing.get_context("spawn")  # torch's threads do not survive a fork
    with ProcessPoolExecutor(order.workers, mp_context=spawn) as pool:
        waiting: list[Future[Path]] = [pool.submit(_one, order, number) for number in range(order.count)]
        try:
            for done in as_completed(waiting):
                yield done.result()
        finally:
            pool.shutdown(cancel_futures=True)


def _one(order: Order, number: int) -> Path:
    case = draw_case(order.modality, order.settings, _templates(order.meshes), order.seed, number)
    folder = order.out / case_name(case)
    stage = Path(tempfile.mkdtemp(prefix=".ovf-", dir=order.out))
    try:
        for name, data in case_files(case).items():
            path = stage / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        if folder.exists():
            shutil.rmtree(folder)
        stage.chmod(0o755)
        stage.replace(folder)
    finally:
        shutil.rmtree(stage, ignore_errors=True)
    return folder


@lru_cache
def _templates(meshes: Path) -> Templates:
    try:
        return load_templates(meshes)
    except FileNotFoundError as error:
        raise SettingsError(f"{error}; name the folder of images with --data") from error
