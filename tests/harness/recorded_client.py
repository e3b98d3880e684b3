"""A discord.py client without network that sees events live, recorded, and its like, refilled from the record."""

import asyncio
import gc
import json
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import discord
from discord.state import ChunkRequest, ConnectionState

from harness.cache_picture import Picture, picture
from harness.gateway_events import Event
from harness.gateway_payloads import SELF_ID, Data
from uptime_bot.continuity.fold import Policy
from uptime_bot.continuity.found import Index
from uptime_bot.continuity.frames import Frame, Kind
from uptime_bot.continuity.journal import Entry
from uptime_bot.continuity.session import Session, SessionKey, session_payload
from uptime_bot.discordpy.hearing import HEARD
from uptime_bot.discordpy.muting import make_mutable, muted
from uptime_bot.discordpy.recording import ShardRecording
from uptime_bot.discordpy.refill import Refill, apply_frame

MakeClient = Callable[[], discord.Client]


def policy_of(client: discord.Client) -> Policy:
    """What folding needs to know of a client."""
    state = client._connection
    flags = state.member_cache_flags
    return Policy(
        self_id=SELF_ID,
        shared_users=state._intents.members and not flags._empty,
        joined=flags.joined,
        voice=flags.voice,
        expressions=state.cache_guild_expressions,
    )


def session_frame(policy: Policy, shard_id: int = 0) -> Frame:
    """The first of a journal."""
    key = SessionKey(
        token="0",
        intents=0,
        member_cache=0,
        shard_id=shard_id,
        shard_count=0,
        gateway_version=10,
        encoding="json",
        compression="",
    )
    session = Session(
        session_id="s",
        resume_url="wss://x",
        application_id=1,
        key=key,
        policy=policy.to_dict(),
        generation=1,
        started_at=datetime(2026, 11, 21, tzinfo=UTC),
    )
    return Frame(Kind.SESSION, 0, 0, 0, session_payload(session))


class LiveClient:
    """Sees everything as it happens; `frames` is what was recorded of it, by shard."""

    def __init__(self, client: discord.Client) -> None:
        self.client = client
        self.state: ConnectionState[Any] = client._connection
        self.frames: dict[int, list[Frame]] = {}
        self._sequence = 0
        self._text = ""
        self._shard_id = 0
        # What hearing asks of a ShardRecording.
        recording = SimpleNamespace(
            state=self.state, quiet=False, replaying=False, record=self._record, record_message=self._record_message
        )
        self._recording = cast("ShardRecording", recording)

    def ready(self, data: Data, shard_id: int = 0) -> None:
        """A session begins."""
        data = data | {"shard": [shard_id, self.state.shard_count or 1]}
        self.frames[shard_id] = [session_frame(policy_of(self.client), shard_id)]
        self._begin(shard_id, Event("READY", data))
        self._record(0, 0)
        self.state.parsers["READY"](json.loads(json.dumps(data)))
        _forget_to_wait(self.state)

    def hears(self, step: str) -> bool:
        """Whether the client's intents let it hear of such things."""
        return self.state.cache_guild_expressions or step not in ("EMOJIS", "STICKERS")

    def see(self, events: Iterable[Event]) -> None:
        """Events arrive."""
        for event in events:
            for shard_id in self._shards_of(event):
                self._see(shard_id, event)

    def _shards_of(self, event: Event) -> Iterable[int]:
        if event.name == "USER_UPDATE":
            return list(self.frames)
        guild_id = int(event.data["guild_id"] if "guild_id" in event.data else event.data["id"])
        return [(guild_id >> 22) % len(self.frames)]

    def _see(self, shard_id: int, event: Event) -> None:
        self._begin(shard_id, event)
        if event.name == "GUILD_MEMBERS_CHUNK":
            self._ask_for_members(event.data)
        parse, data = _forgiven(self.state.parsers[event.name]), json.loads(self._text)["d"]
        hear = HEARD.get(event.name)
        if hear is None:
            parse(data)
        else:
            hear(self._recording, parse, data)
        self.state._chunk_requests.clear()
        if event.name in ("GUILD_DELETE", "GUILD_CREATE"):
            gc.collect()  # what a guild that is gone held is gone sooner or later; here, at once

    def picture(self) -> Picture:
        """Its cache."""
        return picture(self.state)

    def _begin(self, shard_id: int, event: Event) -> None:
        self._sequence += 1
        self._shard_id = shard_id
        self._text = json.dumps({"t": event.name, "s": self._sequence, "op": 0, "d": event.data})

    def _ask_for_members(self, data: Data) -> None:
        loop = asyncio.get_running_loop()
        request = ChunkRequest(int(data["guild_id"]), 0, loop, self.state._get_guild, cache=True)
        request.nonce = data["nonce"]
        self.state._chunk_requests = {request.nonce: request}

    def _record(self, guild_id: int, entity_id: int) -> None:
        frame = Frame(Kind.EVENT, self._sequence, guild_id, entity_id, self._text.encode())
        self.frames[self._shard_id].append(frame)

    def _record_message(self, guild_id: int, channel_id: int, message_id: int) -> None:
        payload = message_id.to_bytes(8, "big")
        self.frames[self._shard_id].append(Frame(Kind.LAST_MESSAGE, self._sequence, guild_id, channel_id, payload))


def _forgiven(parse: Callable[[Any], None]) -> Callable[[Any], None]:
    """Pass over what discord.py cannot parse, as GatewaySocket does; but not over what recording cannot."""

    def parse_or_not(data: Any) -> None:
        with suppress(Exception):
            parse(data)

    return parse_or_not


def refilled(client: discord.Client, frames: Sequence[Frame]) -> Picture:
    """The cache of another client, refilled from one shard's frames, one after another."""
    state = client._connection
    make_mutable(state)
    with muted():
        for frame in frames:
            if frame.kind is Kind.EVENT and json.loads(frame.payload)["t"] == "READY":
                state.parse_ready(json.loads(frame.payload)["d"])
                _forget_to_wait(state)
            else:
                apply_frame(state, frame)
                if frame.kind is Kind.EVENT and json.loads(frame.payload)["t"] in ("GUILD_DELETE", "GUILD_CREATE"):
                    gc.collect()
    return picture(state)


def refilled_lazily(client: discord.Client, journals: Iterable[Sequence[Frame]], first: Sequence[int] = ()) -> Picture:
    """The cache of another client, refilled from all its shards' frames, guilds in any order: these first."""
    state = client._connection
    make_mutable(state)
    refills = [_refill(state, frames) for frames in journals]
    unfilled = [refill.begin() for refill in refills]
    for guild_id in first:
        state._get_guild(guild_id)
    for left in unfilled:
        left.complete()
    _forget_to_wait(state)
    gc.collect()
    return picture(state)


def _refill(state: "ConnectionState[Any]", frames: Sequence[Frame]) -> Refill:
    entries = [
        Entry(frame.kind, frame.sequence, frame.guild_id, frame.entity_id, place, len(frame.payload))
        for place, frame in enumerate(frames)
    ]
    of_guilds: dict[int, list[Entry]] = {}
    for entry in entries:
        if entry.guild_id:
            of_guilds.setdefault(entry.guild_id, []).append(entry)
    index = Index(
        ready=entries[1],
        guilds={guild_id: tuple(those) for guild_id, those in of_guilds.items()},
        account=tuple(entry for entry in entries[2:] if not entry.guild_id and entry.kind is Kind.EVENT),
        users=tuple(entry for entry in entries if entry.kind is Kind.USER),
    )
    return Refill(state, index, lambda entry: frames[entry.offset].payload, _fail)


def _fail(exc: Exception) -> None:
    raise exc


def _forget_to_wait(state: Any) -> None:
    """Be past the two seconds after READY in which guilds are waited for, and kept alive by it."""
    for task in (state._ready_task, *getattr(state, "_ready_tasks", {}).values()):
        if task is not None:
            task.cancel()
    state._ready_task = None
    if hasattr(state, "_ready_states"):
        state._ready_tasks, state._ready_states = {}, {}
    else:
        del state._ready_state
