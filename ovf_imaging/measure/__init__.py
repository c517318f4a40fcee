"""Reading → Measurements: heights, ratios, height losses and angles, each with its 95 % interval.

Pure functions of a Reading: no network, no disk, no clock. What can't be told is None with the reason as a Caveat.
"""

from ovf_imaging.measure.reading import measure

__all__ = ["measure"]
