"""Which transfer syntaxes can be decoded here, and which package a missing one needs."""

from __future__ import annotations

from dataclasses import dataclass

from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import (
    HTJ2K,
    JPEG2000,
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

_NATIVE = (ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian)
_LIBJPEG = (
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
)
_OPENJPEG = (JPEG2000Lossless, JPEG2000, HTJ2KLossless, HTJ2KLosslessRPCL, HTJ2K)
# One decoder for each syntax, so that pixels never depend on what else happens to be installed.
_PLUGINS = {
    **dict.fromkeys(_LIBJPEG, ("pylibjpeg", "pylibjpeg-libjpeg")),
    **dict.fromkeys(_OPENJPEG, ("pylibjpeg", "pylibjpeg-openjpeg")),
    RLELossless: ("pydicom", ""),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Codec:
    """A transfer syntax, and whether its pixels can be decoded here."""

    uid: str
    name: str
    decodable: bool
    package: str  # what it needs besides pydicom, "" = nothing


def doctor() -> tuple[Codec, ...]:
    """Return every transfer syntax that can be decoded when all packages are there, and whether it can be now."""
    native = [Codec(uid=str(u), name=u.name, decodable=True, package="") for u in _NATIVE]
    return (*native, *(_codec(u) for u in _PLUGINS))


def _codec(uid: UID) -> Codec:
    plugin, package = _PLUGINS[uid]
    return Codec(uid=str(uid), name=uid.name, decodable=plugin in get_decoder(uid).available_plugins, package=package)


def plugin_for(uid: UID) -> tuple[str, str]:
    """Return (decoding plugin, reason why it can't decode); plugin "" for uncompressed pixels, reason "" if it can."""
    if uid in _NATIVE:
        return "", ""
    if uid not in _PLUGINS:
        return "", f"transfer syntax {uid.name} ({uid}) can't be read; export the study as Explicit VR Little Endian"
    codec = _codec(uid)
    if codec.decodable:
        return _PLUGINS[uid][0], ""
    return "", f"transfer syntax {codec.name} ({uid}) needs package {codec.package}; install it and run again"
