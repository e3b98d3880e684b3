"""Rejected tokens are remembered across restarts, and no damage to the file stops the bot."""

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uptime_bot.contract.rejected_tokens import MOST_ENTRIES, NotSavedError, RejectedToken, RejectedTokens

AT = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
WHERE = "GET /users/@me answered 401"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "rejected-tokens.json"


def test_a_rejected_token_is_remembered(path: Path) -> None:
    RejectedTokens(path).add("tok-1", at=AT, where=WHERE)
    again = RejectedTokens(path)
    assert again.contains("tok-1")
    assert not again.contains("tok-2")
    assert again.entries() == (RejectedToken("tok-1", AT, WHERE),)
    assert again.problem is None


def test_a_token_that_works_again_is_forgotten(path: Path) -> None:
    rejected = RejectedTokens(path)
    rejected.add("tok-1", at=AT, where=WHERE)
    rejected.discard("tok-1")
    rejected.discard("tok-unknown")
    assert RejectedTokens(path).entries() == ()


def test_only_the_owner_reads_the_file_and_nothing_is_left_beside_it(path: Path) -> None:
    RejectedTokens(path).add("tok-1", at=AT, where=WHERE)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_two_processes_keep_what_the_other_wrote(path: Path) -> None:
    first, second = RejectedTokens(path), RejectedTokens(path)
    first.add("tok-1", at=AT, where=WHERE)
    second.add("tok-2", at=AT + timedelta(seconds=1), where="gateway close code 4004")
    assert [entry.fingerprint for entry in RejectedTokens(path).entries()] == ["tok-1", "tok-2"]
    assert not first.contains("tok-2")
    first.reload()
    assert first.contains("tok-2")


def test_only_the_newest_are_kept(path: Path) -> None:
    rejected = RejectedTokens(path)
    for number in range(MOST_ENTRIES + 5):
        rejected.add(f"tok-{number}", at=AT + timedelta(seconds=number), where=WHERE)
    kept = RejectedTokens(path).entries()
    assert [entry.fingerprint for entry in kept] == [f"tok-{number}" for number in range(5, MOST_ENTRIES + 5)]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"rejected": 3}',
        b'{"rejected": [{}]}',
        b'{"rejected": [{"fingerprint": 1, "at": "2026-11-21T00:00:00+00:00", "where": ""}]}',
        b'{"rejected": [{"fingerprint": "x", "at": "2026-11-21T00:00:00", "where": ""}]}',
        b'{"rejected": [{"fingerprint": "x", "at": "yesterday", "where": ""}]}',
        b"\xff\xfe",
        b"[" * 100000,
        b" " * 1000000,
    ],
)
def test_a_corrupt_file_is_set_aside(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    rejected = RejectedTokens(path)
    assert rejected.entries() == ()
    assert rejected.problem is not None
    assert "set aside as rejected-tokens.json.corrupt" in rejected.problem
    assert path.with_name("rejected-tokens.json.corrupt").read_bytes() == content
    rejected.add("tok-1", at=AT, where=WHERE)
    assert RejectedTokens(path).contains("tok-1")


@given(content=st.binary())
def test_no_content_makes_it_fail(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.json"
    path.write_bytes(content)
    RejectedTokens(path)


def test_a_file_that_cannot_be_read_is_left(path: Path) -> None:
    path.mkdir()
    rejected = RejectedTokens(path)
    assert rejected.problem is not None
    assert "cannot be read" in rejected.problem
    assert path.is_dir()


def test_what_cannot_be_saved_is_remembered_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "missing" / "rejected-tokens.json"
    rejected = RejectedTokens(path)
    with pytest.raises(NotSavedError, match="cannot be written: No such file or directory"):
        rejected.add("tok-1", at=AT, where=WHERE)
    with pytest.raises(NotSavedError):
        rejected.add("tok-2", at=AT, where=WHERE)
    assert rejected.contains("tok-1")
    path.parent.mkdir()
    rejected.add("tok-3", at=AT, where=WHERE)
    assert len(RejectedTokens(path).entries()) == 3


def test_nothing_is_left_behind_where_it_cannot_be_replaced(path: Path) -> None:
    (path / "in the way").mkdir(parents=True)
    with pytest.raises(NotSavedError):
        RejectedTokens(path).add("tok-1", at=AT, where=WHERE)
    assert list(path.parent.iterdir()) == [path]


def test_a_full_disk_leaves_the_old_content() -> None:
    rejected = RejectedTokens(Path("/dev/full/rejected-tokens.json"))
    with pytest.raises(NotSavedError):
        rejected.add("tok-1", at=AT, where=WHERE)
    assert rejected.contains("tok-1")
