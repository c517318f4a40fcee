"""Case → files: JSON, labels, table, picture and PDF; and back. Its `words` are the screen's too.

Computes no clinical value.
"""

from ovf_imaging.report import words
from ovf_imaging.report.case_json import case_to_json
from ovf_imaging.report.display import Display, fitted, grey
from ovf_imaging.report.exchange import write_advice
from ovf_imaging.report.overlay import overlay, shown_slice
from ovf_imaging.report.pdf import pdf
from ovf_imaging.report.rules_page import rule_lines, rules_page
from ovf_imaging.report.table import measurements_csv
from ovf_imaging.report.write import CASE_FILE, case_from_json, read_case, write_case

__all__ = [
    "CASE_FILE",
    "Display",
    "case_from_json",
    "case_to_json",
    "fitted",
    "grey",
    "measurements_csv",
    "overlay",
    "pdf",
    "read_case",
    "rule_lines",
    "rules_page",
    "shown_slice",
    "words",
    "write_advice",
    "write_case",
]
