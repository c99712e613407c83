"""Taps and logs on their way from agents to whoever watches them: lossy, bounded, and what is lost is counted."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Generic, Protocol, Self, TypeVar

from conduix.v1 import mesh_service_pb2 as pb

WAITING: Final = 1000
"""Items that wait for one watcher; the oldest of more are dropped."""


class _Item(Protocol):
    dropped: int


T = TypeVar("T", bound=_Item)


@dataclass(frozen=True, slots=True)
class Heard(Generic[T]):
    """One item, and which agent sent it. Its `dropped` counts what was lost before it, on whichever side."""

    agent_id: str
    item: T


class Listener(Generic[T]):
    """What one watcher gets, from its making on until it is closed.

    `with hub.tap(tap_id) as records:` and in it `async for heard in records`.
    """

    def __init__(self, closed: Callable[[Listener[T]], None], most: int) -> None:
        self._closed = closed
        self._most = most
        self._waiting: deque[Heard[T]] = deque()
        self._lost = 0
        self._woken = asyncio.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Hears nothing any more."""
        self._closed(self)

    @property
    def waiting(self) -> int:
        """Items that were heard and not taken."""
        return len(self._waiting)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Heard[T]:
        """The next item; waits for it without end."""
        while not self._waiting:
            self._woken.clear()
            await self._woken.wait()
        heard = self._waiting.popleft()
        heard.item.dropped += self._lost
        self._lost = 0
        return heard

    def offer(self, heard: Heard[T]) -> None:
        """From the hub. A watcher that does not keep up loses the oldest."""
        if len(self._waiting) >= self._most:
            self._lost += 1 + self._waiting.popleft().item.dropped
        self._waiting.append(heard)
        self._woken.set()


class Topics(Generic[T]):
    """Watchers by what they watch."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._listeners: dict[str, set[Listener[T]]] = {}

    def listen(self, name: str) -> Listener[T]:
        """Another watcher of `name`."""
        listener = Listener[T](lambda gone: self._drop(name, gone), self._most)
        self._listeners.setdefault(name, set()).add(listener)
        return listener

    def heard(self, name: str) -> bool:
        """Whether somebody watches `name`."""
        return name in self._listeners

    def publish(self, name: str, agent_id: str, copy: Callable[[], T]) -> None:
        """To everybody who watches `name`: each gets a copy of its own, for each loses others."""
        for listener in self._listeners.get(name, ()):
            listener.offer(Heard(agent_id, copy()))

    def _drop(self, name: str, listener: Listener[T]) -> None:
        listeners = self._listeners.get(name, set())
        listeners.discard(listener)
        if not listeners:
            self._listeners.pop(name, None)


class Hub:
    """The taps and logs of one server. An agent's telemetry comes to the server that holds its stream, and no other."""

    def __init__(self, *, waiting: int = WAITING) -> None:
        self._taps = Topics[pb.TapRecord](waiting)
        self._logs = Topics[pb.LogLine](waiting)

    def tap(self, tap_id: str) -> Listener[pb.TapRecord]:
        """The records of a tap. Listen first, send the TapCommand then. `tap_id`: not to be guessed (a new UUID)."""
        return self._taps.listen(tap_id)

    def logs(self, pipeline_id: str) -> Listener[pb.LogLine]:
        """The log lines of all replicas of a pipeline, from now on."""
        return self._logs.listen(pipeline_id)

    def wants(self, item: pb.StreamTelemetryRequest) -> bool:
        """Whether anybody watches what this is about."""
        body = item.WhichOneof("body")
        if body == "tap":
            return self._taps.heard(item.tap.tap_id)
        return body == "log" and self._logs.heard(item.log.pipeline_id)

    def publish(self, agent_id: str, item: pb.StreamTelemetryRequest) -> None:
        """From the stream of an agent, which runs a replica of that pipeline."""
        if item.WhichOneof("body") == "tap":
            tap = item.tap
            self._taps.publish(tap.tap_id, agent_id, lambda: _copied_tap(tap))
        elif item.WhichOneof("body") == "log":
            log = item.log
            self._logs.publish(log.pipeline_id, agent_id, lambda: _copied_log(log))


def _copied_tap(record: pb.TapRecord) -> pb.TapRecord:
    copy = pb.TapRecord()
    copy.CopyFrom(record)
    return copy


def _copied_log(line: pb.LogLine) -> pb.LogLine:
    copy = pb.LogLine()
    copy.CopyFrom(line)
    return copy
