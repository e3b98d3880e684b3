"""What a start is told of the record: a session, or why there is none; and never one that is not right."""

import os
import shutil
import tempfile
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.invented_events import a_key, objection
from harness.recordings import AT, begun, find, found_in, recorded, store_in
from uptime_bot.continuity.files import record_files
from uptime_bot.continuity.found import Found, Nothing
from uptime_bot.continuity.journal import HEAD_LENGTH

SHARDS = tuple(a_key(shard_id=number, shard_count=2) for number in range(2))


def test_without_a_record_there_is_nothing(tmp_path: Path) -> None:
    found = find(tmp_path)
    assert found == Nothing(reason="no session of this shard is recorded", session_ended_at=None)
    assert list(tmp_path.iterdir()) == []
    assert store_in(tmp_path).resumable_for_s(now=AT, window_s=90.0) is None


def test_other_intents_are_another_session(tmp_path: Path) -> None:
    recorded(tmp_path, 10)
    found = find(tmp_path, a_key(intents=4))
    assert found == Nothing(reason="intents were 3, now 4", session_ended_at=AT)


def test_with_another_shard_count_it_is_known_since_when_events_are_lost(tmp_path: Path) -> None:
    recorded(tmp_path, 10)
    found = find(tmp_path, a_key(shard_count=2))
    assert isinstance(found, Nothing)
    assert found.session_ended_at == AT


def test_another_token_knows_nothing(tmp_path: Path) -> None:
    recorded(tmp_path, 10)
    found = find(tmp_path, a_key(token="tok-2"))
    assert isinstance(found, Nothing)
    assert found.session_ended_at is None


@pytest.mark.parametrize("token", ["", "..", "a/b", "/etc", "a\0b", "x" * 65])
def test_a_fingerprint_leads_nowhere_else(tmp_path: Path, token: str) -> None:
    with pytest.raises(ValueError, match="fingerprint"):
        record_files(tmp_path, tmp_path, token=token, shard_id=0, shard_count=0)


def test_whether_any_shard_can_be_resumed(tmp_path: Path) -> None:
    recorded(tmp_path, 10, SHARDS[0])
    begun(tmp_path, SHARDS[1]).recorder.forget()
    store = store_in(tmp_path)
    assert store.resumable_for_s(now=AT + timedelta(seconds=80), window_s=90.0) == pytest.approx(10.0)
    assert store.resumable_for_s(now=AT + timedelta(seconds=100), window_s=90.0) is None


def test_a_shard_that_is_over_cannot_be_resumed_from_its_copy(tmp_path: Path) -> None:
    recording = begun(tmp_path)
    recording.handle(10)
    recording.flush()
    assert store_in(tmp_path).resumable_for_s(now=AT, window_s=90.0) == pytest.approx(90.0)
    recording.recorder.forget()
    assert isinstance(find(tmp_path), Nothing)


def test_records_of_other_tokens_are_removed_after_a_day(tmp_path: Path) -> None:
    mine, other = a_key(), a_key(token="tok-other")
    for key in (mine, other):
        recorded(tmp_path, 10, key)
    (tmp_path / "state" / "sessions" / "link").symlink_to(tmp_path)
    (tmp_path / "state" / "sessions" / "file").write_text("not a folder")
    store, written_at = store_in(tmp_path), store_in(tmp_path).files(other).journal.stat().st_mtime
    soon = AT.fromtimestamp(written_at + 1000, AT.tzinfo)
    store.discard_others(mine.token, now=soon)
    assert store.files(other).journal.exists()
    store.discard_others(mine.token, now=soon + timedelta(days=1))
    assert not store.files(other).journal.parent.exists()
    assert not store.files(other).position.parent.exists()
    assert objection(found_in(tmp_path)) is None


def test_a_session_that_lives_is_not_removed_however_old_its_files_are(tmp_path: Path) -> None:
    """Of a second client; a store to a mapped page is no write, and a quiet bot's journal grows by nothing."""
    mine, other = a_key(), a_key(token="tok-other")
    recorded(tmp_path, 10, other)
    store = store_in(tmp_path)
    for path in (*store.files(other).journal.parent.iterdir(), *store.files(other).position.parent.iterdir()):
        os.utime(path, (0, 0))
    store.discard_others(mine.token, now=AT + timedelta(hours=1))
    assert objection(found_in(tmp_path, other)) is None


def test_a_damaged_journal_is_set_aside_and_one_is_kept(tmp_path: Path) -> None:
    for content in (b"x" * 1000, b"y" * 1000):
        recorded(tmp_path, 10)
        store = store_in(tmp_path)
        journal = store.files(a_key()).journal
        journal.write_bytes(content)
        found = store.find(a_key(), now=AT, window_s=90.0)
        assert isinstance(found, Nothing)
        assert "damaged" in found.reason
        assert "set aside" in store.problems[0]
        assert [path.read_bytes() for path in journal.parent.glob("*.corrupt")] == [content]
        assert not journal.exists()


def test_what_stands_behind_the_journal_does_not_matter(tmp_path: Path) -> None:
    recorded(tmp_path, 100)
    with store_in(tmp_path).files(a_key()).journal.open("ab") as file:
        file.write(os.urandom(1000))
    assert objection(found_in(tmp_path)) is None


def test_pipes_and_folders_are_no_record(tmp_path: Path) -> None:
    recorded(tmp_path, 10)
    files = store_in(tmp_path).files(a_key())
    for path in (files.journal, files.position, files.copy):
        path.unlink(missing_ok=True)
        os.mkfifo(path)
        assert isinstance(find(tmp_path), Nothing)
        path.unlink()
        path.mkdir()
        assert isinstance(find(tmp_path), Nothing)


@cache
def _two_shards() -> Path:
    """A record that tests copy: two shards, the one in the middle of things, the other with a copy that is older."""
    folder = Path(tempfile.mkdtemp())
    first = begun(folder, SHARDS[0], session_id="s1")
    first.handle(130)
    first.flush()
    copy = first.files.copy.read_bytes()
    first.handle(139)
    first.recorder.started(140)
    first.handle(200)
    first.handle(201, delivered=False)
    first.end()
    first.files.copy.write_bytes(copy)
    recorded(folder, 180, SHARDS[1], session_id="s2")
    return folder


RIGHT = {("s1", 139), ("s1", 130), ("s2", 180)}


@st.composite
def damages(draw: st.DrawFn) -> Callable[[Path], None]:
    """Something that happens to the files of a record."""
    kind = draw(
        st.sampled_from(["flip", "zeros", "truncate", "append", "swap", "cut out", "repeat", "copy page", "remove"])
    )
    which, other = draw(st.integers(0, 5)), draw(st.integers(0, 5))
    place, length = draw(st.floats(0, 1)), draw(st.integers(1, 600))
    noise = draw(st.binary(min_size=1, max_size=100))

    def damage(folder: Path) -> None:
        path, second = _files(folder)[which], _files(folder)[other]
        content = path.read_bytes() if path.exists() else b""
        at = int(place * max(len(content) - 1, 0))
        match kind:
            case "flip":
                content = (
                    content[:at]
                    + bytes(a ^ b for a, b in zip(content[at:], noise, strict=False))
                    + content[at + len(noise) :]
                )
            case "zeros":
                content = content[:at] + bytes(min(length, len(content) - at)) + content[at + length :]
            case "truncate":
                content = content[:at]
            case "append":
                content += noise + content[at : at + length]
            case "cut out":
                content = content[:at] + content[at + length :]
            case "repeat":
                content = content[: at + length] + content[at:]
            case "copy page":
                at -= (
                    at % 4096
                )  # two halves of pages of one session are no damage that can be seen, nor one that happens
                content = (
                    content[:at]
                    + (second.read_bytes() if second.exists() else b"")[at : at + 4096]
                    + content[at + 4096 :]
                )
            case "swap" if path.exists() and second.exists():
                theirs = second.read_bytes()
                second.write_bytes(content)
                content = theirs
            case _:
                path.unlink(missing_ok=True)
                return
        path.write_bytes(content)

    return damage


def _files(folder: Path) -> list[Path]:
    store = store_in(folder)
    return [
        path for key in SHARDS for files in [store.files(key)] for path in (files.journal, files.position, files.copy)
    ]


@settings(max_examples=400, deadline=None)
@given(st.lists(damages(), min_size=1, max_size=4))
def test_a_damaged_record_is_never_accepted_and_wrong(steps: list[Callable[[Path], None]]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "record"
        shutil.copytree(_two_shards(), folder)
        for step in steps:
            step(folder)
        for key in SHARDS:
            found = find(folder, key)
            if isinstance(found, Found):
                assert found.session.key == key
                assert (found.session.session_id, found.resume_sequence) in RIGHT
                assert objection(found) is None
                found.close()


@settings(max_examples=150, deadline=None)
@given(st.integers(HEAD_LENGTH, 20000), st.booleans())
def test_a_journal_that_ends_anywhere(length: int, also_position: bool) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "record"
        shutil.copytree(_two_shards(), folder)
        files = store_in(folder).files(SHARDS[0])
        os.truncate(files.journal, min(length, files.journal.stat().st_size))
        if also_position:
            files.position.unlink()
        found = find(folder, SHARDS[0])
        if isinstance(found, Found):
            assert objection(found) is None
            found.close()


def test_the_undamaged_record_is_accepted() -> None:
    for key in SHARDS:
        found = found_in(_two_shards(), key)
        assert (found.session.session_id, found.resume_sequence) in RIGHT
        assert objection(found) is None
