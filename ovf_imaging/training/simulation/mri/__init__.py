"""MR volumes of a patient: T1 and T2 spin echo and STIR, at 1.5 or 3 T.

`draw_protocol` draws an examination and `acquire` takes it.
"""

from ovf_imaging.training.simulation.mri.acquire import Scan, SequenceImage, acquire
from ovf_imaging.training.simulation.mri.constitution import Constitution, draw_constitution
from ovf_imaging.training.simulation.mri.protocol import Protocol, draw_protocol
from ovf_imaging.training.simulation.mri.settings import MriSettings

__all__ = [
    "Constitution",
    "MriSettings",
    "Protocol",
    "Scan",
    "SequenceImage",
    "acquire",
    "draw_constitution",
    "draw_protocol",
]
