"""Streams that go on where a server ends: watched lists (a snapshot, then changes), operations, logs."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from google.protobuf.message import Message

from conduix.rpc.errors import RemoteError
from conduix.v1 import common_pb2

if TYPE_CHECKING:
    from grpc import aio

    from conduix_tui.client.client import Client

Q = TypeVar("Q", bound=Message)
A = TypeVar("A", bound=Message)

_FIRST_WAIT = 0.1
_LONGEST_WAIT = 5.0
_PASSING = frozenset({"UNAVAILABLE", "CANCELLED", "DEADLINE_EXCEEDED"})
"""What a server that ends, a proxy or a broken line looks like; our own cancelling raises CancelledError."""

Interrupted = Callable[[RemoteError, float], None]
"""Told when a stream broke: why, and in how many seconds it is tried again."""


Resumed = Callable[[], None]
"""Told when a stream that broke goes on and no change was missed, so that nothing else comes to say so."""


def say_nothing(_error: RemoteError, _wait: float) -> None:
    """What is shown goes on as if nothing had been."""


def go_on() -> None:
    """Whoever did not tell that it was broken need not tell that it is not."""


@dataclass(frozen=True, slots=True)
class Snapshot(Generic[A]):
    """All that there is; what was known before and is not in it is gone."""

    messages: tuple[A, ...]


def messages_of(update: Snapshot[A] | A) -> tuple[A, ...]:
    """Those of a snapshot, or the one of a change, for whom the difference does not matter."""
    return update.messages if isinstance(update, Snapshot) else (update,)


async def watch(
    client: Client,
    method: aio.UnaryStreamMultiCallable[Q, A],
    request: Q,
    *,
    interrupted: Interrupted = say_nothing,
    resumed: Resumed = go_on,
) -> AsyncIterator[Snapshot[A] | A]:
    """Yields a Snapshot, then each change (ADDED, UPDATED, REMOVED); another Snapshot only where changes were missed.

    The request and the answers have a `resume_token`, the answers a `kind`. Ends never; raises RemoteError where
    trying again is of no use, as at the very first call, when no server is there.
    """
    asked: Any = request
    reader: _Reader[A] = _Reader()
    line = _Line(interrupted)
    while True:
        asked.resume_token = reader.resume_token
        try:
            async for message in client.stream(method, request):
                line.heard()
                if (update := reader.take(message)) is not None:
                    yield update
                elif reader.resumed:
                    resumed()
            error = RemoteError("the server ended the stream", code="UNAVAILABLE", status="UNAVAILABLE")
        except RemoteError as failure:
            error = failure
        if error.status == "OUT_OF_RANGE" and reader.resume_token:
            reader.forget()
            continue
        reader.interrupted()
        await line.broken(error)


async def follow(
    client: Client,
    method: aio.UnaryStreamMultiCallable[Q, A],
    request: Q,
    again: Q,
    *,
    interrupted: Interrupted = say_nothing,
) -> AsyncIterator[A]:
    """A stream that the server ends when there is no more to say; asked `again` where it breaks before."""
    line = _Line(interrupted)
    while True:
        try:
            async for message in client.stream(method, request):
                line.heard()
                yield message
            return
        except RemoteError as failure:
            error = failure
        await line.broken(error)
        request = again


class _Line:
    """Whether a stream that broke is worth opening again, and when: from 0.1 s up to 5 s, or as the server says."""

    def __init__(self, interrupted: Interrupted) -> None:
        self._interrupted = interrupted
        self._wait = _FIRST_WAIT
        self._begun = False
        self._heard = False

    def heard(self) -> None:
        """A message came."""
        self._begun = self._heard = True
        self._wait = _FIRST_WAIT

    async def broken(self, error: RemoteError) -> None:
        """Return when it is time to try again; raise the error if that is of no use."""
        heard, self._heard = self._heard, False
        if not self._begun or not _passes(error, heard=heard):
            raise error
        wait = error.retry_after or self._wait * random.uniform(0.5, 1.0)  # noqa: S311 - spreads callers, guards nothing
        self._interrupted(error, wait)
        await asyncio.sleep(wait)
        self._wait = min(self._wait * 2, _LONGEST_WAIT)


def _passes(error: RemoteError, *, heard: bool) -> bool:
    if error.code == "TOKEN_EXPIRED":  # in the middle of a stream; the next one has a token of its own
        return heard
    return error.status in _PASSING or error.retry_after is not None


class _Reader(Generic[A]):
    """Puts the messages of one stream after the other together."""

    def __init__(self) -> None:
        self.resume_token = ""
        self.resumed = False
        """Did the last message say that the stream goes on where it broke?"""
        self._gathered: list[A] = []
        self._synced = False

    def take(self, message: A) -> Snapshot[A] | A | None:
        """What the message means to who watches."""
        got: Any = message
        self.resumed = False
        self.resume_token = got.resume_token or self.resume_token
        if got.kind == common_pb2.CHANGE_KIND_SNAPSHOT:
            self._gathered.append(message)
            return None
        if got.kind == common_pb2.CHANGE_KIND_SYNCED:
            return self._sync()
        return message

    def _sync(self) -> Snapshot[A] | None:
        self.resumed = self._synced and not self._gathered
        self._synced = True
        gathered, self._gathered = self._gathered, []
        return None if self.resumed else Snapshot(tuple(gathered))

    def interrupted(self) -> None:
        """Half a snapshot is none: it begins anew."""
        self._gathered.clear()
        if not self._synced:
            self.resume_token = ""

    def forget(self) -> None:
        """The changes since the token are not kept any more."""
        self.resume_token = ""
        self._synced = False
        self._gathered.clear()
