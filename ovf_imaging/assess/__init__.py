"""Measurements → Assessment: Genant grade, shape and fracture per level, fused over a study's images.

Pure functions: thresholds come from knowledge/, doubt comes back as None or a Caveat.
"""

from ovf_imaging.assess.study import assess

__all__ = ["assess"]
