"""Bots that were not written with us in mind run unchanged."""

import asyncio
import sys
from pathlib import Path

import pytest

from harness.bot_process import BOTS, running_bot
from uptime_drill.discord.options import DEMO_TOKEN, GatewayRules, Options
from uptime_drill.discord.stand_in import StandIn


@pytest.mark.parametrize(
    ("script", "says"),
    [
        pytest.param("run_at_module_end.py", "logged in as", id="bot.run() at the module's end"),
        pytest.param("async_main.py", "tick True", id="asyncio.run(main()) with async with bot"),
        pytest.param("with_cogs/main.py", "the cog is ready", id="cogs from a folder"),
        pytest.param("blocks_at_times.py", "slept", id="blocks the loop with time.sleep"),
        pytest.param("legacy_loop.py", "ready", id="a loop of its own making"),
    ],
)
async def test_a_script_runs_unchanged(script: str, says: str, tmp_path: Path) -> None:
    async with (
        StandIn.listening() as discord,
        running_bot(discord, tmp_path, str(BOTS / script), environ={"DISCORD_TOKEN": DEMO_TOKEN}) as bot,
    ):
        await bot.ready()
        await bot.says(says)
        assert discord.count("identify") == 1


async def test_an_auto_sharded_bot_brings_up_four_shards_and_ready_waits_for_all(tmp_path: Path) -> None:
    rules = GatewayRules(identify_interval_s=0.5)
    async with (
        StandIn.listening(Options(guilds=8, gateway=rules)) as discord,
        running_bot(discord, tmp_path, str(BOTS / "four_shards.py"), watchdog_s=None) as bot,
    ):
        await bot.ready(within_s=40)
        assert discord.count("ready") == 4
        await bot.says("all ready 8")
        assert "4 shards" in bot.notify.status


@pytest.mark.parametrize("attribute", ["bot", "make"])
async def test_an_attribute_runs(attribute: str, tmp_path: Path) -> None:
    (tmp_path / "attribute_bot.py").write_bytes((BOTS / "attribute_bot.py").read_bytes())
    async with (
        StandIn.listening() as discord,
        running_bot(discord, tmp_path, f"attribute_bot:{attribute}", environ={"DISCORD_TOKEN": DEMO_TOKEN}) as bot,
    ):
        await bot.ready()


async def test_the_built_in_bot_answers_its_slash_commands_and_loads_cogs(tmp_path: Path) -> None:
    (tmp_path / "cogs").mkdir()
    (tmp_path / "cogs" / "greet.py").write_bytes((BOTS / "with_cogs/cogs/greet.py").read_bytes())
    (tmp_path / "cogs" / "broken.py").write_text("1/0")
    async with (
        StandIn.listening() as discord,
        running_bot(discord, tmp_path, environ={"DISCORD_TOKEN": DEMO_TOKEN}) as bot,
    ):
        await bot.ready()
        await bot.says("the cog is ready")
        assert "the cog cogs.broken cannot be loaded" in bot.output
        await discord.log.wait_for("commands_registered")
        assert "Pong" in str(await discord.interaction("ping"))
        assert "ready: 2 guilds" in str(await discord.interaction("uptime"))
        assert "greetings" in str(await discord.interaction("greet"))


@pytest.mark.parametrize(
    ("target", "code", "says"),
    [
        pytest.param("absent.py", 78, "does not exist", id="no such script"),
        pytest.param("attribute_bot:not_a_bot", 78, "is a int, not a discord.Client", id="no client"),
        pytest.param("attribute_bot:nothing", 78, "has no attribute nothing", id="no such attribute"),
        pytest.param("nowhere:bot", 78, "cannot import nowhere", id="no such module"),
        pytest.param("syntax.py", 78, "SyntaxError", id="syntax error"),
        pytest.param("imports.py", 78, "No module named 'not_installed'", id="missing requirement"),
        pytest.param("raises.py", 1, "ZeroDivisionError", id="crash before login"),
        pytest.param("exits.py", 5, "", id="sys.exit(5)"),
    ],
)
async def test_what_cannot_run_says_why(target: str, code: int, says: str, tmp_path: Path) -> None:
    (tmp_path / "attribute_bot.py").write_bytes((BOTS / "attribute_bot.py").read_bytes())
    (tmp_path / "syntax.py").write_text("def f(:\n")
    (tmp_path / "imports.py").write_text("import not_installed\n")
    (tmp_path / "raises.py").write_text("1 / 0\n")
    (tmp_path / "exits.py").write_text("import sys; sys.exit(5)\n")
    async with running_bot(None, tmp_path, target) as bot:
        assert await bot.exit_code() == code
        assert says in bot.output


async def test_a_bot_that_closes_itself_ends_with_0_and_one_that_swallows_a_crash_with_1(tmp_path: Path) -> None:
    async with StandIn.listening() as discord:
        async with running_bot(discord, tmp_path / "a", str(BOTS / "ends_by_itself.py")) as bot:
            await bot.ready()
            discord.direct_message("shutdown", author_id=4242)
            assert await bot.exit_code() == 0
        async with running_bot(discord, tmp_path / "b", str(BOTS / "ends_by_itself.py"), "fail") as bot:
            assert await bot.exit_code() == 1
            assert "swallowed the database is away" in bot.output
            assert "the script ended as if all was well" in bot.output


async def test_a_script_sees_its_name_as_python_gives_it(tmp_path: Path) -> None:
    """An absolute __file__, which survives a chdir, and sys.argv[0] as it was typed."""
    (tmp_path / "bot.py").write_text(
        "import os, sys\n"
        "os.chdir('/')\n"
        "print('names', __name__, __file__, sys.argv, sys.modules['__main__'].__file__, sys.path[0])\n"
        "print('spec', __spec__, __package__, __doc__, type(__loader__).__name__, __cached__)\n"
    )
    seen = []
    async with running_bot(None, tmp_path, "bot.py", "--fast") as bot:
        assert await bot.exit_code() == 0
        seen = [line for line in bot.output.splitlines() if line.startswith(("names", "spec"))]
    python = await asyncio.create_subprocess_exec(
        sys.executable, "bot.py", "--fast", cwd=tmp_path, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await python.communicate()
    assert seen == output.decode().splitlines()
