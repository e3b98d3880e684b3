"""Waiting before a new attempt: not after a session that lasted, and not for a client that is closed."""

import logging
from typing import cast

import pytest
import yarl
from discord.gateway import DiscordWebSocket

from fakes.clock_loop import run_with_clock
from fakes.gateway import FakeClient, FakeSocket, FakeWebSocket, as_client
from uptime_bot.discordpy.gateway_session import Session, session_of
from uptime_bot.discordpy.links import ClientLink
from uptime_bot.discordpy.opening import Opener
from uptime_bot.discordpy.surroundings import Surroundings

GATEWAY = yarl.URL("wss://resume.example/")


def wait_turn(around: Surroundings, client: FakeClient, *, rejections: int) -> float:
    """Seconds that an attempt after so many sessions that did not last waits, on the loop's clock."""

    async def wait() -> None:
        link = ClientLink(as_client(client))
        shard = link.shard(0)
        shard.rejections, shard.greeted = rejections, True
        await Opener(link, around).wait_turn(shard, "the connection was lost")

    return run_with_clock(wait)[1]


def test_after_a_session_that_lasted_there_is_no_wait(around: Surroundings) -> None:
    assert wait_turn(around, FakeClient(), rejections=0) == 0.0
    assert around.waits.current() == ()


def test_the_first_failure_waits_not_at_all_and_each_further_one_longer_up_to_30_s(around: Surroundings) -> None:
    assert wait_turn(around, FakeClient(), rejections=1) == 0.0
    waits_s = [wait_turn(around, FakeClient(), rejections=rejections) for rejections in (2, 4, 6, 100)]
    assert waits_s == sorted(waits_s)
    assert 0.5 <= waits_s[0] <= 1.0
    assert 15.0 <= waits_s[-1] <= 30.0
    assert around.waits.current()[0].reason == "the connection was lost"


def test_a_client_that_the_user_closed_is_not_waited_for(
    around: Surroundings, caplog: pytest.LogCaptureFixture
) -> None:
    """Each end of a script would warn of an outage, and one that goes on with another client keep it on its status."""
    caplog.set_level(logging.INFO)
    assert wait_turn(around, FakeClient(closed=True), rejections=2) == 0.0
    assert around.waits.current() == ()
    assert caplog.messages == []


@pytest.mark.parametrize(
    ("session_id", "sequence", "close_code", "resumes"),
    [
        pytest.param("s", 7, None, True, id="a cut"),
        pytest.param("s", 7, 4000, True, id="our own close"),
        pytest.param("s", 7, 1001, True, id="Discord restarts a node"),
        pytest.param("s", 7, 4007, False, id="invalid seq"),
        pytest.param("s", 7, 4009, False, id="session timed out"),
        pytest.param(None, 7, None, False, id="never identified"),
        pytest.param("s", None, None, False, id="op 9"),
    ],
)
def test_which_end_leaves_a_session(
    session_id: str | None, sequence: int | None, close_code: int | None, resumes: bool
) -> None:
    websocket = FakeWebSocket(
        session_id=session_id, sequence=sequence, socket=FakeSocket(close_code=close_code), gateway=GATEWAY
    )
    expected = Session(session_id="s", sequence=7, gateway=GATEWAY) if resumes else None
    link = ClientLink(as_client(FakeClient())).shard(0)
    link.established = True
    assert session_of(cast("DiscordWebSocket", websocket), link) == expected
    link.established = False  # READY came and could not be parsed
    assert session_of(cast("DiscordWebSocket", websocket), link) is None
