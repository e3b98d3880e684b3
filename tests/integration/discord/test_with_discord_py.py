"""Unmodified discord.py clients against the stand-in."""

import asyncio
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import discord
import pytest
from discord import app_commands, utils
from discord.ext import commands

from uptime_drill.discord import DEMO_TOKEN, GatewayRules, Options, RestRules, StandIn

Start = Callable[[Options], Awaitable[StandIn]]
WITHIN_S = 15.0


# discord.py waits this long after the last GUILD_CREATE before it calls itself ready.
QUICKLY: dict[str, Any] = {"guild_ready_timeout": 0.2}


class Recorder(discord.Client):
    """Writes down what reaches its handlers."""

    def __init__(self, **options: Any) -> None:
        super().__init__(intents=discord.Intents.all(), **QUICKLY, **options)
        self.seen: list[str] = []

    async def on_message(self, message: discord.Message) -> None:
        if message.author != self.user:
            self.seen.append(message.content)


class ShardedRecorder(discord.AutoShardedClient):
    def __init__(self, **options: Any) -> None:
        super().__init__(intents=discord.Intents.all(), **QUICKLY, **options)
        self.seen: list[str] = []

    async def on_message(self, message: discord.Message) -> None:
        self.seen.append(message.content)


@asynccontextmanager
async def online(client: discord.Client) -> AsyncIterator[discord.Client]:
    """Logged in, connected and ready."""
    await client.login(DEMO_TOKEN)
    connecting = asyncio.create_task(client.connect())
    try:
        await asyncio.wait_for(client.wait_until_ready(), WITHIN_S)
        yield client
    finally:
        await client.close()
        await asyncio.wait([connecting], timeout=WITHIN_S)


class ZlibContext:
    """discord.py's own, which it does not define where zstandard is installed."""

    COMPRESSION_TYPE = "zlib-stream"

    def __init__(self) -> None:
        self._context = zlib.decompressobj()

    def decompress(self, data: bytes, /) -> str | None:
        return self._context.decompress(data).decode()


async def all_seen(discord_: StandIn, client: Recorder | ShardedRecorder, expected: list[str]) -> None:
    await discord_.log.wait_until(lambda: len(client.seen) >= len(expected), within_s=WITHIN_S, awaited=str(expected))
    assert client.seen == expected


@pytest.mark.parametrize("compress", ["zlib-stream", "zstd-stream"])
async def test_a_client_sees_its_world_and_resumes_after_a_cut(
    discord_: StandIn, monkeypatch: pytest.MonkeyPatch, compress: str
) -> None:
    if compress == "zlib-stream":
        monkeypatch.setattr(utils, "_ActiveDecompressionContext", ZlibContext)
    client = Recorder()
    async with online(client):
        assert [len(guild.members) for guild in client.guilds] == [6, 6]
        assert client.guilds[0].text_channels[0].name == "general"
        discord_.message("before")
        await all_seen(discord_, client, ["before"])
        discord_.fault("refuse", for_s=0.3)
        for number in range(50):
            discord_.message(f"missed {number}")
        await all_seen(discord_, client, ["before", *(f"missed {n}" for n in range(50))])
    resumed = discord_.log.entries("resume", outcome="resumed")
    assert [entry["replayed"] for entry in resumed] == [50]
    assert discord_.count("identify") == 1
    assert {entry["query"]["compress"] for entry in discord_.log.entries("ws_open")} == {compress}


async def test_an_auto_sharded_client_gets_each_guild_on_its_shard(start: Start) -> None:
    stand_in = await start(Options(guilds=4, gateway=GatewayRules(identify_interval_s=0, shards=2)))
    client = ShardedRecorder()
    async with online(client):
        assert client.shard_count == 2
        assert sorted(guild.shard_id for guild in client.guilds) == [0, 0, 1, 1]
        for guild_id in stand_in.house.world.guild_ids():
            stand_in.message(str(guild_id), channel_id=guild_id + 1)
        await stand_in.log.wait_until(lambda: len(client.seen) == 4)
    assert [entry["shard"] for entry in stand_in.log.entries("ready")] == [[0, 2], [1, 2]]


async def test_a_bot_answers_a_prefix_command(discord_: StandIn) -> None:
    bot = commands.Bot(command_prefix="!", intents=discord.Intents.all(), **QUICKLY)

    @bot.command()
    async def ping(ctx: commands.Context[commands.Bot]) -> None:
        async with ctx.typing():
            await ctx.send("pong", embed=discord.Embed(title="x"))
        await ctx.message.add_reaction("✅")
        await ctx.reply("done")

    async with online(bot):
        message_id = discord_.message("!ping")
        await discord_.log.wait_for("bot_message", content="pong")
        reply = await discord_.log.wait_for("bot_message", content="done")
        channel = bot.guilds[0].text_channels[0]
        written = await channel.fetch_message(int(reply["id"]))
        assert written.reference is not None
        assert written.reference.message_id == message_id
        edited = await written.edit(content="edited")
        assert edited.content == "edited"
        await written.delete()
        with pytest.raises(discord.NotFound):
            await channel.fetch_message(written.id)
        assert [m.content async for m in channel.history(limit=5)] == ["pong", "!ping"]


def with_commands(client: discord.Client) -> app_commands.CommandTree[discord.Client]:
    tree = app_commands.CommandTree(client)

    @tree.command(description="answers")
    async def ping(interaction: discord.Interaction, text: str = "pong") -> None:
        await interaction.response.send_message(text)

    @tree.command(description="thinks first")
    async def think(interaction: discord.Interaction) -> None:
        await interaction.response.defer()
        await interaction.followup.send("thought")
        original = await interaction.original_response()
        await interaction.edit_original_response(content=f"{original.content} twice")

    @tree.command(description="is late")
    async def late(interaction: discord.Interaction) -> None:
        await asyncio.sleep(0.3)
        with pytest.raises(discord.NotFound) as refused:
            await interaction.response.send_message("too late")
        assert refused.value.code == 10062

    return tree


async def test_slash_commands_are_registered_answered_and_reported(discord_: StandIn) -> None:
    client = Recorder()
    tree = with_commands(client)
    async with online(client):
        await tree.sync()
        answer = await discord_.interaction("ping", options={"text": "hello"})
        assert answer["answered"]
        assert answer["after_s"] < 3
        assert answer["callback"]["data"]["content"] == "hello"
        await discord_.interaction("think")
        await discord_.log.wait_until(
            lambda: (
                discord_.house.world.messages(discord_.house.world.first_channel() or 0)[0]["content"]
                == "thought twice"
            )
        )
    assert discord_.log.entries("commands_registered")[0]["names"] == ["ping", "think", "late"]


async def test_a_late_answer_is_unknown_and_reported_as_late(start: Start) -> None:
    stand_in = await start(
        Options(gateway=GatewayRules(identify_interval_s=0), rest=RestRules(interaction_deadline_s=0.1))
    )
    client = Recorder()
    tree = with_commands(client)
    async with online(client):
        await tree.sync()
        report = await stand_in.interaction("late", wait_s=0.2)
        assert not report["answered"]
        await stand_in.log.wait_for("callback", outcome="late")
    assert stand_in.log.entries("callback")[0]["after_s"] > 0.1


async def test_op7_resumes_and_op9_identifies_anew(discord_: StandIn) -> None:
    client = Recorder()
    async with online(client):
        discord_.fault("op7")
        await discord_.log.wait_for("resumed", within_s=WITHIN_S)
        discord_.fault("op9", resumable=True)
        await discord_.log.wait_for("resumed", count=2, within_s=WITHIN_S)
        assert discord_.count("ready") == 1
        discord_.fault("op9")
        await discord_.log.wait_for("ready", count=2, within_s=WITHIN_S)
    assert discord_.count("identify") == 2


@pytest.mark.parametrize(
    ("code", "error"),
    [(4004, discord.ConnectionClosed), (4013, discord.ConnectionClosed), (4014, discord.PrivilegedIntentsRequired)],
)
async def test_close_codes_that_are_fatal(discord_: StandIn, code: int, error: type[Exception]) -> None:
    client = Recorder()
    discord_.fault("identify_close", code=code)
    await client.login(DEMO_TOKEN)
    with pytest.raises(error):
        await client.connect()
    await client.close()


@pytest.mark.parametrize(
    ("fault", "error", "status"),
    [
        pytest.param({"kind": "unauthorized"}, discord.LoginFailure, None, id="401"),
        pytest.param({"kind": "http_status", "status": 503}, discord.DiscordServerError, 503, id="503"),
        pytest.param({"kind": "cloudflare_429"}, discord.HTTPException, 429, id="cloudflare"),
    ],
)
async def test_what_login_raises(
    discord_: StandIn, fault: dict[str, Any], error: type[Exception], status: int | None
) -> None:
    discord_.fault(**fault)
    client = Recorder()
    with pytest.raises(error) as raised:
        await client.login(DEMO_TOKEN)
    assert status is None or getattr(raised.value, "status", None) == status
    assert discord_.count("rest", path="/api/v10/users/@me") == 1
    await client.close()


async def test_a_global_429_is_waited_out(discord_: StandIn) -> None:
    discord_.fault("rate_limited", scope="global", retry_after_s=0.1, count=1)
    client = Recorder()
    async with online(client):
        assert client.user is not None
    statuses = [entry["status"] for entry in discord_.log.entries("rest", path="/api/v10/users/@me")]
    assert statuses == [429, 200]


async def test_a_burst_arrives_whole_and_in_order(discord_: StandIn) -> None:
    client = Recorder()
    async with online(client):
        await discord_.burst(2000, "{n}")
        await all_seen(discord_, client, [str(n) for n in range(2000)])
