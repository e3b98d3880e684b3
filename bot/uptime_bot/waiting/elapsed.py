"""How much time has certainly passed, also over restarts and reboots, whatever is done to the wall clock."""

import time
from pathlib import Path
from typing import NamedTuple

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Moment(NamedTuple):
    """A point in time that no change of the wall clock moves: which boot, and seconds since it, sleep included."""

    boot: str
    at_s: float


def elapsed_s(earlier: Moment, later: Moment) -> float:
    """Seconds that have passed at least; never more than really have.

    Over a reboot that is the time since it: how long the machine was off only the wall clock would tell, and a machine
    without a battery tells it wrong.
    """
    if earlier.boot != later.boot:
        return max(later.at_s, 0.0)
    return max(later.at_s - earlier.at_s, 0.0)


def boot_id() -> str:
    """Tells this boot from any other; empty where the kernel does not say."""
    try:
        return BOOT_ID.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""


def this_moment() -> Moment:
    """Now."""
    return Moment(boot=boot_id(), at_s=time.clock_gettime(time.CLOCK_BOOTTIME))
