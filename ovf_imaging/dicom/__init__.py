"""Files → Study → Image: series sorted by geometry, views and weightings recognised, pixels made ready to read.

`read_study` reads headers, `load_image` reads one series' pixels, `find_studies` lists the studies of a folder and
`doctor` the transfer syntaxes that can be decoded here.
"""

from ovf_imaging.dicom.archive import forget_archives
from ovf_imaging.dicom.codecs import Codec, doctor
from ovf_imaging.dicom.find import StudyFiles, find_studies
from ovf_imaging.dicom.image import load_image
from ovf_imaging.dicom.study import read_study

__all__ = ["Codec", "StudyFiles", "doctor", "find_studies", "forget_archives", "load_image", "read_study"]
