"""Two readers' cases → how well they agree: Bland–Altman, ICC and kappa as page, figure and tables.

Reads and writes files of cases; computes no clinical value.
"""

from ovf_imaging.compare.compare import compare_readers
from ovf_imaging.compare.lines import compared
from ovf_imaging.compare.records import Agreement, Side
from ovf_imaging.compare.write import write_agreement

__all__ = ["Agreement", "Side", "compare_readers", "compared", "write_agreement"]
