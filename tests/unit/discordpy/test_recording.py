"""A shard's events over two lives: what is replayed says so, what is left to the next life reaches nobody here."""

import asyncio
import json
from typing import Any

import discord
import pytest
from discord.gateway import DiscordWebSocket, ReconnectWebSocket

from fakes.login import OWN
from harness.bot_life import Life, a_client, eventually
from harness.small_guilds import ME, guild, ready, typing
from uptime_bot.contract.tokens import clean
from uptime_bot.discordpy.surroundings import Surroundings
from uptime_bot.replay import is_replayed


class Noting(discord.Client):
    """Notes for each event, at its handler's begin and after a pause, whether it is a replayed one."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.noted: list[tuple[int, bool]] = []

    async def on_raw_typing(self, event: discord.RawTypingEvent) -> None:
        self.noted.append((event.channel_id, is_replayed()))
        await asyncio.create_task(self._note_later(event.channel_id))

    async def _note_later(self, channel_id: int) -> None:
        await asyncio.sleep(0)
        self.noted.append((channel_id, is_replayed()))


class Holding(discord.Client):
    """Its handlers run until they are let go."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.held: dict[int, asyncio.Event] = {}

    async def on_raw_typing(self, event: discord.RawTypingEvent) -> None:
        self.held[event.channel_id] = asyncio.Event()
        await self.held[event.channel_id].wait()


class FakeVoice:
    """A voice client; remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[str | None] = []

    async def on_voice_state_update(self, data: dict[str, Any]) -> None:
        self.told.append(data["channel_id"])


async def begun(life: Life, *guild_ids: int, session_id: str = "s1") -> Life:
    """A new session, with these guilds, ready."""
    await life.identify()
    await life.receive("READY", ready(guild_ids, session_id=session_id))
    for guild_id in guild_ids:
        await life.receive("GUILD_CREATE", guild(guild_id))
    await life.hears("ready")
    return life


async def test_an_event_is_replayed_until_resumed_and_so_are_its_handlers_tasks(around: Surroundings) -> None:
    (await begun(Life(await a_client(), around), 10)).dies()
    client = await a_client(Noting)
    assert isinstance(client, Noting)
    life = Life(client, around)
    await life.resume()
    for channel_id in (1, 2):
        await life.receive("TYPING_START", typing(channel_id))
    await life.receive("RESUMED", {})
    for channel_id in (3, 4):
        await life.receive("TYPING_START", typing(channel_id))
    await eventually(lambda: len(client.noted) == 8)
    assert sorted(client.noted) == [(number, number < 3) for number in (1, 1, 2, 2, 3, 3, 4, 4)]
    assert not is_replayed()


async def test_a_resume_that_is_refused_does_not_make_the_session_younger(around: Surroundings) -> None:
    (await begun(Life(await a_client(), around), 10)).dies()
    life = Life(await a_client(), around)
    await life.resume()
    last_seen = life.found[0].alive_at.timestamp()
    life.shard().note_alive()
    assert life.recording().alive_at == last_seen
    await life.is_refused()
    await life.identify()
    assert life.shard().lost_since_at == last_seen


async def test_a_resume_that_is_confirmed_does(around: Surroundings) -> None:
    (await begun(Life(await a_client(), around), 10)).dies()
    life = Life(await a_client(), around)
    await life.resume()
    await life.receive("RESUMED", {})
    alive_at = life.recording().alive_at
    assert alive_at is not None
    assert alive_at > life.found[0].alive_at.timestamp()


@pytest.mark.parametrize(
    "resumes",
    [
        pytest.param(
            False,
            id="its own session",
        ),
        pytest.param(True, id="the session of the life before"),
    ],
)
async def test_what_comes_while_the_process_ends_is_left_to_the_next_but_for_voice(
    around: Surroundings, resumes: bool
) -> None:
    life = await begun(Life(await a_client(), around), 10)
    if resumes:
        life.dies()
        life = Life(await a_client(), around)
        await life.resume()
        await life.receive("RESUMED", {})
        await life.hears("ready")
    voice = FakeVoice()
    life.state._voice_clients[10] = voice
    sequence, before = life.shard().ws.sequence, len(life.heard)  # type: ignore[union-attr]
    life.continuity.stop()
    await life.receive("TYPING_START", typing())
    await life.receive("GUILD_CREATE", guild(11))
    await life.receive("VOICE_STATE_UPDATE", {"guild_id": "10", "user_id": str(ME), "channel_id": None})
    await eventually(lambda: voice.told == [None])
    assert life.heard[before:] == []
    assert life.client.get_guild(11) is None
    assert life.shard().ws.sequence == sequence  # type: ignore[union-attr]


async def test_a_handler_of_the_old_session_does_not_finish_the_new_ones_event(
    around: Surroundings, caplog: pytest.LogCaptureFixture
) -> None:
    client = await a_client(Holding)
    assert isinstance(client, Holding)
    life = await begun(Life(client, around, delivery="at-least-once"), 10)
    old = await life.receive("TYPING_START", typing(1))
    await eventually(lambda: 1 in client.held)
    await life.is_refused()
    await begun(life, 10, session_id="s2")
    new = await life.receive("TYPING_START", typing(2))
    await eventually(lambda: 2 in client.held)
    assert new == old
    for _ in range(2):  # it ends, and then the other, in this life
        client.held[1].set()
        await asyncio.sleep(0.01)
    life.dies()
    after = Life(await a_client(), around, delivery="at-least-once")
    session = await after.resume()
    assert (session.session_id, session.sequence) == ("s2", new - 1)
    assert after.found[0].in_flight == {new}
    client.held[2].set()
    await asyncio.sleep(0.01)
    assert not [record for record in caplog.records if record.exc_info]


async def test_an_old_interaction_is_dropped_from_a_replay_and_counted(around: Surroundings) -> None:
    (await begun(Life(await a_client(), around), 10)).dies()
    life = Life(await a_client(), around)
    await life.resume()
    await life.receive("INTERACTION_CREATE", {"id": "1", "type": 2, "data": {"name": "help"}})
    assert "interaction" not in life.names()
    assert life.continuity.status().interactions_dropped == 1


async def test_a_frame_without_a_sequence_is_handled_and_not_counted(around: Surroundings) -> None:
    life = await begun(Life(await a_client(), around), 10)
    ws = life.shard().ws
    assert ws is not None
    before = ws.sequence
    for frame in (
        {"op": 0, "t": "TYPING_START", "s": None, "d": typing()},
        {"op": 0, "t": "TYPING_START", "d": typing()},
    ):
        await ws.received_message(json.dumps(frame))
    await life.hears("raw_typing", 2)
    assert ws.sequence == before
    assert life.recording().recorder.recording


async def test_an_opcode_counts_more_than_an_events_name(around: Surroundings) -> None:
    life = await begun(Life(await a_client(), around), 10)
    ws = life.shard().ws
    assert ws is not None
    with pytest.raises(ReconnectWebSocket) as asked:
        await ws.received_message(json.dumps({"op": 7, "t": "TYPING_START", "s": 9, "d": None}))
    assert asked.value.resume


async def test_a_second_clients_record_is_left_alone_however_young(around: Surroundings) -> None:
    """It is open before its first READY has made it anything."""
    second, client = Life(await a_client(), around), await a_client()
    assert second.continuity.take_up(second.link, second.shard()) is None
    link = second.links.of(client)
    link.token = clean(OWN).token
    assert second.continuity.take_up(link, link.shard(0)) is None
    folder = around.settings().paths.state_dir
    assert len(list(folder.glob("sessions/*/*.position"))) == 2


async def test_where_discord_pys_own_function_is_another_it_is_called_and_heard(
    around: Surroundings, monkeypatch: pytest.MonkeyPatch
) -> None:
    known, called = DiscordWebSocket.received_message, list[object]()

    async def another(self: DiscordWebSocket, msg: Any, /) -> None:
        called.append(json.loads(msg).get("t"))
        await known(self, msg)

    monkeypatch.setattr(DiscordWebSocket, "received_message", another)
    life = await begun(Life(await a_client(), around), 10)
    await life.receive("GUILD_CREATE", guild(11))
    await life.receive("TYPING_START", typing(1))
    await life.hears("raw_typing")
    life.dies()
    assert called == ["READY", "GUILD_CREATE", "GUILD_CREATE", "TYPING_START"]
    life = Life(await a_client(), around)
    session = await life.resume()
    assert session.sequence == 4
    assert [life.client.get_guild(guild_id) is not None for guild_id in (10, 11)] == [True, True]
