"""The pace of restarts grows and is bounded, and no damage to its record stops a start."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uptime_bot.contract.settings import RestartSettings
from uptime_bot.service.restart_pace import CrashRecord, pace_s
from uptime_bot.waiting.elapsed import BOOT_ID

DEFAULTS = RestartSettings()
COUNTS = st.integers(0, 80) | st.integers(0, 10**400)
DELAYS = st.floats(min_value=0.01, max_value=3600.0)
ANY_SETTINGS = st.builds(RestartSettings, first_delay_s=DELAYS, max_delay_s=DELAYS)


@given(count=st.integers(max_value=0), settings=ANY_SETTINGS)
def test_without_a_crash_there_is_no_wait(count: int, settings: RestartSettings) -> None:
    assert pace_s(count, settings) == 0.0


@given(count=COUNTS, more=st.integers(0, 100), settings=ANY_SETTINGS)
def test_it_never_shrinks_and_never_exceeds_the_cap(count: int, more: int, settings: RestartSettings) -> None:
    waited_s = pace_s(count, settings)
    assert 0.0 <= waited_s <= pace_s(count + more, settings)
    assert waited_s <= settings.max_delay_s


@given(count=COUNTS)
def test_with_systemds_own_delay_it_is_the_documented_pace(count: int) -> None:
    whole_s = pace_s(count, DEFAULTS) + DEFAULTS.first_delay_s
    assert DEFAULTS.first_delay_s <= whole_s <= DEFAULTS.max_delay_s + 1e-9


def test_the_first_crash_costs_only_systemds_100_ms_and_the_14th_5_minutes() -> None:
    whole = [round(pace_s(count, DEFAULTS) + DEFAULTS.first_delay_s, 1) for count in range(15)]
    assert whole == [0.1, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 51.2, 102.4, 204.8, 300.0, 300.0]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "crashes.json"


def test_starts_that_do_not_end_cleanly_add_up(path: Path) -> None:
    assert [CrashRecord(path).begin() for _ in range(4)] == [0, 1, 2, 3]


def test_a_clean_end_takes_all_back(path: Path) -> None:
    for _ in range(2):
        CrashRecord(path).begin()
    record = CrashRecord(path)
    record.begin()
    record.ended_cleanly()
    assert CrashRecord(path).begin() == 0


def test_after_healthy_minutes_a_crash_is_the_first(path: Path) -> None:
    for _ in range(2):
        CrashRecord(path).begin()
    record = CrashRecord(path)
    record.begin()
    record.healthy_for_long()
    assert CrashRecord(path).begin() == 1


def test_a_reboot_starts_afresh(path: Path) -> None:
    path.write_text(json.dumps({"unclean_starts": 9, "boot_id": "the boot before this one"}))
    assert CrashRecord(path).begin() == 0
    assert CrashRecord(path).begin() == 1


BOOT = json.dumps(BOOT_ID.read_text(encoding="ascii").strip())


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("", id="empty after a power cut"),
        pytest.param("{", id="half"),
        pytest.param("[]", id="a list"),
        pytest.param("null", id="null"),
        pytest.param("[" * 100_000, id="nested without end"),
        pytest.param(f'{{"boot_id": {BOOT}}}', id="no count"),
        pytest.param(f'{{"boot_id": {BOOT}, "unclean_starts": "many"}}', id="a word for a count"),
        pytest.param(f'{{"boot_id": {BOOT}, "unclean_starts": null}}', id="null for a count"),
        pytest.param(f'{{"boot_id": {BOOT}, "unclean_starts": -7}}', id="a negative count"),
        pytest.param(f'{{"boot_id": {BOOT}, "unclean_starts": NaN}}', id="NaN for a count"),
        pytest.param(f'{{"boot_id": {BOOT}, "unclean_starts": Infinity}}', id="infinity for a count"),
    ],
)
def test_a_corrupt_record_counts_as_none_and_is_mended(path: Path, content: str) -> None:
    path.write_text(content)
    assert CrashRecord(path).begin() == 0
    assert CrashRecord(path).begin() == 1


@given(content=st.binary(max_size=200))
def test_no_content_makes_it_fail(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any-crashes.json"
    path.write_bytes(content)
    assert CrashRecord(path).begin() >= 0


def test_where_nothing_can_be_written_the_bot_starts_all_the_same(tmp_path: Path) -> None:
    record = CrashRecord(tmp_path / "missing" / "crashes.json")
    assert record.begin() == 0
    record.healthy_for_long()
    record.ended_cleanly()


def test_a_run_that_earned_its_restart_is_the_first_crash_where_its_session_can_be_resumed(path: Path) -> None:
    record = CrashRecord(path)
    for _ in range(6):
        record.begin()
    record.earned()
    assert CrashRecord(path).begin(can_resume=True) == 1


def test_without_a_session_to_resume_it_counts_as_before(path: Path) -> None:
    record = CrashRecord(path)
    for _ in range(6):
        record.begin()
    record.earned()
    assert CrashRecord(path).begin(can_resume=False) == 6


def test_a_run_that_earned_nothing_counts_though_its_session_can_be_resumed(path: Path) -> None:
    for _ in range(6):
        CrashRecord(path).begin(can_resume=True)
    assert CrashRecord(path).begin(can_resume=True) == 6


@given(waited_s=st.floats(min_value=0.0, max_value=3600.0))
def test_a_restart_is_earned_by_serving_longer_than_it_was_waited_for(waited_s: float) -> None:
    record = CrashRecord(Path("/nonexistent"))
    record.waited_s = waited_s
    assert record.earned_after_s >= max(waited_s, 1.0)
