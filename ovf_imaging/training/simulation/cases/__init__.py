"""Simulated cases: drawn from settings, written with their truth, or handed to a trainer."""

from ovf_imaging.training.simulation.cases.case import MODALITIES, DrawnCase, DrawnStudy, Exposed, draw_case
from ovf_imaging.training.simulation.cases.files import case_files, case_name
from ovf_imaging.training.simulation.cases.painted import SPLITS, PaintedCase, Sources, draw_painted_case
from ovf_imaging.training.simulation.cases.painted_files import painted_files
from ovf_imaging.training.simulation.cases.settings import ALONE, SimulationSettings, parse_settings, read_settings
from ovf_imaging.training.simulation.cases.stream import case_scenes, film_scenes, mri_scenes, painted_stream, stream
from ovf_imaging.training.simulation.cases.write import Order, simulate

__all__ = [
    "ALONE",
    "MODALITIES",
    "SPLITS",
    "DrawnCase",
    "DrawnStudy",
    "Exposed",
    "Order",
    "PaintedCase",
    "SimulationSettings",
    "Sources",
    "case_files",
    "case_name",
    "case_scenes",
    "draw_case",
    "draw_painted_case",
    "film_scenes",
    "mri_scenes",
    "painted_files",
    "painted_stream",
    "parse_settings",
    "read_settings",
    "simulate",
    "stream",
]
