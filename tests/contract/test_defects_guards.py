"""Where discord.py has changed what a guard replaces, the guard steps aside in words, and discord.py runs by itself."""

from pathlib import Path

import pytest

from contract.recorded import Side, recording
from uptime_drill.discord.options import GatewayRules, Options
from uptime_drill.discord.stand_in import StandIn

QUICK = Options(gateway=GatewayRules(identify_interval_s=0))

CHANGES = {
    "Client.connect": """
import discord.client
original = discord.client.Client.connect
async def connect(self, *, reconnect=True):
    await original(self, reconnect=reconnect)
discord.client.Client.connect = connect
""",
    "Shard.worker": """
import discord.shard
del discord.shard.Shard.worker
""",
    "DiscordWebSocket.from_client": """
import discord.gateway
original = discord.gateway.DiscordWebSocket.from_client.__func__
async def from_client(cls, client, *, state=None, initial=False, gateway=None, shard_id=None):
    return await original(cls, client, initial=initial, gateway=gateway, shard_id=shard_id, **(state or {}))
discord.gateway.DiscordWebSocket.from_client = classmethod(from_client)
""",
    "json_or_text": """
import discord.http
original = discord.http.json_or_text
async def json_or_text(response):
    return await original(response)
discord.http.json_or_text = json_or_text
""",
}
"""What a discord.py to come might do: the same by other means, gone, or called in another way."""


def changed(what: str, folder: Path) -> dict[str, str]:
    """The environment in which Python changes discord.py before anything else runs."""
    site = folder / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(CHANGES[what], encoding="utf-8")
    return {"PYTHONPATH": str(site)}


@pytest.mark.parametrize("what", CHANGES)
async def test_a_guard_whose_function_has_changed_steps_aside_in_words(what: str, tmp_path: Path) -> None:
    environ = changed(what, tmp_path)
    async with StandIn.listening(QUICK) as discord, recording(Side.OURS, discord, tmp_path, environ=environ) as bot:
        await bot.sees("ready")
        said = [line for line in "".join(bot.output).splitlines() if "this is switched off" in line]
        assert len(said) == 1
        assert what in said[0]


async def test_with_the_guard_off_it_is_discord_pys_own_loop_that_runs(tmp_path: Path) -> None:
    """Its first defect is back."""
    environ = changed("Client.connect", tmp_path)
    async with StandIn.listening(QUICK) as discord:
        discord.fault("handshake_op7", count=1)
        async with recording(Side.OURS, discord, tmp_path, environ=environ) as bot:
            assert (await bot.ended())["type"] == "AttributeError"
