"""The `ovf` command. Exit codes: 0 done, 2 the input can't be used, 3 done with caveats that the reader must see."""

from ovf_imaging.cli.main import main

__all__ = ["main"]
