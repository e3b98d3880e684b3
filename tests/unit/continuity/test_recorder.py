"""What the recorder is told is found by the next start, and no state of the disk stops the bot."""

import logging
import os
import resource
import signal
import stat
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from time import monotonic

import pytest

from harness.invented_events import a_key, a_session, event, objection
from harness.recordings import AT, QUICK, begun, find, found_in, recorded, resumed, store_in
from harness.waiting import until
from uptime_bot.continuity.compact_process import compact, unfolded
from uptime_bot.continuity.found import Found, Nothing
from uptime_bot.continuity.frames import Frame, Kind
from uptime_bot.continuity.journal import scan
from uptime_bot.continuity.journal_file import JournalFile
from uptime_bot.continuity.limits import Limits
from uptime_bot.continuity.position import read_position
from uptime_bot.continuity.recorder import Recorder, close_all
from uptime_bot.continuity.shard_writer import ShardWriter
from uptime_bot.continuity.writer import Writer


class CompactingAtOnce:
    """Does in the writer's thread what the process does."""

    def __init__(self, journal: Path, end: int, limit_s: float) -> None:
        self._out = journal.with_name(journal.name + ".compacted-1")
        compact(journal, self._out, end, fold=unfolded)

    def outcome(self) -> Path | str | None:
        return self._out

    def stop(self) -> None:
        self._out.unlink(missing_ok=True)


class CompactingFails:
    """Ends with words and nothing else."""

    starts = 0

    def __init__(self, journal: Path, end: int, limit_s: float) -> None:
        type(self).starts += 1

    def outcome(self) -> Path | str | None:
        return "it could not be folded"

    def stop(self) -> None:
        pass


def test_what_was_recorded_is_found(tmp_path: Path) -> None:
    recorded(tmp_path, 300)
    found = found_in(tmp_path)
    assert (found.resume_sequence, found.delivered, found.suspect, found.poison) == (300, 300, None, frozenset())
    assert (found.alive_at, found.clean, found.from_copy) == (AT, False, False)
    assert found.session.session_id == "s1"
    assert objection(found) is None


def test_only_the_owner_may_read(tmp_path: Path) -> None:
    recorded(tmp_path, 3)
    for path in tmp_path.rglob("sessions"):
        for each in (path, *path.rglob("*")):
            assert stat.S_IMODE(each.stat().st_mode) & 0o077 == 0, each


def test_events_that_were_not_delivered_are_asked_for_again(tmp_path: Path) -> None:
    recording = begun(tmp_path)
    recording.handle(50)
    recording.handle(60, delivered=False)
    recording.end()
    found = found_in(tmp_path)
    assert (found.resume_sequence, found.suspect) == (50, 51)
    assert objection(found) is None
    again = resumed(tmp_path, found)
    again.handle(80)
    again.end()
    found = found_in(tmp_path)
    assert found.resume_sequence == 80
    assert objection(found) is None


def test_an_event_that_was_in_the_middle_of_things_at_two_deaths_is_poison(tmp_path: Path) -> None:
    recording = begun(tmp_path)
    recording.handle(50)
    for deaths in range(1, 4):
        recording.handle(51, delivered=False)
        recording.end()
        found = found_in(tmp_path)
        assert found.suspect == 51
        assert found.poison == (frozenset({51}) if deaths > 1 else frozenset())
        recording = resumed(tmp_path, found)
    recording.recorder.delivered(51)
    recording.end()
    assert found_in(tmp_path).poison == frozenset()


def test_a_handler_that_runs_at_two_deaths_is_poison_and_others_run_again(tmp_path: Path) -> None:
    recording = begun(tmp_path)
    recording.recorder.started(20)
    recording.recorder.started(22)
    recording.handle(50)
    recording.end()
    found = found_in(tmp_path)
    assert (found.resume_sequence, found.in_flight, found.poison) == (19, frozenset({20, 22}), frozenset())
    assert [sequence for sequence in range(20, 53) if not found.muted(sequence)] == [20, 22, 51, 52]
    again = resumed(tmp_path, found)
    again.recorder.started(20)
    again.handle(20)
    again.end()
    found = found_in(tmp_path)
    assert (found.in_flight, found.poison) == (frozenset({20, 22}), frozenset({20}))
    assert found.delivered == 50
    assert objection(found) is None


def test_a_clean_end_accuses_nobody(tmp_path: Path) -> None:
    recording = begun(tmp_path)
    recording.handle(50)
    recording.handle(51, delivered=False)
    assert recording.recorder.close(10.0)
    recording.end()
    found = found_in(tmp_path)
    assert (found.clean, found.suspect) == (True, None)
    resumed(tmp_path, found).end()
    assert not found_in(tmp_path).clean


def test_what_comes_after_the_end_is_asked_for_again(tmp_path: Path) -> None:
    recording = begun(tmp_path)
    recording.handle(50)
    assert recording.recorder.close(10.0)
    recording.handle(60)
    found = found_in(tmp_path)
    assert found.delivered == 60
    assert 50 <= found.resume_sequence < 55
    assert objection(found) is None
    again = Recorder(recording.files, recording.writer)
    again.resume(found)
    recording.recorder, recording.sequence = again, found.resume_sequence
    recording.handle(90)
    recording.end()
    found = found_in(tmp_path)
    assert found.resume_sequence == 90
    assert objection(found) is None


def test_the_copy_serves_where_the_runtime_directory_is_gone(tmp_path: Path) -> None:
    recording = begun(tmp_path)
    recording.handle(50)
    assert recording.recorder.close(10.0)
    recording.end()
    recording.files.position.unlink()
    found = found_in(tmp_path)
    assert (found.from_copy, found.resume_sequence, found.clean) == (True, 50, True)
    again = resumed(tmp_path, found)
    again.handle(70)
    again.end()
    found = found_in(tmp_path)
    assert (found.from_copy, found.resume_sequence) == (False, 70)
    assert objection(found) is None


def test_a_session_that_is_over_is_not_found(tmp_path: Path) -> None:
    recording = begun(tmp_path)
    recording.handle(50)
    recording.flush()
    recording.recorder.forget()
    assert not recording.recorder.recording
    found = find(tmp_path)
    assert isinstance(found, Nothing)
    assert found.session_ended_at == AT
    recording.handle(60)
    recording.end()
    assert isinstance(find(tmp_path), Nothing)
    assert not recording.files.copy.exists()


def test_a_new_session_takes_the_place_of_the_old(tmp_path: Path) -> None:
    recording = begun(tmp_path)
    recording.handle(500)
    ready = event("s2", 1)
    assert ready is not None
    session = recording.recorder.begin(a_session("s2"), ready)
    assert session.generation
    recording.session_id, recording.sequence = "s2", 1
    recording.recorder.touch(AT)
    recording.handle(40)
    recording.end()
    found = found_in(tmp_path)
    assert (found.session, found.resume_sequence) == (session, 40)
    assert objection(found) is None


def test_where_no_thread_can_be_started_the_bot_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", fail)
    recording = begun(tmp_path)
    recording.handle(20)
    assert not recording.recorder.recording
    assert "can't start new thread" in caplog.text


def test_a_long_life_keeps_no_trace_of_every_batch(tmp_path: Path) -> None:
    file = JournalFile.created(tmp_path / "journal", generation=1, frames=[Frame(Kind.EVENT, 1, 0, 0, b"")])
    ends = {1: file.length}
    for sequence in range(2, 5000):
        file.append([Frame(Kind.EVENT, sequence, 0, 0, b"")])
        ends[sequence] = file.length
    assert len(file._boundaries) <= 1001
    assert file.boundary(1) == (ends[1], 1, 1)
    assert file.boundary(4999) == (ends[4999], 4999, 4999)
    file.close()


def test_before_ready_was_delivered_there_is_nothing(tmp_path: Path) -> None:
    recording = begun(tmp_path)
    ready = event("s2", 1)
    assert ready is not None
    recording.recorder.begin(a_session("s2"), ready)
    recording.end()
    assert isinstance(find(tmp_path), Nothing)


def test_two_shards_do_not_meet(tmp_path: Path) -> None:
    keys = [a_key(shard_id=number, shard_count=2) for number in range(2)]
    for number, key in enumerate(keys):
        recorded(tmp_path, 50 + number, key, session_id=f"s{number}")
    for number, key in enumerate(keys):
        found = found_in(tmp_path, key)
        assert (found.session.session_id, found.resume_sequence) == (f"s{number}", 50 + number)
        assert objection(found) is None


def test_messages_that_later_ones_make_void_are_not_written(tmp_path: Path) -> None:
    recording = begun(tmp_path, limits=Limits(batch_s=0.2))
    for sequence in range(2, 1002):
        recording.recorder.delivered(sequence)
        recording.recorder.last_message(sequence, 1, 2, sequence)
    recording.end()
    found = found_in(tmp_path)
    assert found.frames < 12
    assert [entry.sequence for entry in found.entries.guilds[1]] == [1001]


def test_messages_that_a_resume_may_begin_before_are_all_written(tmp_path: Path) -> None:
    recording = begun(tmp_path, limits=Limits(batch_s=0.2))
    for sequence in range(2, 32):
        recording.recorder.last_message(sequence, 1, sequence % 3, sequence)
    recording.recorder.delivered(10)
    recording.end()
    found = found_in(tmp_path)
    assert [entry.sequence for entry in found.entries.guilds[1]] == [8, 9, 10]


def test_messages_and_events_lie_in_the_order_in_which_they_came(tmp_path: Path) -> None:
    recording = begun(tmp_path, limits=Limits(batch_s=0.2))
    recording.handle(300)
    recording.flush()
    descriptor = os.open(recording.files.journal, os.O_RDONLY)
    state = read_position(recording.files.position)
    assert state is not None
    sequences = [entry.sequence for entry in scan(descriptor, state.generation, end=state.journal.length)]
    os.close(descriptor)
    recording.end()
    assert sequences == sorted(sequences)


def test_a_message_alone_is_unwritten_until_it_is_in_the_journal(tmp_path: Path) -> None:
    recording = begun(tmp_path, limits=Limits(batch_s=0.2))
    recording.flush()
    recording.recorder.last_message(2, 1, 2, 2)
    recording.recorder.parsed(2)
    recording.recorder.delivered(2)
    state = read_position(recording.files.position)
    assert state is not None
    assert (state.unwritten, state.resume_sequence) == (2, 1)
    until(lambda: found_in(tmp_path).resume_sequence == 2)
    recording.end()


def test_messages_that_a_disk_cannot_keep_up_with_end_the_recording(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    recording = begun(tmp_path, limits=Limits(batch_s=60.0, most_waiting=100_000))
    for sequence in range(2, 4000):
        recording.recorder.last_message(sequence, 1, 2, sequence)
    assert not recording.recorder.recording
    assert caplog.text.count("too slow") == 1
    recording.end()


def test_a_message_with_an_impossible_id_is_refused_at_once_and_nothing_of_it_is_left(tmp_path: Path) -> None:
    recording = begun(tmp_path)
    with pytest.raises(struct.error):
        recording.recorder.last_message(2, 1, 2, -1)
    recording.recorder.last_message(3, 1, 2, 3)
    recording.flush()
    assert recording.recorder.recording
    recording.end()


def test_a_journal_of_many_tiny_frames_is_compacted_and_its_frames_are_counted_on(tmp_path: Path) -> None:
    limits = Limits(batch_s=0.001, small_frames=100, settling_s=0.0, growth=2)
    recording = begun(tmp_path, limits=limits, compact=CompactingAtOnce)
    for step in range(1, 20):
        recording.handle(step * 100)
        recording.flush()
    recording.end()
    found = found_in(tmp_path)
    assert found.head.edition in range(2, 6), "each at twice the frames of the one before, for nothing is folded"
    assert 0 < found.settled_frames <= found.frames == _frames_in(found)
    assert objection(found) is None
    again = resumed(tmp_path, found, limits=limits, compact=CompactingAtOnce)
    again.handle(found.resume_sequence + 1)
    again.end()
    assert found_in(tmp_path).head.edition == found.head.edition


def test_what_was_found_lets_go_of_its_index(tmp_path: Path) -> None:
    recorded(tmp_path, 50)
    found = found_in(tmp_path)
    again = resumed(tmp_path, found)
    found.close()
    found.close()
    again.handle(90)
    again.end()
    assert not found.entries.guilds
    assert objection(found_in(tmp_path)) is None


def test_shards_are_closed_together(tmp_path: Path) -> None:
    keys = [a_key(shard_id=number, shard_count=3) for number in range(3)]
    writer = Writer(Limits(batch_s=60.0))
    recorders = [Recorder(store_in(tmp_path).files(key), writer) for key in keys]
    for number, (key, recorder) in enumerate(zip(keys, recorders, strict=True)):
        ready = event(f"s{number}", 1)
        assert ready is not None
        recorder.begin(a_session(f"s{number}", key), ready)
        recorder.touch(AT)
        recorder.delivered(1)
    assert close_all(recorders, 10.0)
    assert writer.close(10.0)
    for number, key in enumerate(keys):
        found = found_in(tmp_path, key)
        assert (found.session.session_id, found.clean) == (f"s{number}", True)


def test_a_disk_that_hangs_is_waited_for_once_for_all_shards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hangs = threading.Event()
    monkeypatch.setattr(ShardWriter, "step", lambda shard: hangs.wait(30.0))
    keys = [a_key(shard_id=number, shard_count=3) for number in range(3)]
    writer = Writer(QUICK)
    recorders = [Recorder(store_in(tmp_path).files(key), writer) for key in keys]
    for key, recorder in zip(keys, recorders, strict=True):
        ready = event("s", 1)
        assert ready is not None
        recorder.begin(a_session("s", key), ready)
    began_at = monotonic()
    assert not close_all(recorders, 0.2)
    assert monotonic() - began_at < 0.55
    monkeypatch.undo()
    hangs.set()
    assert writer.close(10.0)


def test_a_journal_that_grows_is_compacted_and_goes_on(tmp_path: Path) -> None:
    limits = Limits(batch_s=0.001, small_journal=4000, settling_s=0.0)
    recording = begun(tmp_path, limits=limits, compact=CompactingAtOnce)
    for step in range(1, 20):
        recording.handle(step * 100)
        recording.flush()
    recording.end()
    found = found_in(tmp_path)
    assert found.head.edition > 2
    assert found.resume_sequence == 1900
    assert objection(found) is None
    assert sorted(path.suffix for path in recording.files.journal.parent.iterdir()) == [".journal", ".position"]
    again = resumed(tmp_path, found, limits=limits, compact=CompactingAtOnce)
    again.handle(2500)
    again.end()
    assert objection(found) is None, "what was found can be loaded while the journal goes on"
    assert objection(found_in(tmp_path)) is None


def test_a_position_that_is_older_than_the_compaction_is_not_used(tmp_path: Path) -> None:
    recording = begun(
        tmp_path, limits=Limits(batch_s=0.001, small_journal=4000, settling_s=0.0), compact=CompactingAtOnce
    )
    recording.handle(100)
    recording.flush()
    old = recording.files.position.read_bytes()
    recording.handle(1000)
    recording.flush()
    until(lambda: _edition(recording.files.position) > 0)
    recording.end()
    recording.files.position.write_bytes(old)
    recording.files.copy.unlink()
    assert isinstance(find(tmp_path), Nothing)


def test_a_compaction_that_fails_is_tried_again_when_the_journal_has_doubled(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    CompactingFails.starts = 0
    limits = Limits(batch_s=0.001, small_journal=4000, settling_s=0.0)
    recording = begun(tmp_path, limits=limits, compact=CompactingFails)
    for step in range(1, 40):
        recording.handle(step * 20)
        recording.flush()
    recording.end()
    length = recording.files.journal.stat().st_size
    assert 1 <= CompactingFails.starts <= (length // 4000).bit_length()
    assert "it could not be folded" in caplog.text
    assert objection(found_in(tmp_path)) is None


def test_a_journal_beyond_hope_ends_the_recording(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    limits = Limits(batch_s=0.001, small_journal=4000, settling_s=0.0, hopeless_journal=5000, hopeless_growth=1)
    recording = begun(tmp_path, limits=limits, compact=CompactingFails)
    for step in range(1, 40):
        recording.handle(step * 20)
        recording.flush()
    assert not recording.recorder.recording
    recording.end()
    assert isinstance(find(tmp_path), Nothing)
    assert [record.levelno for record in caplog.records].count(logging.ERROR) == 1


def test_a_disk_that_cannot_keep_up_ends_the_recording(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    recording = begun(tmp_path, limits=Limits(batch_s=60.0, most_waiting=100_000))
    recording.handle(2000)
    assert not recording.recorder.recording
    assert isinstance(find(tmp_path), Nothing)
    assert caplog.text.count("too slow") == 1
    recording.end()


def test_a_full_disk_is_waited_for_and_costs_a_muted_replay(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    recording = begun(tmp_path)
    recording.handle(50)
    recording.flush()
    with _files_at_most(recording.files.journal.stat().st_size + 100):
        recording.handle(90)
        until(lambda: "trying again" in caplog.text)
        found = found_in(tmp_path)
        assert found.delivered == 90
        assert found.resume_sequence < 60
        assert objection(found) is None
    recording.flush()
    assert "is being written again" in caplog.text
    recording.end()
    found = found_in(tmp_path)
    assert found.resume_sequence == 90
    assert objection(found) is None


def test_a_disk_that_stays_full_ends_the_recording_and_the_next_session_is_recorded(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    recording = begun(tmp_path, limits=Limits(batch_s=0.001, retry_after_s=0.001, patience_s=0.02))
    recording.flush()
    with _files_at_most(10):
        recording.handle(50)
        until(lambda: not recording.recorder.recording)
        assert isinstance(find(tmp_path), Nothing)
    ready = event("s2", 1)
    assert ready is not None
    recording.recorder.begin(a_session("s2"), ready)
    recording.session_id, recording.sequence = "s2", 1
    recording.recorder.touch(AT)
    recording.handle(10)
    recording.end()
    assert objection(found_in(tmp_path)) is None
    assert [record.levelno for record in caplog.records].count(logging.ERROR) == 1


def test_without_a_place_for_the_position_the_bot_goes_on(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "run").write_text("not a folder")
    recording = begun(tmp_path)
    recording.handle(50)
    assert not recording.recorder.recording
    assert "needs an IDENTIFY" in caplog.text
    recording.end()


def test_an_event_with_impossible_ids_ends_the_recording_not_the_thread(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    recording = begun(tmp_path)
    recording.recorder.state(Frame(Kind.EVENT, 2, -1, 0, b"x"))
    until(lambda: not recording.recorder.recording)
    assert "cannot be recorded" in caplog.text
    recording.end()


def test_a_second_death_during_the_muted_replay_loses_nothing(tmp_path: Path) -> None:
    recording = begun(tmp_path)
    recording.handle(50)
    recording.flush()
    with _files_at_most(10):
        recording.handle(90)
        found = found_in(tmp_path)
    behind = found.resume_sequence
    assert behind < 90
    recording.end()
    # As if the process had died there: its last position is put back, with the journal that it had.
    position = recording.files.position
    position.write_bytes(_page(found))
    for step in (behind + 5, behind + 6, 90, 120):
        again = resumed(tmp_path, found)
        again.handle(step)
        again.flush()
        again.end()
        found = found_in(tmp_path)
        assert found.delivered == max(90, step)
        assert found.resume_sequence == step
        assert objection(found) is None


def test_a_session_has_a_window(tmp_path: Path) -> None:
    recorded(tmp_path, 50)
    for away in (89, -89):
        assert isinstance(find(tmp_path, now=AT + timedelta(seconds=away)), Found)
    for away in (91, -91):
        found = find(tmp_path, now=AT + timedelta(seconds=away))
        assert isinstance(found, Nothing)
        assert found.session_ended_at == AT


def _frames_in(found: Found) -> int:
    return sum(1 for _ in scan(found.descriptor, found.head.generation, end=found.end))


def _edition(position: Path) -> int:
    state = read_position(position)
    return 0 if state is None else state.journal.edition


def _page(found: Found) -> bytes:
    from uptime_bot.continuity.position import SIZE, Position

    position = Position(bytearray(SIZE))
    position._restore(found.position)
    return position.page()


@contextmanager
def _files_at_most(size: int) -> Iterator[None]:
    """No file of this process can grow beyond a size, as if the disk were full (EFBIG)."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)


def test_limits_are_as_promised() -> None:
    assert QUICK.small_journal == Limits().small_journal == 4 * 1024 * 1024
