"""Faults on command: what there is, what each takes, and which of those set hits a given target."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any


class FaultKind(StrEnum):
    REFUSE = "refuse"
    CUT = "cut"
    SWALLOW_ACKS = "swallow_acks"
    SWALLOW_EVENTS = "swallow_events"
    SWALLOW_IDENTIFY = "swallow_identify"
    SWALLOW_RESUME = "swallow_resume"
    UNAUTHORIZED = "unauthorized"
    REVOKE = "revoke"
    HTTP_STATUS = "http_status"
    CLOUDFLARE_429 = "cloudflare_429"
    RATE_LIMITED = "rate_limited"
    SLOW = "slow"
    BLACKHOLE = "blackhole"
    GARBAGE = "garbage"
    CLOSE = "close"
    OP1 = "op1"
    OP7 = "op7"
    OP9 = "op9"
    HANDSHAKE_OP7 = "handshake_op7"
    RESUME_CLOSE = "resume_close"
    IDENTIFY_CLOSE = "identify_close"


# These act at once on the sockets that are open. Without for_s and count that is all they do.
AT_ONCE = frozenset(
    {FaultKind.CUT, FaultKind.GARBAGE, FaultKind.CLOSE, FaultKind.OP1, FaultKind.OP7, FaultKind.OP9},
)

COMMON = frozenset({"kind", "for_s", "count"})
_SOCKET = frozenset({"shard", "token_fingerprint", "only_open"})
_REQUEST = frozenset({"path", "token_fingerprint"})

TAKES: Mapping[FaultKind, frozenset[str]] = {
    FaultKind.REFUSE: frozenset({"keep_connections"}),
    FaultKind.CUT: _SOCKET | {"path"},
    FaultKind.SWALLOW_ACKS: _SOCKET,
    FaultKind.SWALLOW_EVENTS: _SOCKET,
    FaultKind.SWALLOW_IDENTIFY: _SOCKET,
    FaultKind.SWALLOW_RESUME: _SOCKET,
    FaultKind.UNAUTHORIZED: _REQUEST,
    FaultKind.REVOKE: frozenset({"token_fingerprint"}),
    FaultKind.HTTP_STATUS: _REQUEST | {"status", "body", "content_type", "retry_after_s"},
    FaultKind.CLOUDFLARE_429: _REQUEST | {"retry_after_s"},
    FaultKind.RATE_LIMITED: _REQUEST | {"retry_after_s", "scope"},
    FaultKind.SLOW: _REQUEST | {"delay_s"},
    FaultKind.BLACKHOLE: _REQUEST | {"keep_connections"},
    FaultKind.GARBAGE: _SOCKET | {"form"},
    FaultKind.CLOSE: _SOCKET | {"code", "reason"},
    FaultKind.OP1: _SOCKET,
    FaultKind.OP7: _SOCKET,
    FaultKind.OP9: _SOCKET | {"resumable", "on"},
    FaultKind.HANDSHAKE_OP7: frozenset(),
    FaultKind.RESUME_CLOSE: _SOCKET | {"code", "reason"},
    FaultKind.IDENTIFY_CLOSE: _SOCKET | {"code", "reason"},
}

CHOICES: Mapping[str, tuple[str, ...]] = {
    "scope": ("global", "user", "shared"),
    "form": ("json", "compressed", "text"),
    "on": ("now", "identify", "resume"),
}


class FaultRefused(ValueError):  # noqa: N818 - reads as what happened
    """A fault that was asked for in a form we do not know; the text says what would be right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault as it was asked for. Durations in seconds; `path` is a regular expression on "METHOD /path".

    `only_open` spares sockets opened later; `up_to_connection` is how the stand-in remembers which those are.
    """

    kind: FaultKind
    for_s: float | None = None
    count: int | None = None
    path: str | None = None
    shard: int | None = None
    token_fingerprint: str | None = None
    keep_connections: bool = False
    status: int = 503
    body: str | None = None
    content_type: str = "text/plain"
    retry_after_s: float | None = None
    scope: str = "user"
    delay_s: float = 5.0
    form: str = "json"
    code: int = 4000
    reason: str | None = None
    resumable: bool = False
    on: str = "now"
    only_open: bool = False
    up_to_connection: int | None = None

    @property
    def stands(self) -> bool:
        """Whether it stays in force after it was set, rather than acting once."""
        at_once = self.kind in AT_ONCE and self.on == "now"
        return not at_once or self.for_s is not None or self.count is not None

    def described(self) -> dict[str, Any]:
        """The kind and what was said about it, for the log and for GET /state."""
        said = {f.name: getattr(self, f.name) for f in fields(self) if getattr(self, f.name) != f.default}
        return {key: str(value) if key == "kind" else value for key, value in said.items()}


_TYPES: Mapping[str, tuple[type, ...]] = {
    **dict.fromkeys(("for_s", "retry_after_s", "delay_s"), (int, float)),
    **dict.fromkeys(("count", "shard", "status", "code"), (int,)),
    **dict.fromkeys(("keep_connections", "resumable", "only_open"), (bool,)),
}


def parse_fault(asked: Mapping[str, Any]) -> Fault:
    """Read the JSON of POST /faults; raises FaultRefused in words."""
    try:
        kind = FaultKind(asked.get("kind", ""))
    except ValueError:
        raise FaultRefused(f"kind must be one of: {', '.join(FaultKind)}") from None
    takes = TAKES[kind] | COMMON
    unknown = sorted(set(asked) - takes)
    if unknown:
        raise FaultRefused(
            f"{kind} does not take {', '.join(unknown)}; it takes: {', '.join(sorted(takes - {'kind'}))}"
        )
    for name, value in asked.items():
        _check(name, value)
    return Fault(**{**asked, "kind": kind})


def _check(name: str, value: Any) -> None:
    if name == "kind":
        return
    expected = _TYPES.get(name, (str,))
    if not isinstance(value, expected) or (isinstance(value, bool) and bool not in expected):
        raise FaultRefused(f"{name} must be {' or '.join(t.__name__ for t in expected)}, not {value!r}")
    if name in CHOICES and value not in CHOICES[name]:
        raise FaultRefused(f"{name} must be one of: {', '.join(CHOICES[name])}")
    if isinstance(value, int | float) and not isinstance(value, bool) and value < 0:
        raise FaultRefused(f"{name} must not be negative")
    if name == "path" and isinstance(value, str):
        try:
            re.compile(value)
        except re.error as error:
            raise FaultRefused(f"path is no regular expression: {error}") from None


def fault_from_words(kind: str, words: list[str]) -> dict[str, Any]:
    """The JSON of a fault from `key=value` words of a command line; raises FaultRefused for a word without `=`."""
    asked: dict[str, Any] = {"kind": kind}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals:
            raise FaultRefused(f"{word!r} is not key=value")
        asked[name] = _from_text(name, text)
    return asked


def _from_text(name: str, text: str) -> Any:
    types = _TYPES.get(name, (str,))
    try:
        if types == (bool,):
            return {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}[text.lower()]
        return types[-1](text)
    except (KeyError, ValueError):
        raise FaultRefused(f"{name}={text} is not {types[-1].__name__}") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a fault may hit: a request (with a path) or a socket (with a shard, once it is known)."""

    path: str | None = None
    shard: int | None = None
    token_fingerprint: str | None = None
    connection_id: int | None = None


def hits(fault: Fault, target: Target) -> bool:
    """A fault that names a path, a shard or a token hits only targets that have that one."""
    if fault.shard is not None and fault.shard != target.shard:
        return False
    if fault.token_fingerprint is not None and fault.token_fingerprint != target.token_fingerprint:
        return False
    if fault.up_to_connection is not None and (target.connection_id or 0) > fault.up_to_connection:
        return False
    return fault.path is None or (target.path is not None and re.search(fault.path, target.path) is not None)


class FaultBoard:
    """The faults in force, oldest first."""

    def __init__(self) -> None:
        self._faults: dict[int, Fault] = {}
        self._left: dict[int, int] = {}
        self._next = 1

    def __iter__(self) -> Iterator[tuple[int, Fault]]:
        return iter(tuple(self._faults.items()))

    def add(self, fault: Fault) -> int:
        number = self._next
        self._next += 1
        self._faults[number] = fault
        if fault.count is not None:
            self._left[number] = fault.count
        return number

    def remove(self, number: int) -> Fault | None:
        self._left.pop(number, None)
        return self._faults.pop(number, None)

    def standing(self, kind: FaultKind, target: Target = Target()) -> tuple[int, Fault] | None:
        """The oldest fault of that kind that hits the target, without using it up."""
        if not self._faults:
            return None
        for number, fault in self._faults.items():
            if fault.kind is kind and self._left.get(number, 1) > 0 and hits(fault, target):
                return number, fault
        return None

    def claim(self, kind: FaultKind, target: Target = Target()) -> tuple[int, Fault] | None:
        """As `standing`, and one off its count; the caller removes a fault whose `left` is then 0."""
        found = self.standing(kind, target)
        if found is not None and found[0] in self._left:
            self._left[found[0]] -= 1
        return found

    def left(self, number: int) -> int | None:
        """How many targets it may still hit; None without a count."""
        return self._left.get(number)
