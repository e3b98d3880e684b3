"""Transport compression of the gateway: none, zlib-stream or zstd-stream, one context for the life of a socket."""

import zlib
from collections.abc import Callable
from typing import Protocol


class Encoder(Protocol):
    """Turns a frame's text into what goes over the socket: text as it is, or the next piece of a stream."""

    def encode(self, frame: str) -> str | bytes: ...


class PlainEncoder:
    def encode(self, frame: str) -> str:
        return frame


class ZlibEncoder:
    def __init__(self) -> None:
        # Level 1: a drill should not spend a small machine's CPU on the far end's compression.
        self._context = zlib.compressobj(1)

    def encode(self, frame: str) -> bytes:
        return self._context.compress(frame.encode()) + self._context.flush(zlib.Z_SYNC_FLUSH)


class ZstdEncoder:
    def __init__(self) -> None:
        # Late and optional: only whoever asks for zstd-stream needs the package.
        import zstandard

        self._context = zstandard.ZstdCompressor(level=1).compressobj()
        self._flush = zstandard.COMPRESSOBJ_FLUSH_BLOCK

    def encode(self, frame: str) -> bytes:
        return self._context.compress(frame.encode()) + self._context.flush(self._flush)


ENCODERS: dict[str | None, Callable[[], Encoder]] = {
    None: PlainEncoder,
    "zlib-stream": ZlibEncoder,
    "zstd-stream": ZstdEncoder,
}


class TransportRefused(Exception):  # noqa: N818 - it is an answer, not a fault of ours
    """The client asked for an encoding or compression that cannot be served here."""


def encoder_for(encoding: str, compress: str | None) -> Encoder:
    """The encoder for a gateway URL's query; raises TransportRefused."""
    if encoding != "json":
        raise TransportRefused(f"encoding {encoding} is not served")
    if compress not in ENCODERS:
        raise TransportRefused(f"compress {compress} is not served")
    try:
        return ENCODERS[compress]()
    except ImportError:
        raise TransportRefused(f"compress {compress} needs the package zstandard") from None
