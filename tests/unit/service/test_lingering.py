"""Which threads keep the process alive after the script."""

import concurrent.futures
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from uptime_bot.service.lingering import lingering_threads, wait_for_bots_in_threads
from uptime_bot.service.pulse import Pulse


@contextmanager
def running_thread(pulse: Pulse | None = None, *, daemon: bool = False) -> Iterator[threading.Event]:
    """A thread that runs until its event is set; it is a bot's home where a pulse is given."""
    end, begun = threading.Event(), threading.Event()

    def work() -> None:
        if pulse is not None:
            pulse.settle()
        begun.set()
        end.wait(10)

    thread = threading.Thread(target=work, daemon=daemon)
    thread.start()
    assert begun.wait(10)
    try:
        yield end
    finally:
        end.set()
        thread.join()


def test_the_insides_of_python_that_tell_pools_from_threads_are_there() -> None:
    """Without them a script that leaves an idle executor behind would be waited for."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(int).result()
        assert len(concurrent.futures.thread._threads_queues) > 0
    assert threading._threading_atexits  # type: ignore[attr-defined]


def test_only_threads_that_are_no_daemons_linger() -> None:
    with running_thread(daemon=True):
        assert not lingering_threads()
    with running_thread():
        assert len(lingering_threads()) == 1


def test_nothing_is_waited_for_where_nothing_runs() -> None:
    wait_for_bots_in_threads(Pulse(), lambda: False)


def test_a_thread_is_waited_for_while_no_bot_has_logged_in() -> None:
    with running_thread() as end:
        threading.Timer(0.2, end.set).start()
        wait_for_bots_in_threads(Pulse(), lambda: False)
        assert end.is_set()


def test_a_bots_thread_is_waited_for_and_no_other() -> None:
    pulse = Pulse()
    with running_thread() as other, running_thread(pulse) as end:
        threading.Timer(0.2, end.set).start()
        wait_for_bots_in_threads(pulse, lambda: False)
        assert end.is_set()
        assert not other.is_set()


def test_a_bot_that_lived_in_the_main_thread_is_over() -> None:
    pulse = Pulse()
    pulse.settle()
    with running_thread() as end:
        wait_for_bots_in_threads(pulse, lambda: False)
        assert not end.is_set()


def test_a_stop_ends_the_wait() -> None:
    with running_thread() as end:
        wait_for_bots_in_threads(Pulse(), lambda: True)
        assert not end.is_set()
