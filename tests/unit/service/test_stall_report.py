"""The stall report names the user's line, however deep in library code the loop is stuck."""

import asyncio
import linecache
import sys
import sysconfig
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import chdir, contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from uptime_bot.service.stall_report import LONGEST_STACK, StallReport, report_stall

WITHIN_S = 10.0


def users_code(path: Path, source: str) -> dict[str, Any]:
    """Run a source file as if it were the user's bot; gives its names."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(source)
    linecache.clearcache()
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(source, str(path), "exec"), names)  # noqa: S102 - as runpy does
    return names


@contextmanager
def stuck(run: Callable[[threading.Event], object]) -> Iterator[FrameType]:
    """A thread that waits for an event inside the standard library; gives its innermost frame."""
    release = threading.Event()
    thread = threading.Thread(target=run, args=(release,))
    thread.start()
    try:
        yield _frame_in_wait(thread)
    finally:
        release.set()
        thread.join(WITHIN_S)


def _frame_in_wait(thread: threading.Thread) -> FrameType:
    end = time.monotonic() + WITHIN_S
    while time.monotonic() < end:
        frame = sys._current_frames().get(thread.ident or 0)
        # The frame of Condition.wait(), called by Event.wait(): two frames of the library inside the user's.
        if frame is not None and frame.f_code.co_qualname == "Condition.wait":
            return frame
    raise AssertionError("the thread never waited")


def report_of(run: Callable[[threading.Event], object]) -> StallReport:
    with stuck(run) as frame:
        return report_stall(frame)


def test_a_call_of_library_code_is_reported_as_the_users_line(tmp_path: Path) -> None:
    names = users_code(tmp_path / "bot.py", "def slow(event):\n    x = 1\n    event.wait()  # too long\n")
    report = report_of(names["slow"])
    assert (report.file, report.line, report.function) == (str(tmp_path / "bot.py"), 3, "slow")
    assert report.source == "event.wait()  # too long"
    assert report.coroutine == ""
    assert report.words == f"{tmp_path / 'bot.py'} line 3 in slow: event.wait()  # too long"
    assert "threading.py" in report.stack


ASYNC_BOT = """\
def fetch(event):
    event.wait()

class Fun:
    async def ping(self, event):
        fetch(event)

async def outer(event):
    await Fun().ping(event)
"""


def _driven(coroutine: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner() as runner:
        runner.run(coroutine)


def test_the_innermost_coroutine_of_the_users_code_is_named(tmp_path: Path) -> None:
    names = users_code(tmp_path / "bot.py", ASYNC_BOT)
    report = report_of(lambda event: _driven(names["outer"](event)))
    assert (report.line, report.function, report.coroutine) == (2, "fetch", "Fun.ping")
    assert report.words.endswith("event.wait() (coroutine Fun.ping)")


def test_a_library_the_user_was_called_from_does_not_hide_the_line(tmp_path: Path) -> None:
    """User code, inside library code, inside user code: the innermost is to blame."""
    source = "import contextlib\n\n@contextlib.contextmanager\ndef guard(event):\n    event.wait()\n    yield\n\n"
    source += "def main(event):\n    with guard(event):\n        pass\n"
    names = users_code(tmp_path / "bot.py", source)
    report = report_of(names["main"])
    assert (report.line, report.function) == (5, "guard")


def test_a_folder_whose_name_begins_like_the_librarys_is_the_users() -> None:
    """Such as /usr/lib/python3.11-bots beside /usr/lib/python3.11."""
    beside = Path(f"{sysconfig.get_path('stdlib')}-bots") / "bot.py"
    source = "def slow(event):\n    event.wait()\n"
    names: dict[str, Any] = {}
    exec(compile(source, str(beside), "exec"), names)  # noqa: S102 - the file itself need not be there
    assert report_of(names["slow"]).file == str(beside)


def test_where_no_line_is_the_users_the_innermost_of_all_is_named() -> None:
    names: dict[str, Any] = {}
    exec(compile("def run(event): event.wait()", "<string>", "exec"), names)  # noqa: S102 - code without a file
    report = report_of(names["run"])
    assert report.function == "Condition.wait"
    assert report.file.endswith("threading.py")
    assert report.coroutine == ""


def test_a_deep_recursion_is_cut_at_the_outer_end(tmp_path: Path) -> None:
    source = "def down(event, depth=100):\n    event.wait() if depth == 0 else down(event, depth - 1)\n"
    report = report_of(users_code(tmp_path / "bot.py", source)["down"])
    assert "in wait" in report.stack.splitlines()[-2] or "waiter.acquire()" in report.stack
    assert report.stack.count('  File "') <= LONGEST_STACK


def test_a_relative_name_without_a_working_directory_is_the_users(tmp_path: Path) -> None:
    """Path.resolve() raises there; the report is for the moment when things are wrong already."""
    gone = tmp_path / "gone"
    gone.mkdir()
    names: dict[str, Any] = {}
    exec(compile("def wait(event):\n    event.wait(10)\n", "bot.py", "exec"), names)  # noqa: S102 - as runpy does
    with stuck(names["wait"]) as frame, chdir(gone):
        gone.rmdir()
        assert report_stall(frame).file == "bot.py"
