"""What a user sees of a client's connection: the same events and ends under uptime-bot as under discord.py alone."""

from pathlib import Path
from typing import Any

import pytest

from contract.recorded import AUTHOR, Recorded, Side, recording
from uptime_drill.discord.options import GatewayRules, Options
from uptime_drill.discord.stand_in import StandIn

pytestmark = pytest.mark.parametrize("side", list(Side))

QUICK = Options(gateway=GatewayRules(identify_interval_s=0))
START = ["connect", "ready"]


async def marked(bot: Recorded, text: str = "mark") -> list[str]:
    """Send a message that closes the list of events; the events before it."""
    await bot.told(text)
    return bot.events[: bot.events.index("message")]


async def test_a_plain_start(side: Side, tmp_path: Path) -> None:
    async with StandIn.listening(QUICK) as discord, recording(side, discord, tmp_path) as bot:
        await bot.sees("ready")
        assert await marked(bot) == START
        assert {"event": "ready", "guilds": 2} in bot.entries


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param({"kind": "op7"}, id="op 7"),
        pytest.param({"kind": "cut"}, id="cut"),
        pytest.param({"kind": "close", "code": 4000}, id="close 4000"),
        pytest.param({"kind": "close", "code": 1000}, id="close 1000, which Discord sends for unknown reasons"),
        pytest.param({"kind": "close", "code": 1001}, id="close 1001"),
        pytest.param({"kind": "close", "code": 4008}, id="close 4008"),
        pytest.param({"kind": "op9", "resumable": True}, id="op 9 that can be resumed"),
    ],
)
async def test_a_drop_is_a_disconnect_and_a_resume(side: Side, fault: dict[str, Any], tmp_path: Path) -> None:
    async with StandIn.listening(QUICK) as discord, recording(side, discord, tmp_path) as bot:
        await bot.sees("ready")
        discord.fault(**fault)
        await bot.sees("resumed")
        assert await marked(bot) == [*START, "disconnect", "resumed"]
        assert discord.count("identify") == 1


async def test_op9_is_a_disconnect_and_a_new_session(side: Side, tmp_path: Path) -> None:
    async with StandIn.listening(QUICK) as discord, recording(side, discord, tmp_path) as bot:
        await bot.sees("ready")
        discord.fault("op9")
        await bot.sees("ready", times=2)
        assert await marked(bot) == [*START, "disconnect", *START]
        assert discord.count("resume") == 0


async def test_the_users_own_close_returns_from_connect(side: Side, tmp_path: Path) -> None:
    async with StandIn.listening(QUICK) as discord, recording(side, discord, tmp_path) as bot:
        await bot.sees("ready")
        await bot.told("close")
        assert await bot.ended() == {"end": "returned", "closed": True}
        assert await bot.exit_code() == 0
        await bot.sees("disconnect")
        assert bot.events == [*START, "message", "disconnect"]
        assert "trying again" not in "".join(bot.output)


async def test_a_second_client_after_the_first_was_closed(side: Side, tmp_path: Path) -> None:
    """Scripts do so that restart their bot by themselves."""
    async with StandIn.listening(QUICK) as discord, recording(side, discord, tmp_path, kind="again") as bot:
        await bot.sees("ready")
        await bot.told("close")
        await bot.sees("ready", times=2)
        discord.fault("cut")
        # With ours, the second client goes on with the first one's session.
        again = START if side is Side.PLAIN else ["connect", "resumed", "ready"]
        await bot.sees("resumed", times=1 if side is Side.PLAIN else 2)
        assert bot.events == [*START, "message", "disconnect", *again, "disconnect", "resumed"]
        discord.direct_message("close", author_id=AUTHOR)
        assert await bot.exit_code() == 0


async def test_a_close_while_discord_is_away_returns_from_connect(side: Side, tmp_path: Path) -> None:
    async with StandIn.listening(QUICK) as discord, recording(side, discord, tmp_path) as bot:
        await bot.sees("ready")
        await bot.told("close when disconnected")
        discord.fault("refuse")
        assert await bot.ended() == {"end": "returned", "closed": True}
        assert await bot.exit_code() == 0


async def test_an_outage_is_waited_out_and_resumed(side: Side, tmp_path: Path) -> None:
    async with StandIn.listening(QUICK) as discord, recording(side, discord, tmp_path) as bot:
        await bot.sees("ready")
        fault = discord.fault("refuse")
        await bot.sees("disconnect")
        assert fault is not None
        discord.clear_fault(fault)
        await bot.sees("resumed")
        events = await marked(bot)
        # discord.py tells each attempt that failed as one more disconnect, we tell the one that there was.
        assert [*START, "disconnect", "resumed"] == [*dict.fromkeys(events)]
        assert discord.count("identify") == 1


@pytest.mark.parametrize("fault", [{"kind": "cut"}, {"kind": "close", "code": 1000}], ids=["cut", "close 1000"])
async def test_without_reconnect_a_drop_that_can_be_resumed_is_resumed_all_the_same(
    side: Side, fault: dict[str, Any], tmp_path: Path
) -> None:
    """So discord.py has it: `reconnect` is about errors, not about op 7 and resumable closes."""
    async with StandIn.listening(QUICK) as discord, recording(side, discord, tmp_path, reconnect=False) as bot:
        await bot.sees("ready")
        discord.fault(**fault)
        await bot.sees("resumed")
        assert await marked(bot) == [*START, "disconnect", "resumed"]


async def test_without_reconnect_the_users_own_close_returns(side: Side, tmp_path: Path) -> None:
    async with StandIn.listening(QUICK) as discord, recording(side, discord, tmp_path, reconnect=False) as bot:
        await bot.sees("ready")
        await bot.told("close")
        assert await bot.ended() == {"end": "returned", "closed": True}
        assert await bot.exit_code() == 0


async def test_without_reconnect_an_attempt_that_fails_is_raised(side: Side, tmp_path: Path) -> None:
    async with StandIn.listening(QUICK) as discord, recording(side, discord, tmp_path, reconnect=False) as bot:
        await bot.sees("ready")
        discord.fault("refuse")
        end = await bot.ended()
        assert (end["end"], end["is_oserror"], end["closed"]) == ("raised", True, True)
        assert await bot.exit_code() == 1


async def test_without_reconnect_a_first_attempt_that_fails_is_raised(side: Side, tmp_path: Path) -> None:
    async with StandIn.listening(QUICK) as discord:
        discord.fault("http_status", status=503, path="GET /$")
        async with recording(side, discord, tmp_path, reconnect=False) as bot:
            end = await bot.ended()
            assert (end["end"], end["type"], end["closed"]) == ("raised", "WSServerHandshakeError", True)


FATAL = {
    4004: ("ConnectionClosed", 4004, 77),
    4010: ("ConnectionClosed", 4010, 78),
    4011: ("ConnectionClosed", 4011, 78),
    4012: ("ConnectionClosed", 4012, 78),
    4013: ("ConnectionClosed", 4013, 78),
    4014: ("PrivilegedIntentsRequired", None, 78),
}


@pytest.mark.parametrize("code", FATAL)
@pytest.mark.parametrize("reconnect", [True, False], ids=["reconnect", "no reconnect"])
async def test_a_fatal_close_code_is_raised(side: Side, code: int, reconnect: bool, tmp_path: Path) -> None:
    """The difference we mean: discord.py raises an exception that ends as exit code 1; ours is a SystemExit with the
    code that systemd acts on, which `except Exception` in a script does not swallow."""
    raised, exceptions_code, exit_code = FATAL[code]
    async with StandIn.listening(QUICK) as discord:
        discord.fault("identify_close", code=code)
        async with recording(side, discord, tmp_path, reconnect=reconnect) as bot:
            end = await bot.ended()
            assert end["end"] == "raised"
            await bot.sees("disconnect")  # its handler begins once the exception is on its way
            assert bot.events == ["disconnect"]
            if side is Side.OURS:
                assert (end["type"], end["code"]) == ("GiveUp", exit_code)
                assert await bot.exit_code() == exit_code
            elif reconnect:
                assert (end["type"], end["code"]) == (raised, exceptions_code)
                assert await bot.exit_code() == 1
