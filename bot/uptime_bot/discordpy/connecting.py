"""The connection loops of Client and AutoShardedClient, in place of discord.py's own.

discord.py 2.7.1 gives up on a first handshake that fails (AttributeError on None), backs off to 17 minutes without ever
forgetting, throws a shard's session away after one failed attempt, RESUMEs in a tight loop when the server closes each
one with 4007, and recurses while a shard cannot connect. These loops keep its contract (events dispatched, `reconnect`,
exceptions raised) and none of that.
"""

import asyncio
import logging
from typing import Any

import discord
import yarl
from discord.gateway import DiscordWebSocket, ReconnectWebSocket
from discord.shard import EventItem, EventType, Shard

from uptime_bot.discordpy.gateway_session import Session, session_of
from uptime_bot.discordpy.links import ClientLink, Links
from uptime_bot.discordpy.opening import PASSING, Opener
from uptime_bot.discordpy.shard_link import ShardLink
from uptime_bot.discordpy.surroundings import Surroundings

_log = logging.getLogger(__name__)


class Connector:
    """Runs the connection loops for every client of the process."""

    def __init__(self, links: Links, around: Surroundings) -> None:
        self._links = links
        self._around = around

    def _opener(self, client: discord.Client) -> tuple[ClientLink, Opener]:
        link = self._links.of(client)
        return link, Opener(link, self._around)

    async def connect(self, client: discord.Client, *, reconnect: bool = True) -> None:
        """Do Client.connect for a client without automatic sharding."""
        link, opener = self._opener(client)
        shard = link.shard(client.shard_id)
        session = self._around.continuity.take_up(link, shard)
        initial = True
        while not client.is_closed():
            try:
                ws = await opener.open(
                    client.shard_id, session=session, gateway=None, initial=initial, reconnect=reconnect
                )
            except PASSING:
                client.dispatch("disconnect")
                await client.close()
                raise
            if ws is None:
                return
            client.ws, initial = ws, False
            failure = await _poll_until_it_ends(ws, shard)
            reason = _reason(shard)
            shard.ended()
            client.dispatch("disconnect")
            if not isinstance(failure, ReconnectWebSocket):
                if not reconnect:
                    await client.close()
                    if _is_clean(failure):
                        return
                    raise failure
                _raise_if_fatal(failure)
            session = session_of(ws, shard) if getattr(failure, "resume", True) else None
            await opener.wait_turn(shard, reason)

    async def launch_shard(
        self, client: discord.AutoShardedClient, gateway: yarl.URL, shard_id: int, *, initial: bool = False
    ) -> None:
        """Do AutoShardedClient.launch_shard."""
        link, opener = self._opener(client)
        session = self._around.continuity.take_up(link, link.shard(shard_id))
        named = None if self._around.settings().discord.gateway_url else gateway
        ws = await opener.open(shard_id, session=session, gateway=named, initial=initial)
        if ws is None:
            return
        queue = client._AutoShardedClient__queue  # type: ignore[attr-defined]
        shard = Shard(ws, client, queue.put_nowait)
        client._AutoShardedClient__shards[shard_id] = shard  # type: ignore[attr-defined]
        shard.launch()

    async def launch_shards(self, client: discord.AutoShardedClient) -> None:
        """Do AutoShardedClient.launch_shards, but all at once: only an IDENTIFY has to wait for its turn."""
        if client.is_closed():
            return
        gateway = DiscordWebSocket.DEFAULT_GATEWAY
        if client.shard_count is None:
            client.shard_count, url, *_ = await client.http.get_bot_gateway()
            gateway = yarl.URL(url)
        state = client._connection
        state.shard_count = client.shard_count
        state.shard_ids = client.shard_ids or range(client.shard_count)
        first = state.shard_ids[0]
        launching = [
            asyncio.ensure_future(client.launch_shard(gateway, shard_id, initial=shard_id == first))
            for shard_id in state.shard_ids
        ]
        try:
            await asyncio.gather(*launching)
        finally:
            for task in launching:
                task.cancel()

    async def work(self, shard: Shard) -> None:
        """Do Shard.worker: handle events until the connection ends, then come back in a task of the shard's own.

        discord.py hands that to the client's loop, which is busy while other shards are launched or reconnect.
        """
        client = shard._client
        shard_link = self._links.of(client).shard(shard.id)
        failure = await _poll_until_it_ends(shard.ws, shard_link)
        if client.is_closed():
            return
        _say_disconnected(shard)
        if not isinstance(failure, ReconnectWebSocket):
            try:
                _raise_if_fatal(failure, reconnect=shard._reconnect)
            except Exception as exc:  # noqa: BLE001 - the client's own loop raises it
                self._end_client(shard, exc)
                return
        resumes = getattr(failure, "resume", True)
        session = session_of(shard.ws, shard_link) if resumes else None
        shard._task = self._start_reopening(shard, session)

    def _end_client(self, shard: Shard, exc: Exception) -> None:
        kind = EventType.terminate if isinstance(exc, discord.PrivilegedIntentsRequired) else EventType.close
        shard._queue_put(EventItem(kind, shard, exc))
        fatal = self._links.of(shard._client).fatal
        if fatal is not None and not fatal.done():
            fatal.set_exception(exc)

    async def reconnect(self, shard: Shard) -> None:
        """Do Shard.reconnect: a new session, and back when it is there."""
        shard._cancel_task()
        shard._task = task = self._start_reopening(shard, None)
        await asyncio.wait([task])

    def _start_reopening(self, shard: Shard, session: Session | None) -> asyncio.Task[None]:
        name = f"uptime-bot: shard {shard.id} reconnects"
        return shard._client.loop.create_task(self._reopen_shard(shard, session), name=name)

    async def _reopen_shard(self, shard: Shard, session: Session | None) -> None:
        link, opener = self._opener(shard._client)
        shard_link = link.shard(shard.id)
        reason = _reason(shard_link)
        shard_link.ended()
        try:
            await opener.wait_turn(shard_link, reason)
            ws = await opener.open(shard.id, session=session, gateway=None, initial=False, reconnect=shard._reconnect)
        except PASSING as exc:
            shard._queue_put(EventItem(EventType.close, shard, exc))
            return
        except Exception as exc:  # noqa: BLE001 - the client's own loop raises it
            shard._queue_put(EventItem(EventType.terminate, shard, exc))
            return
        if ws is not None:
            shard.ws = ws
            shard.launch()


def _say_disconnected(shard: Shard) -> None:
    shard._dispatch("disconnect")
    shard._dispatch("shard_disconnect", shard.id)


async def _poll_until_it_ends(ws: DiscordWebSocket, shard: ShardLink) -> Any:
    """Handle events until the connection ends; returns how it did.

    A frame that is not JSON, or an event that discord.py cannot parse, ends the connection and not the bot: its
    sequence has been taken, so a RESUME goes on behind it.
    """
    try:
        while True:
            await ws.poll_event()
    except (ReconnectWebSocket, discord.ConnectionClosed, *PASSING) as exc:
        return exc
    except Exception as exc:  # noqa: BLE001 - returned: it is one more way in which a connection ends
        action = "passing over it" if shard.cannot_read(ws.sequence) else "asking for it once more"
        _log.exception("shard %s: cannot read what the gateway sent; resuming, %s", shard.shard_id, action)
        await ws.close(4000)
        return exc


def _is_clean(failure: Exception) -> bool:
    return isinstance(failure, discord.ConnectionClosed) and failure.code == 1000


def _raise_if_fatal(failure: Exception, *, reconnect: bool = True) -> None:
    if not reconnect:
        raise failure
    if not isinstance(failure, discord.ConnectionClosed) or failure.code == 1000:
        return
    if failure.code == 4014:
        raise discord.PrivilegedIntentsRequired(failure.shard_id)
    raise failure


def _reason(shard: ShardLink) -> str:
    code = None if shard.ws is None else shard.ws.socket.close_code
    return "the connection was lost" if code in (None, 1006) else f"the connection was closed with {code}"
