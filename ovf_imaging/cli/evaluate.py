"""`ovf evaluate`: the networks measured on images held back from their training."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import ovf_imaging as ovf
from ovf_imaging.cli import screen
from ovf_imaging.cli.choices import Device, DeviceOption, Modality
from ovf_imaging.cli.simulate import DATA


def evaluate(
    modality: Annotated[Modality, typer.Argument(help="Which networks.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for the results.")],
    data: Annotated[
        Path, typer.Option("--data", metavar="DIR", envvar="OVF_DATA", help="Folder of the given images.")
    ] = DATA,
    models: Annotated[
        Path | None, typer.Option("--models", metavar="DIR", help="Folder of bundles; by default the installed ones.")
    ] = None,
    device: DeviceOption = Device.AUTO,
    full_spine: Annotated[
        bool,
        typer.Option("--full-spine", help="The full-spine films instead: once a release, nothing is chosen on them."),
    ] = False,
) -> None:
    """Measure the networks on held-back images, source by source: page, tables, COCO keypoints, NIfTI labels."""
    if full_spine and modality is not Modality.RADIOGRAPH:
        raise typer.BadParameter("these are films; give it with radiograph", param_hint="--full-spine")
    config = ovf.Config(device=device.value) if models is None else ovf.Config(models_dir=models, device=device.value)
    from ovf_imaging.training import evaluate_files  # slow to import: torch

    with screen.progress("loading the networks") as step:
        images = "full-spine" if full_spine else modality.value
        files = evaluate_files.evaluate(config, images, data, out, step)
    for file in files:
        screen.say(f"Written: {file}")
