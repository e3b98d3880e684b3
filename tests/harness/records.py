"""What a bot wrote about the events it handled, and the judgement over it: lost, twice, how long nobody was there."""

import itertools
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a bot's file: `what ident mono pid detail`."""

    what: str
    ident: str
    at_mono: float
    pid: int
    detail: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        what, ident, at_mono, pid, *rest = text.split(" ", 4)
        return cls(what=what, ident=ident, at_mono=float(at_mono), pid=int(pid), detail="".join(rest))


def lines_of(file: Path) -> list[Line]:
    """All whole lines; none while the file is not there."""
    if not file.exists():
        return []
    text = file.read_text()
    return [Line.parse(line) for line in text[: text.rfind("\n") + 1].splitlines()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of the messages that Discord sent. `outages_s`: one for each time that another process went on."""

    sent: int
    lost: tuple[str, ...]
    twice: tuple[str, ...]
    disordered: int
    outages_s: tuple[float, ...]


def judge(entries: Iterable[dict[str, Any]], handled: Sequence[Line]) -> Verdict:
    """Compare the stand-in's log with the bot's file. Sent counts what at least one session should have received.

    `disordered`: neighbours in one process's file whose ids do not rise (for one shard they must).
    """
    sent = [entry["id"] for entry in entries if entry["event"] == "message" and entry["sessions"] > 0]
    messages = [line for line in handled if line.what == "message"]
    times = Counter(line.ident for line in messages)
    return Verdict(
        sent=len(sent),
        lost=tuple(ident for ident in sent if ident not in times),
        twice=tuple(ident for ident, count in times.items() if count > 1),
        disordered=sum(a.pid == b.pid and int(a.ident) >= int(b.ident) for a, b in itertools.pairwise(messages)),
        outages_s=outages_s(messages),
    )


def outages_s(messages: Sequence[Line]) -> tuple[float, ...]:
    """From the last message that one process handled to the first that the next one did."""
    return tuple(b.at_mono - a.at_mono for a, b in itertools.pairwise(messages) if a.pid != b.pid)


def in_flight(messages: Sequence[Line]) -> set[str]:
    """The ids that were the last of some process: what its death may have cut short, and alone may come twice."""
    last: dict[int, str] = {line.pid: line.ident for line in messages}
    return set(last.values())
