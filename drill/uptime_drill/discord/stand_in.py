"""The stand-in itself: listens, takes faults and commands, and tells what it saw."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self

from aiohttp import web

from uptime_drill.discord import strikes
from uptime_drill.discord.building import build_house
from uptime_drill.discord.control.routes import control_app
from uptime_drill.discord.dispatches import Dispatch
from uptime_drill.discord.faults import Fault, FaultKind, parse_fault
from uptime_drill.discord.house import House
from uptime_drill.discord.listener import Listener
from uptime_drill.discord.logbook import Logbook
from uptime_drill.discord.options import Options
from uptime_drill.discord.rest.door import Door, Handler
from uptime_drill.discord.rest.routes import add_routes
from uptime_drill.discord.sockets import PATHS, Sockets
from uptime_drill.discord.state import state_of
from uptime_drill.discord.ticker import Ticker
from uptime_drill.discord.tokens import fingerprint


class StandIn:
    """A Discord on loopback. In process: `async with StandIn.listening(Options(guilds=3)) as discord: ...`."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.log = Logbook(kept=options.log_kept, file=options.log_file)
        self.house: House = build_house(options, self.log)
        self.ticker = Ticker(self.house)
        self._sockets = Sockets(self.house)
        self._discord = Listener(self._discord_app(), options.host, options.port)
        self._control = Listener(control_app(self), options.host, options.control_port)
        self.house.faults.changed = self._fault_changed
        self._reopening: asyncio.Task[None] | None = None

    @classmethod
    @asynccontextmanager
    async def listening(cls, options: Options | None = None) -> AsyncIterator[Self]:
        stand_in = cls(options or Options())
        await stand_in.start()
        try:
            yield stand_in
        finally:
            await stand_in.stop()

    async def start(self) -> None:
        await self._discord.start()
        await self._control.start()
        self.house.gateway.url = self.gateway_url
        self.house.gateway.resume_url = f"{self.gateway_url}resume"
        if self.options.tick_ms:
            await self.ticker.start(self.options.tick_ms, spread=self.options.tick_spread)
        self.log.write("listening", api_url=self.api_url, gateway_url=self.gateway_url, control_url=self.control_url)

    async def stop(self) -> None:
        self.house.faults.reset()
        await self.ticker.stop()
        if self._reopening is not None:
            await self._reopening
        self.drop_connections("the stand-in stops")
        await self._discord.stop()
        await self._control.stop()
        self.log.write("stopped")
        self.log.close()

    def _discord_app(self) -> web.Application:
        door = Door(self.house)

        @web.middleware
        async def admit(request: web.Request, handler: Handler) -> web.StreamResponse:
            return await (door(request, handler) if request.path.startswith("/api") else handler(request))

        app = web.Application(middlewares=[admit], client_max_size=32 << 20)
        add_routes(app, self.house)
        for path in PATHS:
            app.router.add_get(path, self._sockets.handle)
        return app

    # where it listens

    @property
    def api_url(self) -> str:
        return f"http://{self._authority(self._discord)}/api/v10"

    @property
    def gateway_url(self) -> str:
        return f"ws://{self._authority(self._discord)}/"

    @property
    def control_url(self) -> str:
        return f"http://{self._authority(self._control)}"

    def _authority(self, listener: Listener) -> str:
        host = f"[{self.options.host}]" if ":" in self.options.host else self.options.host
        return f"{host}:{listener.port}"

    # faults

    def fault(self, kind: FaultKind | str, **settings: Any) -> int | None:
        """Set a fault; its number, or None for one that acts once. Raises FaultRefused.

        >>> discord.fault("close", code=4000)
        >>> discord.fault("http_status", status=503, for_s=20)
        """
        return self.set_fault(parse_fault({"kind": str(kind), **settings}))

    def set_fault(self, fault: Fault) -> int | None:
        gateway = self.house.gateway
        number = self.house.faults.set(fault, newest_connection=gateway.newest_connection)
        strikes.strike_open(gateway, fault)
        return number

    def clear_fault(self, number: int) -> bool:
        """End one fault; False if it is not in force."""
        return self.house.faults.end(number)

    def reset(self) -> None:
        """End all faults."""
        self.house.faults.reset()

    def _fault_changed(self, fault: Fault, begins: bool) -> None:
        match fault.kind:
            case FaultKind.REFUSE:
                self._refuse_or_open()
            case FaultKind.BLACKHOLE:
                self._sockets.block()
            case FaultKind.REVOKE if begins:
                self.house.gateway.lock_out(fault.token_fingerprint, "token revoked")
            case _:
                return

    def _refuse_or_open(self) -> None:
        fault = self.house.faults.in_force(FaultKind.REFUSE)
        if fault is None:
            self._reopening = asyncio.create_task(self._reopen(), name="stand-in-reopen")
            return
        self._discord.refuse()
        if not fault.keep_connections:
            self.drop_connections("fault: refuse")

    async def _reopen(self) -> None:
        if self.house.faults.in_force(FaultKind.REFUSE) is None:
            await self._discord.open()

    def drop_connections(self, why: str) -> None:
        """End every TCP connection of the Discord port without a close frame."""
        for connection in tuple(self.house.gateway.connections.values()):
            connection.drop(why)
        self._discord.abort_connections()

    # tokens

    def add_token(self, token: str) -> str:
        """Let a token in; its fingerprint."""
        mark = self.house.gateway.tokens.add(token)
        self.log.write("token_added", token=mark)
        return mark

    def revoke_token(self, token: str | None = None, *, token_fingerprint: str | None = None) -> bool:
        """Revoke a token for good: its sessions end, its sockets close with 4004. False if it was not valid."""
        mark = fingerprint(token) if token is not None else (token_fingerprint or "")
        known = self.house.gateway.tokens.revoke(mark)
        self.log.write("token_revoked", token=mark, known=known)
        self.house.gateway.lock_out(mark, "token revoked")
        return known

    # the world

    def message(self, content: str = "hello", *, channel_id: int | None = None, author_id: int | None = None) -> int:
        """A user writes a message; its id. Raises NoSuchThing."""
        return int(self.house.say(content, channel_id=channel_id, author_id=author_id)["id"])

    def direct_message(self, content: str, *, author_id: int) -> int:
        """A user writes to the bot directly; the message's id."""
        channel_id = int(self.house.open_direct(author_id)["id"])
        return self.message(content, channel_id=channel_id, author_id=author_id)

    async def burst(self, count: int, content: str = "burst {n}", *, channel_id: int | None = None) -> tuple[int, int]:
        """Many messages as fast as the sockets take them; the first and the last id."""
        first, last = await self.house.burst(count, content, channel_id)
        return int(first), int(last)

    def emit(self, event: str, data: dict[str, Any], *, guild_id: int | None = None) -> int:
        """Send any dispatch to the sessions it concerns; how many those are. The world itself does not change."""
        where = guild_id if guild_id is not None else _guild_in(event, data)
        delivered = self.house.gateway.publish(Dispatch(event, data, guild_id=where))
        self.log.write("emitted", name=event, sessions=delivered)
        return delivered

    async def interaction(
        self,
        name: str,
        *,
        options: dict[str, Any] | None = None,
        wait_s: float = 4.0,
        channel_id: int | None = None,
        user_id: int | None = None,
        unregistered: bool = False,
    ) -> dict[str, Any]:
        """A user runs a slash command; what the bot answered within `wait_s` and after how long."""
        interaction = self.house.use_command(
            name, options=options, channel_id=channel_id, user_id=user_id, unregistered=unregistered
        )
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(interaction.answered.wait(), wait_s)
        return interaction.report()

    async def press(
        self, custom_id: str, *, message_id: int, channel_id: int | None = None, wait_s: float = 4.0
    ) -> dict[str, Any]:
        """A user presses a button below a message; what the bot answered within `wait_s` and after how long."""
        interaction = self.house.press(custom_id, message_id=message_id, channel_id=channel_id)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(interaction.answered.wait(), wait_s)
        return interaction.report()

    # what it saw

    def state(self) -> dict[str, Any]:
        """Sessions, sockets, faults and counters, as GET /state gives them."""
        return state_of(self.house)

    def count(self, event: str, **details: Any) -> int:
        """How many entries of the log are of that event and have those details."""
        return len(self.log.entries(event, **details)) if details else self.log.counts[event]


def _guild_in(event: str, data: dict[str, Any]) -> int | None:
    """The guild an event belongs to, where its payload says so."""
    named = data.get("id") if event in ("GUILD_CREATE", "GUILD_UPDATE", "GUILD_DELETE") else data.get("guild_id")
    return int(named) if named is not None else None
