"""Application commands that were registered, global and by guild."""

from dataclasses import dataclass, field
from typing import Any

from uptime_drill.discord.snowflakes import Snowflakes

Command = dict[str, Any]


@dataclass(slots=True)
class CommandBook:
    """A name stands once in each scope (None: global) and type; registering it again changes the old one."""

    application_id: int
    ids: Snowflakes
    _scopes: dict[int | None, dict[int, Command]] = field(default_factory=dict)

    def listed(self, scope: int | None) -> list[Command]:
        return list(self._scopes.get(scope, {}).values())

    def get(self, scope: int | None, command_id: int) -> Command | None:
        return self._scopes.get(scope, {}).get(command_id)

    def put(self, scope: int | None, asked: Command, now_s: float) -> tuple[Command, bool]:
        """Register or change one command; the second value says whether it is new."""
        known = self.named(scope, str(asked.get("name")), int(asked.get("type", 1)))
        command_id = int(known["id"]) if known else self.ids.make(now_s)
        command = {**self._defaults(scope), **asked, "id": str(command_id), "version": str(self.ids.make(now_s))}
        self._scopes.setdefault(scope, {})[command_id] = command
        return command, known is None

    def edit(self, scope: int | None, command_id: int, changes: Command, now_s: float) -> Command | None:
        old = self.get(scope, command_id)
        if old is None:
            return None
        changed = {**old, **changes, "id": old["id"], "version": str(self.ids.make(now_s))}
        self._scopes[scope][command_id] = changed
        return changed

    def replace_all(self, scope: int | None, asked: list[Command], now_s: float) -> list[Command]:
        """PUT: what is not named is removed; what keeps its name keeps its id."""
        kept = [self.put(scope, command, now_s)[0] for command in asked]
        self._scopes[scope] = {int(command["id"]): command for command in kept}
        return kept

    def remove(self, scope: int | None, command_id: int) -> bool:
        return self._scopes.get(scope, {}).pop(command_id, None) is not None

    def named(self, scope: int | None, name: str, kind: int = 1) -> Command | None:
        return next((c for c in self.listed(scope) if c["name"] == name and c["type"] == kind), None)

    def usable(self, guild_id: int | None, name: str, kind: int = 1) -> Command | None:
        """The command a user in that guild would run: the guild's own, or the global one."""
        own = self.named(guild_id, name, kind) if guild_id is not None else None
        return own or self.named(None, name, kind)

    def _defaults(self, scope: int | None) -> Command:
        base: Command = {
            "application_id": str(self.application_id),
            "type": 1,
            "name_localizations": None,
            "description": "",
            "description_localizations": None,
            "default_member_permissions": None,
            "nsfw": False,
            "options": [],
            "integration_types": [0],
            "contexts": None,
        }
        return base if scope is None else {**base, "guild_id": str(scope)}
