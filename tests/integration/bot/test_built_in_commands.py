"""Trouble with the slash commands keeps no built-in bot offline, and they are registered once it is over."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from harness.bot_process import running_bot
from uptime_drill.discord.options import DEMO_TOKEN
from uptime_drill.discord.stand_in import StandIn

PATH = "PUT /api/.*commands"


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param({"kind": "rate_limited", "retry_after_s": 1}, id="rate limited"),
        pytest.param({"kind": "slow", "delay_s": 6}, id="slow"),
        pytest.param({"kind": "http_status", "status": 503}, id="503"),
    ],
)
async def test_the_bot_is_ready_at_once_and_the_commands_follow(fault: dict[str, Any], tmp_path: Path) -> None:
    async with StandIn.listening() as discord:
        number = discord.fault(path=PATH, **fault)
        async with running_bot(discord, tmp_path, environ={"DISCORD_TOKEN": DEMO_TOKEN}) as bot:
            await bot.ready(within_s=8)
            assert discord.count("commands_registered") == 0
            assert number is not None
            discord.clear_fault(number)
            await discord.log.wait_for("commands_registered", within_s=20)
            assert "Pong" in str(await discord.interaction("ping"))


async def test_a_stop_does_not_wait_for_the_commands(tmp_path: Path) -> None:
    async with StandIn.listening() as discord:
        discord.fault("blackhole", path=PATH)
        async with running_bot(discord, tmp_path, environ={"DISCORD_TOKEN": DEMO_TOKEN}) as bot:
            await bot.ready(within_s=8)
            began = time.monotonic()
            bot.process.terminate()
            assert await bot.exit_code() == 0
            assert time.monotonic() - began < 5
            assert "never awaited" not in bot.output
            assert "Task was destroyed" not in bot.output


async def test_a_short_token_of_another_server_works_and_is_never_shown(tmp_path: Path) -> None:
    async with StandIn.listening() as discord:
        discord.add_token("zq7x")
        async with running_bot(discord, tmp_path, environ={"DISCORD_TOKEN": "Bot zq7x"}) as bot:
            await bot.ready()
            await bot.says("so short")
            shown = [bot.output, json.dumps([message.fields for message in bot.notify.messages])]
            shown += [file.read_text("latin-1") for file in bot.state_dir.rglob("*") if file.is_file()]
            assert not any("zq7x" in text for text in shown)
