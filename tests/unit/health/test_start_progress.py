"""A start may take as long as it needs, while something changes or Discord is waited for."""

from unit.health.samples import NOW, sample, shard, waiting
from uptime_bot.health.sample import ShardState
from uptime_bot.health.start_progress import StartProgress

DEADLINE_S = 300.0
LOGGING_IN = sample(was_ready=False)


def test_a_start_without_any_change_is_given_up_at_the_deadline() -> None:
    progress = StartProgress()
    assert progress.advances(LOGGING_IN, DEADLINE_S)
    assert progress.advances(LOGGING_IN._replace(at_mono=NOW + 299), DEADLINE_S)
    assert not progress.advances(LOGGING_IN._replace(at_mono=NOW + 300), DEADLINE_S)


def test_each_shard_that_gets_on_buys_time() -> None:
    progress = StartProgress()
    for number in range(10):
        shards = tuple(shard(str(n)) for n in range(number))
        assert progress.advances(sample(*shards, at_mono=NOW + 200 * number, was_ready=False), DEADLINE_S)


def test_events_and_state_changes_are_progress() -> None:
    progress = StartProgress()
    connecting = shard(state=ShardState.CONNECTING)
    identifying = shard(state=ShardState.IDENTIFYING)
    hearing = identifying._replace(last_dispatch_mono=NOW + 399)
    for later_s, one in ((0, connecting), (200, identifying), (400, hearing)):
        assert progress.advances(sample(one, at_mono=NOW + later_s, was_ready=False), DEADLINE_S)
    assert not progress.advances(sample(hearing, at_mono=NOW + 701, was_ready=False), DEADLINE_S)


def test_waiting_for_discord_is_progress_however_long_it_takes() -> None:
    progress = StartProgress()
    for hours in range(48):
        outage = sample(at_mono=NOW + 3600 * hours, waiting=(waiting(),), was_ready=False)
        assert progress.advances(outage, DEADLINE_S)
    after = NOW + 3600 * 47 + 299
    assert progress.advances(LOGGING_IN._replace(at_mono=after), DEADLINE_S)


def test_what_comes_back_after_a_standstill_is_progress_again() -> None:
    progress = StartProgress()
    assert progress.advances(LOGGING_IN, DEADLINE_S)
    assert not progress.advances(LOGGING_IN._replace(at_mono=NOW + 400), DEADLINE_S)
    assert progress.advances(sample(shard(), at_mono=NOW + 401, was_ready=False), DEADLINE_S)
