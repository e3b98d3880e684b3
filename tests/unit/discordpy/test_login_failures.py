"""What a failed login means: only a 401 speaks about the token, everything else passes."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uptime_bot.discordpy.login_failures import (
    LONGEST_RETRY_AFTER_S,
    Passing,
    Rejected,
    classify_network,
    classify_status,
)

PATH = "/users/@me"
NO_HEADERS: dict[str, str] = {}


@pytest.mark.parametrize(
    ("status", "headers", "retry_after", "expected"),
    [
        pytest.param(401, NO_HEADERS, None, Rejected(where="GET /users/@me answered 401"), id="a revoked token"),
        pytest.param(500, NO_HEADERS, None, Passing(reason="Discord answers 500"), id="500"),
        pytest.param(503, NO_HEADERS, None, Passing(reason="Discord answers 503"), id="503 that discord.py raises"),
        pytest.param(521, NO_HEADERS, None, Passing(reason="Discord answers 521"), id="Cloudflare has no origin"),
        pytest.param(
            429,
            {"Retry-After": "600"},
            None,
            Passing(reason="Cloudflare, before Discord, limits our rate (429)", retry_after_s=600.0, unreachable=False),
            id="banned by Cloudflare",
        ),
        pytest.param(
            429,
            {"Via": "1.1 google", "Retry-After": "65"},
            1.337,
            Passing(reason="Discord limits our rate (429)", retry_after_s=1.337, unreachable=False),
            id="a rate limit; the body is more exact than the header",
        ),
        pytest.param(
            429,
            {"Via": "1.1 google", "Retry-After": "soon"},
            None,
            Passing(reason="Discord limits our rate (429)", unreachable=False),
            id="a Retry-After that is no number",
        ),
        pytest.param(
            403,
            NO_HEADERS,
            None,
            Passing(reason="Discord answers 403 to GET /users/@me", unreachable=False),
            id="blocked by a firewall",
        ),
        pytest.param(
            404,
            NO_HEADERS,
            None,
            Passing(reason="Discord answers 404 to GET /users/@me; is [discord] api_url right?", unreachable=False),
            id="a wrong api_url",
        ),
        pytest.param(
            302,
            NO_HEADERS,
            None,
            Passing(reason="Discord answers 302 to GET /users/@me; is [discord] api_url right?", unreachable=False),
            id="a portal that redirects",
        ),
    ],
)
def test_what_a_status_means(
    status: int, headers: dict[str, str], retry_after: object, expected: Passing | Rejected
) -> None:
    assert classify_status(status, headers, PATH, retry_after) == expected


@given(
    status=st.integers(100, 999),
    headers=st.dictionaries(st.sampled_from(["Via", "Retry-After", "Server"]), st.text(max_size=20)),
    retry_after=st.none() | st.floats() | st.integers() | st.text(max_size=20) | st.just([]),
)
def test_only_401_rejects_a_token_and_every_wait_is_bounded(
    status: int, headers: dict[str, str], retry_after: object
) -> None:
    found = classify_status(status, headers, PATH, retry_after)
    assert isinstance(found, Rejected) == (status == 401)
    if isinstance(found, Passing):
        assert found.reason
        assert 0.0 <= found.retry_after_s <= LONGEST_RETRY_AFTER_S


@pytest.mark.parametrize(
    ("raw", "seconds"),
    [
        ("0", 0.0),
        ("-5", 0.0),
        ("1e9", LONGEST_RETRY_AFTER_S),
        ("inf", LONGEST_RETRY_AFTER_S),
        ("nan", 0.0),
        (math.inf, LONGEST_RETRY_AFTER_S),
        ("Wed, 21 Oct 2026 07:28:00 GMT", 0.0),
        (10**400, LONGEST_RETRY_AFTER_S),
    ],
)
def test_retry_after_is_taken_within_reason(raw: object, seconds: float) -> None:
    found = classify_status(429, NO_HEADERS, PATH, raw)
    assert isinstance(found, Passing)
    assert found.retry_after_s == seconds


@pytest.mark.parametrize(
    ("exc", "reason"),
    [
        pytest.param(TimeoutError(), "Discord cannot be reached: no answer", id="a black hole"),
        pytest.param(ConnectionRefusedError(111, "x"), "Discord cannot be reached: connection refused", id="refused"),
    ],
)
def test_a_network_error_passes_and_a_probe_can_tell_when(exc: OSError, reason: str) -> None:
    assert classify_network(exc) == Passing(reason=reason)
