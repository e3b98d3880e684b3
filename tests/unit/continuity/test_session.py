"""A session that is written is read as it was; anything odd is no session."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.invented_events import a_key, a_session
from uptime_bot.continuity.session import LARGEST_BYTES, differences, session_from, session_payload

WRITTEN: dict[str, Any] = json.loads(session_payload(a_session("s1")))


def test_what_is_written_is_read() -> None:
    assert session_from(session_payload(a_session("s1"))) == a_session("s1")


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"session_id": 3}, id="a number for a text"),
        pytest.param({"application_id": "3"}, id="a text for a number"),
        pytest.param({"generation": True}, id="a truth for a number"),
        pytest.param({"policy": []}, id="a list for an object"),
        pytest.param({"started_at": "2026-11-21T00:00:00"}, id="a time without its zone"),
        pytest.param({"more": 1}, id="a key that is not ours"),
        pytest.param({"key": {}}, id="an empty key"),
        pytest.param({"key": None}, id="no key"),
        pytest.param({"key": WRITTEN["key"] | {"intents": 1.0}}, id="a fraction in the key"),
        pytest.param({"key": WRITTEN["key"] | {"more": 1}}, id="more in the key"),
    ],
)
def test_anything_odd_is_no_session(changed: dict[str, Any]) -> None:
    assert session_from(json.dumps(WRITTEN | changed).encode()) is None


@given(st.binary(max_size=200))
def test_noise_is_no_session(noise: bytes) -> None:
    assert session_from(noise) is None


@pytest.mark.parametrize("payload", [b"[" * 10000, b" " * (LARGEST_BYTES + 1), b"null", b"[]", b'{"key": 1}'])
def test_hostile_json_is_no_session(payload: bytes) -> None:
    assert session_from(payload) is None


def test_what_differs_is_said_in_words() -> None:
    assert differences(a_key(), a_key()) == ()
    assert differences(a_key(intents=3), a_key(intents=4)) == ("intents were 3, now 4",)
