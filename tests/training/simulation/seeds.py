"""How many patients the properties are tested on: a few by default, as many as OVF_SEEDS says where it is set."""

import os

SEEDS = range(int(os.environ.get("OVF_SEEDS", "12")))
