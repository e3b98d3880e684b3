"""Faults in force, with their ends: by time, by count, by command."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from uptime_drill.discord.faults import Fault, FaultBoard, FaultKind, Target
from uptime_drill.discord.logbook import Logbook

ANYWHERE = Target()


class FaultDesk:
    """Keeps the board, logs each fault's begin and end, and tells `changed` which began (True) or ended (False)."""

    def __init__(self, log: Logbook) -> None:
        self._board = FaultBoard()
        self._log = log
        self._timers: dict[int, asyncio.TimerHandle] = {}
        self._any = False
        self.changed: Callable[[Fault, bool], None] = lambda _fault, _begins: None

    def set(self, fault: Fault, *, newest_connection: int) -> int | None:
        """Put a standing fault in force and return its number; a fault that acts once is only logged: None."""
        if fault.only_open:
            fault = replace(fault, up_to_connection=newest_connection)
        if not fault.stands:
            self._log.write("fault_set", id=None, **fault.described())
            return None
        number = self._board.add(fault)
        self._any = True
        self._log.write("fault_set", id=number, **fault.described())
        if fault.for_s is not None:
            loop = asyncio.get_running_loop()
            self._timers[number] = loop.call_later(fault.for_s, self.end, number, "time")
        self.changed(fault, True)
        return number

    def end(self, number: int, why: str = "command") -> bool:
        """End one fault; False if there is none of that number."""
        fault = self._board.remove(number)
        if fault is None:
            return False
        timer = self._timers.pop(number, None)
        if timer is not None:
            timer.cancel()
        self._any = any(True for _ in self._board)
        self._log.write("fault_ended", id=number, kind=fault.kind, why=why)
        self.changed(fault, False)
        return True

    def reset(self) -> None:
        for number, _fault in self._board:
            self.end(number)

    def in_force(self, kind: FaultKind, target: Target = ANYWHERE) -> Fault | None:
        """The oldest such fault that hits the target, without using up its count."""
        found = self._board.standing(kind, target) if self._any else None
        return found[1] if found else None

    def claim(self, kind: FaultKind, target: Target = ANYWHERE) -> Fault | None:
        """The same, taking one off its count and ending it with the last."""
        found = self._board.claim(kind, target) if self._any else None
        if found is None:
            return None
        number, fault = found
        if self._board.left(number) == 0:
            self.end(number, "count")
        return fault

    def claim_op9(self, target: Target, moment: str) -> bool | None:
        """Claim an op 9 that is set for `moment` (identify or resume): its `d`, None where there is none."""
        standing = self.in_force(FaultKind.OP9, target)
        if standing is None or standing.on != moment:
            return None
        self.claim(FaultKind.OP9, target)
        return standing.resumable

    def listed(self) -> list[dict[str, object]]:
        return [{"id": number, **fault.described(), "left": self._board.left(number)} for number, fault in self._board]
