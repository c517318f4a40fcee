"""`ovf simulate`: the one door from the command line to the simulator."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from ovf_imaging.cli import screen
from ovf_imaging.cli.choices import Modality, Split

DATA = Path("../shared/data")  # beside the checkout


def simulate(
    modality: Annotated[Modality, typer.Option("--modality", help="What the patients are imaged with.")],
    count: Annotated[int, typer.Option("--n", min=1, help="Number of cases.")],
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed gives the same bytes.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for the cases.")],
    config: Annotated[Path | None, typer.Option("--config", metavar="FILE", help="Settings, as TOML.")] = None,
    workers: Annotated[int, typer.Option("--workers", min=1, help="Cases drawn at the same time.")] = 1,
    data: Annotated[
        Path, typer.Option("--data", metavar="DIR", envvar="OVF_DATA", help="Folder of the given meshes and images.")
    ] = DATA,
    painted: Annotated[bool, typer.Option("--painted", help="Paint findings into the real images of --data.")] = False,
    split: Annotated[
        Split, typer.Option("--split", help="With --painted: images for training, or of patients held back from it.")
    ] = Split.TRAIN,
) -> None:
    """Simulate patients with fractures and clefts: studies, labels, and the whole truth of each."""
    os.environ.setdefault("OMP_NUM_THREADS", "1" if workers > 1 else str(os.cpu_count() or 1))
    from ovf_imaging.training.simulation import cases  # slow to import: torch

    settings = cases.SimulationSettings() if config is None else cases.read_settings(config)
    order = cases.Order(
        modality=modality.value,
        count=count,
        seed=seed,
        out=out,
        data=data,
        settings=settings,
        workers=workers,
        painted=painted,
        split=split.value,
    )
    with screen.progress("drawing patients") as step:
        folders = cases.simulate(order, lambda done, total: step("cases", done, total))
    for folder in folders:
        screen.say(f"Written: {folder}")
