"""Gateway sessions: sequence numbers, what a RESUME replays, and when a session is forgotten."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from uptime_drill.discord.dispatches import Dispatch
from uptime_drill.discord.intents import Intent
from uptime_drill.discord.protocol import CloseCode


class ReplayBuffer:
    """The newest dispatches of one session, in order, at most `limit` of them."""

    def __init__(self, limit: int) -> None:
        self._frames: deque[tuple[int, str]] = deque(maxlen=limit)
        self._forgotten = 0

    def append(self, seq: int, frame: str) -> None:
        if len(self._frames) == self._frames.maxlen:
            self._forgotten = self._frames[0][0] if self._frames else seq  # a limit of 0 keeps nothing
        self._frames.append((seq, frame))

    def holds_everything_after(self, seq: int) -> bool:
        return seq >= self._forgotten

    def after(self, seq: int) -> list[str]:
        """The frames with a higher sequence number, oldest first."""
        missed: list[str] = []
        for number, frame in reversed(self._frames):
            if number <= seq:
                break
            missed.append(frame)
        missed.reverse()
        return missed


@dataclass(slots=True, kw_only=True)
class Session:
    """One identified session. `detached_mono` is when its connection went away, None while it has one."""

    session_id: str
    fingerprint: str
    shard: tuple[int, int]
    intents: Intent
    replay: ReplayBuffer
    seq: int = 0
    dispatched: int = 0
    connection_id: int | None = None
    detached_mono: float | None = None

    def record(self, dispatch: Dispatch, bot_id: str) -> str:
        """Give the dispatch its sequence number, keep it for a replay, and return its frame."""
        self.seq += 1
        self.dispatched += 1
        frame = dispatch.frame(self.seq, dispatch.body(self.intents, bot_id))
        self.replay.append(self.seq, frame)
        return frame

    def next_seq(self) -> int:
        """A sequence number for what is never replayed: RESUMED."""
        self.seq += 1
        return self.seq


@dataclass(slots=True)
class SessionTable:
    """All sessions that can still be resumed."""

    window_s: float
    _sessions: dict[str, Session] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Session]:
        return iter(tuple(self._sessions.values()))

    def __len__(self) -> int:
        return len(self._sessions)

    def add(self, session: Session) -> None:
        self._sessions[session.session_id] = session

    def get(self, session_id: str) -> Session | None:
        return self._sessions.get(session_id)

    def forget(self, session_id: str) -> None:
        self._sessions.pop(session_id, None)

    def expire(self, now_mono: float) -> list[Session]:
        """Forget and return the sessions whose connection has been gone for longer than the window."""
        dead = [s for s in self if s.detached_mono is not None and now_mono - s.detached_mono > self.window_s]
        for session in dead:
            self.forget(session.session_id)
        return dead


class ResumeRefused(Exception):  # noqa: N818 - it is an answer, not a fault of ours
    """A RESUME that cannot be: close with `code`, or op 9 d=false when `code` is None."""

    def __init__(self, reason: str, code: CloseCode | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code


def judge_resume(session: Session | None, fingerprint: str, seq: int) -> Session:
    """The session to go on with; raises ResumeRefused.

    Discord answers an unknown or foreign session and a forgotten replay with op 9, a sequence it never sent with 4007.
    """
    if session is None or session.fingerprint != fingerprint:
        raise ResumeRefused("no such session")
    if seq > session.seq:
        raise ResumeRefused("sequence was never sent", CloseCode.INVALID_SEQ)
    if not session.replay.holds_everything_after(seq):
        raise ResumeRefused("replay buffer no longer reaches back to that sequence")
    return session
