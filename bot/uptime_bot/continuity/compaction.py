"""Compaction: of a journal's frames, the fewest that refill the same cache. Pure; in memory is one guild at a time.

Law: a cache refilled from compacted(journal) is the one refilled from the journal, which is that of the client.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Generic, Protocol, TypeVar

from uptime_bot.continuity.fold import FoldedGuild, Policy, dump, fold, load, stub
from uptime_bot.continuity.fold_account import (
    ACCOUNT,
    Claims,
    Log,
    Remark,
    Word,
    same_account,
    same_user,
    settled,
)
from uptime_bot.continuity.fold_channels import last_message
from uptime_bot.continuity.fold_state import Data, Witness
from uptime_bot.continuity.frames import Frame, GuildMark, Kind
from uptime_bot.continuity.session import session_from

_MOST_STUCK = 16
"""Events of one guild that are looked behind, each at the cost of folding once more."""

_LETTING_GO = frozenset(
    {
        *("GUILD_CREATE", "GUILD_UPDATE", "GUILD_DELETE", "GUILD_MEMBER_REMOVE", "VOICE_STATE_UPDATE"),
        *("GUILD_STICKERS_UPDATE", "CHANNEL_DELETE", "GUILD_SCHEDULED_EVENT_CREATE", "GUILD_SCHEDULED_EVENT_UPDATE"),
        *("GUILD_SCHEDULED_EVENT_DELETE", "GUILD_SCHEDULED_EVENT_USER_ADD", "GUILD_SCHEDULED_EVENT_USER_REMOVE"),
    }
)
"""Events after which a guild may keep other users alive than those whom the event names."""


class Entry(Protocol):
    """A frame but for its payload."""

    @property
    def kind(self) -> Kind:
        """What the frame holds."""

    @property
    def sequence(self) -> int:
        """When it was sent."""

    @property
    def guild_id(self) -> int:
        """The guild that it is about, or 0."""

    @property
    def entity_id(self) -> int:
        """What Kind says."""


_E = TypeVar("_E", bound=Entry)


def compacted(entries: Iterable[_E], load_payload: Callable[[_E], bytes]) -> Iterator[Frame]:
    """SESSION, READY, GUILD frames each with the events behind it that could not be folded, USER frames.

    entries: a journal's, in its order, SESSION and READY first. load_payload is called for each a few times, guild by
    guild. Raises ValueError where the journal does not begin so.
    """
    return _Compaction(list(entries), load_payload).frames()


class _StuckError(Exception):
    """The entry at this place cannot be folded."""

    def __init__(self, place: int) -> None:
        super().__init__(place)
        self.place = place


class _Compaction(Generic[_E]):
    def __init__(self, entries: Sequence[_E], load_payload: Callable[[_E], bytes]) -> None:
        self._load = load_payload
        if len(entries) < 2 or entries[0].kind is not Kind.SESSION or entries[1].kind is not Kind.EVENT:
            raise ValueError("not a journal")
        self._session_entry, self._ready_entry = entries[0], entries[1]
        session = session_from(load_payload(entries[0]))
        ready = json.loads(load_payload(entries[1]))
        if session is None or ready["t"] != "READY":
            raise ValueError("not a journal")
        self._policy = Policy.from_dict(session.policy)
        self._ready: Data = ready
        self._guilds: dict[int, list[_E]] = {}
        self._order: dict[int, Data] = {int(guild["id"]): guild for guild in ready["d"]["guilds"]}
        self._stubs = dict(self._order)
        self._users: dict[int, Data] = {}
        self._told: list[Remark] = []
        self._account: list[Remark] = []
        self._any_kept = False
        self._last_sequence = max(entry.sequence for entry in entries)
        self._own: list[_E] = []
        self._take_in(entries[2:])
        ready["d"]["user"] = self._users.get(self._policy.self_id, ready["d"]["user"])

    def _take_in(self, entries: Sequence[_E]) -> None:
        for entry in entries:
            if entry.guild_id:
                self._guilds.setdefault(entry.guild_id, []).append(entry)
                self._note_order(entry)
            elif entry.kind is Kind.USER:
                user = self._users[entry.entity_id] = json.loads(self._load(entry))
                self._told.append(Remark(entry.sequence, ACCOUNT, entry.entity_id, Word.REPLACED, user))
            elif entry.kind is Kind.EVENT:
                self._own.append(entry)

    def _note_order(self, entry: _E) -> None:
        guild_id = entry.guild_id
        if entry.kind is Kind.EVENT and entry.entity_id == GuildMark.LEFT:
            self._order.pop(guild_id, None)
        elif entry.kind is Kind.GUILD or (entry.kind is Kind.EVENT and entry.entity_id == GuildMark.JOINED):
            self._order.setdefault(guild_id, {"id": str(guild_id), "unavailable": True})

    def frames(self) -> Iterator[Frame]:
        yield self._frame(self._session_entry)
        yield self._ready_frame()
        claims = Claims()
        self._claim_own(claims)
        for guild_id in self._guilds:
            claims.guild_id = guild_id
            yield from self._guild_frames(guild_id, claims)
        yield from self._user_frames(claims)

    def _frame(self, entry: _E) -> Frame:
        return Frame(entry.kind, entry.sequence, entry.guild_id, entry.entity_id, self._load(entry))

    def _ready_frame(self) -> Frame:
        for entry in self._own:
            event = json.loads(self._load(entry))
            if event["t"] == "USER_UPDATE":
                self._account.append(Remark(entry.sequence, ACCOUNT, self._policy.self_id, Word.REPLACED, event["d"]))
        data = self._ready["d"] | {"guilds": list(self._order.values()), "user": self._own_user()}
        entry = self._ready_entry
        return Frame(Kind.EVENT, entry.sequence, 0, entry.entity_id, _packed(self._ready | {"d": data}))

    def _own_user(self) -> Data:
        """The client's user as USER_UPDATE left it."""
        user: Data = self._account[-1].user if self._account else self._ready["d"]["user"]
        return user

    def _claim_own(self, claims: Claims) -> None:
        """What was known of users before any event, and the client's own."""
        self_id = self._policy.self_id
        for user_id, user in self._users.items():
            claims.took(user_id, user)
        if self._policy.shared_users:
            claims.took(self_id, self._ready["d"]["user"])
            for remark in self._account:
                claims.took(self_id, remark.user)

    def _guild_frames(self, guild_id: int, claims: Claims) -> Iterator[Frame]:
        entries = self._guilds[guild_id]
        guild, skipped = self._fold_what_can_be(guild_id, claims)
        left = _last_left(entries)
        kept_from = min((place for place in skipped if place > left), default=len(entries))
        folded = [entry for place, entry in enumerate(entries[:kept_from]) if place not in skipped]
        if kept_from < len(entries):
            self._any_kept = True
            guild = self._fold_all(guild_id, folded, None, None)
        if guild is not None and folded:
            sequence = max(entry.sequence for entry in folded)
            yield Frame(Kind.GUILD, sequence, guild_id, 0, _packed(dump(guild)))
        yield from map(self._frame, entries[kept_from:])

    def _fold_what_can_be(
        self, guild_id: int, witness: Witness, log: Log | None = None
    ) -> tuple[FoldedGuild | None, set[int]]:
        """The guild without the events that cannot be folded, and their places.

        Even where an event is in the way, what later ones say of users counts: guilds share these.
        """
        entries = self._guilds[guild_id]
        places = list(range(len(entries)))
        stuck_at: set[int] = set()
        while True:
            try:
                guild = self._fold_all(guild_id, [entries[place] for place in places], witness, log)
            except _StuckError as stuck:
                end = stuck.place + 1 if len(stuck_at) < _MOST_STUCK else len(places)
                stuck_at.update(places[stuck.place : end])
                del places[stuck.place : end]
            else:
                return guild, stuck_at

    def _fold_all(
        self, guild_id: int, entries: Sequence[_E], witness: Witness | None, log: Log | None
    ) -> FoldedGuild | None:
        if log is not None:
            log.remarks.clear()
        first = self._stubs.get(guild_id)
        guild = None if first is None else stub(dict(first), self._policy)
        if guild is not None:
            guild.witness = witness
        for place, entry in enumerate(entries):
            payload = self._load(entry)
            if log is not None:
                log.sequence = entry.sequence
                log.touched.clear()
            try:
                guild, event = self._fold_one(guild, entry, payload, witness)
            except MemoryError:
                raise
            except Exception as error:  # whatever is odd about it: discord.py will see
                raise _StuckError(place) from error
            if log is not None:
                _note_held(log, guild, event)
        return guild

    def _fold_one(
        self, guild: FoldedGuild | None, entry: _E, payload: bytes, witness: Witness | None
    ) -> tuple[FoldedGuild | None, str]:
        match entry.kind:
            case Kind.GUILD:
                return load(json.loads(payload), self._policy, self._users, witness), "GUILD_CREATE"
            case Kind.LAST_MESSAGE:
                if guild is not None:
                    last_message(guild, entry.entity_id, int.from_bytes(payload, "big"))
                return guild, ""
            case _:
                event = json.loads(payload)
                return fold(guild, event["t"], event["d"], self._policy, witness), event["t"]

    def _user_frames(self, claims: Claims) -> Iterator[Frame]:
        """Of users of whom guilds say different things, what they are; where the guilds' frames would not say so."""
        if not self._policy.shared_users or not claims.disputed:
            return
        remarks, held = self._known_before(claims.disputed), {}
        for guild_id in claims.guilds_of(claims.disputed):
            log = Log(claims.disputed, guild_id)
            guild, _ = self._fold_what_can_be(guild_id, log, log)
            remarks += log.remarks
            if guild is not None:
                held[guild_id] = {user_id: guild.held_user(user_id) for user_id in claims.disputed}
        # Behind what events of the same sequence did with them: these are told as they were afterwards.
        remarks += [remark for remark in self._told if remark.user_id in claims.disputed]
        for user_id, user in settled(remarks).items():
            told = [users[user_id] for users in held.values()]
            if self._any_kept or self._is_needed(user_id, user, told):
                yield Frame(Kind.USER, self._last_sequence, 0, user_id, _packed(user))

    def _known_before(self, user_ids: set[int]) -> list[Remark]:
        """The client's own user, whom it never lets go."""
        self_id = self._policy.self_id
        took = Remark(0, ACCOUNT, self_id, Word.TOOK, self._ready["d"]["user"])
        remarks = [took, Remark(0, ACCOUNT, self_id, Word.HOLDS, {}), *self._account]
        return remarks if self_id in user_ids else []

    def _is_needed(self, user_id: int, user: Data, told: Sequence[Data | None]) -> bool:
        if user_id == self._policy.self_id:
            return not same_account(user, self._own_user())
        return not all(same_user(user, word) for word in told if word is not None)


def _last_left(entries: Sequence[Entry]) -> int:
    places = range(len(entries) - 1, -1, -1)
    return next(
        (place for place in places if entries[place].kind is Kind.EVENT and entries[place].entity_id == GuildMark.LEFT),
        -1,
    )


def _note_held(log: Log, guild: FoldedGuild | None, event: str) -> None:
    for user_id in log.users if event in _LETTING_GO else tuple(log.touched):
        log.holds(user_id, held=guild is not None and guild.held_user(user_id) is not None)


def _packed(value: Any) -> bytes:
    """Shortest JSON; lone surrogates, that UTF-8 cannot hold, stay escaped."""
    try:
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":")).encode()
