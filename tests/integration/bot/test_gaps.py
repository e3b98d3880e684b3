"""systemd is kept waiting where no heartbeat can run, for a bounded time, and told why."""

import itertools
import time
from pathlib import Path

from harness.bot_process import running_bot
from uptime_drill.discord.options import DEMO_TOKEN
from uptime_drill.discord.stand_in import StandIn


def script(folder: Path, text: str) -> str:
    path = folder / "bot.py"
    path.write_text(f"import asyncio, time, discord\nTOKEN = {DEMO_TOKEN!r}\n{text}")
    return str(path)


async def test_a_slow_start_before_the_first_login_is_extended_and_explained_but_not_for_ever(tmp_path: Path) -> None:
    text = "time.sleep(600)\n"
    settings = {"health.start_deadline_s": 6}
    async with running_bot(None, tmp_path, script(tmp_path, text), settings=settings, watchdog_s=6) as bot:
        words = f"starting: running {tmp_path}/bot.py, no client has logged in yet ("
        await bot.until("words", lambda: bot.notify.status.startswith(words))
        assert bot.notify.values("EXTEND_TIMEOUT_USEC")[-1] == "60000000"
        assert not bot.notify.values("WATCHDOG")
        await bot.until("six seconds", lambda: time.monotonic() - bot.started_mono > 9)
        sent = len(bot.notify.messages)
        await bot.until("silence", lambda: time.monotonic() - bot.started_mono > 12)
        assert len(bot.notify.messages) == sent


async def test_a_loop_that_is_busy_during_the_start_is_extended(tmp_path: Path) -> None:
    text = """
class Client(discord.Client):
    async def setup_hook(self):
        print("migrating", flush=True)
        time.sleep(9)
Client(intents=discord.Intents.default()).run(TOKEN)
"""
    async with (
        StandIn.listening() as discord,
        running_bot(discord, tmp_path, script(tmp_path, text), watchdog_s=6) as bot,
    ):
        await bot.says("migrating")
        await bot.until("words", lambda: bot.notify.status.startswith("starting: the event loop is busy"))
        await bot.ready()
        await bot.until("its own words again", lambda: bot.notify.status.startswith("ready: 2 guilds"))


BETWEEN_RUNS = """
for run in range(2):
    client = discord.Client(intents=discord.Intents.default())
    @client.event
    async def on_ready():
        print("online", run, flush=True)
        if run == 0:
            asyncio.get_running_loop().call_later(1, asyncio.create_task, client.close())
    client.run(TOKEN)
    print("run over", flush=True)
    time.sleep(PAUSE)
"""


async def test_a_pause_between_two_runs_is_pinged_and_explained(tmp_path: Path) -> None:
    text = BETWEEN_RUNS.replace("PAUSE", "8")
    async with (
        StandIn.listening() as discord,
        running_bot(discord, tmp_path, script(tmp_path, text), watchdog_s=3) as bot,
    ):
        await bot.says("run over")
        over = time.monotonic()
        await bot.until("words", lambda: bot.notify.status.startswith("offline: the bot's run is over"))
        await bot.says("online 1")
        pings = [m.at_mono for m in bot.notify.messages if m.fields.get("WATCHDOG") == "1" and m.at_mono > over - 3]
        assert max(later - earlier for earlier, later in itertools.pairwise(pings)) < 3
        await bot.until("its own words again", lambda: bot.notify.status.startswith("ready: 2 guilds"))


async def test_a_script_that_never_runs_its_bot_again_is_not_pinged_for_ever(tmp_path: Path) -> None:
    text = BETWEEN_RUNS.replace("PAUSE", "600")
    settings = {"health.start_deadline_s": 3}
    async with (
        StandIn.listening() as discord,
        running_bot(discord, tmp_path, script(tmp_path, text), settings=settings, watchdog_s=2) as bot,
    ):
        await bot.says("run over")
        over = time.monotonic()
        await bot.until("pings", lambda: bot.notify.pings_since(over + 1) > 0)
        await bot.until("six seconds", lambda: time.monotonic() - over > 6)
        assert not bot.notify.pings_since(over + 4.5)


async def test_a_hung_loop_is_not_pinged(tmp_path: Path) -> None:
    text = """
client = discord.Client(intents=discord.Intents.default())
@client.event
async def on_ready():
    print("hangs", flush=True)
    time.sleep(600)
client.run(TOKEN)
"""
    async with (
        StandIn.listening() as discord,
        running_bot(discord, tmp_path, script(tmp_path, text), watchdog_s=2) as bot,
    ):
        await bot.says("hangs")
        hung = time.monotonic()
        await bot.until("six seconds", lambda: time.monotonic() - hung > 6)
        assert not bot.notify.pings_since(hung + 1)
