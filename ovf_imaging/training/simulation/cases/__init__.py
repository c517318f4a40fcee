"""Simulated cases: drawn from settings, written with their truth, or handed to a trainer."""

from ovf_imaging.training.simulation.cases.case import MODALITIES, DrawnCase, DrawnStudy, Exposed, draw_case
from ovf_imaging.training.simulation.cases.files import case_files, case_name
from ovf_imaging.training.simulation.cases.settings import SimulationSettings, parse_settings, read_settings
from ovf_imaging.training.simulation.cases.stream import case_scenes, mri_scenes, stream
from ovf_imaging.training.simulation.cases.write import Order, simulate

__all__ = [
    "MODALITIES",
    "DrawnCase",
    "DrawnStudy",
    "Exposed",
    "Order",
    "SimulationSettings",
    "case_files",
    "case_name",
    "case_scenes",
    "draw_case",
    "mri_scenes",
    "parse_settings",
    "read_settings",
    "simulate",
    "stream",
]
