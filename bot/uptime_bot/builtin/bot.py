"""The bot that runs when no target is named."""

import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from uptime_bot.builtin.command_registration import CommandRegistration
from uptime_bot.contract.status import Status
from uptime_bot.health.words import duration

_log = logging.getLogger(__name__)


class BuiltInBot(commands.Bot):
    """A commands.Bot with the cogs of a folder; needs no privileged intent."""

    def __init__(self, *, cogs_dir: Path, state_dir: Path, status: Callable[[], Status | None]) -> None:
        super().__init__(command_prefix=commands.when_mentioned, intents=discord.Intents.default(), help_command=None)
        self._cogs_dir = cogs_dir
        self._registration = CommandRegistration(
            payload=lambda: [command.to_dict(self.tree) for command in self.tree.get_commands()],
            send=self.tree.sync,
            application_id=lambda: self.application_id,
            remembered_in=state_dir / "synced-commands",
        )
        self._status = status
        self.tree.add_command(self._ping_command())
        self.tree.add_command(self._uptime_command())

    async def setup_hook(self) -> None:
        """Load the cogs; the slash commands are registered after READY, which no trouble with them may hold up."""
        await self.load_cogs()
        self._registration.begin(after=self.wait_until_ready)

    async def close(self) -> None:
        """End, and with it what registers the commands."""
        self._registration.cancel()
        await super().close()

    def cog_names(self) -> list[str]:
        """The cogs of the folder as module names, in order; a file or folder that begins with _ is none."""
        if not self._cogs_dir.is_dir():
            return []
        found = [*self._cogs_dir.glob("*.py"), *(init.parent for init in self._cogs_dir.glob("*/__init__.py"))]
        return sorted(f"{self._cogs_dir.name}.{path.stem}" for path in found if not path.name.startswith("_"))

    async def load_cogs(self) -> list[str]:
        """Load or reload every cog; one that fails is logged and keeps no other away. Returns the failed ones."""
        parent = str(self._cogs_dir.resolve().parent)
        if parent not in sys.path:
            sys.path.insert(0, parent)
        failed = []
        names = self.cog_names()
        for gone in set(self.extensions) - set(names):
            await self.unload_extension(gone)
        for name in names:
            try:
                await (self.reload_extension(name) if name in self.extensions else self.load_extension(name))
            except commands.ExtensionError as exc:
                failed.append(name)
                _log.exception("the cog %s cannot be loaded; going on without it", name, exc_info=exc.__cause__ or exc)
        return failed

    async def sync_commands(self) -> None:
        """Register the slash commands with Discord where they changed; after 30 s it goes on by itself."""
        await self._registration.once()

    def _ping_command(self) -> app_commands.Command[Any, [], None]:
        @app_commands.command(name="ping", description="Answers with the latency of the gateway")
        async def ping(interaction: discord.Interaction) -> None:
            await interaction.response.send_message(f"Pong! {self.latency * 1000:.0f} ms", ephemeral=True)

        return ping

    def _uptime_command(self) -> app_commands.Command[Any, [], None]:
        @app_commands.command(name="uptime", description="Tells how the bot is and for how long it has been up")
        async def uptime(interaction: discord.Interaction) -> None:
            status = self._status()
            if status is None or status.ready_at is None:
                words = "starting"
            else:
                words = f"{status.words} (process up {duration(status.at - status.started_at)})"
            await interaction.response.send_message(words, ephemeral=True)

        return uptime
