"""Asks Discord's REST afterwards what a start with a session to resume did not wait for."""

import asyncio
import logging

import aiohttp
import discord
from discord.http import Route

from uptime_bot.contract.messages import Event, log_event
from uptime_bot.discordpy.fatal import token_rejected
from uptime_bot.discordpy.links import ClientLink
from uptime_bot.discordpy.surroundings import Surroundings

_log = logging.getLogger(__name__)

ASK_AGAIN_S = 30.0
"""A single 401 may be a mistake of Discord's, since the gateway has taken the token; a second one is believed."""


async def verify_login(link: ClientLink, around: Surroundings) -> None:
    """Renew what is known of the bot; a token that REST refuses twice ends the process as it does at login."""
    refusals = 0
    while link.known and not link.client.is_closed():
        path = ""
        try:
            for path in link.known:
                link.answers[path] = await link.client.http.request(Route("GET", path))
        except discord.HTTPException as exc:
            refusals = refusals + 1 if exc.status == 401 else 0
            if refusals == 1:
                words = "the gateway takes the token, but GET %s answers 401; asking again in %.0f s"
                log_event(_log, Event.TOKEN_NOTE, words, path, ASK_AGAIN_S)
            elif refusals > 1 and link.token is not None:
                around.purse.reject(link.token, f"GET {path} answered 401, twice")
                await token_rejected(link, around)
                await link.client.close()
                return
        except (OSError, aiohttp.ClientError, RuntimeError):
            pass  # unreachable, or the client was closed; the gateway goes on
        else:
            around.continuity.remember_answers(link)
            link.known = {}
            return
        await asyncio.sleep(ASK_AGAIN_S)
