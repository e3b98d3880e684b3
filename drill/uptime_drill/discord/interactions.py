"""Interactions: what a user's slash command sends, and what became of it."""

import asyncio
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from uptime_drill.discord import payloads
from uptime_drill.discord.payloads import Payload
from uptime_drill.discord.world import World

APPLICATION_COMMAND = 2
MESSAGE_COMPONENT = 3
BUTTON = 2


@dataclass(slots=True, kw_only=True)
class Interaction:
    """One interaction on its way. `created_mono` starts the 3 seconds; `callback` is the bot's first answer."""

    id: int
    token: str
    command: str
    channel_id: int
    created_mono: float
    delivered: int = 0
    callback: Mapping[str, Any] | None = None
    callback_mono: float | None = None
    late_mono: float | None = None
    original_id: int | None = None
    messages: list[Payload] = field(default_factory=list)
    answered: asyncio.Event = field(default_factory=asyncio.Event)

    def report(self) -> dict[str, Any]:
        """What the bot answered and after how many seconds; `late_after_s` is an answer that came too late."""

        def after(mono: float | None) -> float | None:
            return None if mono is None else round(mono - self.created_mono, 4)

        return {
            "id": str(self.id),
            "command": self.command,
            "delivered": self.delivered,
            "answered": self.callback is not None,
            "after_s": after(self.callback_mono),
            "late_after_s": after(self.late_mono),
            "callback": self.callback,
            "messages": self.messages,
        }


class InteractionBook:
    """The interactions of this run, newest last, at most `kept`."""

    def __init__(self, kept: int = 2_000) -> None:
        self._kept = kept
        self._by_id: dict[int, Interaction] = {}
        self._by_token: dict[str, Interaction] = {}

    def add(self, interaction: Interaction) -> None:
        self._by_id[interaction.id] = interaction
        self._by_token[interaction.token] = interaction
        if len(self._by_id) > self._kept:
            oldest = self._by_id.pop(next(iter(self._by_id)))
            self._by_token.pop(oldest.token, None)

    def by_id(self, interaction_id: int) -> Interaction | None:
        return self._by_id.get(interaction_id)

    def by_token(self, token: str) -> Interaction | None:
        return self._by_token.get(token)


def new_interaction(world: World, command: str, channel_id: int, now_s: float, now_mono: float) -> Interaction:
    return Interaction(
        id=world.ids.make(now_s),
        token=secrets.token_urlsafe(64),
        command=command,
        channel_id=channel_id,
        created_mono=now_mono,
    )


def interaction_payload(
    world: World, interaction: Interaction, command: Mapping[str, Any], options: list[Payload], user_id: int
) -> Payload:
    """INTERACTION_CREATE of a slash command, in a guild or in a direct channel."""
    data: Payload = {"id": command["id"], "name": command["name"], "type": command.get("type", 1), "options": options}
    if command.get("guild_id"):
        data["guild_id"] = command["guild_id"]
    return {**_base(world, interaction, user_id), "type": APPLICATION_COMMAND, "data": data}


def press_payload(
    world: World, interaction: Interaction, message: Mapping[str, Any], custom_id: str, user_id: int
) -> Payload:
    """INTERACTION_CREATE of a button below a message."""
    data: Payload = {"id": 1, "custom_id": custom_id, "component_type": BUTTON}
    base = _base(world, interaction, user_id)
    return {**base, "type": MESSAGE_COMPONENT, "data": data, "message": dict(message)}


def _base(world: World, interaction: Interaction, user_id: int) -> Payload:
    """What every interaction says of where and who, in a guild or in a direct channel."""
    guild_id = world.guild_of(interaction.channel_id)
    base: Payload = {
        "id": str(interaction.id),
        "application_id": str(world.application_id),
        "token": interaction.token,
        "version": 1,
        "channel_id": str(interaction.channel_id),
        "channel": world.channel(interaction.channel_id),
        "locale": "en-US",
        "entitlements": [],
        "app_permissions": payloads.ALL_PERMISSIONS,
        "attachment_size_limit": 10_485_760,
    }
    user = world.user(user_id)
    if guild_id is None:
        return {**base, "user": user, "context": 1, "authorizing_integration_owners": {"0": "0"}}
    member = {**payloads.member(user), "permissions": payloads.ALL_PERMISSIONS}
    return {
        **base,
        "guild_id": str(guild_id),
        "guild": {"id": str(guild_id), "locale": "en-US", "features": []},
        "guild_locale": "en-US",
        "member": member,
        "context": 0,
        "authorizing_integration_owners": {"0": str(guild_id)},
    }


def command_options(named: Mapping[str, Any]) -> list[Payload]:
    """Options as a user would fill them in: type 5 for true and false, 4 for whole numbers, 10 for others, else 3."""
    return [{"name": name, "value": value, "type": _option_type(value)} for name, value in named.items()]


def _option_type(value: Any) -> int:
    match value:
        case bool():
            return 5
        case int():
            return 4
        case float():
            return 10
        case _:
            return 3
