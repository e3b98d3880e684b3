"""What attach() puts around a client's login, with a login that asks nobody."""

from typing import Any

import discord
import pytest

from fakes.login import FIRST
from harness.bot_life import TOKEN, a_client
from harness.small_guilds import guild, member, ready
from uptime_bot.discordpy.attach import _attach_login
from uptime_bot.discordpy.links import Links
from uptime_bot.discordpy.login import guarded
from uptime_bot.discordpy.recording import ShardRecording
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


async def test_two_logins_record_each_event_once(links: Links, around: Surroundings) -> None:
    """As a bot does whose setup_hook has failed the first time, and that tries again by itself."""
    client = await a_client()
    for _ in range(2):
        await client.login(FIRST)
    link, shard = links.of(client), links.of(client).shard(None)
    assert around.continuity.take_up(link, shard) is None
    recording = shard.recording
    assert recording is not None
    recorded: list[int] = []
    recording.record = lambda *_: recorded.append(recording.sequence)  # type: ignore[method-assign]
    state: Any = client._connection
    parse(recording, state, 1, "READY", ready([10]))
    parse(recording, state, 2, "GUILD_CREATE", guild(10))
    parse(recording, state, 3, "GUILD_MEMBER_ADD", member(7) | {"guild_id": "10"})
    assert recorded == [2, 3]
    around.continuity.release(link)


def parse(recording: ShardRecording, state: Any, sequence: int, name: str, data: dict[str, Any]) -> None:
    """What a websocket does with an event."""
    recording.received(sequence)
    state.parsers[name](data)
    recording.parsed()


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
