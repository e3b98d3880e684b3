"""Network errors in words that a person understands."""

import os
import socket

import aiohttp


def words_of(exc: BaseException) -> str:
    """Say in a few words what failed: "connection refused", "answers 503", "no answer"."""
    match exc:
        case aiohttp.WSServerHandshakeError() | aiohttp.ClientResponseError():
            return f"answers {exc.status}"
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientConnectorSSLError():
            return "its TLS certificate is not accepted"
        case aiohttp.ClientConnectorDNSError():
            return f"the name {exc.host} cannot be resolved"
        case aiohttp.ClientConnectorError():
            return _os_words(exc.os_error)
        case TimeoutError():
            return "no answer"
        case aiohttp.ServerDisconnectedError() | aiohttp.ClientPayloadError():
            return "the connection was dropped"
        case socket.gaierror():
            return "its name cannot be resolved"
        case OSError():
            return _os_words(exc)
        case _:
            return f"{type(exc).__name__}: {str(exc)[:120]}"


def _os_words(exc: OSError) -> str:
    if exc.errno is None or exc.errno <= 0:
        return str(exc)[:120] or type(exc).__name__
    return os.strerror(exc.errno).lower()
