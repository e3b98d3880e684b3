"""A shard's turn to IDENTIFY: asking Discord how many are left, waiting, and writing the spend down first."""

import asyncio
import logging
import time

import discord

from uptime_bot.contract.messages import Event, log_event
from uptime_bot.discordpy.links import ClientLink
from uptime_bot.discordpy.shard_link import ShardLink
from uptime_bot.discordpy.start_limits import ASK_TIMEOUT_S, ask_start_limit
from uptime_bot.discordpy.surroundings import Surroundings
from uptime_bot.waiting.identify_budget import FRESH_S, Hold, Leave
from uptime_bot.waiting.off_loop import begin_off_loop, off_loop
from uptime_bot.waiting.outage import Outage
from uptime_bot.waiting.spending import IdentifyLedger

_log = logging.getLogger(__name__)

SAVE_TIMEOUT_S = 3.0
"""A disk that takes longer counts as one that cannot be written."""

LOOK_S = {Hold.CONCURRENCY: 6.0, Hold.PACE: 300.0, Hold.RESERVE: 300.0, Hold.UNVOUCHED: 5.0}
"""A wait is looked at anew after this long at the latest: Discord may have said something else meanwhile."""


def own_hook(client: discord.Client) -> bool:
    """Whether the bot queues by a before_identify_hook of its own."""
    function = getattr(client.before_identify_hook, "__func__", None)
    return function is not discord.Client.before_identify_hook


class IdentifyTurns:
    """Gives turns to the shards of one client."""

    def __init__(self, link: ClientLink, around: Surroundings, outage: Outage) -> None:
        self._link = link
        self._around = around
        self._outage = outage
        self._asked_mono: float | None = None

    @property
    def _ledger(self) -> IdentifyLedger:
        return self._around.spending.identifies(self._link.token)

    async def wait(self, shard: ShardLink, key: str) -> IdentifyLedger | None:
        """Wait until an IDENTIFY may go out and has been written down; None when the client was closed meanwhile.

        done() has to follow. `key` is the shard's on the board of waits.
        """
        told = False
        while not self._link.client.is_closed():
            ledger = self._ledger
            await self._ask_if_stale(ledger)
            leave = ledger.take(
                shard.shard_id,
                shards=max(self._link.shards_expected, 1),
                reserve=self._around.settings().budget.identify_reserve,
            )
            if leave.hold is None:
                if await self._written_down(ledger, shard):
                    return ledger
                continue
            if leave.hold is not Hold.CONCURRENCY:
                reason = words_of_leave(leave)
                if not told:
                    log_event(
                        _log, Event.IDENTIFY_HELD, "shard %s: %s", shard.shard_id, reason, wait=round(leave.wait_s)
                    )
                    told = True
                self._around.waits.begin(key, reason, leave.wait_s)
            await self._outage.wait(min(leave.wait_s, LOOK_S[leave.hold]), None)
        return None

    def done(self, ledger: IdentifyLedger, shard: ShardLink) -> None:
        """End a turn; without a HELLO no IDENTIFY was sent, and none is spent."""
        if shard.greeted:
            ledger.sent(shard.shard_id)
        else:
            ledger.take_back(shard.shard_id)
        # Not waited for: the spend itself is on the disk, and this only makes the time of it exact.
        begin_off_loop(lambda: ledger.save(durable=False))

    async def _written_down(self, ledger: IdentifyLedger, shard: ShardLink) -> bool:
        try:
            try:
                async with asyncio.timeout(SAVE_TIMEOUT_S):
                    saved = await off_loop(lambda: ledger.save(durable=True))
            except TimeoutError:
                saved = False
            confirmed = ledger.confirm(saved=saved)
        except BaseException:
            ledger.take_back(shard.shard_id)
            raise
        if not confirmed:
            ledger.take_back(shard.shard_id)
        return confirmed

    async def _ask_if_stale(self, ledger: IdentifyLedger) -> None:
        if ledger.fresh:
            return
        pause_s = LOOK_S[Hold.UNVOUCHED] - 0.5 if ledger.doubted else FRESH_S
        if self._asked_mono is not None and time.monotonic() - self._asked_mono < pause_s:
            return
        await ask_start_limit(self._link.client, ledger, timeout_s=ASK_TIMEOUT_S)
        self._asked_mono = time.monotonic()


def words_of_leave(leave: Leave) -> str:
    """Why an IDENTIFY waits, for the status and the journal."""
    left = f"{leave.remaining} of {leave.total} session starts of this day are left"
    match leave.hold:
        case Hold.PACE:
            return f"{left}: spreading them, since Discord resets the token when they are spent"
        case Hold.RESERVE:
            return f"{left}, which are kept in reserve until Discord's count is reset"
        case Hold.UNVOUCHED:
            return "how many session starts are left today is not known: the record is lost or cannot be written, and \
Discord's REST does not say"
        case Hold.CONCURRENCY | None:
            return "Discord allows one session start in five seconds"
