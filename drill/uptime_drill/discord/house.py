"""Everything a running stand-in consists of, for the parts that serve it over HTTP."""

import asyncio
import time
from dataclasses import dataclass
from typing import Any

from uptime_drill.discord import payloads
from uptime_drill.discord.budgets import InvalidRequests, SlidingWindow
from uptime_drill.discord.dispatches import Dispatch
from uptime_drill.discord.fault_desk import FaultDesk
from uptime_drill.discord.gateway import Gateway
from uptime_drill.discord.interactions import (
    Interaction,
    InteractionBook,
    command_options,
    interaction_payload,
    new_interaction,
    press_payload,
)
from uptime_drill.discord.logbook import Logbook
from uptime_drill.discord.options import Options
from uptime_drill.discord.payloads import Payload
from uptime_drill.discord.rest.buckets import BucketTable
from uptime_drill.discord.rest.commands import CommandBook
from uptime_drill.discord.world import World

_MESSAGES_BEFORE_A_BREATH = 50


class NoSuchThing(LookupError):  # noqa: N818 - reads as what happened
    """A guild, channel or command that the world does not have."""


@dataclass(slots=True, kw_only=True)
class House:
    options: Options
    world: World
    log: Logbook
    faults: FaultDesk
    gateway: Gateway
    commands: CommandBook
    interactions: InteractionBook
    invalid_requests: InvalidRequests
    requests: SlidingWindow
    buckets: BucketTable

    def say(self, content: str, *, channel_id: int | None = None, author_id: int | None = None) -> Payload:
        """A message of a user appears in a channel (default: the first) and goes out through the gateway."""
        where = self._existing(channel_id)
        author = self.world.user(author_id or self._somebody(where))
        written = self.world.write_message(where, author, content, time.time())
        delivered = self.announce("MESSAGE_CREATE", written)
        self.log.write("message", id=written["id"], channel_id=str(where), sessions=delivered)
        return written

    async def burst(self, count: int, content: str, channel_id: int | None = None) -> tuple[str, str]:
        """Many messages at once, `{n}` in the content numbering them; the first and the last id."""
        where, now_s = self._existing(channel_id), time.time()
        author = self.world.user(self._somebody(where))
        ids: list[str] = []
        for number in range(count):
            written = self.world.write_message(where, author, content.replace("{n}", str(number)), now_s)
            self.announce("MESSAGE_CREATE", written)
            ids.append(written["id"])
            if number % _MESSAGES_BEFORE_A_BREATH == 0:
                await asyncio.sleep(0)
        self.log.write("burst", count=count, first_id=ids[0], last_id=ids[-1], channel_id=str(where))
        return ids[0], ids[-1]

    def _existing(self, channel_id: int | None) -> int:
        where = self.world.first_channel() if channel_id is None else channel_id
        if where is None or not self.world.has_channel(where):
            raise NoSuchThing(f"no channel {where}")
        return where

    def _somebody(self, channel_id: int) -> int:
        guild_id = self.world.guild_of(channel_id)
        members = self.world.member_ids(guild_id) if guild_id is not None else []
        return members[0] if members else 1

    def announce(self, event: str, written: Payload) -> int:
        """Send MESSAGE_CREATE or MESSAGE_UPDATE of a message; how many sessions get it."""
        sent = self.world.as_event(written)
        guild_id = self.world.guild_of(int(written["channel_id"]))
        return self.gateway.publish(Dispatch(event, sent, guild_id=guild_id))

    def use_command(
        self,
        name: str,
        *,
        options: dict[str, Any] | None = None,
        channel_id: int | None = None,
        user_id: int | None = None,
        unregistered: bool = False,
    ) -> Interaction:
        """A user runs a slash command; raises NoSuchThing unless it is registered (or `unregistered` may be)."""
        where = self._existing(channel_id)
        guild_id = self.world.guild_of(where)
        command = self.commands.usable(guild_id, name)
        if command is None and not unregistered:
            raise NoSuchThing(f"no command {name} is registered")
        command = command or {"id": str(self.world.ids.make(time.time())), "name": name}
        interaction = new_interaction(self.world, name, where, time.time(), time.monotonic())
        self.interactions.add(interaction)
        filled = command_options(options or {})
        event = interaction_payload(self.world, interaction, command, filled, user_id or self._somebody(where))
        interaction.delivered = self.gateway.publish(Dispatch("INTERACTION_CREATE", event, guild_id=guild_id))
        self.log.write("interaction", id=str(interaction.id), command=name, sessions=interaction.delivered)
        return interaction

    def press(
        self, custom_id: str, *, message_id: int, channel_id: int | None = None, user_id: int | None = None
    ) -> Interaction:
        """A user presses a button below a message; raises NoSuchThing without that message."""
        where = self._existing(channel_id)
        message = self.world.message(where, message_id)
        if message is None:
            raise NoSuchThing(f"no message {message_id} in channel {where}")
        guild_id = self.world.guild_of(where)
        interaction = new_interaction(self.world, custom_id, where, time.time(), time.monotonic())
        self.interactions.add(interaction)
        event = press_payload(self.world, interaction, message, custom_id, user_id or self._somebody(where))
        interaction.delivered = self.gateway.publish(Dispatch("INTERACTION_CREATE", event, guild_id=guild_id))
        self.log.write("interaction", id=str(interaction.id), command=custom_id, sessions=interaction.delivered)
        return interaction

    def open_direct(self, user_id: int) -> Payload:
        return self.world.open_direct(user_id)

    def bot_message(self, channel_id: int, asked: dict[str, Any], **more: Any) -> Payload:
        """A message of the bot itself, kept and announced (ephemeral ones only kept)."""
        fields = {key: asked[key] for key in ("embeds", "components", "flags", "tts", "poll") if asked.get(key)}
        if asked.get("message_reference"):
            fields["message_reference"] = {**asked["message_reference"], "channel_id": str(channel_id)}
            fields["type"] = 19
        content = str(asked.get("content") or "")
        bot = self.world.bot()
        written = self.world.write_message(channel_id, bot, content, time.time(), **{**fields, **more})
        if asked.get("nonce") is not None:
            written["nonce"] = asked["nonce"]
        if not int(written["flags"]) & payloads.EPHEMERAL:
            self.announce("MESSAGE_CREATE", written)
        return written
