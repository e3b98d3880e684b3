"""What Discord punishes is not spent: session starts over restarts, and refused requests. Judged by the stand-in."""

import asyncio
import json
import time
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from harness.bot_process import BOTS, BotProcess, running_bot
from uptime_drill.discord.options import GatewayRules, Options
from uptime_drill.discord.stand_in import StandIn

SCRIPT = str(BOTS / "run_at_module_end.py")
CRASHES = str(BOTS / "crashes_when_connected.py")
FORBIDDEN = str(BOTS / "asks_what_is_forbidden.py")
NO_SESSION_LASTS = GatewayRules(resume_window_s=0.0)


def start(
    discord: StandIn, folder: Path, number: int, script: str, *, settings: Mapping[str, object] | None = None
) -> AbstractAsyncContextManager[BotProcess]:
    """One of several starts of the same bot: they share what it keeps."""
    environ = {"STATE_DIRECTORY": str(folder / "kept"), "TEST_SHARD": str(number)}
    return running_bot(discord, folder / str(number), script, settings=settings, environ=environ)


async def status_of(bot: BotProcess) -> Any:
    await bot.until("the control socket", (bot.runtime_dir / "control.sock").exists)
    connector = aiohttp.UnixConnector(str(bot.runtime_dir / "control.sock"))
    async with aiohttp.ClientSession(connector=connector) as session, session.get("http://bot/status") as answer:
        return json.loads(await answer.text())


async def one_start(discord: StandIn, folder: Path, number: int) -> bool:
    """Start the bot that crashes as soon as it has a session; whether it got that far before it was held."""
    async with start(discord, folder, number, CRASHES) as bot:
        held = "session starts of this day are left"
        await bot.until("an end", lambda: bot.process.returncode is not None or held in bot.output, within_s=20)
        return bot.process.returncode is not None


@pytest.mark.parametrize("rest_tells", [True, False])
async def test_a_crash_loop_of_processes_never_resets_the_token(rest_tells: bool, tmp_path: Path) -> None:
    """As many starts as 40 s hold. Scaled: the day has 8 session starts in place of 1000, and 16 may start in five
    seconds in place of one. No session can be resumed, so that each start needs an IDENTIFY. After the first start REST
    may be silent about what is left."""
    rules = GatewayRules(session_starts=8, max_concurrency=16, resume_window_s=0.0)
    async with StandIn.listening(Options(gateway=rules)) as discord:
        begin, starts = time.monotonic(), 0
        while time.monotonic() - begin < 40 or starts < 12:
            await one_start(discord, tmp_path, starts)
            starts += 1
            if starts == 1 and not rest_tells:
                discord.fault("http_status", status=503, path="gateway/bot$")
        assert 1 < discord.count("identify") <= 7
        assert discord.count("token_reset") == 0
        print(f"{starts} starts, {discord.count('identify')} IDENTIFYs of 8")


async def test_a_restart_waits_exactly_what_is_left_of_the_five_seconds(tmp_path: Path) -> None:
    async with StandIn.listening(Options(gateway=NO_SESSION_LASTS)) as discord:
        for number in range(2):
            async with start(discord, tmp_path, number, SCRIPT) as bot:
                await bot.ready()
                bot.process.kill()
                await bot.exit_code()
        first, second = (entry["mono"] for entry in discord.log.entries("identify"))
        assert 5.0 <= second - first < 7.0
        assert discord.count("identify", outcome="ready") == 2


async def test_after_op9_the_identify_goes_out_at_once_where_the_last_is_old_enough(tmp_path: Path) -> None:
    async with StandIn.listening() as discord, running_bot(discord, tmp_path, SCRIPT) as bot:
        await bot.ready()
        ready = time.monotonic()
        await discord.log.wait_until(lambda: time.monotonic() - ready > 6, within_s=10)
        discord.fault("op9", resumable=False)
        before = time.monotonic()
        await bot.until("a second IDENTIFY", lambda: discord.count("ready") == 2, within_s=10)
        assert time.monotonic() - before < 2.0


@pytest.mark.parametrize("kind", ["http_status", "blackhole"])
async def test_a_rest_that_does_not_say_what_is_left_does_not_hold_up_an_identify(kind: str, tmp_path: Path) -> None:
    async with StandIn.listening() as discord:
        options = {"status": 503} if kind == "http_status" else {}
        discord.fault(kind, path="gateway/bot$", **options)
        async with running_bot(discord, tmp_path, SCRIPT) as bot:
            await discord.log.wait_until(lambda: discord.count("identify") == 1, within_s=3.0 + 5.0)
            await bot.ready()


async def test_what_is_left_is_told_while_only_the_reserve_is(tmp_path: Path) -> None:
    rules = GatewayRules(session_starts=10, max_concurrency=16, resume_window_s=0.0)
    async with StandIn.listening(Options(gateway=rules)) as discord:
        for number in range(9):
            discord.house.gateway.starts.take(number, time.monotonic())
        async with running_bot(discord, tmp_path, SCRIPT) as bot:
            words = "waiting: 1 of 10 session starts of this day are left, which are kept in reserve until Discord's"
            await bot.until("the status", lambda: bot.notify.status.startswith(words))
            assert ", next try " in bot.notify.status
            assert discord.count("identify") == 0
            assert bot.output.count("kept in reserve") == 1 + bot.output.count("waiting: 1 of 10")


async def test_a_damaged_record_waits_for_discords_word_and_no_longer(tmp_path: Path) -> None:
    async with StandIn.listening(Options(gateway=NO_SESSION_LASTS)) as discord:
        async with start(discord, tmp_path, 0, SCRIPT) as bot:
            await bot.ready()
            bot.process.kill()
            await bot.exit_code()
        (record,) = (tmp_path / "kept").glob("identifies-*.json")
        record.write_text("{")
        fault = discord.fault("http_status", status=503, path="gateway/bot$")
        async with start(discord, tmp_path, 1, SCRIPT) as bot:
            await bot.until("the status", lambda: "not known: the record is lost" in bot.notify.status)
            assert discord.count("identify") == 1
            assert fault is not None
            discord.clear_fault(fault)
            await bot.until("a session", lambda: discord.count("ready") == 2, within_s=15)


async def test_refused_requests_stop_at_the_limit_and_over_a_restart(tmp_path: Path) -> None:
    async with StandIn.listening() as discord:
        discord.fault("http_status", status=403, path="/users/4242$")
        settings = {"budget.invalid_requests": 100}
        async with start(discord, tmp_path, 0, FORBIDDEN, settings=settings) as bot:
            await bot.says("REST is held back", within_s=40)
            assert discord.house.invalid_requests.total == 100
            told = "REST is held back: Discord refused 100 requests"
            while not any(told in reason for reason in (await status_of(bot))["waiting"]):
                await asyncio.sleep(0.1)
            # The gateway goes on, a new handshake included.
            discord.fault("cut")
            discord.direct_message("still here", author_id=4242)
            await bot.says("got still here")
            assert discord.count("resumed") == 1
            assert bot.output.count("holding for") == 1
            record = tmp_path / "kept" / "invalid-requests.json"
            await bot.until("the record", lambda: sum(n for _, n in json.loads(record.read_text())["record"]) == 100)
            bot.process.kill()
            await bot.exit_code()
        asked = discord.log.counts["rest_requests"]
        async with start(discord, tmp_path, 1, FORBIDDEN, settings=settings) as bot:
            await bot.until("the status", lambda: "REST is held back" in bot.output)
            assert discord.house.invalid_requests.total == 100
            assert discord.log.counts["rest_requests"] <= asked + 1


async def test_a_request_that_is_held_back_ends_with_its_client(tmp_path: Path) -> None:
    async with StandIn.listening() as discord:
        discord.fault("http_status", status=403, path="/users/4242$")
        settings = {"budget.invalid_requests": 100}
        async with running_bot(discord, tmp_path, FORBIDDEN, settings=settings) as bot:
            await bot.says("REST is held back", within_s=40)
            discord.direct_message("close", author_id=4242)
            assert await bot.exit_code() == 0
