"""The login guard: waits out what passes, gives a rejected token up for the next, leaves nothing behind."""

from collections.abc import Callable
from typing import Any

import pytest
from discord.http import Route

from fakes.clock_loop import run_with_clock
from fakes.gateway import as_client
from fakes.login import FIRST, OWN, FakeHttp, FakeLoginClient, answered
from uptime_bot.discordpy.links import ClientLink, Links
from uptime_bot.discordpy.login import LoginGuard, choose_token
from uptime_bot.discordpy.surroundings import Surroundings
from uptime_bot.service.exits import GiveUp

ME = {"id": "1", "username": "bot"}
WHOAMI = Route("GET", "/users/@me")


def ask(
    http: FakeHttp, around: Surroundings, route: Route = WHOAMI, *, closed: Callable[[], bool] = lambda: False
) -> tuple[Any, float]:
    """Make one guarded request; its answer, and how long it took on the loop's clock."""

    async def request() -> Any:
        link = ClientLink(as_client(FakeLoginClient(http, closed)))
        link.own = OWN
        links = Links()
        http.token = (await choose_token(link, around, links)).reveal()
        return await LoginGuard(link, around, links).request(route)

    return run_with_clock(request)


def test_an_answer_is_handed_on_at_once(around: Surroundings) -> None:
    http = FakeHttp(ME)
    assert ask(http, around) == (ME, 0.0)
    assert http.sent[0][0] == FIRST


@pytest.mark.parametrize(
    "failure",
    [
        pytest.param(answered(503), id="503"),
        pytest.param(answered(418), id="an odd status"),
        pytest.param(ConnectionRefusedError(111, "refused"), id="refused"),
        pytest.param(TimeoutError(), id="a black hole"),
        pytest.param(ValueError("not JSON"), id="garbage"),
        pytest.param("<html>", id="a captive portal"),
        pytest.param({"hello": 1}, id="another API"),
    ],
)
def test_what_passes_is_tried_again_with_a_growing_pause(around: Surroundings, failure: object) -> None:
    http = FakeHttp(*[failure] * 8, ME)
    answer, took_s = ask(http, around)
    assert answer == ME
    pauses = [later - earlier for (_, earlier), (_, later) in zip(http.sent, http.sent[1:], strict=False)]
    assert 0.5 <= pauses[0] <= 1.0
    assert max(pauses) <= 30.0
    assert 30 < took_s <= 8 * 30
    assert around.waits.current() == ()


def test_a_rate_limit_is_waited_out_for_as_long_as_discord_asks(around: Surroundings) -> None:
    _, took_s = ask(FakeHttp(answered(429, **{"Retry-After": "600"}), ME), around)
    assert took_s == pytest.approx(600.0)


def test_a_401_gives_the_token_up_for_the_next_source_without_a_pause(around: Surroundings) -> None:
    http = FakeHttp(answered(401), ME)
    assert ask(http, around) == (ME, 0.0)
    assert [token for token, _ in http.sent] == [FIRST, OWN]


def test_no_token_is_sent_twice_once_it_was_rejected(around: Surroundings) -> None:
    http = FakeHttp(answered(401), answered(401), ME)
    with pytest.raises(GiveUp) as given_up:
        ask(http, around)
    assert given_up.value.code == 77
    assert [token for token, _ in http.sent] == [FIRST, OWN]


def test_other_requests_of_the_users_are_not_guarded(around: Surroundings) -> None:
    http = FakeHttp(answered(503), ME)
    with pytest.raises(Exception, match="503"):
        ask(http, around, Route("GET", "/channels/{channel_id}", channel_id=1))
    assert len(http.sent) == 1


def test_a_client_that_is_closed_while_it_waits_leaves_no_wait_on_the_board(around: Surroundings) -> None:
    """A stale wait would tell people, and the start's deadline, of an outage that is long over."""
    http = FakeHttp(answered(503), ME)
    with pytest.raises(RuntimeError, match="closed while it was logging in"):
        ask(http, around, closed=lambda: bool(http.sent))
    assert around.waits.current() == ()


def test_a_token_that_is_rejected_after_an_outage_leaves_no_wait_on_the_board(around: Surroundings) -> None:
    with pytest.raises(GiveUp):
        ask(FakeHttp(answered(503), answered(401), answered(401)), around)
    assert around.waits.current() == ()
