"""How the process ends: never while a bot lives in some thread, in time when it must, and a crash is counted as one."""

import json
import signal
import time
from pathlib import Path

import pytest

from harness.bot_process import BotProcess, running_bot
from uptime_drill.discord.options import DEMO_TOKEN
from uptime_drill.discord.stand_in import StandIn

CLIENT = f"""
import asyncio, logging, os, signal, sys, threading, time
import discord
TOKEN = {DEMO_TOKEN!r}
client = discord.Client(intents=discord.Intents.default())

@client.event
async def on_ready():
    print("online", flush=True)

@client.event
async def on_message(message):
    print("got", message.content, flush=True)
    if message.content == "shutdown":
        await client.close()
"""
IN_A_THREAD = "threading.Thread(target=client.run, args=(TOKEN,)).start()\n"
KEEP_ALIVE = "threading.Thread(target=time.sleep, args=(600,), name='keep-alive').start()\n"
POOL = (
    "import concurrent.futures\npool = concurrent.futures.ThreadPoolExecutor()\npool.submit(print, 'pooled').result()\n"
)
DEAF_TO_CTRL_C = "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"


def script(folder: Path, text: str) -> str:
    path = folder / "bot.py"
    path.write_text(CLIENT + text)
    return str(path)


def unclean_starts(bot: BotProcess) -> object:
    return json.loads((bot.state_dir / "crashes.json").read_text())["unclean_starts"]


async def ends_in_time(bot: BotProcess) -> None:
    asked = time.monotonic()
    bot.signal(signal.SIGTERM)
    assert await bot.exit_code() == 0
    assert time.monotonic() - asked < 5


@pytest.mark.parametrize("before", [pytest.param("", id="alone"), pytest.param(POOL, id="beside an idle pool")])
async def test_a_bot_in_a_thread_runs_on_after_the_script_and_stops_politely(before: str, tmp_path: Path) -> None:
    async with (
        StandIn.listening() as discord,
        running_bot(discord, tmp_path, script(tmp_path, before + IN_A_THREAD)) as bot,
    ):
        await bot.says("online")
        ready = time.monotonic()
        await bot.until("pings beyond the grace", lambda: bot.notify.pings_since(ready + 4.5) > 0)
        discord.direct_message("still here", author_id=4242)
        await bot.says("got still here")
        asked = time.monotonic()
        bot.signal(signal.SIGTERM)
        assert await bot.exit_code() == 0
        assert time.monotonic() - asked < 2
        assert "asked to stop" in bot.output
        assert "did not end within" not in bot.output
        await discord.log.wait_until(lambda: discord.count("ws_ended") >= 1)
        assert not {entry["code"] for entry in discord.log.entries("client_close")} & {1000, 1001}


async def test_a_bot_in_a_pool_runs_on_after_the_script_and_its_end_ends_the_process(tmp_path: Path) -> None:
    text = "import concurrent.futures\nconcurrent.futures.ThreadPoolExecutor().submit(client.run, TOKEN)\n"
    async with StandIn.listening() as discord, running_bot(discord, tmp_path, script(tmp_path, text)) as bot:
        await bot.says("online")
        ready = time.monotonic()
        await bot.until("pings beyond the grace", lambda: bot.notify.pings_since(ready + 4.5) > 0)
        discord.direct_message("shutdown", author_id=4242)
        assert await bot.exit_code() == 0


@pytest.mark.parametrize(
    "run", [pytest.param("client.run(TOKEN)\n", id="main thread"), pytest.param(IN_A_THREAD, id="another thread")]
)
async def test_a_bot_that_has_ended_ends_the_process_whatever_else_runs_on(run: str, tmp_path: Path) -> None:
    async with (
        StandIn.listening() as discord,
        running_bot(discord, tmp_path, script(tmp_path, KEEP_ALIVE + run)) as bot,
    ):
        await bot.says("online")
        discord.direct_message("shutdown", author_id=4242)
        assert await bot.exit_code(within_s=8) == 0
        assert "threads that run on: keep-alive" in bot.output


async def test_a_thread_that_loses_its_token_ends_the_process_with_77(tmp_path: Path) -> None:
    text = IN_A_THREAD.replace("TOKEN", "TOKEN[:-3] + 'xyz'")
    async with StandIn.listening() as discord, running_bot(discord, tmp_path, script(tmp_path, text)) as bot:
        assert await bot.exit_code() == 77


async def test_a_crash_is_counted_and_coded_as_one_also_where_a_thread_runs_on(tmp_path: Path) -> None:
    text = KEEP_ALIVE + "raise RuntimeError('boom')\n"
    for starts in (1, 2):
        async with running_bot(None, tmp_path, script(tmp_path, text), supervised=True) as bot:
            assert await bot.exit_code() == 1
            assert unclean_starts(bot) == starts
        (tmp_path / "notify").unlink()


@pytest.mark.parametrize(
    "obstacle",
    [
        pytest.param("os.mkdir('gone'); os.chdir('gone'); os.rmdir('../gone')\n", id="no working directory"),
        pytest.param("for handler in logging.getLogger().handlers: handler.acquire()\n", id="main thread holds logs"),
        pytest.param(
            "def hold():\n"
            "    for handler in logging.getLogger().handlers: handler.acquire()\n"
            "    time.sleep(600)\n"
            "threading.Thread(target=hold, daemon=True).start()\n",
            id="another thread holds logs",
        ),
    ],
)
async def test_a_stuck_bot_is_ended_in_time_whatever_stands_in_the_way(obstacle: str, tmp_path: Path) -> None:
    text = obstacle + DEAF_TO_CTRL_C + "print('stuck', flush=True)\nwhile True: time.sleep(600)\n"
    async with running_bot(None, tmp_path, script(tmp_path, text), supervised=True) as bot:
        await bot.says("stuck")
        await ends_in_time(bot)
        assert unclean_starts(bot) == 0


async def test_a_forked_child_dies_of_its_own_sigterm_and_takes_nobody_along(tmp_path: Path) -> None:
    text = """
import multiprocessing
fork = multiprocessing.get_context("fork")
runs = fork.Event()
def work():
    runs.set()
    time.sleep(30)
child = fork.Process(target=work)
child.start()
runs.wait()
child.terminate()
child.join()
print("child", child.exitcode, flush=True)
client.run(TOKEN)
"""
    async with StandIn.listening() as discord, running_bot(discord, tmp_path, script(tmp_path, text)) as bot:
        await bot.says("child -15")
        await bot.says("online")
        assert not bot.notify.values("STOPPING")
