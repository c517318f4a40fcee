"""Write the bundled samples again, byte for byte, from the given images and meshes.

    python data_samples/make.py ../shared/data

Needs the project's `dev` extra and half a minute on one core. README.md says what each sample shows.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from prescribed import SEEDS, write_simulated
from real import copied, painted_series, projected_film

REAL = {
    "copied": copied,
    "film_l1_collapse": projected_film,
    "mri_painted_wedge": painted_series,
}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Write the bundled samples again, byte for byte.")
    parser.add_argument("data", type=Path, help="folder of the given images and meshes")
    parser.add_argument("--only", nargs="+", choices=[*REAL, *SEEDS], default=[*REAL, *SEEDS])
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="where to write; by default here")
    given = parser.parse_args()
    for name, write in REAL.items():
        if name in given.only:
            write(given.data, given.out)
    write_simulated(given.data, given.out, [name for name in SEEDS if name in given.only])
