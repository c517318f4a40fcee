"""`ovf train`: the networks trained anew, as the committed ones were."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ovf_imaging.cli import screen
from ovf_imaging.cli.choices import Device, DeviceOption, Modality
from ovf_imaging.cli.simulate import DATA


def train(
    modality: Annotated[Modality, typer.Argument(help="Which networks.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for checkpoints, curves and bundles.")],
    data: Annotated[
        Path, typer.Option("--data", metavar="DIR", envvar="OVF_DATA", help="Folder of the given images and meshes.")
    ] = DATA,
    device: DeviceOption = Device.AUTO,
    hours: Annotated[
        float | None, typer.Option("--hours", min=0.01, help="All networks together; by default 4, or as begun.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the training that lies in --out.")] = False,
) -> None:
    """Train the networks for films or for MRI; the installed ones are left alone."""
    from ovf_imaging.training import recipes  # slow to import: torch

    with screen.progress("reading the images") as step:
        order = recipes.Order(data=data, out=out, hours=hours, device=device.value, resume=resume, watch=step)
        models = recipes.train(recipes.RECIPES[modality.value], order)
    screen.say(f"Written: {models}")
    screen.say(f"Measure them: ovf evaluate {modality.value} --models {models} --out DIR")
    screen.say(f'Use them: Pipeline.load(Config(models_dir=Path("{models}"))), or copy the bundle over that in models/')
