"""Signs from the grey values: clefts and oedema seen, and the rows that are measured on them.

| quantity | unit | what |
|---|---|---|
| t1_, t2_, fluid_signal_ratio | 1 | a body against the nearest healthy ones of the same image |
| cleft_probability, cleft_fluid_, cleft_gas_probability | 1 | of any cleft, of one filled with fluid, with gas |
| cleft_area, cleft_share | mm2, 1 | in the slice that shows most of it; part of the body |
| cleft_height_place, cleft_depth_place | 1 | its middle: 0 superior, 1 inferior endplate; 0 front, 1 back |
| cleft_marrow_ratio, cleft_csf_ratio | 1 | its signal against healthy marrow and cerebrospinal fluid |
| oedema_extent, oedema_ratio | 1 | part of the body; signal there against healthy marrow, on a fluid-sensitive image |
"""

from ovf_imaging.measure.signals.see import see_signs
from ovf_imaging.measure.signals.sign_rows import sign_rows

__all__ = ["see_signs", "sign_rows"]
