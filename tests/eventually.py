"""Waiting for what a process of its own brings about: looked at again and again, never slept for."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar, overload

T = TypeVar("T")

TIMEOUT = 20.0
"""Seconds; generous, for other tests may have the processor."""
EVERY = 0.02


@overload
def eventually(check: Callable[[], Awaitable[T]], timeout: float = TIMEOUT) -> Coroutine[Any, Any, T]: ...


@overload
def eventually(check: Callable[[], T], timeout: float = TIMEOUT) -> Coroutine[Any, Any, T]: ...


def eventually(check: Callable[[], Any], timeout: float = TIMEOUT) -> Coroutine[Any, Any, Any]:
    """The first answer of `check` that is true; an AssertionError in it means: not yet.

    Raises:
        AssertionError: none was within `timeout` seconds; tells the last answer, or what the last one failed by.
    """
    return _Wait(check, timeout).for_it()


def eventually_sync(check: Callable[[], T], timeout: float = TIMEOUT) -> T:
    """As `eventually`, where there is no event loop."""
    wait = _Wait(check, timeout)
    while not wait.saw(check):
        time.sleep(EVERY)
    answer: T = wait.seen
    return answer


class _Wait:
    """One wait: until when, and what was seen last."""

    def __init__(self, check: Callable[[], Any], timeout: float) -> None:
        self._check = check
        self._timeout = timeout
        self._end = time.monotonic() + timeout
        self.seen: Any = None

    async def for_it(self) -> Any:
        while True:
            try:
                answer = self._check()
                answer = await answer if inspect.isawaitable(answer) else answer
            except AssertionError as error:
                self._not_yet(error)
            else:
                if self._is_it(answer):
                    return answer
            await asyncio.sleep(EVERY)

    def saw(self, check: Callable[[], object]) -> bool:
        try:
            answer = check()
        except AssertionError as error:
            self._not_yet(error)
            return False
        return self._is_it(answer)

    def _is_it(self, answer: object) -> bool:
        self.seen = answer
        if not answer:
            self._not_yet(None)
        return bool(answer)

    def _not_yet(self, cause: AssertionError | None) -> None:
        if time.monotonic() < self._end:
            return
        name = getattr(self._check, "__qualname__", repr(self._check))
        last = f"the last time: {cause}" if cause else f"the last answer was {self.seen!r}"
        raise AssertionError(f"{name} did not come true within {self._timeout:g} s; {last}") from cause
