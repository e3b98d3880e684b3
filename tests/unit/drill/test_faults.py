"""Laws of the fault board: what a fault hits, how often, and what is refused."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uptime_drill.discord.faults import (
    TAKES,
    Fault,
    FaultBoard,
    FaultKind,
    FaultRefused,
    Target,
    fault_from_words,
    hits,
    parse_fault,
)

TARGETS = st.builds(
    Target,
    path=st.sampled_from([None, "GET /api/v10/users/@me", "POST /api/v10/channels/1/messages"]),
    shard=st.sampled_from([None, 0, 1]),
    token_fingerprint=st.sampled_from([None, "tok-1", "tok-2"]),
    connection_id=st.sampled_from([None, 1, 5]),
)
FAULTS = st.builds(
    Fault,
    kind=st.sampled_from(FaultKind),
    count=st.sampled_from([None, 1, 3]),
    path=st.sampled_from([None, "users/@me", "^POST"]),
    shard=st.sampled_from([None, 0, 1]),
    token_fingerprint=st.sampled_from([None, "tok-1"]),
    up_to_connection=st.sampled_from([None, 3]),
)


@given(FAULTS, st.lists(TARGETS, max_size=30))
def test_a_count_is_never_exceeded_and_only_hits_use_it_up(fault: Fault, targets: Sequence[Target]) -> None:
    board = FaultBoard()
    number = board.add(fault)
    claimed = [target for target in targets if board.claim(fault.kind, target)]
    hit = [target for target in targets if hits(fault, target)]
    assert claimed == (hit if fault.count is None else hit[: fault.count])
    assert board.left(number) == (None if fault.count is None else fault.count - len(claimed))


@given(st.lists(FAULTS, max_size=10), st.sampled_from(FaultKind), TARGETS)
def test_the_oldest_that_hits_comes_first(faults: Sequence[Fault], kind: FaultKind, target: Target) -> None:
    board = FaultBoard()
    numbered = [(board.add(fault), fault) for fault in faults]
    hitting = [(number, fault) for number, fault in numbered if fault.kind is kind and hits(fault, target)]
    assert board.standing(kind, target) == (hitting[0] if hitting else None)


@given(FAULTS, TARGETS)
def test_a_fault_that_names_something_hits_nothing_else(fault: Fault, target: Target) -> None:
    if hits(fault, target):
        assert fault.shard in (None, target.shard)
        assert fault.token_fingerprint in (None, target.token_fingerprint)
        assert fault.path is None or target.path is not None
        assert fault.up_to_connection is None or (target.connection_id or 0) <= fault.up_to_connection


def test_every_kind_says_what_it_takes() -> None:
    assert set(TAKES) == set(FaultKind)
    fields = {name for takes in TAKES.values() for name in takes}
    assert fields <= set(Fault.__slots__)


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        (["code=4000", "for_s=1.5"], {"code": 4000, "for_s": 1.5}),
        (["resumable=yes", "on=identify"], {"resumable": True, "on": "identify"}),
        (["path=^GET .*=x", "status=502"], {"path": "^GET .*=x", "status": 502}),
    ],
)
def test_words_of_a_command_line(words: list[str], asked: dict[str, object]) -> None:
    assert fault_from_words("x", words) == {"kind": "x", **asked}


@pytest.mark.parametrize("word", ["code", "code=x", "resumable=perhaps", "for_s="])
def test_words_that_make_no_sense(word: str) -> None:
    with pytest.raises(FaultRefused):
        fault_from_words("close", [word])


def test_a_fault_is_described_by_what_was_said() -> None:
    fault = parse_fault({"kind": "close", "code": 4009, "shard": 0})
    assert fault.described() == {"kind": "close", "code": 4009, "shard": 0}
    assert not fault.stands
    assert parse_fault({"kind": "close", "count": 1}).stands
    assert parse_fault({"kind": "op9", "on": "resume"}).stands
