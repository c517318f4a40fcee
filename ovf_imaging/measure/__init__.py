"""Readings → Measurements, each with its 95 % interval; what can't be told is None with the reason as a Caveat.

Pure functions of Readings: no network, no disk, no clock. Kyphosis is positive in every angle. The rows of clefts,
oedema and marrow signal are listed in signals/.

| quantity | unit | what | file |
|---|---|---|---|
| anterior_height, middle_height, posterior_height, depth | mm | a body's own | reading |
| anterior_posterior_ratio, middle_posterior_ratio | 1 | its own heights against each other | reading |
| height_loss_anterior, _middle, _posterior | 1 | against unfractured neighbours | reference |
| posterior_reference_ratio | 1 | 1 − height_loss_posterior | reference |
| wedge_angle | deg | its own endplates | angles |
| local_cobb | deg | superior endplate one above to inferior endplate one below | angles |
| gardner_angle | deg | superior endplate one above to its own inferior endplate | angles |
| farcy_index | deg | inferior endplate one above to its own inferior endplate, less the normal contour | angles |
| those of knowledge/kyphosis.toml | deg | regional | angles |
| superior_endplate_tilt, inferior_endplate_tilt | deg | from square to the posterior wall, front sunken | endplates |
| superior_endplate_dent, inferior_endplate_dent | 1 | middle inside the rims' line, by posterior height | endplates |
| retropulsion | mm | posterior wall behind the line of unfractured neighbours | wall |
| posterior_wall_involvement | 1 | part of the posterior wall lost or displaced | wall |
| canal_narrowing | 1 | mid-sagittal depth of the canal against neighbours | canal |
| change_anterior_height, _middle_, _posterior_ | 1 | between two images, part of the other's | changes |
| change_wedge_angle, change_local_cobb | deg | between two images | changes |
"""

from ovf_imaging.measure.changes import measure_changes
from ovf_imaging.measure.reading import measure
from ovf_imaging.measure.signals import see_signs

__all__ = ["measure", "measure_changes", "see_signs"]
