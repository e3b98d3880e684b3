"""The slash commands are registered once for each change, in the background, for as long as it takes."""

import asyncio
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiohttp
import discord
import pytest

from fakes.clock_loop import run_with_clock
from uptime_bot.builtin.command_registration import LONGEST_ATTEMPT_S, LONGEST_DELAY_S, CommandRegistration


class Discord:
    """Takes the commands, after it has failed in each of the ways given."""

    def __init__(self, *failures: Exception | float) -> None:
        self.failures = list(failures)
        self.taken: list[float] = []
        self.asked: list[float] = []

    async def send(self) -> None:
        """Fails with an exception, or takes as many seconds as a number says."""
        now_s = asyncio.get_running_loop().time()
        self.asked.append(now_s)
        match self.failures.pop(0) if self.failures else None:
            case Exception() as failure:
                raise failure
            case float() as delay_s:
                await asyncio.sleep(delay_s)
            case _:
                pass
        self.taken.append(now_s)


def answer(status: int) -> discord.HTTPException:
    """Discord's answer with this status, as discord.py raises it."""
    response: Any = SimpleNamespace(status=status, reason="Test")
    return discord.HTTPException(response, "no")


class House:
    """Everything around a registration; the commands can be changed."""

    def __init__(self, folder: Path, discord: Discord) -> None:
        self.commands = [{"name": "ping"}]
        self.discord = discord
        self.folder = folder

    def registration(self) -> CommandRegistration:
        return CommandRegistration(
            payload=lambda: list(self.commands),
            send=self.discord.send,
            application_id=lambda: 42,
            remembered_in=self.folder / "synced-commands",
        )


async def ready_at_once() -> None:
    """As wait_until_ready() where the bot is."""


def after_a_day(registration: CommandRegistration, begin: Callable[[], None]) -> None:
    """Begin, and let a day pass."""

    async def main() -> None:
        begin()
        await asyncio.sleep(86_400)
        registration.cancel()

    run_with_clock(main)


PASSING = [
    pytest.param(answer(503), id="503"),
    pytest.param(answer(429), id="429"),
    pytest.param(discord.RateLimited(700), id="a rate limit that is too long to wait out"),
    pytest.param(aiohttp.ClientConnectionError("reset"), id="connection lost"),
    pytest.param(OSError("no route"), id="network"),
    pytest.param(1e6, id="no answer"),
]


@pytest.mark.parametrize("failure", PASSING)
def test_what_may_pass_is_tried_again_with_growing_pauses(failure: Exception | float, tmp_path: Path) -> None:
    house = House(tmp_path, Discord(*[failure] * 10))
    registration = house.registration()
    after_a_day(registration, lambda: registration.begin(ready_at_once))
    asked = house.discord.asked
    pauses = [later - earlier for earlier, later in pairwise(asked)]
    waited = LONGEST_ATTEMPT_S if isinstance(failure, float) else 0.0
    assert pauses == pytest.approx([waited + min(30 * 2**n, LONGEST_DELAY_S) for n in range(10)])
    assert len(house.discord.taken) == 1


@pytest.mark.parametrize("failure", [answer(400), answer(403), discord.app_commands.MissingApplicationID()])
def test_what_stays_is_told_and_left_to_the_next_start(
    failure: Exception, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    house = House(tmp_path, Discord(failure))
    registration = house.registration()
    after_a_day(registration, lambda: registration.begin(ready_at_once))
    assert len(house.discord.asked) == 1
    assert "trying again at the next start" in caplog.text
    again = house.registration()
    after_a_day(again, lambda: again.begin(ready_at_once))
    assert len(house.discord.taken) == 1


def test_nothing_is_sent_before_the_bot_is_ready_nor_after_the_end(tmp_path: Path) -> None:
    house = House(tmp_path, Discord())

    async def main() -> None:
        ready = asyncio.Event()
        registration = house.registration()
        registration.begin(ready.wait)
        await asyncio.sleep(5)
        assert not house.discord.asked
        registration.cancel()
        ready.set()
        await asyncio.sleep(5)
        assert not house.discord.asked

    run_with_clock(main)


def test_commands_are_sent_again_only_when_they_changed(tmp_path: Path) -> None:
    house = House(tmp_path, Discord())

    async def main() -> None:
        await house.registration().once()
        await house.registration().once()
        assert len(house.discord.taken) == 1
        house.commands.append({"name": "uptime"})
        await house.registration().once()
        assert len(house.discord.taken) == 2

    run_with_clock(main)


def test_a_reload_waits_30_s_at_most_and_the_rest_goes_on_by_itself(tmp_path: Path) -> None:
    house = House(tmp_path, Discord(1e6, answer(503)))
    registration = house.registration()

    async def main() -> None:
        began = asyncio.get_running_loop().time()
        await registration.once()
        assert asyncio.get_running_loop().time() - began == pytest.approx(LONGEST_ATTEMPT_S)
        assert not house.discord.taken
        await asyncio.sleep(300)
        assert len(house.discord.taken) == 1

    run_with_clock(main)


def test_a_list_that_cannot_be_kept_is_told_and_harms_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    house = House(tmp_path / "not there", Discord())
    run_with_clock(house.registration().once)
    assert len(house.discord.taken) == 1
    assert "cannot remember" in caplog.text


def test_a_mistake_in_a_command_is_told_and_ends_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    house = House(tmp_path, Discord(RuntimeError("a cog's own translator")))
    registration = house.registration()
    after_a_day(registration, lambda: registration.begin(ready_at_once))
    assert "a cog's own translator" in caplog.text
