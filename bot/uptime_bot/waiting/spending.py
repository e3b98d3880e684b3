"""What this machine has spent of Discord's patience, over restarts: IDENTIFYs for each application, refused requests.

Everything here may be called from any thread; save() blocks on the disk, the rest does not.
"""

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from uptime_bot.contract.tokens import Token, application_id
from uptime_bot.waiting.elapsed import Moment, this_moment
from uptime_bot.waiting.identify_budget import BudgetState, IdentifyBudget, Leave
from uptime_bot.waiting.identify_record import as_json, from_json
from uptime_bot.waiting.invalid_requests import InvalidRequests
from uptime_bot.waiting.record_file import NotARecord, RecordFile
from uptime_bot.waiting.start_limit import TOTAL, StartLimit

_log = logging.getLogger(__name__)

MOST_APPLICATIONS = 16
"""Records of more applications than this are removed, the one written longest ago first."""

SAVE_EVERY_S = 1.0
SAVE_EVERY_COUNT = 100
"""Refused requests are written at most once a second, and at each hundredth: a process that is killed forgets few."""


class IdentifyLedger:
    """The IDENTIFY budget of one application, in a file where there is one; for `presumed` see IdentifyBudget."""

    def __init__(
        self, file: RecordFile | None, *, moment: Callable[[], Moment] = this_moment, presumed: int = TOTAL
    ) -> None:
        self._file = file
        self._presumed = presumed
        self._moment = moment
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._budget = self._loaded()

    def _loaded(self) -> IdentifyBudget:
        state: BudgetState | None = None
        try:
            if self._file is not None:
                state = self._file.read(lambda found, older_by_s: from_json(found, older_by_s=older_by_s))
        except NotARecord as exc:
            _log.warning("%s: no IDENTIFY before Discord has said how many are left, or for a day", exc)
            state = BudgetState(doubted_for_s=0.0)
        budget = IdentifyBudget(self._now(), state or BudgetState(), presumed=self._presumed)
        if budget.doubted and self._file is not None:
            with suppress(OSError):  # then the next process finds again what this one has found
                self._file.write(as_json(budget.state(self._now())), self._moment(), durable=False)
        return budget

    def _now(self) -> float:
        return self._moment().at_s

    def take(self, shard_id: int, *, shards: int, reserve: float) -> Leave:
        """Spend one if it may go out now; save() before it does. See IdentifyBudget.take."""
        with self._lock:
            return self._budget.take(self._now(), shard_id, shards=shards, reserve=reserve)

    def save(self, *, durable: bool) -> bool:
        """Write the file, waiting for the disk; False where that is not possible, which is logged once."""
        if self._file is None:
            return True
        with self._writing:
            moment = self._moment()
            with self._lock:
                state = self._budget.state(moment.at_s)
            return self._file.save(
                as_json(state), moment, durable=durable, otherwise="IDENTIFYs wait for Discord's own count"
            )

    def confirm(self, *, saved: bool) -> bool:
        """Whether what was taken may be used: it is on record, or Discord itself was heard within the last minute."""
        with self._lock:
            if saved:
                self._budget.trust()
            else:
                self._budget.doubt(self._now())
            return saved or self._budget.vouched(self._now())

    def sent(self, shard_id: int) -> None:
        """See IdentifyBudget."""
        with self._lock:
            self._budget.sent(self._now(), shard_id)

    def take_back(self, shard_id: int) -> None:
        """See IdentifyBudget."""
        with self._lock:
            self._budget.take_back(shard_id)

    def mark(self) -> int:
        """See IdentifyBudget."""
        with self._lock:
            return self._budget.mark(self._now())

    def hear(self, limit: StartLimit | None, mark: int) -> None:
        """See IdentifyBudget."""
        with self._lock:
            self._budget.hear(self._now(), limit, mark)

    @property
    def doubted(self) -> bool:
        """See IdentifyBudget."""
        with self._lock:
            return self._budget.doubted

    @property
    def fresh(self) -> bool:
        """Whether Discord was heard within the last minute."""
        with self._lock:
            return self._budget.vouched(self._now())


class RefusalLedger:
    """The refused requests of this process and those before it: Discord counts them for the address, not for a bot."""

    def __init__(self, file: RecordFile | None, *, limit: int, moment: Callable[[], Moment] = this_moment) -> None:
        self._file = file
        self._moment = moment
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._unwritten = 0
        self._written_at = 0.0
        self._requests = self._loaded(limit)

    def _loaded(self, limit: int) -> InvalidRequests:
        now = self._now()
        try:
            ages = None if self._file is None else self._file.read(_refusals_from_json)
        except NotARecord as exc:
            # Half of it: with what the law allowed before that is still below the ban.
            _log.warning("%s: taking it that half of the refused requests of ten minutes are spent", exc)
            ages = [(0.0, limit // 2)]
        return InvalidRequests((now - age, count) for age, count in ages or ())

    def _now(self) -> float:
        return self._moment().at_s

    def admit(self, limit: int) -> float:
        """Seconds until a request may begin; 0 counts it as begun."""
        with self._lock:
            wait_s = self._requests.wait_s(self._now(), limit)
            if wait_s <= 0:
                self._requests.under_way += 1
            return wait_s

    def ended(self, *, refused: bool) -> bool:
        """Note the end of a request; True when it is time to save()."""
        with self._lock:
            self._requests.under_way = max(self._requests.under_way - 1, 0)
            if not refused:
                return False
            self._requests.count(self._now())
            self._unwritten += 1
            return self._unwritten >= SAVE_EVERY_COUNT or self._now() - self._written_at >= SAVE_EVERY_S

    @property
    def unwritten(self) -> int:
        """How many have been counted since the last save."""
        return self._unwritten

    @property
    def recent(self) -> int:
        """How many there were in the last ten minutes."""
        with self._lock:
            return self._requests.recent(self._now())

    def save(self) -> None:
        """Write the file; where that is not possible it is logged once, and the process itself goes on counting."""
        if self._file is None:
            return
        with self._writing:
            moment = self._moment()
            with self._lock:
                ages = self._requests.ages(moment.at_s)
                self._unwritten, self._written_at = 0, moment.at_s
            self._file.save(ages, moment, durable=False, otherwise="a restart forgets refused requests")


def _refusals_from_json(found: object, older_by_s: float) -> list[tuple[float, int]]:
    if not isinstance(found, list) or len(found) > 1000:
        raise TypeError("not a list of a bearable length")
    ages = [(float(age) + older_by_s, int(count)) for age, count in found]
    if any(not 0 <= age < 1e9 or not 0 < count < 10**9 for age, count in ages):
        raise ValueError("not ages and counts")
    return ages


class Spending:
    """All ledgers of the process. Without a folder they live in memory only."""

    def __init__(self, folder: Path | None, *, limit: int = 5000) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._identifies: dict[str, IdentifyLedger] = {}
        self._refusals: RefusalLedger | None = None
        self._limit = limit

    def identifies(self, token: Token | None) -> IdentifyLedger:
        """The ledger of a token's application: by its id where the token begins with one, since Discord counts for the
        application and a new token begins no new day; else by the token's fingerprint."""
        owner = _owner(token)
        with self._lock:
            ledger = self._identifies.get(owner)
            if ledger is None:
                file = None if self._folder is None else RecordFile(self._folder / f"identifies-{owner}.json", owner)
                ledger = self._identifies[owner] = IdentifyLedger(file)
                self._remove_old()
            return ledger

    @property
    def refusals(self) -> RefusalLedger:
        """The ledger of refused requests."""
        with self._lock:
            if self._refusals is None:
                file = None if self._folder is None else RecordFile(self._folder / "invalid-requests.json", "address")
                self._refusals = RefusalLedger(file, limit=self._limit)
            return self._refusals

    def _remove_old(self) -> None:
        if self._folder is None:
            return
        with suppress(OSError):
            found = sorted(self._folder.glob("identifies-*.json"), key=lambda path: path.stat().st_mtime)
            for path in found[:-MOST_APPLICATIONS]:
                path.unlink()


def _owner(token: Token | None) -> str:
    if token is None:
        return "unknown"
    known = application_id(token)
    return token.fingerprint if known is None else str(known)
