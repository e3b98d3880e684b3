"""What we know of one shard: a few words beside its websocket, sampled once a tick."""

import asyncio
import time
from dataclasses import dataclass, field

import discord
from discord.gateway import DiscordWebSocket

from uptime_bot.discordpy.recording import ShardRecording
from uptime_bot.discordpy.refill import PendingRefill
from uptime_bot.health.sample import ShardSample, ShardState

ACK_RACE_S = 1.0
"""discord.py notes the time of a heartbeat after it was sent, in a thread; the ACK may have been handled by then."""

QUESTIONS_TO_A_STRANGER = 2
"""Unanswered, they cost a RESUME and a new session; a third would restart a bot that is merely quiet."""

FLAP_S = 10.0
"""A session that lived shorter counts as a failed attempt, so that a server that drops us at once is not hammered."""


@dataclass(slots=True, kw_only=True, eq=False, repr=False)
class ShardLink:
    """One shard of one client, over all its websockets."""

    shard_id: int
    client: discord.Client
    ws: DiscordWebSocket | None = None
    state: ShardState = ShardState.CONNECTING
    since_mono: float = field(default_factory=time.monotonic)
    unreached: int = 0
    """Attempts since the last session that lasted that ended before HELLO: Discord was not there."""

    rejections: int = 0
    """Attempts since then that ended after HELLO: Discord was there, and did not keep us."""

    unanswered_resumes: int = 0
    identified: bool = False
    """Whether the last attempt sent an IDENTIFY."""

    forget_session: bool = False
    remedies: int = 0
    opening: asyncio.Timeout | None = None
    greeted: bool = False
    """Whether the last attempt has seen a HELLO."""

    established: bool = False
    """Whether READY was parsed, or the session is an older one's: only then is there something to resume."""

    recording: ShardRecording | None = None
    refill: PendingRefill | None = None
    """Fills the cache from the record of the process before, once, when a RESUME is about to go out."""

    lost_since_at: float | None = None
    """Since when (Unix seconds) events may be lost, while there is no session that would know of them."""

    lost_because: str = ""

    ends_session: bool = False
    """Whether a close may end the session: the bot is to be offline at once."""

    unreadable_behind: int | None = None
    """The event behind which a frame could not even be read: that frame is asked for once more."""

    passes_over: int | None = None
    """The event behind which a frame could not be read twice: that one is passed over."""

    _dropped: bool = False
    _asking: bool = False
    _answered_once: bool = False
    _unanswered_questions: int = 0
    _sequence: int | None = None
    _last_dispatch_mono: float = field(default_factory=time.monotonic)
    _asked_at_mono: float | None = None
    _asked_guilds: int = 0
    _unacknowledged_since_mono: float | None = None

    def enter(self, state: ShardState) -> None:
        """Note a change of state, now."""
        self.state = state
        self.since_mono = time.monotonic()
        self._unacknowledged_since_mono = None
        self._asked_at_mono = None
        if state is ShardState.READY:
            self._last_dispatch_mono = self.since_mono
            self.unanswered_resumes = 0

    def begin(self) -> None:
        """Note a new attempt."""
        self.enter(ShardState.CONNECTING)
        self.ws = None
        self.identified = False
        self.greeted = False
        self.established = False
        self._dropped = False

    def ended(self) -> None:
        """Note that the websocket is gone; once for each attempt."""
        if self._dropped:
            self._dropped = False
            return
        if self.state is ShardState.READY and time.monotonic() - self.since_mono >= FLAP_S:
            self.unreached = self.rejections = 0
        elif self.greeted:
            self.rejections += 1
        else:
            self.unreached += 1
        if self.state is ShardState.RESUMING:
            self.unanswered_resumes += 1
        self.enter(ShardState.CONNECTING)

    def sample(self, name: str, now_mono: float, *, silence_s: float, proved_after_s: float) -> ShardSample:
        """Look at the websocket; costs a few attribute reads."""
        self._note_dispatches(now_mono)
        self._note_acks()
        self.note_alive()
        if self.remedies and self.state is ShardState.READY and now_mono - self.since_mono > proved_after_s:
            self.remedies = 0
        state = self.state
        if state is ShardState.READY and self.ws is not None and not self.ws.open:
            state = ShardState.CONNECTING  # dropped this moment, or disconnected by the bot's own code
        silent = state is ShardState.READY and now_mono - self._last_dispatch_mono >= silence_s
        return ShardSample(
            name=name,
            state=state,
            since_mono=self.since_mono,
            unacknowledged_since_mono=self._unacknowledged_since_mono,
            last_dispatch_mono=self._last_dispatch_mono,
            asked_at_mono=self._asked_at_mono,
            can_be_asked=silent and self._answers_questions and self._question_guild() is not None,
            remedies=self.remedies,
        )

    def note_alive(self) -> None:
        """Have it recorded that the session has a connection now: it is from its loss on that Discord counts."""
        # Only what Discord has confirmed: a RESUME may be refused, and then it was not alive.
        if self.recording is not None and self.state is ShardState.READY and self.ws is not None and self.ws.open:
            self.recording.touch()

    def resumes(self) -> None:
        """A RESUME is about to go out: a fresh client gets its cache before events come."""
        refill, self.refill = self.refill, None
        if self.recording is None:
            return
        if refill is not None:
            self.recording.readiness = refill.begin()
        self.recording.replaying = True

    def identifies(self) -> None:
        """An IDENTIFY is about to go out: whatever session there was is given up, and what it would have replayed."""
        if self.refill is not None:
            self.refill.close()
        self.refill = None
        if self.recording is not None:
            alive_at = self.recording.begin_anew()
            if alive_at is not None and self.lost_since_at is None:
                self.lost_since_at, self.lost_because = alive_at, "the one before was over"

    def give_session_up(self) -> None:
        """It is deaf and could not be cured: the next process is not to go on with it."""
        if self.recording is not None:
            self.recording.recorder.forget()

    def cannot_read(self, sequence: int | None) -> bool:
        """The frame behind an event could not be read; True when that is the second time, and it is passed over."""
        again = sequence is not None and self.unreadable_behind == sequence
        self.unreadable_behind = sequence
        self.passes_over = sequence if again else None
        return again

    def resumed(self) -> None:
        """RESUMED has arrived."""
        if self.recording is not None:
            self.recording.caught_up()

    def _note_dispatches(self, now_mono: float) -> None:
        sequence = None if self.ws is None else self.ws.sequence
        if sequence != self._sequence:
            self._sequence = sequence
            self._last_dispatch_mono = now_mono
            if self._asked_at_mono is not None:
                self._asked_at_mono = None
                self._answered_once = True
                self._unanswered_questions = 0

    def _note_acks(self) -> None:
        keep_alive = None if self.ws is None else self.ws._keep_alive
        if keep_alive is None or keep_alive._last_ack >= keep_alive._last_send - ACK_RACE_S:
            self._unacknowledged_since_mono = None
        elif self._unacknowledged_since_mono is None:
            # perf_counter and monotonic are the same clock on Linux.
            self._unacknowledged_since_mono = keep_alive._last_send

    @property
    def _answers_questions(self) -> bool:
        """False for a server that has never answered one: an API of its own making, not a deaf session."""
        return not self._asking and (self._answered_once or self._unanswered_questions < QUESTIONS_TO_A_STRANGER)

    def _question_guild(self) -> int | None:
        guilds = [
            guild.id
            for guild in self.client.guilds
            if guild.shard_id == self.shard_id and not (guild.unavailable and self.client.intents.guilds)
        ]
        return guilds[self._asked_guilds % len(guilds)] if guilds else None

    async def ask(self) -> None:
        """Ask for the bot's own member of a guild, another guild each time; the gateway must answer with a dispatch."""
        guild_id, user = self._question_guild(), self.client.user
        if guild_id is None or user is None or self.ws is None:
            return
        self._asked_guilds += 1
        self._asking = True
        try:
            # discord.py may hold it back, for its own limit of 110 sends a minute.
            await self.ws.request_chunks(guild_id, limit=1, user_ids=[user.id], nonce="uptime-bot")
        finally:
            self._asking = False
        self._unanswered_questions += 1
        self._asked_at_mono = time.monotonic()

    async def drop(self, *, forget_session: bool) -> None:
        """Close with 4000, which keeps the session; the connection loop comes back by itself."""
        if self.ws is None or self._dropped:
            return
        self.remedies += 1
        self.forget_session = self.forget_session or forget_session
        self.ended()
        self._dropped = True  # the connection loop will note the same end
        await self.ws.close(code=4000)

    @property
    def latency_s(self) -> float:
        """Seconds between heartbeat and ACK as discord.py has it; inf before the first."""
        return float("inf") if self.ws is None else self.ws.latency
