"""What the adapter needs from the process around it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from uptime_bot.contract.settings import Settings
from uptime_bot.discordpy.continuing import Continuity
from uptime_bot.service.exits import ExitNote
from uptime_bot.service.token_purse import TokenPurse
from uptime_bot.waiting.board import WaitBoard
from uptime_bot.waiting.reachability import Reachability
from uptime_bot.waiting.spending import Spending


@dataclass(slots=True, kw_only=True, eq=False, repr=False)
class Surroundings:
    """Handed to the adapter once, before the user's code runs."""

    settings: Callable[[], Settings]
    """The settings of now: a reload may change them."""

    exits: ExitNote
    purse: TokenPurse
    reachability: Reachability
    waits: WaitBoard
    continuity: Continuity
    on_login: Callable[[asyncio.AbstractEventLoop], None]
    """Called in the user's event loop when a client logs in, before anything is sent."""

    on_change: Callable[[], None]
    """Called when a shard becomes ready, which should be told at once."""

    spending: Spending = field(default_factory=lambda: Spending(None))
    """What was spent of IDENTIFYs and refused requests, over restarts."""

    rng: Random = field(default_factory=Random)
