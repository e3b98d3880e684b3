import warnings
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import yarl

from uptime_drill.discord import GatewayRules, Options, StandIn

# discord.py 2.7 imports audioop, which warns on Python 3.11 and 3.12; here warnings are errors.
with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    from discord.gateway import DiscordWebSocket
    from discord.http import Route

StartStandIn = Callable[[Options], Awaitable[StandIn]]


@pytest.fixture
async def start(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[StartStandIn]:
    """Starts stand-ins and points discord.py at the newest of them."""
    running: list[StandIn] = []

    async def start_one(options: Options) -> StandIn:
        stand_in = StandIn(options)
        await stand_in.start()
        running.append(stand_in)
        monkeypatch.setattr(Route, "BASE", stand_in.api_url)
        monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(stand_in.gateway_url))
        return stand_in

    yield start_one
    for stand_in in running:
        await stand_in.stop()


@pytest.fixture
async def discord_(start: StartStandIn) -> StandIn:
    """A stand-in of two guilds that lets clients IDENTIFY as fast as they like."""
    return await start(Options(gateway=GatewayRules(identify_interval_s=0.0)))
