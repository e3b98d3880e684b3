"""discord.py's defects in how a connection is made: shown on discord.py alone, the same survived with uptime-bot."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from contract.defects import Defect, shown_by_discord_py
from contract.recorded import Side, recording
from uptime_drill.discord.options import GatewayRules, Options
from uptime_drill.discord.stand_in import StandIn

QUICK = Options(gateway=GatewayRules(identify_interval_s=0))
HANDSHAKE = "^GET /(resume)?$"

FIRST_FAILURES = pytest.mark.parametrize(
    "fault",
    [
        pytest.param({"kind": "http_status", "status": 503, "path": HANDSHAKE, "count": 1}, id="503"),
        pytest.param({"kind": "handshake_op7", "count": 1}, id="op 7 in place of HELLO"),
    ],
)
CODES_OF_A_DEAD_SESSION = pytest.mark.parametrize("code", [4003, 4007, 4009])
HOOK_S = 0.2
"""Stands for the 5 s that discord.py's own before_identify hook waits."""


@FIRST_FAILURES
async def test_defect_1_plain_a_first_handshake_that_fails_ends_the_bot(fault: dict[str, Any], tmp_path: Path) -> None:
    async with StandIn.listening(QUICK) as discord:
        discord.fault(**fault)
        async with recording(Side.PLAIN, discord, tmp_path) as bot:
            with shown_by_discord_py(Defect.FIRST_HANDSHAKE):
                end = await bot.ended()
                assert (end["end"], end["type"]) == ("raised", "AttributeError")
                assert await bot.exit_code() == 1


@FIRST_FAILURES
async def test_defect_1_ours_a_first_handshake_that_fails_is_tried_again(fault: dict[str, Any], tmp_path: Path) -> None:
    async with StandIn.listening(QUICK) as discord:
        discord.fault(**fault)
        async with recording(Side.OURS, discord, tmp_path) as bot:
            await bot.sees("ready")
            assert discord.count("identify") == 1


@CODES_OF_A_DEAD_SESSION
async def test_defect_2_plain_resumes_that_are_closed_are_repeated_in_a_tight_loop(code: int, tmp_path: Path) -> None:
    async with StandIn.listening(QUICK) as discord, recording(Side.PLAIN, discord, tmp_path) as bot:
        await bot.sees("ready")
        discord.fault("resume_close", code=code)
        discord.fault("cut")
        with shown_by_discord_py(Defect.RESUME_LOOP):
            await bot.until("50 RESUMEs in 5 s", lambda: discord.count("resume") >= 50, within_s=5)
            assert discord.count("identify") == 1


@CODES_OF_A_DEAD_SESSION
async def test_defect_2_ours_resumes_that_are_closed_end_in_a_new_session(code: int, tmp_path: Path) -> None:
    async with StandIn.listening(QUICK) as discord, recording(Side.OURS, discord, tmp_path) as bot:
        await bot.sees("ready")
        discord.fault("resume_close", code=code)
        discord.fault("cut")
        await bot.sees("ready", times=2)
        assert discord.count("resume") <= 6
        assert discord.count("identify") == 2


def gaps_between_identifies(discord: StandIn) -> list[float]:
    """Seconds from each IDENTIFY to the next."""
    at = [float(entry["mono"]) for entry in discord.log.entries("identify")]
    return [later - earlier for earlier, later in pairwise(at)]


async def test_defect_3_plain_op9_to_each_identify_is_answered_at_the_same_pace_for_ever(tmp_path: Path) -> None:
    async with StandIn.listening(QUICK) as discord:
        discord.fault("op9", on="identify")
        async with recording(Side.PLAIN, discord, tmp_path, hook_s=HOOK_S) as bot:
            with shown_by_discord_py(Defect.IDENTIFY_FOR_EVER):
                await bot.until("25 IDENTIFYs", lambda: discord.count("identify") >= 25)
                gaps = sorted(gaps_between_identifies(discord))
                assert gaps[len(gaps) // 2] < 2 * HOOK_S


async def test_defect_3_ours_op9_to_each_identify_is_followed_by_backoff(tmp_path: Path) -> None:
    """The first new attempt comes as soon as Discord allows it, 5 s after the one before; from then on pauses grow."""
    patient = {"reconnect.first_delay_s": 20}
    async with StandIn.listening(QUICK) as discord:
        discord.fault("op9", on="identify")
        async with recording(Side.OURS, discord, tmp_path, hook_s=HOOK_S, settings=patient) as bot:
            await discord.log.wait_for("identify", count=2)
            assert not await bot.ends(within_s=7)
            assert discord.count("identify") == 2
            await bot.until("words", lambda: "trying again until it passes" in "".join(bot.output))


def paths_of_identifies(discord: StandIn) -> list[str]:
    """Where each IDENTIFY was sent to; the stand-in's READY names /resume for RESUMEs."""
    opened = {entry["conn"]: str(entry["path"]) for entry in discord.log.entries("ws_open")}
    return [opened[entry["conn"]] for entry in discord.log.entries("identify")]


async def test_defect_7_plain_after_op9_to_a_resume_the_identify_goes_to_the_resume_url(tmp_path: Path) -> None:
    async with StandIn.listening(QUICK) as discord, recording(Side.PLAIN, discord, tmp_path) as bot:
        await bot.sees("ready")
        discord.fault("op9", on="resume", count=1)
        discord.fault("cut")
        with shown_by_discord_py(Defect.IDENTIFY_AT_RESUME_URL):
            await bot.sees("ready", times=2)
            assert paths_of_identifies(discord) == ["/", "/resume"]


async def test_defect_7_ours_after_op9_to_a_resume_the_identify_goes_to_the_gateway(tmp_path: Path) -> None:
    async with StandIn.listening(QUICK) as discord, recording(Side.OURS, discord, tmp_path) as bot:
        await bot.sees("ready")
        discord.fault("op9", on="resume", count=1)
        discord.fault("cut")
        await bot.sees("ready", times=2)
        assert discord.count("resume") == 1
        assert paths_of_identifies(discord) == ["/", "/"]
