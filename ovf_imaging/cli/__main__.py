"""`python -m ovf_imaging.cli`, for where the `ovf` script is not on the path."""

from ovf_imaging.cli.main import main

main()
