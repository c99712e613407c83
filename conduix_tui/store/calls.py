"""The log of calls that the console made: what, when, how long, how it ended, and the same as a line to copy."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from conduix.errors import ConduixError

T = TypeVar("T")
KEPT = 1000


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One call that has ended."""

    at: float
    """Unix seconds."""
    method: str
    cli: str
    """The same as a command."""
    seconds: float
    code: str = ""
    """Of the error; empty: it went well."""
    message: str = ""
    request_id: str = ""


class CallLog:
    """The last calls, the newest last."""

    def __init__(self, clock: Callable[[], float] = time.time, timer: Callable[[], float] = time.perf_counter) -> None:
        self._records: deque[CallRecord] = deque(maxlen=KEPT)
        self._clock = clock
        self._timer = timer

    async def run(self, method: str, cli: str, work: Awaitable[T]) -> T:
        """Await a call and write it down, however it ends."""
        at, began = self._clock(), self._timer()
        try:
            answer = await work
        except ConduixError as error:
            request_id = str(getattr(error, "request_id", ""))
            self._add(at, method, cli, began, code=error.code, message=error.message, request_id=request_id)
            raise
        self._add(at, method, cli, began)
        return answer

    def _add(
        self, at: float, method: str, cli: str, began: float, *, code: str = "", message: str = "", request_id: str = ""
    ) -> None:
        self._records.append(CallRecord(at, method, cli, self._timer() - began, code, message, request_id))

    def __iter__(self) -> Iterator[CallRecord]:
        return iter(self._records)

    def __len__(self) -> int:
        return len(self._records)
