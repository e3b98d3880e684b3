"""Reconnects, deafness and fatal close codes, judged from outside by what the stand-in saw."""

import time
from pathlib import Path
from typing import Any

import pytest

from harness.bot_process import BOTS, running_bot
from uptime_drill.discord.intents import Intent
from uptime_drill.discord.options import GatewayRules, Options
from uptime_drill.discord.stand_in import StandIn

SCRIPT = str(BOTS / "run_at_module_end.py")
QUICK: dict[str, object] = {
    "health.tick_s": 0.1,
    "health.ack_grace_s": 0.5,
    "health.answer_grace_s": 1,
    "health.silence_s": 2,
    "health.silence_answer_s": 1,
}
"""The graces, shortened so that a test need not wait for a minute."""


def quick_heartbeats(**rules: Any) -> Options:
    return Options(gateway=GatewayRules(heartbeat_interval_ms=1000, heartbeat_grace_s=600, **rules))


@pytest.mark.parametrize("fault", [{"kind": "cut"}, {"kind": "op7"}, {"kind": "close", "code": 4000}])
async def test_a_lost_connection_is_resumed_at_once_and_no_event_is_lost(fault: dict[str, Any], tmp_path: Path) -> None:
    async with StandIn.listening() as discord, running_bot(discord, tmp_path, SCRIPT) as bot:
        await bot.ready()
        discord.fault(**fault)
        discord.direct_message("while away", author_id=4242)
        await bot.says("got while away")
        assert discord.count("identify") == 1
        assert discord.count("resume") == 1


async def test_a_session_that_discord_has_ended_is_replaced(tmp_path: Path) -> None:
    options = Options(gateway=GatewayRules(identify_interval_s=0.1))
    async with StandIn.listening(options) as discord, running_bot(discord, tmp_path, SCRIPT) as bot:
        await bot.ready()
        discord.fault("op9", resumable=False)
        await bot.until("a second IDENTIFY", lambda: discord.count("ready") == 2, within_s=20)


async def test_an_outage_is_waited_out_in_process_and_its_end_noticed_within_2_s(tmp_path: Path) -> None:
    async with StandIn.listening() as discord, running_bot(discord, tmp_path, SCRIPT) as bot:
        await bot.ready()
        fault = discord.fault("refuse")
        await bot.until("waiting", lambda: bot.notify.status.startswith("waiting: "))
        assert "connection refused" in bot.notify.status
        assert ", next try " in bot.notify.status
        await bot.until("a few attempts", lambda: bot.output.count("trying again") >= 1)
        # Long enough for the backoff to have grown beyond what the wake-up must beat.
        await discord.log.wait_until(lambda: time.monotonic() - bot.started_mono > 9, within_s=20)
        back = time.monotonic()
        assert fault is not None
        discord.clear_fault(fault)
        await bot.until("resumed", lambda: discord.count("resumed") == 1, within_s=5)
        assert time.monotonic() - back < 2.0
        assert bot.process.returncode is None
        assert discord.count("identify") == 1
        await bot.until("healthy", lambda: bot.notify.status.startswith("ready: "))


async def test_a_gateway_that_answers_503_is_waited_out_at_the_first_connection(tmp_path: Path) -> None:
    """discord.py alone dies of it with an AttributeError (its issue 10520)."""
    async with StandIn.listening() as discord:
        fault = discord.fault("http_status", status=503, path="GET /$")
        async with running_bot(discord, tmp_path, SCRIPT) as bot:
            await bot.until("waiting", lambda: "answers 503" in bot.notify.status)
            assert bot.notify.values("EXTEND_TIMEOUT_USEC")
            assert not bot.notify.values("READY")
            assert fault is not None
            discord.clear_fault(fault)
            await bot.ready(within_s=5)


async def test_op7_in_place_of_hello_is_survived(tmp_path: Path) -> None:
    async with StandIn.listening() as discord:
        discord.fault("handshake_op7", count=1)
        async with running_bot(discord, tmp_path, SCRIPT) as bot:
            await bot.ready()


async def test_resumes_that_are_closed_with_4007_end_in_a_new_session_and_not_in_a_loop(tmp_path: Path) -> None:
    options = Options(gateway=GatewayRules(identify_interval_s=0.1))
    async with StandIn.listening(options) as discord, running_bot(discord, tmp_path, SCRIPT) as bot:
        await bot.ready()
        discord.fault("resume_close", code=4007)
        discord.fault("cut")
        await bot.until("a new session", lambda: discord.count("ready") == 2, within_s=20)
        assert discord.count("resume") <= 2


async def test_missing_acks_are_noticed_and_the_session_resumed_in_process(tmp_path: Path) -> None:
    async with (
        StandIn.listening(quick_heartbeats()) as discord,
        running_bot(discord, tmp_path, SCRIPT, settings=QUICK) as bot,
    ):
        await bot.ready()
        discord.fault("swallow_acks", only_open=True, for_s=600)
        await bot.until("resumed", lambda: discord.count("resumed") == 1)
        await bot.says("heartbeat not acknowledged")
        assert discord.count("identify") == 1
        assert "trigger" not in bot.notify.values("WATCHDOG")


async def test_a_silent_session_with_intact_acks_is_asked_found_deaf_and_resumed(tmp_path: Path) -> None:
    async with (
        StandIn.listening(quick_heartbeats()) as discord,
        running_bot(discord, tmp_path, SCRIPT, settings=QUICK) as bot,
    ):
        await bot.ready()
        discord.fault("swallow_events", only_open=True, for_s=600)
        discord.direct_message("unheard", author_id=4242)
        await bot.says("got unheard")
        assert discord.count("resumed") == 1
        assert discord.count("identify") == 1


async def test_a_quiet_but_sound_session_is_asked_and_left_alone(tmp_path: Path) -> None:
    async with (
        StandIn.listening(quick_heartbeats()) as discord,
        running_bot(discord, tmp_path, SCRIPT, settings=QUICK) as bot,
    ):
        await bot.ready()
        await bot.until("questions", lambda: discord.count("member_request") >= 2, within_s=20)
        assert discord.count("resume") == 0


async def test_a_swallowed_resume_triggers_the_watchdog_with_the_reason(tmp_path: Path) -> None:
    async with (
        StandIn.listening(quick_heartbeats()) as discord,
        running_bot(discord, tmp_path, SCRIPT, settings=QUICK) as bot,
    ):
        await bot.ready()
        discord.fault("swallow_resume", for_s=600)
        discord.fault("swallow_acks", only_open=True, for_s=600)
        await bot.until("trigger", lambda: "trigger" in bot.notify.values("WATCHDOG"), within_s=20)
        assert bot.notify.status.startswith("deaf: shard 0: RESUME unanswered for ")
        triggered = bot.notify.messages[-1].at_mono
        await discord.log.wait_until(lambda: time.monotonic() > triggered + 1)
        assert bot.notify.pings_since(triggered + 0.1) == 0


async def test_while_discords_rest_is_silent_too_nobody_is_called_deaf(tmp_path: Path) -> None:
    async with (
        StandIn.listening(quick_heartbeats()) as discord,
        running_bot(discord, tmp_path, SCRIPT, settings=QUICK) as bot,
    ):
        await bot.ready()
        rest = discord.fault("http_status", status=503, path="/api/")
        discord.fault("swallow_acks", only_open=True, for_s=600)
        await bot.until("waiting", lambda: "REST does not answer either" in bot.notify.status)
        waiting_since = time.monotonic()
        await discord.log.wait_until(lambda: time.monotonic() > waiting_since + 3)
        assert discord.count("resume") == 0
        assert bot.notify.pings_since(waiting_since) > 5
        assert rest is not None
        discord.clear_fault(rest)
        await bot.until("resumed", lambda: discord.count("resumed") == 1)


async def test_4004_ends_with_77_and_the_token_is_never_sent_again(tmp_path: Path) -> None:
    async with StandIn.listening() as discord:
        async with running_bot(discord, tmp_path, SCRIPT) as bot:
            await bot.ready()
            discord.revoke_token(discord.options.tokens[0])
            assert await bot.exit_code() == 77
            assert "4004" in bot.notify.status
        sent = discord.log.last_n
        (tmp_path / "notify").unlink()
        async with running_bot(discord, tmp_path, SCRIPT) as bot:
            assert await bot.exit_code() == 77
            assert "rejected" in bot.output
        assert not discord.log.entries("rest", since=sent)


async def test_4014_ends_with_78_and_says_which_intent_to_switch_on_where(tmp_path: Path) -> None:
    options = Options(privileged_intents=Intent(0))
    script = str(BOTS / "with_cogs/main.py")
    async with StandIn.listening(options) as discord, running_bot(discord, tmp_path, script) as bot:
        assert await bot.exit_code() == 78
        for words in (
            "Server Members Intent",
            "Presence Intent",
            "Message Content Intent",
            f"https://discord.com/developers/applications/{discord.options.application_id}/bot",
        ):
            assert words in bot.output
        assert "Message Content Intent" in bot.notify.status


@pytest.mark.parametrize("code", [4010, 4011, 4012, 4013])
async def test_other_fatal_codes_end_with_78(code: int, tmp_path: Path) -> None:
    async with StandIn.listening() as discord:
        discord.fault("identify_close", code=code)
        async with running_bot(discord, tmp_path, SCRIPT) as bot:
            assert await bot.exit_code() == 78
            assert f"({code})" in bot.output


async def test_one_shard_of_four_comes_back_by_resume_and_the_others_stay(tmp_path: Path) -> None:
    options = Options(guilds=8, gateway=GatewayRules(identify_interval_s=0.5))
    async with (
        StandIn.listening(options) as discord,
        running_bot(discord, tmp_path, str(BOTS / "four_shards.py")) as bot,
    ):
        await bot.ready(within_s=40)
        fault = discord.fault("http_status", status=503, path="GET /")
        discord.fault("cut", shard=2)
        await bot.until("degraded", lambda: bot.notify.status.startswith("degraded: "))
        assert fault is not None
        discord.clear_fault(fault)
        await bot.says("shard resumed 2")
        assert discord.count("identify") == 4
        assert discord.count("resume") == 1


async def test_a_bot_that_cancels_every_task_of_its_loop_keeps_its_heartbeat(tmp_path: Path) -> None:
    script = tmp_path / "cancels.py"
    script.write_text(
        "import asyncio, discord\n"
        "client = discord.Client(intents=discord.Intents.default())\n"
        "@client.event\n"
        "async def on_ready():\n"
        "    main = next(t for t in asyncio.all_tasks() if 'runner' in repr(t))\n"
        "    [t.cancel() for t in asyncio.all_tasks() - {asyncio.current_task(), main}]\n"
        "    print('cancelled', flush=True)\n"
        "client.run('x')\n"
    )
    async with (
        StandIn.listening() as discord,
        running_bot(
            discord,
            tmp_path,
            str(script),
            settings={"health.tick_s": 0.1},
            environ={"DISCORD_TOKEN": discord.options.tokens[0]},
        ) as bot,
    ):
        await bot.says("cancelled")
        since = time.monotonic()
        await bot.until("pings", lambda: bot.notify.pings_since(since) > 5)


async def test_a_server_that_answers_no_questions_is_not_restarted_over_and_over(tmp_path: Path) -> None:
    """An API of its own making may not know op 8; a quiet bot there must not be taken for a deaf one for ever."""
    options = quick_heartbeats(identify_interval_s=0)
    async with (
        StandIn.listening(options) as discord,
        running_bot(discord, tmp_path, SCRIPT, settings=QUICK) as bot,
    ):
        await bot.ready()
        discord.fault("swallow_events")
        await bot.until("a new session, the strongest remedy", lambda: discord.count("ready") == 2, within_s=30)
        since = time.monotonic()
        await discord.log.wait_until(lambda: time.monotonic() > since + 6)
        assert "trigger" not in bot.notify.values("WATCHDOG")
        assert discord.count("ready") == 2
        assert bot.notify.status.startswith("ready: ")


@pytest.mark.parametrize("form", ["json", "compressed", "text"])
async def test_a_garbage_frame_costs_the_connection_and_not_the_bot(form: str, tmp_path: Path) -> None:
    async with StandIn.listening() as discord, running_bot(discord, tmp_path, SCRIPT) as bot:
        await bot.ready()
        discord.fault("garbage", form=form)
        discord.direct_message("after the garbage", author_id=4242)
        await bot.says("got after the garbage")
        assert discord.count("identify") == 1
        assert bot.process.returncode is None


async def test_unknown_events_and_fields_are_passed_over(tmp_path: Path) -> None:
    async with StandIn.listening() as discord, running_bot(discord, tmp_path, SCRIPT) as bot:
        await bot.ready()
        discord.emit("SOMETHING_NEW_IN_2027", {"field": [1, {"deep": None}]})
        discord.direct_message("still here", author_id=4242)
        await bot.says("got still here")
        assert discord.count("resume") == 0


async def test_an_outage_that_outlasts_the_session_ends_with_a_new_one_within_2_s(tmp_path: Path) -> None:
    options = Options(gateway=GatewayRules(resume_window_s=3))
    async with StandIn.listening(options) as discord, running_bot(discord, tmp_path, SCRIPT) as bot:
        await bot.ready()
        fault = discord.fault("refuse")
        gone = time.monotonic()
        await discord.log.wait_until(lambda: time.monotonic() > gone + 12, within_s=20)
        back = time.monotonic()
        assert fault is not None
        discord.clear_fault(fault)
        await bot.until("a new session", lambda: discord.count("ready") == 2, within_s=10)
        assert time.monotonic() - back < 2.0


async def test_drops_right_after_the_start_of_a_session_are_not_answered_in_a_tight_loop(tmp_path: Path) -> None:
    options = Options(gateway=GatewayRules(identify_interval_s=0))
    async with StandIn.listening(options) as discord, running_bot(discord, tmp_path, SCRIPT) as bot:
        await bot.ready()
        discord.fault("resume_close", code=4000)
        discord.fault("cut")
        since = time.monotonic()
        await discord.log.wait_until(lambda: time.monotonic() > since + 8, within_s=20)
        assert 2 <= discord.count("resume") <= 6
