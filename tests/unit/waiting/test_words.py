"""Network errors in words, one row for each that has taken a bot down."""

import errno
import os
import socket
from ssl import SSLCertVerificationError

import aiohttp
import pytest
import yarl
from aiohttp.client_reqrep import ConnectionKey
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict, CIMultiDictProxy

from uptime_bot.waiting.words import words_of

DISCORD = ConnectionKey(
    host="discord.com", port=443, is_ssl=True, ssl=True, proxy=None, proxy_auth=None, proxy_headers_hash=None
)
REQUEST = aiohttp.RequestInfo(yarl.URL("https://discord.com/"), "GET", CIMultiDictProxy(CIMultiDict()))


def os_error(number: int) -> OSError:
    return OSError(number, os.strerror(number))


@pytest.mark.parametrize(
    ("exc", "words"),
    [
        pytest.param(
            aiohttp.ClientConnectorError(DISCORD, os_error(errno.ECONNREFUSED)), "connection refused", id="refused"
        ),
        pytest.param(
            aiohttp.ClientConnectorError(DISCORD, os_error(errno.ENETUNREACH)), "network is unreachable", id="no route"
        ),
        pytest.param(
            aiohttp.ClientConnectorError(DISCORD, OSError("Multiple exceptions: [Errno 111], [Errno 101]")),
            "Multiple exceptions: [Errno 111], [Errno 101]",
            id="IPv4 and IPv6 fail differently",
        ),
        pytest.param(
            aiohttp.ClientConnectorDNSError(DISCORD, socket.gaierror(-2, "Name or service not known")),
            "the name discord.com cannot be resolved",
            id="no DNS at boot",
        ),
        pytest.param(socket.gaierror(-3, "Temporary failure"), "its name cannot be resolved", id="resolver away"),
        pytest.param(
            aiohttp.ClientConnectorCertificateError(DISCORD, SSLCertVerificationError("self-signed certificate")),
            "its TLS certificate is not accepted",
            id="a hotel's portal in between",
        ),
        pytest.param(
            aiohttp.WSServerHandshakeError(REQUEST, (), status=503), "answers 503", id="the gateway answers 503"
        ),
        pytest.param(aiohttp.ClientResponseError(REQUEST, (), status=521), "answers 521", id="Cloudflare answers 521"),
        pytest.param(TimeoutError(), "no answer", id="a black hole"),
        pytest.param(aiohttp.ServerTimeoutError(), "no answer", id="aiohttp's own time-out"),
        pytest.param(aiohttp.ServerDisconnectedError(), "the connection was dropped", id="dropped"),
        pytest.param(ConnectionResetError(errno.ECONNRESET, "x"), "connection reset by peer", id="reset"),
        pytest.param(OSError(), "OSError", id="nothing known"),
        pytest.param(ValueError("not a url"), "ValueError: not a url", id="anything else"),
    ],
)
def test_words(exc: BaseException, words: str) -> None:
    assert words_of(exc) == words


@given(text=st.text(max_size=2000), kind=st.sampled_from([OSError, ValueError, aiohttp.ClientError, RuntimeError]))
def test_words_are_few_whatever_the_error_says(text: str, kind: type[Exception]) -> None:
    assert 0 < len(words_of(kind(text))) <= 160


@given(number=st.integers(-1000, 1000))
def test_every_number_of_an_os_error_has_words(number: int) -> None:
    assert words_of(OSError(number, "something"))
