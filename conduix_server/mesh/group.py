"""Group commit: what many sessions write at the same moment shares one transaction.

All that a server writes for its sessions goes through one of these, one transaction after another: the sessions of one
server never wait for each other's row locks.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from conduix.errors import ConduixError, DatabaseContended, DatabaseUnavailable, SystemicError
from conduix_server.store.store import Store
from conduix_server.store.transaction import Transaction

T = TypeVar("T")
Work = Callable[[Transaction], Awaitable[T]]
"""May be run several times, so it touches nothing but its transaction."""

MOST: Final = 200
"""Works in one transaction."""
FIRST_PAUSE: Final = 0.1
LONGEST_PAUSE: Final = 2.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Waiting(Generic[T]):
    work: Work[T]
    patient: bool
    outcome: asyncio.Future[T]


class GroupCommit:
    """`submit` from anywhere, `serve` in one task. `committed` is told how many works each transaction had."""

    def __init__(self, store: Store, *, committed: Callable[[int], None] = lambda _: None) -> None:
        self._store = store
        self._committed = committed
        self._waiting: deque[_Waiting[Any]] = deque()
        self._woken = asyncio.Event()
        self.away: ConduixError | None = None
        """Why the database cannot be reached; None: it can."""

    @property
    def waiting(self) -> int:
        """Works that nobody has begun."""
        return sum(not waiting.outcome.done() for waiting in self._waiting)

    def check(self) -> None:
        """Raises DatabaseUnavailable while the database is away."""
        if self.away is not None:
            raise _unavailable(self.away)

    def submit(self, work: Work[T], *, patient: bool = True) -> asyncio.Future[T]:
        """What comes of it, once it is committed; cancel it, and it is not begun any more.

        A patient one waits as long as the database is away; the others fail with DatabaseUnavailable.
        """
        outcome: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        if self.away is not None and not patient:
            outcome.set_exception(_unavailable(self.away))
        else:
            self._waiting.append(_Waiting(work, patient, outcome))
            self._woken.set()
        return outcome

    async def serve(self) -> None:
        """Until it is cancelled."""
        pause = FIRST_PAUSE
        while True:
            while not self._waiting:
                self._woken.clear()
                await self._woken.wait()
            if await self._commit(self._next_group()):
                pause = FIRST_PAUSE
            else:
                await asyncio.sleep(pause * random.uniform(0.5, 1))  # noqa: S311 - nobody gains from guessing it
                pause = min(pause * 2, LONGEST_PAUSE)

    def _next_group(self) -> list[_Waiting[Any]]:
        group: list[_Waiting[Any]] = []
        while self._waiting and len(group) < MOST:
            waiting = self._waiting.popleft()
            if not waiting.outcome.done():
                group.append(waiting)
        return group

    async def _commit(self, group: list[_Waiting[Any]]) -> bool:
        """Whether the database is there."""

        async def all_of_them(tx: Transaction) -> list[Any]:
            return [await waiting.work(tx) for waiting in group]

        try:
            outcomes = await self._store.run(all_of_them)
        except (DatabaseUnavailable, DatabaseContended, SystemicError) as error:
            self._lost(group, error)
            return False
        except Exception as error:  # noqa: BLE001 - belongs to one of them, and is given to it
            if len(group) > 1:  # nothing was committed: each by itself, and only the culprit fails
                return all([await self._commit([waiting]) for waiting in group])
            _settle(group[0].outcome, error=error)
            return True
        self._found()
        self._committed(len(group))
        for waiting, outcome in zip(group, outcomes, strict=True):
            _settle(waiting.outcome, outcome)
        return True

    def _lost(self, group: list[_Waiting[Any]], error: ConduixError) -> None:
        if self.away is None:
            log.warning("sessions wait for the database: %s", error)
        self.away = error
        kept = []
        for waiting in (*group, *self._waiting):
            if waiting.patient:
                kept.append(waiting)
            else:
                _settle(waiting.outcome, error=_unavailable(error))
        self._waiting = deque(kept)

    def _found(self) -> None:
        if self.away is not None:
            log.info("the database answers again")
        self.away = None


def _settle(outcome: asyncio.Future[Any], value: Any = None, *, error: Exception | None = None) -> None:
    if outcome.done():  # nobody waits for it any more
        return
    if error is None:
        outcome.set_result(value)
    else:
        outcome.set_exception(error)


def _unavailable(error: ConduixError) -> DatabaseUnavailable:
    return DatabaseUnavailable(error.message, remedy=error.remedy, retry_after=LONGEST_PAUSE)
