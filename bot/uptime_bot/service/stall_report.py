"""Where a stuck event loop is stuck: the line and coroutine of the user's code. Reads frames, changes nothing."""

import inspect
import linecache
import traceback
from functools import cache
from pathlib import Path
from types import FrameType
from typing import NamedTuple

_OURS = str(Path(__file__).resolve().parent.parent)

LONGEST_STACK = 40
"""Frames; more than that is a recursion, and the journal has better uses."""


class StallReport(NamedTuple):
    """One look at the stuck thread."""

    file: str
    line: int
    function: str
    source: str
    coroutine: str
    """The innermost coroutine of the user's code; "" where the loop is stuck outside one."""

    stack: str

    @property
    def words(self) -> str:
        """Such as "bot.py line 12 in ping: time.sleep(60) (coroutine Fun.ping)"."""
        within = f" (coroutine {self.coroutine})" if self.coroutine else ""
        return f"{self.file} line {self.line} in {self.function}: {self.source}{within}"


def report_stall(innermost: FrameType) -> StallReport:
    """Name the innermost line of the user's code on a stack, or the innermost line of all where there is none."""
    frames = list(_outward(innermost))
    users = [frame for frame in frames if _is_users(frame)]
    at = (users or frames)[0]
    coroutine = next((frame for frame in users if frame.f_code.co_flags & inspect.CO_COROUTINE), None)
    return StallReport(
        file=at.f_code.co_filename,
        line=at.f_lineno or 0,
        function=at.f_code.co_qualname,
        source=linecache.getline(at.f_code.co_filename, at.f_lineno or 0).strip(),
        coroutine=coroutine.f_code.co_qualname if coroutine is not None else "",
        stack="".join(traceback.format_stack(innermost)[-LONGEST_STACK:]).rstrip(),
    )


def _outward(frame: FrameType | None) -> list[FrameType]:
    frames = []
    while frame is not None:
        frames.append(frame)
        frame = frame.f_back
    return frames


@cache
def _foreign() -> tuple[str, ...]:
    import sysconfig  # late: needed only once something is stuck

    paths = (sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib", "scripts"))
    return tuple(f"{folder}/" for folder in (_OURS, *(Path(path).resolve() for path in paths)))


def _is_users(frame: FrameType) -> bool:
    name = frame.f_code.co_filename
    if name.startswith("<"):
        return False
    try:
        path = str(Path(name).resolve())
    except OSError:  # a relative name, and the working directory is gone
        return True
    return not path.startswith(_foreign())
