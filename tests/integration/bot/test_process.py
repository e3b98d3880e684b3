"""The process around the bot: stop, reload, one instance, stalls, control socket, secrets, pace of restarts."""

import json
import re
import signal
import time
from pathlib import Path

import aiohttp
import pytest

from harness.bot_process import BOTS, BotProcess, running_bot
from uptime_drill.discord.options import DEMO_TOKEN
from uptime_drill.discord.stand_in import StandIn

SCRIPT = str(BOTS / "run_at_module_end.py")


async def get(bot: BotProcess, path: str) -> tuple[int, str]:
    connector = aiohttp.UnixConnector(str(bot.runtime_dir / "control.sock"))
    async with aiohttp.ClientSession(connector=connector) as session, session.get(f"http://bot{path}") as response:
        return response.status, await response.text()


@pytest.mark.parametrize("script", ["run_at_module_end.py", "four_shards.py", "async_main.py", "legacy_loop.py"])
async def test_sigterm_ends_with_0_in_time_and_keeps_the_session(script: str, tmp_path: Path) -> None:
    async with (
        StandIn.listening() as discord,
        running_bot(discord, tmp_path, str(BOTS / script), environ={"DISCORD_TOKEN": DEMO_TOKEN}) as bot,
    ):
        await bot.until("a session", lambda: discord.count("ready") >= 1)
        asked = time.monotonic()
        bot.signal(signal.SIGTERM)
        assert await bot.exit_code() == 0
        assert time.monotonic() - asked < 5
        assert "1" in bot.notify.values("STOPPING")
        await discord.log.wait_until(lambda: discord.count("ws_ended") >= 1)
        assert not {entry["code"] for entry in discord.log.entries("client_close")} & {1000, 1001}


async def test_a_stuck_bot_is_stopped_within_the_grace_and_the_line_is_named(tmp_path: Path) -> None:
    async with StandIn.listening() as discord, running_bot(discord, tmp_path, SCRIPT) as bot:
        await bot.ready()
        discord.direct_message("block", author_id=4242)
        await bot.says("the event loop has been stuck")
        asked = time.monotonic()
        bot.signal(signal.SIGTERM)
        assert await bot.exit_code() == 0
        assert time.monotonic() - asked < 5
        assert re.search(r"did not end within 3.5 s.*run_at_module_end.py line 18 in on_message", bot.output)


async def test_stop_while_waiting_for_discord(tmp_path: Path) -> None:
    async with StandIn.listening() as discord:
        discord.fault("refuse")
        async with running_bot(discord, tmp_path, SCRIPT) as bot:
            await bot.until("waiting", lambda: bot.notify.status.startswith("waiting"))
            bot.signal(signal.SIGTERM)
            assert await bot.exit_code(within_s=5) == 0


async def test_a_stall_is_written_with_file_line_and_coroutine_and_its_end_too(tmp_path: Path) -> None:
    async with (
        StandIn.listening() as discord,
        running_bot(discord, tmp_path, SCRIPT, settings={"health.tick_s": 0.2}) as bot,
    ):
        await bot.ready()
        discord.direct_message("block for 2.5", author_id=4242)
        await bot.says("the event loop runs again after")
        words = "run_at_module_end.py line 20 in on_message: time.sleep(float(message.content.split()[-1]))"
        assert words in bot.output
        assert "(coroutine on_message)" in bot.output
        assert bot.output.count("the event loop has been stuck") == 1


async def test_the_control_socket_tells_the_truth_also_while_the_loop_is_stuck(tmp_path: Path) -> None:
    async with (
        StandIn.listening() as discord,
        running_bot(discord, tmp_path, SCRIPT, settings={"health.tick_s": 0.2}) as bot,
    ):
        await bot.ready()
        await bot.until("a socket", (bot.runtime_dir / "control.sock").exists)
        assert await get(bot, "/livez") == (200, "ok\n")
        assert await get(bot, "/readyz") == (200, "ok\n")
        status = json.loads((await get(bot, "/status"))[1])
        assert status["health"] == "healthy"
        assert status["guilds"] == 2
        assert status["shards"][0]["state"] == "ready"
        assert status["memory_rss_bytes"] > 10_000_000
        assert DEMO_TOKEN not in json.dumps(status)
        assert (bot.runtime_dir / "control.sock").stat().st_mode & 0o777 == 0o600
        discord.direct_message("block", author_id=4242)
        await bot.says("the event loop has been stuck")
        assert (await get(bot, "/livez"))[0] == 503
        assert json.loads((await get(bot, "/status"))[1])["health"] == "stalled"


async def test_a_second_instance_says_who_holds_the_lock_and_exits_75(tmp_path: Path) -> None:
    async with StandIn.listening() as discord, running_bot(discord, tmp_path, SCRIPT) as first:
        await first.ready()
        second_folder = tmp_path / "second"
        settings: dict[str, object] = {"paths.state_dir": f'"{first.state_dir}"'}
        async with running_bot(discord, second_folder, SCRIPT, settings=settings) as second:
            assert await second.exit_code() == 75
            assert f"pid {first.process.pid} " in second.output
        assert discord.count("identify") == 1


async def test_sighup_reloads_the_built_in_bots_cogs_and_configuration(tmp_path: Path) -> None:
    cog = tmp_path / "cogs" / "greet.py"
    cog.parent.mkdir()
    cog.write_text((BOTS / "with_cogs/cogs/greet.py").read_text())
    environ = {"DISCORD_TOKEN": DEMO_TOKEN}
    async with StandIn.listening() as discord, running_bot(discord, tmp_path, environ=environ) as bot:
        await bot.ready()
        cog.write_text(cog.read_text().replace("greetings", "new greetings, much longer"))
        bot.signal(signal.SIGHUP)
        await bot.says("reloaded the configuration and the cogs: everything")
        assert "new greetings" in str(await discord.interaction("greet"))
        reloading = next(m.fields for m in bot.notify.messages if "RELOADING" in m.fields)
        assert int(reloading["MONOTONIC_USEC"]) > 0
        assert bot.notify.values("READY") == ["1", "1"]


async def test_sighup_does_not_end_a_script(tmp_path: Path) -> None:
    async with StandIn.listening() as discord, running_bot(discord, tmp_path, SCRIPT) as bot:
        await bot.ready()
        bot.signal(signal.SIGHUP)
        await bot.says("a script cannot be reloaded")
        discord.direct_message("still here", author_id=4242)
        await bot.says("got still here")


async def test_a_guilds_name_beyond_latin_1_costs_no_ready(tmp_path: Path) -> None:
    script = tmp_path / "✓ naïve 日本.py"
    script.write_text(Path(SCRIPT).read_text())
    async with StandIn.listening() as discord, running_bot(discord, tmp_path, str(script)) as bot:
        await bot.until("a status", lambda: "✓ naïve 日本" in " ".join(bot.notify.values("STATUS")))
        await bot.ready()


async def test_the_token_is_nowhere_to_be_seen(tmp_path: Path) -> None:
    script = tmp_path / "careless.py"
    script.write_text(
        "import logging, discord\n"
        f"TOKEN = {DEMO_TOKEN!r}\n"
        "client = discord.Client(intents=discord.Intents.default())\n"
        "@client.event\n"
        "async def on_ready():\n"
        "    logging.warning('logged in with %s', TOKEN)\n"
        "    logging.warning('args %s', {'token': [TOKEN]})\n"
        "    raise ValueError(f'bad token {TOKEN}')\n"
        "client.run(TOKEN)\n"
    )
    async with StandIn.listening() as discord, running_bot(discord, tmp_path, str(script)) as bot:
        await bot.says("bad token")
        await bot.until("the status", (bot.runtime_dir / "control.sock").exists)
        seen = [bot.output, (await get(bot, "/status"))[1], str(bot.notify.messages)]
        seen += [Path(f"/proc/{bot.process.pid}/{name}").read_text() for name in ("cmdline", "environ")]
        seen += [path.read_bytes().decode("latin-1") for path in bot.state_dir.rglob("*") if path.is_file()]
        secret = DEMO_TOKEN.rsplit(".", 1)[1]
        assert not [text for text in seen if DEMO_TOKEN in text or secret in text]


async def test_a_crash_loop_is_paced_and_forgotten_after_a_healthy_while(tmp_path: Path) -> None:
    script = tmp_path / "crashes.py"
    script.write_text(Path(SCRIPT).read_text())
    settings: dict[str, object] = {
        "restart.first_delay_s": 0.2,
        "restart.max_delay_s": 1.5,
        "restart.forget_after_s": 2,
        "health.tick_s": 0.2,
    }
    took = []
    async with StandIn.listening() as discord:
        for _ in range(6):
            async with running_bot(discord, tmp_path, str(script), settings=settings, supervised=True) as bot:
                await bot.says("uptime-bot 0.1.0 runs")
                took.append(time.monotonic() - bot.started_mono)
                bot.signal(signal.SIGKILL)
                await bot.exit_code()
            (tmp_path / "notify").unlink()
        waits = [duration - min(took) for duration in took]
        assert waits[0] < 0.4
        assert waits[1] < 0.4
        assert waits[5] > 1.0
        async with running_bot(discord, tmp_path, str(script), settings=settings, supervised=True) as bot:
            await bot.until("told", lambda: "6 crashes in a row" in " ".join(bot.notify.values("STATUS")))
            await bot.ready()
            await bot.until("forgotten", lambda: '"unclean_starts": 1' in (bot.state_dir / "crashes.json").read_text())
            bot.signal(signal.SIGTERM)
            assert await bot.exit_code() == 0
        assert '"unclean_starts": 0' in (tmp_path / "state" / "crashes.json").read_text()
