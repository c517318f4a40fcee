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
from ovf_imaging.training.simulation.cases.painted import Sources, draw_painted_case
from ovf_imaging.training.simulation.cases.painted_files import painted_files, painted_name
from ovf_imaging.training.simulation.cases.settings import SimulationSettings
from ovf_imaging.training.simulation.ct_scan import CtScan, read_scans

Watch = Callable[[int, int], None]  # cases done, cases in all


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to simulate."""

    modality: str
    count: int
    seed: int
    out: Path
    data: Path  # folder of the given images and meshes
    settings: SimulationSettings
    workers: int = 1
    painted: bool = False  # findings painted into real images instead of simulated patients
    split: str = "train"  # of the real images: one of SPLITS


def simulate(order: Order, watch: Watch = lambda _done, _total: None) -> tuple[Path, ...]:
    """Write the cases of an order and return their folders.

    Case k of a seed is the same whatever else is drawn. A case that lies there already is replaced. Raises
    SettingsError when meshes or images are missing, OutputError when `out` can't be written.
    """
    if order.painted:  # what is missing is told before any process starts; what is there is cached for all of them
        _sources(order.data, order.modality, order.split)
    else:
        _templates(order.data)
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
    name, files = _painted(order, number) if order.painted else _simulated(order, number)
    folder = order.out / name
    stage = Path(tempfile.mkdtemp(prefix=".ovf-", dir=order.out))
    try:
        for file, data in files.items():
            path = stage / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        if folder.exists():
            shutil.rmtree(folder)
        stage.chmod(0o755)
        stage.replace(folder)
    finally:
        shutil.rmtree(stage, ignore_errors=True)
    return folder


def _simulated(order: Order, number: int) -> tuple[str, dict[str, bytes]]:
    wanted = order.modality == "radiograph" and order.settings.study.ct > 0
    scans = _scans(order.data) if wanted else ()
    case = draw_case(order.modality, order.settings, _templates(order.data), order.seed, number, scans=scans)
    return case_name(case), case_files(case)


def _painted(order: Order, number: int) -> tuple[str, dict[str, bytes]]:
    sources = _sources(order.data, order.modality, order.split)
    case = draw_painted_case(sources, order.settings.painted, order.seed, number)
    return painted_name(case), painted_files(case)


@lru_cache
def _sources(data: Path, modality: str, split: str) -> Sources:
    return Sources.of(data, modality, split)


@lru_cache
def _scans(data: Path) -> tuple[CtScan, ...]:
    return read_scans(data / "ct_verse")


@lru_cache
def _templates(data: Path) -> Templates:
    try:
        return load_templates(data / "meshes")
    except FileNotFoundError as error:
        raise SettingsError(f"{error}; name the folder of images with --data") from error
