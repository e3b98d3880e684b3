"""Several clients in one script, clients that end, and shards that fail while others start."""

import asyncio
import json
import time
from pathlib import Path

from harness.bot_process import BOTS, running_bot
from uptime_bot.contract.tokens import fingerprint
from uptime_drill.discord.options import DEMO_TOKEN, GatewayRules, Options
from uptime_drill.discord.stand_in import StandIn

OTHER_TOKEN = "MTIwMDAwMDAwMDAwMDAwMDAwMQ.b3RoZXI.another-token-of-the-stand-in-opens-nothing"
TWO_CLIENTS = f"""
import asyncio, discord, sys

async def one(name, token):
    client = discord.Client(intents=discord.Intents.default())
    @client.event
    async def on_message(message):
        print(name, "got", message.content, flush=True)
    try:
        async with client:
            await client.start(token)
    except (discord.LoginFailure, discord.ConnectionClosed) as exc:
        print(name, "ended with", type(exc).__name__, flush=True)

async def main():
    await asyncio.gather(one("first", {DEMO_TOKEN!r}), one("second", sys.argv[1]))

asyncio.run(main())
"""


def script(folder: Path, text: str) -> str:
    path = folder / "script.py"
    path.write_text(text)
    return str(path)


async def test_the_token_that_was_revoked_is_condemned_and_the_other_client_goes_on(tmp_path: Path) -> None:
    options = Options(tokens=(DEMO_TOKEN, OTHER_TOKEN), gateway=GatewayRules(identify_interval_s=0))
    async with (
        StandIn.listening(options) as discord,
        running_bot(discord, tmp_path, script(tmp_path, TWO_CLIENTS), OTHER_TOKEN) as bot,
    ):
        await bot.ready()
        discord.revoke_token(DEMO_TOKEN)
        await bot.says("first ended with ConnectionClosed")
        rejected = json.loads((bot.state_dir / "rejected-tokens.json").read_text())["rejected"]
        assert [entry["fingerprint"] for entry in rejected] == [fingerprint(DEMO_TOKEN)]
        discord.direct_message("still here", author_id=4242)
        await bot.says("second got still here")
        assert bot.process.returncode is None


async def test_a_bad_token_of_one_client_ends_that_client_alone(tmp_path: Path) -> None:
    text = TWO_CLIENTS.replace('one("second", sys.argv[1])', "later(sys.argv[1])").replace(
        "async def main",
        "async def later(token):\n    await asyncio.sleep(2)\n    await one('second', token)\n\nasync def main",
    )
    async with (
        StandIn.listening() as discord,
        running_bot(discord, tmp_path, script(tmp_path, text), OTHER_TOKEN) as bot,
    ):
        await bot.ready()
        await bot.says("second ended with LoginFailure")
        discord.direct_message("still here", author_id=4242)
        await bot.says("first got still here")


async def test_a_client_that_only_uses_rest_keeps_nobody_from_being_ready(tmp_path: Path) -> None:
    text = f"""
import asyncio, discord

async def main():
    rest = discord.Client(intents=discord.Intents.none())
    await rest.login({DEMO_TOKEN!r})
    client = discord.Client(intents=discord.Intents.default())
    async with client:
        await client.start({DEMO_TOKEN!r})

asyncio.run(main())
"""
    async with StandIn.listening() as discord, running_bot(discord, tmp_path, script(tmp_path, text)) as bot:
        await bot.ready()
        assert bot.notify.status.startswith("ready: ")


async def test_a_process_that_lives_on_without_a_client_is_replaced(tmp_path: Path) -> None:
    text = f"""
import asyncio, discord

async def main():
    client = discord.Client(intents=discord.Intents.default())
    task = asyncio.create_task(client.start({DEMO_TOKEN!r}))
    await asyncio.sleep(3)
    task.cancel()
    await asyncio.Event().wait()

asyncio.run(main())
"""
    settings = {"health.start_deadline_s": 3, "health.tick_s": 0.2}
    async with (
        StandIn.listening() as discord,
        running_bot(discord, tmp_path, script(tmp_path, text), settings=settings) as bot,
    ):
        await bot.ready()
        await bot.until("told", lambda: bot.notify.status.startswith("degraded: no client has been connected"))
        await bot.until("trigger", lambda: "trigger" in bot.notify.values("WATCHDOG"))


async def test_a_frozen_peer_delays_the_cure_by_no_half_minute(tmp_path: Path) -> None:
    settings = {"health.tick_s": 0.1, "health.ack_grace_s": 0.5}
    options = Options(gateway=GatewayRules(heartbeat_interval_ms=1000, heartbeat_grace_s=600))
    async with (
        StandIn.listening(options) as discord,
        running_bot(discord, tmp_path, str(BOTS / "run_at_module_end.py"), settings=settings) as bot,
    ):
        await bot.ready()
        # The old socket: nothing is read or answered on it any more, the close frame included.
        discord.fault("swallow_acks", only_open=True, for_s=600)
        for connection in discord.house.gateway.connections.values():
            assert connection._request.transport is not None
            connection._request.transport.pause_reading()
        began = time.monotonic()
        await bot.until("resumed", lambda: discord.count("resumed") == 1)
        assert time.monotonic() - began < 8


async def test_a_shard_that_drops_while_others_are_launched_is_back_at_once(tmp_path: Path) -> None:
    options = Options(guilds=8)  # one IDENTIFY every 5 s: four shards take 15 s
    async with (
        StandIn.listening(options) as discord,
        running_bot(discord, tmp_path, str(BOTS / "four_shards.py")) as bot,
    ):
        await bot.until("the first shard", lambda: discord.count("ready") == 1)
        dropped = time.monotonic()
        discord.fault("close", code=4000, shard=0)
        await bot.says("shard resumed 0")
        assert time.monotonic() - dropped < 4


async def test_a_token_refused_on_the_first_shard_is_sent_by_no_other(tmp_path: Path) -> None:
    async with StandIn.listening(Options(guilds=8)) as discord:
        discord.fault("identify_close", code=4004)
        async with running_bot(discord, tmp_path, str(BOTS / "four_shards.py")) as bot:
            assert await bot.exit_code() == 77
            await asyncio.sleep(0)
        assert discord.count("identify") == 1


async def test_events_that_cannot_be_parsed_are_passed_over(tmp_path: Path) -> None:
    options = Options(gateway=GatewayRules(identify_interval_s=0))
    async with (
        StandIn.listening(options) as discord,
        running_bot(discord, tmp_path, str(BOTS / "run_at_module_end.py")) as bot,
    ):
        await bot.ready()
        for _ in range(5):
            discord.emit("MESSAGE_CREATE", {"id": "not a number", "an unknown field": None})
        discord.direct_message("still here", author_id=4242)
        await bot.says("got still here", within_s=3)
        assert discord.count("resume") == 0


async def test_an_interval_beyond_discordpys_timeout_does_not_make_a_quiet_bot_reconnect(tmp_path: Path) -> None:
    """60 s by default; 2 s here, so that the test need not wait for minutes."""
    text = f"""
import discord
discord.Client(intents=discord.Intents.default(), heartbeat_timeout=2).run({DEMO_TOKEN!r})
"""
    options = Options(guilds=0, gateway=GatewayRules(heartbeat_interval_ms=8_000))
    async with StandIn.listening(options) as discord, running_bot(discord, tmp_path, script(tmp_path, text)) as bot:
        await bot.ready()
        since = time.monotonic()
        await discord.log.wait_until(lambda: time.monotonic() > since + 7, within_s=20)
        assert discord.count("resume") == 0
        assert discord.count("ws_ended") == 0
