"""discord.py's defects that these tests are about, and what a test says when one of them is gone.

The table with links, guards and tests: docs/discordpy-defects.md.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum

import discord
import pytest

SEEN_IN = "2.7.1"
"""The discord.py that each defect was seen in."""


class Defect(Enum):
    """The number in docs/discordpy-defects.md, and what plain discord.py does."""

    FIRST_HANDSHAKE = (1, "a first handshake that fails ends the bot with an AttributeError")
    RESUME_LOOP = (2, "RESUMEs that are closed with 4003, 4007 or 4009 are repeated without a pause")
    IDENTIFY_FOR_EVER = (3, "op 9 to an IDENTIFY is answered by the next IDENTIFY, for ever at the same pace")
    SHARD_SESSION_DROPPED = (4, "AutoShardedClient throws a session away after one failed attempt")
    CANCELLATION_SWALLOWED = (5, "AutoShardedClient swallows a cancellation while a shard reconnects")
    LAUNCH_RECURSION = (6, "launch_shard retries by recursion until RecursionError")
    IDENTIFY_AT_RESUME_URL = (7, "after op 9 to a RESUME, Client sends its IDENTIFY to the old resume URL")
    CLOSE_1000 = (8, "close() ends the session with close code 1000")
    READY_UNANSWERED = (9, "an IDENTIFY or RESUME that is never answered is waited for without end")
    ACKS_MISSING = (10, "missing heartbeat ACKs are not noticed while events flow")


@contextmanager
def shown_by_discord_py(defect: Defect) -> Iterator[None]:
    """Expect the block to show the defect.

    Where it does not, on a discord.py other than the one it was seen in, the defect may have been mended: the test is
    skipped in words, and with CI=true it fails with them. On the very version that has it, the test itself fails.
    """
    try:
        yield
    except (AssertionError, TimeoutError) as exc:
        if discord.__version__ == SEEN_IN:
            raise
        number, what = defect.value
        message = (
            f"discord.py {discord.__version__} does not show defect {number} of {SEEN_IN} any more ({what}): "
            f"if it is mended, its guard and its row in docs/discordpy-defects.md may go. What was seen: {exc}"
        )
        if os.environ.get("CI") == "true":
            pytest.fail(message, pytrace=False)
        pytest.skip(message)
