"""What attach() puts around a client's login, with a login that asks nobody."""

from typing import Any

import discord
import pytest

from fakes.login import FIRST
from harness.bot_life import TOKEN, a_client
from harness.small_guilds import ready
from uptime_bot.discordpy.attach import _attach_login
from uptime_bot.discordpy.links import Links
from uptime_bot.discordpy.login import guarded
from uptime_bot.discordpy.surroundings import Surroundings

ANSWER = {
    "url": "wss://gateway.test",
    "shards": 2,
    "session_start_limit": {"total": 1000, "remaining": 990, "reset_after": 80_000_000, "max_concurrency": 16},
}


@pytest.fixture
def links(around: Surroundings, monkeypatch: pytest.MonkeyPatch) -> Links:
    """Attached for the length of a test."""

    async def log_in(self: discord.Client, token: str) -> None:
        await self._async_setup_hook()

    monkeypatch.setattr(discord.Client, "login", log_in)
    links = Links()
    around.continuity.possible = True
    _attach_login(links, around)
    return links


async def test_two_logins_hear_of_ready_once(
    links: Links, around: Surroundings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a bot does whose setup_hook has failed the first time, and that tries again by itself."""
    client = await a_client()
    for _ in range(2):
        await client.login(FIRST)
    begun: list[str] = []
    monkeypatch.setattr(around.continuity, "began", lambda *args: begun.append(args[2]["session_id"]))
    parsers: Any = client._connection.parsers
    parsers["READY"](ready([10]))
    assert len(begun) == 1


@pytest.mark.parametrize("known", [True, False], ids=["of the login before", "of now"])
async def test_only_a_fresh_answer_is_news_of_the_session_starts(
    links: Links, around: Surroundings, known: bool
) -> None:
    client = await a_client(discord.AutoShardedClient)
    await client.login(FIRST)
    link = links.of(client)
    ledger = around.spending.identifies(TOKEN)
    assert link.token == TOKEN

    async def answer(*_: object, **__: object) -> Any:
        return ANSWER

    client.http.request = answer  # type: ignore[method-assign]
    if known:
        link.known = {"/gateway/bot": ANSWER}
        async with guarded(link, around, links):
            await client.http.get_bot_gateway()
    else:
        await client.http.get_bot_gateway()
    assert ledger.fresh is not known
