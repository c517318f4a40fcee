"""Image → Reading: the networks, their weights, and how their outputs become numbered vertebrae with landmarks."""

from ovf_imaging.vision.reader import Reader, choose_device

__all__ = ["Reader", "choose_device"]
