"""discord.py's defects in noticing that the gateway has gone deaf: shown on discord.py alone, cured with uptime-bot."""

from pathlib import Path

import pytest

from contract.defects import Defect, shown_by_discord_py
from contract.recorded import AUTHOR, Side, recording
from uptime_drill.discord.options import GatewayRules, Options
from uptime_drill.discord.stand_in import StandIn

BEATS = Options(gateway=GatewayRules(identify_interval_s=0, heartbeat_interval_ms=300, heartbeat_grace_s=600))
TALKATIVE = Options(gateway=BEATS.gateway, tick_ms=100)
TIMEOUT_S = 2.0
CLIENT = {"heartbeat_timeout": TIMEOUT_S}
"""discord.py's own limit for a gateway that says nothing; its default is 60 s."""

QUICK: dict[str, object] = {"health.tick_s": 0.1, "health.ack_grace_s": 0.5, "health.answer_grace_s": 0.5}
LONG_AFTER_S = 2 * TIMEOUT_S
"""Plain discord.py does nothing within this; uptime-bot, with the graces above, has acted."""


async def test_defect_9_plain_an_identify_without_answer_is_waited_for_without_end(tmp_path: Path) -> None:
    async with StandIn.listening(BEATS) as discord:
        discord.fault("swallow_identify", count=1)
        async with recording(Side.PLAIN, discord, tmp_path, client=CLIENT) as bot:
            await discord.log.wait_for("identify")
            with shown_by_discord_py(Defect.READY_UNANSWERED):
                assert not await bot.ends(within_s=LONG_AFTER_S)
                assert discord.count("heartbeat") > 5
                assert (discord.count("ws_open"), discord.count("identify"), bot.events) == (1, 1, [])


async def test_defect_9_plain_a_resume_without_answer_is_waited_for_without_end(tmp_path: Path) -> None:
    async with (
        StandIn.listening(BEATS) as discord,
        recording(Side.PLAIN, discord, tmp_path, client=CLIENT) as bot,
    ):
        await bot.sees("ready")
        discord.fault("swallow_resume", count=1)
        discord.fault("cut")
        await discord.log.wait_for("resume")
        with shown_by_discord_py(Defect.READY_UNANSWERED):
            assert not await bot.ends(within_s=LONG_AFTER_S)
            assert (discord.count("ws_open"), discord.count("resume"), discord.count("resumed")) == (2, 1, 0)


async def test_defect_9_ours_an_identify_without_answer_is_sent_again(tmp_path: Path) -> None:
    async with StandIn.listening(BEATS) as discord:
        discord.fault("swallow_identify", count=1)
        async with recording(Side.OURS, discord, tmp_path, client=CLIENT, settings=QUICK) as bot:
            await bot.sees("ready")
            assert discord.count("identify") == 2


async def test_defect_9_ours_a_resume_without_answer_is_sent_again(tmp_path: Path) -> None:
    async with (
        StandIn.listening(BEATS) as discord,
        recording(Side.OURS, discord, tmp_path, client=CLIENT, settings=QUICK) as bot,
    ):
        await bot.sees("ready")
        discord.fault("swallow_resume", count=1)
        discord.fault("cut")
        discord.direct_message("while away", author_id=AUTHOR)
        await bot.sees("resumed")
        assert {"event": "message", "content": "while away"} in bot.entries
        assert discord.count("identify") == 1


async def test_defect_10_plain_missing_acks_are_not_noticed_while_events_flow(tmp_path: Path) -> None:
    async with (
        StandIn.listening(TALKATIVE) as discord,
        recording(Side.PLAIN, discord, tmp_path, client=CLIENT) as bot,
    ):
        await bot.sees("ready")
        discord.fault("swallow_acks", only_open=True)
        with shown_by_discord_py(Defect.ACKS_MISSING):
            assert not await bot.ends(within_s=LONG_AFTER_S)
            assert discord.count("ack_swallowed") > 5
            assert discord.count("ws_open") == 1


async def test_defect_10_ours_missing_acks_are_noticed_while_events_flow(tmp_path: Path) -> None:
    async with (
        StandIn.listening(TALKATIVE) as discord,
        recording(Side.OURS, discord, tmp_path, client=CLIENT, settings=QUICK) as bot,
    ):
        await bot.sees("ready")
        discord.fault("swallow_acks", only_open=True)
        await bot.sees("resumed")
        assert discord.count("identify") == 1


@pytest.mark.parametrize("side", list(Side))
async def test_acks_that_come_are_left_alone(side: Side, tmp_path: Path) -> None:
    """The same figures without a fault: what the others see is the fault's doing."""
    async with (
        StandIn.listening(TALKATIVE) as discord,
        recording(side, discord, tmp_path, client=CLIENT, settings=QUICK) as bot,
    ):
        await bot.sees("ready")
        assert not await bot.ends(within_s=2 * TIMEOUT_S)
        assert discord.count("ws_open") == 1
