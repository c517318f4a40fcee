"""The pipeline over many studies: one folder and one row a study, whatever each of them does.

Dask hands studies to workers; each worker reads them in a process of its own, which can die, hang or eat memory
without harm to anything but its study's row.
"""

from ovf_imaging.batch.rows import Row, Status
from ovf_imaging.batch.run import BatchOptions, Outcome, run_batch

__all__ = ["BatchOptions", "Outcome", "Row", "Status", "run_batch"]
