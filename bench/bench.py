"""Time and memory of the commands, each in a process of its own from a cold start: `make bench`.

Prints the rows of the README's table "Speed and memory"; those of real images want ../shared/data. `--flat N` shows
instead that one process reads N large films in flat memory.
"""

from __future__ import annotations

import argparse
import math
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import nibabel as nib
import numpy as np
import psutil
import pydicom

TOP = Path(__file__).parents[1]
MRI = TOP / "data_samples" / "mri_t2_thoracolumbar"
SHARED = TOP.parent / "shared" / "data"
SLICES = 15
TRIES = 2
HELP_RUNS = 7
DETECTOR_ROWS = 4300
HELP = "`ovf --help`"
LIMITS = {"MRI": (15.0, 2.5), "film": (6.0, None), HELP: (0.5, None)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a command took."""

    seconds: float
    peak_gb: float  # of the process and its children together


def cost(arguments: Sequence[str]) -> Cost:
    """Run `ovf` and watch it; a code other than 0 and 3 ends the bench."""
    start = time.perf_counter()
    peak = 0
    with subprocess.Popen([sys.executable, "-m", "ovf_imaging.cli", *arguments], stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            peak = max(peak, rss(process.pid))
            time.sleep(0.02)
        seconds = time.perf_counter() - start
    if process.returncode not in (0, 3):
        raise SystemExit(f"ovf {' '.join(arguments)} ended with {process.returncode}")
    return Cost(seconds=seconds, peak_gb=peak / 2**30)


def rss(pid: int) -> int:
    """Return the memory of a process and its children, bytes; 0 when it is gone."""
    try:
        parent = psutil.Process(pid)
        return sum(p.memory_info().rss for p in (parent, *parent.children(recursive=True)))
    except psutil.NoSuchProcess:
        return 0


def middle_slices(volume: Path, count: int, out: Path) -> Path:
    """Write the middle sagittal slices of a volume, along the axis with the fewest voxels."""
    image = nib.nifti1.Nifti1Image.from_filename(volume)
    axis = min(range(3), key=lambda n: image.shape[n])
    first = (image.shape[axis] - count) // 2
    window: list[slice] = [slice(None)] * 3
    window[axis] = slice(first, first + count)
    nib.loadsave.save(image.slicer[tuple(window)], out)
    return out


def film() -> Path:
    """Return the sample film."""
    found = sorted(p for p in (TOP / "data_samples").iterdir() if p.is_dir() and "film" in p.name)
    if not found:
        raise SystemExit("a sample film wanted in data_samples/, none there")
    return found[0]


def studies(work: Path) -> dict[str, list[str]]:
    """Return what is assessed for each row of the table: samples, then real images where they are at hand."""
    volume = next(p for p in sorted(MRI.rglob("*.nii*")))
    sagittal = ["--view", "sagittal", "--sequence", "t2"]
    rows = {
        "film, projected, 732 × 582 (DICOM)": [str(film())],
        "MRI of 13 slices, 201 × 257 (DICOM)": [str(TOP / "data_samples" / "mri_painted_wedge")],
        "MRI of 15 slices, 201 × 257 (NIfTI)": [
            str(middle_slices(volume, SLICES, work / "series.nii.gz")),
            *sagittal,
        ],
    }
    real = {
        "film, lumbar, 2000 × 1112 (JPEG)": [
            str(SHARED / "radiographs_lateral_lumbar" / "fraiwan_03.jpg"),
            *("--view", "lateral"),
        ],
        "MRI of 15 slices, 361 × 361 (NIfTI)": [
            str(SHARED / "mri_vertebral_bodies" / "spineweb_02_image.nii.gz"),
            *sagittal,
        ],
    }
    return rows | {name: arguments for name, arguments in real.items() if Path(arguments[0]).exists()}


def measured(work: Path) -> dict[str, Cost]:
    """Return the cost of each command, the best of two cold starts (the first one warms the disk)."""
    costs = {}
    for row, (name, arguments) in enumerate(studies(work).items()):
        options = ["--device", "cpu", "--out"]
        tries = [cost(["assess", *arguments, *options, str(work / f"{row}-{n}")]) for n in range(TRIES)]
        costs[name] = min(tries, key=lambda c: c.seconds)
    helps = sorted((cost(["--help"]) for _ in range(HELP_RUNS)), key=lambda c: c.seconds)
    return costs | {HELP: helps[HELP_RUNS // 2]}


def big_film(out: Path) -> Path:
    """Write the sample film at the size of a 4300 × 3500 detector, its pixels repeated, and return the file."""
    (path,) = sorted(film().glob("*.dcm"))
    data = pydicom.dcmread(path)
    times = math.ceil(DETECTOR_ROWS / data.Rows)
    pixels = np.repeat(np.repeat(data.pixel_array, times, axis=0), times, axis=1)
    data.Rows, data.Columns = pixels.shape
    data.PixelSpacing = [float(step) / times for step in data.PixelSpacing]
    data.PixelData = pixels.tobytes()
    data.save_as(out)
    return out


def flat(copies: int, work: Path) -> None:
    """Print the memory of one process after each of many readings of a large film, then of the sample volume."""
    code = (
        "import sys, psutil; from ovf_imaging import Config, Pipeline; p = Pipeline.load(Config(device='cpu'))\n"
        "for n, path in enumerate(sys.argv[1:], start=1):\n"
        "    p.run(path)\n"
        "    print(n, round(psutil.Process().memory_info().rss / 2**20), 'MB', flush=True)"
    )
    paths = [str(big_film(work / "big.dcm"))] * copies + [str(MRI)]
    subprocess.run([sys.executable, "-c", code, *paths], check=True)


def processor() -> str:
    """Return the processor's name where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine())


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--flat", type=int, default=0, metavar="N", help="instead: a large film N times over")
    wanted = parser.parse_args()
    cores = len(os.sched_getaffinity(0))
    load = os.getloadavg()[0]
    memory = psutil.virtual_memory().total / 2**30
    with tempfile.TemporaryDirectory() as work:
        if wanted.flat:
            flat(wanted.flat, Path(work))
            return
        costs = measured(Path(work))
    lines = ["| command | time | peak memory | wanted |", "|---|---|---|---|"]
    for name, took in costs.items():
        seconds, gigabytes = next(limit for start, limit in LIMITS.items() if name.startswith(start))
        limit = f"≤ {seconds:g} s" + ("" if gigabytes is None else f", ≤ {gigabytes:g} GB")
        lines.append(f"| {name} | {took.seconds:.2f} s | {took.peak_gb:.2f} GB | {limit} |")
    lines.append(
        f"\n{processor()}, {cores} cores, {memory:.0f} GB, CPython {platform.python_version()}, no GPU used; "
        f"load before {load:.1f}."
    )
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
