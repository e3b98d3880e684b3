"""Hears Discord's session_start_limit: whenever discord.py asks for it, and when we have to."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any, cast

import aiohttp
import discord
from discord.http import HTTPClient, Route

from uptime_bot.discordpy.login import at_login
from uptime_bot.waiting.spending import IdentifyLedger
from uptime_bot.waiting.start_limit import parse_start_limit

_log = logging.getLogger(__name__)

ASK_TIMEOUT_S = 3.0
"""An IDENTIFY is not held up for longer by a REST that does not answer."""


async def ask_start_limit(client: discord.Client, ledger: IdentifyLedger, *, timeout_s: float) -> None:
    """Ask `GET /gateway/bot`, once and for timeout_s at most; what fails leaves the ledger as it was.

    Past the login guard, which would wait out an outage, and with at_login set, so that discord.py neither retries nor
    sleeps for a rate limit: a sleep that is cut off could leave its global lock closed.
    """
    mark = ledger.mark()
    reset = at_login.set(True)
    try:
        async with asyncio.timeout(timeout_s):
            answer: Any = await HTTPClient.request(client.http, Route("GET", "/gateway/bot"))
    except discord.NotFound:
        ledger.hear(None, mark)  # another implementation of the API, without such a limit
        return
    except (discord.HTTPException, OSError, aiohttp.ClientError, RuntimeError, ValueError, AttributeError) as exc:
        _log.debug("GET /gateway/bot: %s; going by our own count", type(exc).__name__)
        return
    finally:
        at_login.reset(reset)
    _hear(answer.get("session_start_limit") if isinstance(answer, dict) else None, ledger, mark)


def listen_for_start_limits(client: discord.Client, ledger: Callable[[], IdentifyLedger | None]) -> None:
    """Hear what AutoShardedClient asks by itself, and the user by fetch_session_start_limits()."""
    http = cast("Any", client.http)
    if not hasattr(HTTPClient, "get_bot_gateway"):
        return

    async def get_bot_gateway() -> Any:
        heard_by = ledger()
        mark = 0 if heard_by is None else heard_by.mark()
        answer: Any = await HTTPClient.get_bot_gateway(http)
        if heard_by is not None:
            _hear(answer[2] if isinstance(answer, tuple) and len(answer) > 2 else None, heard_by, mark)
        return answer

    http.get_bot_gateway = get_bot_gateway


def _hear(found: object, ledger: IdentifyLedger, mark: int) -> None:
    limit = parse_start_limit(found)
    if limit is not None:
        ledger.hear(limit, mark)
