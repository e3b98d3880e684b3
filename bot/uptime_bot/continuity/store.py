"""Finds at a start what the last process left of each shard's session. Nothing heavy is imported: it runs first."""

import os
from contextlib import suppress
from datetime import UTC, datetime
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

from uptime_bot.continuity.files import FOLDER, RecordFiles, open_file, record_files
from uptime_bot.continuity.found import Found, Index, Nothing
from uptime_bot.continuity.frames import Kind
from uptime_bot.continuity.journal import DamagedError, Entry, Head, load, read_head, scan
from uptime_bot.continuity.position import PositionState, read_position, suspect_of
from uptime_bot.continuity.session import Session, SessionKey, differences, session_from

_POSITION_SUFFIX = ".position"
_DEATHS_OF_POISON = 2
_OFFSET = attrgetter("offset")
_FOREIGN_FOR_S = 86400.0
"""How long the record of another token is kept: far longer than any session can be resumed."""


class RecordStore:
    """The recorded sessions below a state directory and a runtime directory (tmpfs)."""

    def __init__(self, state_dir: Path, runtime_dir: Path) -> None:
        self.state_dir = state_dir
        self.runtime_dir = runtime_dir
        self.problems: list[str] = []
        """What was odd, in words, for the caller to log; nothing here raises OSError or logs."""

    def files(self, key: SessionKey) -> RecordFiles:
        """Where this shard is recorded."""
        return record_files(
            self.state_dir, self.runtime_dir, token=key.token, shard_id=key.shard_id, shard_count=key.shard_count
        )

    def find(self, key: SessionKey, *, now: datetime, window_s: float) -> Found | Nothing:
        """The session that can be resumed, or why there is none. Changes nothing but sets a damaged journal aside."""
        files = self.files(key)
        candidates = _candidates(files)
        if not candidates:
            return Nothing(
                reason="no session of this shard is recorded", session_ended_at=self._last_alive_at(key.token)
            )
        newest = _alive_at(max(each.state.alive_at_ms for each in candidates))
        if not candidates[0].state.generation:
            return Nothing(reason="the last session was over, or never complete", session_ended_at=newest)
        try:
            descriptor = open_file(files.journal, os.O_RDONLY)
        except OSError as error:
            reason = f"the session's journal cannot be opened ({error.strerror or error})"
            return Nothing(reason=reason, session_ended_at=newest)
        answer: Found | Nothing | None = None
        try:
            answer = _judged(candidates, files, descriptor, key=key, now=now, window_s=window_s)
        except (DamagedError, OSError) as error:
            self._set_aside(files.journal, error)
            answer = Nothing(reason=f"the session's journal is damaged: {error}", session_ended_at=newest)
        finally:
            if not isinstance(answer, Found):
                os.close(descriptor)
        return answer

    def resumable_for_s(self, *, now: datetime, window_s: float) -> float | None:
        """How long the youngest session can still be resumed, as its position says; journals are not read."""
        ages_s = [abs(now.timestamp() - state.alive_at_ms / 1000) for state in self._positions("*") if state.generation]
        return max((window_s - age_s for age_s in ages_s if age_s <= window_s), default=None)

    def discard_others(self, token: str, *, now: datetime) -> None:
        """Remove records of other tokens (fingerprints) whose sessions have been dead for a day.

        To be called while no record of another token is open.
        """
        before = now.timestamp() - _FOREIGN_FOR_S
        folders = [folder for base in (self.state_dir, self.runtime_dir) for folder in (base / FOLDER).glob("*")]
        others = {folder.name for folder in folders} - {token}
        forsaken = {other for other in others if self._was_alive_before(other, before)}
        for folder in folders:
            if folder.name in forsaken and folder.is_dir() and not folder.is_symlink():
                _discard(folder, before=before)

    def _was_alive_before(self, token: str, before: float) -> bool:
        # Not by the files' times: a store to a mapped page is no write, and a quiet bot writes nothing else for days.
        alive_at = self._last_alive_at(token)
        return alive_at is None or alive_at.timestamp() < before

    def _last_alive_at(self, token: str) -> datetime | None:
        return _alive_at(max((state.alive_at_ms for state in self._positions(token)), default=0))

    def _positions(self, token: str) -> list[PositionState]:
        return [
            state
            for base in (self.runtime_dir, self.state_dir)
            for path in (base / FOLDER).glob(f"{token}/*{_POSITION_SUFFIX}")
            if (state := read_position(path)) is not None
        ]

    def _set_aside(self, journal: Path, error: Exception) -> None:
        aside = journal.with_name(journal.name + ".corrupt")
        try:
            journal.replace(aside)
        except OSError as failure:
            self.problems.append(
                f"{journal} is damaged ({error}) and cannot be set aside: {failure.strerror}, ignoring it"
            )
        else:
            self.problems.append(f"{journal} is damaged ({error}), set aside as {aside.name}")


class _Candidate(NamedTuple):
    state: PositionState
    from_copy: bool


def _candidates(files: RecordFiles) -> list[_Candidate]:
    """The positions that can be read, the later first; an equally late copy is behind."""
    read = ((read_position(path), path == files.copy) for path in (files.position, files.copy))
    found = [_Candidate(state=state, from_copy=from_copy) for state, from_copy in read if state is not None]
    if found and not found[0].from_copy and not found[0].state.generation:
        return found[:1]  # it was made invalid, and nobody had told the copy yet
    return sorted(found, key=lambda each: -each.state.alive_at_ms)


def _judged(
    candidates: list[_Candidate],
    files: RecordFiles,
    descriptor: int,
    *,
    key: SessionKey,
    now: datetime,
    window_s: float,
) -> Found | Nothing:
    head = read_head(descriptor)
    chosen = next((each for each in candidates if _fits(each.state, head)), None)
    if chosen is None:
        ended_at = _alive_at(candidates[0].state.alive_at_ms)
        return Nothing(reason="position and journal are not of the same session", session_ended_at=ended_at)
    state = chosen.state
    ended_at = _alive_at(state.alive_at_ms)
    first, second = _first_two(descriptor, head, state)
    session = session_from(load(descriptor, first)) if first.kind is Kind.SESSION else None
    if session is None or session.generation != state.generation or second.kind is not Kind.EVENT:
        raise DamagedError("it does not begin with a session")
    if reason := _obstacle(session, state, head, second, key=key, now=now, window_s=window_s):
        return Nothing(reason=reason, session_ended_at=ended_at)
    return _found(chosen, files, descriptor, head, session)


def _fits(state: PositionState, head: Head) -> bool:
    marks = [mark for mark in (state.journal, state.next_journal) if mark.length]
    return state.generation == head.generation and any(mark.edition == head.edition for mark in marks)


def _length(state: PositionState, head: Head) -> int:
    marks = (state.journal, state.next_journal)
    return max(mark.length for mark in marks if mark.edition == head.edition)


def _first_two(descriptor: int, head: Head, state: PositionState) -> tuple[Entry, Entry]:
    frames = scan(descriptor, head.generation, end=_length(state, head))
    first, second = next(frames, None), next(frames, None)
    if first is None or second is None:
        raise DamagedError("it holds no session")
    return first, second


def _obstacle(
    session: Session,
    state: PositionState,
    head: Head,
    ready: Entry,
    *,
    key: SessionKey,
    now: datetime,
    window_s: float,
) -> str | None:
    if different := differences(session.key, key):
        return ", ".join(different)
    if not _is_within(state.alive_at_ms, now, window_s):
        age_s = now.timestamp() - state.alive_at_ms / 1000
        return f"the session was last alive {age_s:.0f} s ago, outside the window of {window_s:.0f} s"
    if state.resume_sequence < max(ready.sequence, head.folded_sequence):
        return "the session's beginning was not delivered, or its position is older than its journal"
    return None


def _found(chosen: _Candidate, files: RecordFiles, descriptor: int, head: Head, session: Session) -> Found:
    state = chosen.state
    read = _read_index(
        descriptor,
        head,
        end=_length(state, head),
        until=state.resume_sequence,
        settled_length=state.settled_length,
    )
    suspect = suspect_of(state)
    return Found(
        session=session,
        resume_sequence=state.resume_sequence,
        delivered=state.delivered,
        entries=read.entries,
        alive_at=datetime.fromtimestamp(state.alive_at_ms / 1000, UTC),
        clean=state.clean,
        from_copy=chosen.from_copy,
        in_flight=state.in_flight,
        in_flight_from=state.in_flight_from,
        suspect=suspect,
        poison=_poison(state, suspect),
        position=state,
        files=files,
        head=head,
        end=read.end,
        frames=read.frames,
        settled_frames=read.settled_frames,
        descriptor=descriptor,
    )


def _poison(state: PositionState, suspect: int | None) -> frozenset[int]:
    deaths, accused = state.suspect_deaths, state.suspect_sequence
    if suspect is not None:
        deaths, accused = (deaths + 1 if suspect == accused else 1), suspect
    poison = {accused} if deaths >= _DEATHS_OF_POISON and accused > state.resume_sequence else set()
    if not state.clean:
        poison |= state.running & state.carried
    return frozenset(poison)


class _Read(NamedTuple):
    entries: Index
    end: int
    frames: int
    settled_frames: int


def _read_index(descriptor: int, head: Head, *, end: int, until: int, settled_length: int) -> _Read:
    """The frames up to a sequence, and the byte behind the last of them. The rest is verified all the same."""
    guilds: dict[int, list[Entry]] = {}
    last: dict[tuple[int, int], Entry] = {}
    users: list[Entry] = []
    ready: Entry | None = None
    stays = frames = settled_frames = 0
    for number, entry in enumerate(scan(descriptor, head.generation, end=end)):
        kind, sequence, guild_id, entity_id, offset, _ = entry
        if stays or sequence > until:
            stays = stays or entry.starts_at
            continue
        frames += 1
        settled_frames += offset < settled_length
        if kind is Kind.LAST_MESSAGE:
            last[guild_id, entity_id] = entry
        elif number == 1:
            ready = entry
        elif kind is Kind.USER:
            users.append(entry)
        elif number:
            guilds.setdefault(guild_id, []).append(entry)
    if ready is None:
        raise DamagedError("it holds no READY")
    for entry in last.values():
        guilds.setdefault(entry.guild_id, []).append(entry)
    listed = {guild_id: tuple(sorted(entries, key=_OFFSET)) for guild_id, entries in guilds.items()}
    account = listed.pop(0, ())
    index = Index(ready=ready, guilds=listed, account=account, users=tuple(users))
    return _Read(entries=index, end=stays or end, frames=frames, settled_frames=settled_frames)


def _is_within(alive_at_ms: int, now: datetime, window_s: float) -> bool:
    """Whether a session is young enough; a clock that was set back by more than the window makes it none."""
    return abs(now.timestamp() - alive_at_ms / 1000) <= window_s


def _alive_at(alive_at_ms: int) -> datetime | None:
    return datetime.fromtimestamp(alive_at_ms / 1000, UTC) if alive_at_ms else None


def _discard(folder: Path, *, before: float) -> None:
    with suppress(OSError):
        files = [path for path in folder.iterdir() if not path.is_dir() or path.is_symlink()]
        if all(path.lstat().st_mtime < before for path in files if path.suffix != _POSITION_SUFFIX):
            for path in files:
                path.unlink()
            folder.rmdir()
