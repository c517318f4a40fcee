"""The error tree. Everything the outside world can do wrong is an `OVFError`.

    OVFError
    ├── InputError          what was given can't be used (exit code 2)
    │   ├── StudyError      a file, folder or zip holds no usable study
    │   ├── ImageError      a series can't become an image: geometry, pixels, transfer syntax
    │   ├── ContextError    context.toml: unknown key, wrong type or range
    │   ├── SettingsError   simulation settings: unknown key, wrong type or range
    │   └── ReadingError    the image holds no vertebrae we can read, or the wrong view
    │       └── NoVertebraeError    the right view, but nothing was found in it
    ├── KnowledgeError      a knowledge file is broken: names file, entry, key and what was wanted
    ├── WeightsError        a model bundle is absent, truncated or not what its metadata says
    ├── GeometryError       points that span no line, plane or angle
    └── OutputError         results can't be written: no permission, no space

A caller's own slip (a wrong argument) stays a `ValueError`.
"""


class OVFError(Exception):
    """Base of all errors that a message to the user explains."""


class InputError(OVFError):
    """What was given can't be used."""


class StudyError(InputError):
    """A file, folder or archive holds no usable study."""


class ImageError(InputError):
    """A series can't become an image."""


class ContextError(InputError):
    """The clinical context has an unknown key, a wrong type or an impossible value."""


class SettingsError(InputError):
    """Simulation settings have an unknown key, a wrong type or an impossible value."""


class ReadingError(InputError):
    """The image holds no vertebrae that can be read, or shows another view."""


class NoVertebraeError(ReadingError):
    """The image was readable but no vertebra was found in it; batch lists the study with empty numbers."""


class KnowledgeError(OVFError):
    """A knowledge file is broken."""


class WeightsError(OVFError):
    """A model bundle is absent, truncated or not what its metadata says."""


class GeometryError(OVFError):
    """Points that span no line, plane or angle."""


class OutputError(OVFError):
    """Results can't be written."""
