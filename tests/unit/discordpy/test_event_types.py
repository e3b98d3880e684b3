"""on_socket_event_type is told to whoever hears it, however they came to, and costs nobody else anything."""

import asyncio
from collections.abc import Callable
from functools import partialmethod
from typing import Any

import discord
import pytest
from discord.ext import commands

from uptime_bot.discordpy.event_types import telling_types

NO_INTENTS = discord.Intents.none()


class Counting(discord.Client):
    """Counts whatever is dispatched."""

    seen = 0

    def dispatch(self, event: str, /, *args: Any, **kwargs: Any) -> None:
        """One more."""
        self.seen += 1
        super().dispatch(event, *args, **kwargs)


def a_bot() -> commands.Bot:
    return commands.Bot("!", intents=NO_INTENTS)


async def told(client: discord.Client, hear: Callable[[discord.Client, list[str]], object]) -> list[str]:
    """What a client hears that begins to listen after the connection was made."""
    heard: list[str] = []
    await client._async_setup_hook()
    tell = telling_types(client.dispatch)
    tell("TOO_EARLY")
    hear(client, heard)
    tell("TYPING_START")
    for _ in range(3):
        await asyncio.sleep(0)
    return heard


def by_event(client: discord.Client, heard: list[str]) -> None:
    async def on_socket_event_type(event_type: str) -> None:
        heard.append(event_type)

    client.event(on_socket_event_type)


def by_listener(client: discord.Client, heard: list[str]) -> None:
    async def listener(event_type: str) -> None:
        heard.append(event_type)

    assert isinstance(client, commands.Bot)
    client.add_listener(listener, "on_socket_event_type")


@pytest.mark.parametrize(
    ("client", "hear"),
    [
        pytest.param(lambda: discord.Client(intents=NO_INTENTS), by_event, id="client, @event"),
        pytest.param(lambda: discord.AutoShardedClient(intents=NO_INTENTS), by_event, id="sharded client, @event"),
        pytest.param(a_bot, by_event, id="bot, @event"),
        pytest.param(a_bot, by_listener, id="bot, listener"),
    ],
)
async def test_whoever_hears_it_is_told(
    client: Callable[[], discord.Client], hear: Callable[[discord.Client, list[str]], object]
) -> None:
    assert await told(client(), hear) == ["TYPING_START"]


async def test_whoever_waits_for_it_is_told() -> None:
    client = discord.Client(intents=NO_INTENTS)
    await client._async_setup_hook()
    tell = telling_types(client.dispatch)
    waiting = asyncio.ensure_future(client.wait_for("socket_event_type", timeout=5.0))
    await asyncio.sleep(0)
    tell("TYPING_START")
    assert await waiting == "TYPING_START"


def test_where_nobody_hears_it_nothing_is_dispatched(monkeypatch: pytest.MonkeyPatch) -> None:
    client = a_bot()
    tell = telling_types(client.dispatch)
    monkeypatch.setattr("discord.client._log.debug", lambda *_: pytest.fail("dispatched"))
    tell("TYPING_START")


def test_a_dispatch_of_the_bots_own_is_called_whoever_hears() -> None:
    client = Counting(intents=NO_INTENTS)
    telling_types(client.dispatch)("TYPING_START")
    assert client.seen == 1


def test_a_dispatch_that_is_no_function_is_called() -> None:
    class Odd(discord.Client):
        dispatch = partialmethod(discord.Client.dispatch)

    heard: list[str] = []
    client = Odd(intents=NO_INTENTS)
    client.on_socket_event_type = heard.append  # type: ignore[attr-defined]
    client._schedule_event = lambda coro, name, *args, **kwargs: coro(*args)  # type: ignore[method-assign]
    telling_types(client.dispatch)("TYPING_START")
    assert heard == ["TYPING_START"]


def test_a_dispatch_that_was_put_in_the_place_of_discordpys_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[object, ...]] = []
    client = discord.Client(intents=NO_INTENTS)
    monkeypatch.setattr(client, "dispatch", lambda *args: seen.append(args))
    telling_types(client.dispatch)("TYPING_START")
    monkeypatch.undo()
    monkeypatch.setattr(discord.Client, "dispatch", lambda _, *args: seen.append(args))
    telling_types(client.dispatch)("TYPING_START")
    assert seen == [("socket_event_type", "TYPING_START")] * 2
