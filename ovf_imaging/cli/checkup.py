"""What this installation can do, for `ovf doctor`."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import platform
from collections.abc import Iterator

import ovf_imaging as ovf
from ovf_imaging.errors import OVFError

_PACKAGES = ("torch", "pydicom", "SimpleITK", "streamlit", "dask")


def lines() -> Iterator[tuple[str, bool]]:
    """Yield what was looked at, line by line, and whether it is well."""
    yield f"ovf-imaging {ovf.__version__}, Python {platform.python_version()}, {platform.platform()}", True
    yield ", ".join(f"{name} {importlib.metadata.version(name)}" for name in _PACKAGES), True
    yield from _cards()
    try:
        pipeline = ovf.Pipeline.load()
    except OVFError as error:
        yield f"models: {error}", False
    else:
        yield f"device: {pipeline.device} is what --device auto takes", True
        for name, digest in sorted(pipeline.provenance.models.items()):
            yield f"model: {name}, sha256 {digest}", True
    for codec in ovf.doctor():
        can = "can be read" if codec.decodable else f"needs package {codec.package}"
        yield f"transfer syntax: {codec.name} ({codec.uid}) {can}", codec.decodable


def _cards() -> Iterator[tuple[str, bool]]:
    """Yield the graphics cards, where the extra `gpu` is installed to ask the driver."""
    if importlib.util.find_spec("pynvml") is None:
        return
    import pynvml

    try:
        pynvml.nvmlInit()
        driver = pynvml.nvmlSystemGetDriverVersion()
        for index in range(pynvml.nvmlDeviceGetCount()):
            card = pynvml.nvmlDeviceGetHandleByIndex(index)
            memory = pynvml.nvmlDeviceGetMemoryInfo(card)
            free = f"{memory.free / 2**30:.1f} of {memory.total / 2**30:.1f} GB free"
            yield f"card {index}: {pynvml.nvmlDeviceGetName(card)}, driver {driver}, {free}", True
    except pynvml.NVMLError as error:
        yield f"card: the driver does not answer ({error})", True
