"""Discord is asked how many session starts are left, within a client that is real, and nothing is left behind by it."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import discord
import pytest
from discord.http import Route

from uptime_bot.discordpy.attach import _lenient_json_or_text
from uptime_bot.discordpy.identify_turn import own_hook
from uptime_bot.discordpy.start_limits import ask_start_limit, listen_for_start_limits
from uptime_bot.waiting.spending import IdentifyLedger
from uptime_drill.discord.options import DEMO_TOKEN, GatewayRules, Options
from uptime_drill.discord.stand_in import StandIn

RULES = Options(gateway=GatewayRules(session_starts=50))


@pytest.fixture(autouse=True)
def attached(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one replacement that asking relies on; attach() would be for the whole process."""
    monkeypatch.setattr(discord.http, "json_or_text", _lenient_json_or_text(discord.http.json_or_text))


@asynccontextmanager
async def logged_in(stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[discord.AutoShardedClient]:
    monkeypatch.setattr(Route, "BASE", stand_in.api_url)
    async with discord.AutoShardedClient(intents=discord.Intents.none()) as client:
        await client.login(DEMO_TOKEN)
        yield client


def left(ledger: IdentifyLedger) -> tuple[int, int]:
    leave = ledger.take(0, shards=1, reserve=0.1)
    ledger.take_back(0)
    return leave.remaining, leave.total


async def test_what_discord_answers_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    async with StandIn.listening(RULES) as stand_in, logged_in(stand_in, monkeypatch) as client:
        stand_in.house.gateway.starts.take(0, time.monotonic())
        ledger = IdentifyLedger(None)
        await ask_start_limit(client, ledger, timeout_s=3.0)
        assert ledger.fresh
        assert left(ledger) == (49, 50)


async def test_what_discordpy_asks_by_itself_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    async with StandIn.listening(RULES) as stand_in, logged_in(stand_in, monkeypatch) as client:
        ledger = IdentifyLedger(None)
        listen_for_start_limits(client, lambda: ledger)
        limits = await client.fetch_session_start_limits()
        assert limits.total == 50
        assert left(ledger) == (50, 50)


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "http_status", "status": 500},
        {"kind": "http_status", "status": 503},
        {"kind": "http_status", "status": 200, "body": "[1]", "content_type": "application/json"},
        {"kind": "cloudflare_429"},
        {"kind": "rate_limited", "scope": "global", "retry_after_s": 60},
        {"kind": "unauthorized"},
        {"kind": "blackhole"},
        {"kind": "cut", "for_s": 60},
    ],
    ids=lambda fault: "-".join(str(value) for value in fault.values())[:30],
)
async def test_what_fails_is_over_soon_and_blocks_no_later_request(
    fault: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with StandIn.listening(RULES) as stand_in, logged_in(stand_in, monkeypatch) as client:
        number = stand_in.fault(**fault, path="gateway/bot$")
        ledger, before = IdentifyLedger(None), time.monotonic()
        await ask_start_limit(client, ledger, timeout_s=1.0)
        assert time.monotonic() - before < 1.5
        assert not ledger.fresh
        assert left(ledger) == (1000, 1000)
        assert number is not None
        stand_in.clear_fault(number)
        async with asyncio.timeout(5):
            await ask_start_limit(client, ledger, timeout_s=3.0)
            await client.http.get_user(4242)
        assert ledger.fresh


async def test_a_server_without_this_route_has_no_such_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    async with StandIn.listening(RULES) as stand_in, logged_in(stand_in, monkeypatch) as client:
        stand_in.fault("http_status", status=404, path="gateway/bot$")
        ledger = IdentifyLedger(None)
        await ask_start_limit(client, ledger, timeout_s=3.0)
        assert ledger.fresh


async def test_a_client_that_has_not_logged_in_is_not_asked() -> None:
    ledger = IdentifyLedger(None)
    async with discord.Client(intents=discord.Intents.none()) as client:
        await ask_start_limit(client, ledger, timeout_s=1.0)
    assert not ledger.fresh


async def test_a_queue_of_the_bots_own_is_noticed() -> None:
    class Queues(discord.Client):
        async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
            pass

    intents = discord.Intents.none()
    assert own_hook(Queues(intents=intents))
    assert not own_hook(discord.Client(intents=intents))
