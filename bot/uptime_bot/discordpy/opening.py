"""Opening a gateway connection: however long it takes, one attempt after another."""

import asyncio
import logging
from typing import Any

import aiohttp
import discord
import yarl
from discord.gateway import DiscordWebSocket, ReconnectWebSocket
from discord.http import INTERNAL_API_VERSION

from uptime_bot.contract.messages import Event, log_event
from uptime_bot.discordpy.gateway_session import Session
from uptime_bot.discordpy.gateway_socket import GatewaySocket, opening
from uptime_bot.discordpy.identify_turn import IdentifyTurns, own_hook
from uptime_bot.discordpy.links import ClientLink
from uptime_bot.discordpy.shard_link import ShardLink
from uptime_bot.discordpy.surroundings import Surroundings
from uptime_bot.waiting.backoff import backoff_s
from uptime_bot.waiting.outage import Outage
from uptime_bot.waiting.reachability import Probe
from uptime_bot.waiting.spending import IdentifyLedger
from uptime_bot.waiting.words import words_of

_log = logging.getLogger(__name__)

PASSING = (OSError, discord.HTTPException, discord.GatewayNotFound, aiohttp.ClientError)
"""What discord.py itself takes for passing, but for ConnectionClosed, whose close code decides."""

HANDSHAKE_TIMEOUT_S = 10.0
"""For TCP, TLS, the websocket handshake and HELLO. discord.py has 60 s, too long to come back soon after an outage."""

RESUMES_WITHOUT_ANSWER = 5
"""After so many the session is given up for an IDENTIFY."""


def _key(shard: ShardLink) -> str:
    return f"shard {shard.shard_id} of {id(shard.client)}"


def _target(shard: ShardLink, session: Session | None, gateway: yarl.URL | None) -> yarl.URL:
    """Where to connect: for a RESUME where READY said, but every other failed attempt goes the usual way in.

    One host that is gone must not cost a session that another one still knows.
    """
    usual = gateway or DiscordWebSocket.DEFAULT_GATEWAY
    if session is None or shard.unreached % 2 == 1:
        return usual
    return session.gateway


def shard_id_of(client: discord.Client, shard: ShardLink) -> int | None:
    """The shard id to connect with: None for a client without sharding, as discord.py has it."""
    return shard.shard_id if isinstance(client, discord.AutoShardedClient) else client.shard_id


class Opener:
    """Opens the gateway connections of one client."""

    def __init__(self, link: ClientLink, around: Surroundings) -> None:
        self._link = link
        self._around = around
        every_s = around.settings().reconnect.probe_every_s
        self._outage = Outage(every_s=every_s, over=link.client.is_closed)
        self._turns = IdentifyTurns(link, around, self._outage)

    async def open(
        self,
        shard_id: int | None,
        *,
        session: Session | None,
        gateway: yarl.URL | None,
        initial: bool,
        reconnect: bool = True,
    ) -> GatewaySocket | None:
        """Connect and send RESUME or IDENTIFY, waiting out what passes; None when the client was closed meanwhile.

        Raises what does not pass, such as a fatal close code; without reconnect, everything.
        """
        client, shard = self._link.client, self._link.shard(shard_id)
        try:
            while not client.is_closed():
                if shard.forget_session or shard.unanswered_resumes >= RESUMES_WITHOUT_ANSWER:
                    session, shard.forget_session, shard.unanswered_resumes = None, False, 0
                target = _target(shard, session, gateway)
                try:
                    return await self._attempt(client, shard, session, target, initial=initial)
                except ReconnectWebSocket as exc:  # op 7 or op 9 in place of HELLO, or a drop before it
                    session = session if exc.resume else None
                    reason, unreachable = "Discord drops the connection at once", None
                except PASSING as exc:
                    if not reconnect:
                        raise
                    reason, unreachable = f"Discord's gateway: {words_of(exc)}", target
                except Exception as exc:
                    if shard.greeted or not reconnect or isinstance(exc, discord.ConnectionClosed):
                        raise  # from the bot's own before_identify hook, or fatal
                    reason, unreachable = f"what answers is not Discord's gateway: {words_of(exc)}", None
                shard.ended()
                await self._wait(shard, reason, unreachable)
        finally:
            self._around.waits.end(_key(shard))
        return None

    async def _attempt(
        self, client: discord.Client, shard: ShardLink, session: Session | None, target: yarl.URL, *, initial: bool
    ) -> GatewaySocket | None:
        if session is not None:
            resume = {"resume": True, "session": session.session_id, "sequence": session.sequence}
            return await self._connect(client, shard, target, resume)
        ledger = await self._wait_for_budget(shard)
        if ledger is None:
            return None
        try:
            # discord.py's own hook would wait 5 s more before any IDENTIFY but the first, however long ago that was.
            return await self._connect(client, shard, target, {"initial": initial or not own_hook(client)})
        finally:
            self._turns.done(ledger, shard)

    async def _connect(
        self, client: discord.Client, shard: ShardLink, target: yarl.URL, how: dict[str, Any]
    ) -> GatewaySocket:
        shard.begin()
        mark = opening.set(shard)
        try:
            async with asyncio.timeout(HANDSHAKE_TIMEOUT_S) as shard.opening:
                return await GatewaySocket.from_client(
                    client, gateway=target, shard_id=shard_id_of(client, shard), **how
                )
        except BaseException:
            # A half-open websocket would go on in the background, with its heartbeat thread.
            if shard.ws is not None:
                await shard.ws.close()
            raise
        finally:
            opening.reset(mark)
            shard.opening = None

    async def wait_turn(self, shard: ShardLink, reason: str) -> None:
        """Wait before a new attempt, if the last one failed; open() takes the wait off the board."""
        if shard.rejections and not self._link.client.is_closed():
            await self._wait(shard, reason, None)
        if self._link.client.is_closed():
            self._around.waits.end(_key(shard))

    async def _wait(self, shard: ShardLink, reason: str, unreachable: yarl.URL | None) -> None:
        limits = self._around.settings().reconnect
        # Where Discord answered, the first failure is no reason to wait: a session that has expired, a drop, an op 7.
        failures = shard.rejections - 1 if shard.greeted else shard.unreached
        if failures <= 0:
            return
        cap_s = limits.identify_max_delay_s if shard.identified else limits.max_delay_s
        delay_s = backoff_s(failures, first_s=limits.first_delay_s, cap_s=cap_s, rng=self._around.rng)
        if failures == 1:
            log_event(_log, Event.WAITING, "shard %s: %s; trying again until it passes", shard.shard_id, reason)
        url = None if unreachable is None else str(unreachable.with_query(v=INTERNAL_API_VERSION, encoding="json"))
        reachability = self._around.reachability
        await self._sleep(shard, reason, delay_s, None if url is None else lambda: reachability.gateway(url))

    async def _sleep(self, shard: ShardLink, reason: str, delay_s: float, probe: Probe | None) -> None:
        self._around.waits.begin(_key(shard), reason, delay_s)
        await self._outage.wait(delay_s, probe)

    async def _wait_for_budget(self, shard: ShardLink) -> IdentifyLedger | None:
        """Wait for the shard's turn to IDENTIFY; None when the client was closed meanwhile."""
        return await self._turns.wait(shard, _key(shard))
