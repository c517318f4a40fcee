"""A spine drawn at random: bones from meshes, fractures, clefts and traps, in any position, with its exact truth."""

from ovf_imaging.training.simulation.anatomy.draw import draw_patient
from ovf_imaging.training.simulation.anatomy.patient import DrawnPatient
from ovf_imaging.training.simulation.anatomy.prescribed import PrescribedFracture
from ovf_imaging.training.simulation.anatomy.settings import AnatomySettings
from ovf_imaging.training.simulation.anatomy.templates import Templates, load_templates

__all__ = ["AnatomySettings", "DrawnPatient", "PrescribedFracture", "Templates", "draw_patient", "load_templates"]
