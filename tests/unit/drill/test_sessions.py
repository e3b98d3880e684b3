"""Laws of the replay: what a RESUME gets is exactly what was missed, or an honest refusal."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uptime_drill.discord.dispatches import Dispatch, shard_of
from uptime_drill.discord.intents import Intent
from uptime_drill.discord.protocol import CloseCode
from uptime_drill.discord.sessions import ReplayBuffer, ResumeRefused, Session, SessionTable, judge_resume

BOT = "1"


def session_with(events: int, limit: int) -> tuple[Session, list[str]]:
    session = Session(
        session_id="s", fingerprint="tok-1", shard=(0, 1), intents=Intent.GUILD_MESSAGES, replay=ReplayBuffer(limit)
    )
    return session, [session.record(Dispatch("USER_UPDATE", {"n": n}), BOT) for n in range(events)]


class TestReplayBuffer:
    @given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 60))
    def test_what_it_holds_is_exactly_what_was_missed(self, events: int, limit: int, seq: int) -> None:
        """For any history: either everything after `seq` is there, in order, or it says that it is not."""
        session, frames = session_with(events, limit)
        if session.replay.holds_everything_after(seq):
            assert session.replay.after(seq) == frames[seq:]
        else:
            assert events - seq > limit

    @given(st.integers(0, 60), st.integers(0, 60))
    def test_the_newest_are_kept(self, events: int, limit: int) -> None:
        session, frames = session_with(events, limit)
        assert session.replay.after(0) == frames[max(0, events - limit) :]

    @given(st.lists(st.booleans(), max_size=40))
    def test_numbers_rise_by_one_whatever_is_replayed_and_what_is_not(self, recorded: Sequence[bool]) -> None:
        """RESUMED takes a number and is never replayed."""
        session, _ = session_with(0, 100)
        for record in recorded:
            before = session.seq
            if record:
                session.record(Dispatch("USER_UPDATE", {}), BOT)
            else:
                session.next_seq()
            assert session.seq == before + 1
        assert len(session.replay.after(0)) == sum(recorded)


@pytest.mark.parametrize(
    ("fingerprint", "seq", "code"),
    [
        pytest.param("tok-1", 8, CloseCode.INVALID_SEQ, id="never-sent"),
        pytest.param("tok-1", 1, None, id="forgotten"),
        pytest.param("tok-2", 7, None, id="foreign"),
    ],
)
def test_resumes_that_are_refused(fingerprint: str, seq: int, code: CloseCode | None) -> None:
    session, _ = session_with(7, 5)
    with pytest.raises(ResumeRefused) as refused:
        judge_resume(session, fingerprint, seq)
    assert refused.value.code is code


def test_an_unknown_session_is_refused_with_op_9() -> None:
    with pytest.raises(ResumeRefused) as refused:
        judge_resume(None, "tok-1", 0)
    assert refused.value.code is None


@given(st.floats(0, 1000), st.floats(0, 1000))
def test_a_session_lives_for_its_window_after_it_lost_its_connection(window_s: float, gone_s: float) -> None:
    table = SessionTable(window_s)
    session, _ = session_with(1, 1)
    table.add(session)
    assert table.expire(1e9) == []
    session.detached_mono = 0.0
    assert (table.expire(gone_s) == [session]) is (gone_s > window_s)
    assert (table.get("s") is None) is (gone_s > window_s)


@given(st.integers(0, 2**63), st.integers(1, 64))
def test_each_guild_has_one_shard(guild_id: int, count: int) -> None:
    dispatch = Dispatch("USER_UPDATE", {}, guild_id=guild_id)
    assert [n for n in range(count) if dispatch.concerns(Intent(0), (n, count))] == [shard_of(guild_id, count)]
