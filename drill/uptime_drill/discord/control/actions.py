"""What the control API needs of a stand-in."""

from typing import Any, Protocol

from uptime_drill.discord.faults import Fault
from uptime_drill.discord.logbook import Logbook
from uptime_drill.discord.ticker import Ticker


class Actions(Protocol):
    log: Logbook
    ticker: Ticker

    def set_fault(self, fault: Fault) -> int | None: ...
    def clear_fault(self, number: int) -> bool: ...
    def reset(self) -> None: ...
    def add_token(self, token: str) -> str: ...
    def revoke_token(self, token: str | None = None, *, token_fingerprint: str | None = None) -> bool: ...
    def message(
        self, content: str = "hello", *, channel_id: int | None = None, author_id: int | None = None
    ) -> int: ...
    def direct_message(self, content: str, *, author_id: int) -> int: ...
    async def burst(
        self, count: int, content: str = "burst {n}", *, channel_id: int | None = None
    ) -> tuple[int, int]: ...
    def emit(self, event: str, data: dict[str, Any], *, guild_id: int | None = None) -> int: ...
    async def interaction(
        self,
        name: str,
        *,
        options: dict[str, Any] | None = None,
        wait_s: float = 4.0,
        channel_id: int | None = None,
        user_id: int | None = None,
        unregistered: bool = False,
    ) -> dict[str, Any]: ...
    def state(self) -> dict[str, Any]: ...
