"""Streams that are under way, so that those can be ended whose callers may no longer call."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from conduix.errors import ConduixError

if TYPE_CHECKING:
    from conduix.rpc.interceptors import Call


@dataclass(slots=True, eq=False)
class LiveStream:
    """One of them."""

    call: Call
    task: asyncio.Task[object]
    cut: ConduixError | None = None
    """Why it was ended from here."""


class LiveStreams:
    """All of one server; belongs to its event loop."""

    def __init__(self) -> None:
        self._streams: set[LiveStream] = set()

    def __len__(self) -> int:
        return len(self._streams)

    def __iter__(self) -> Iterator[LiveStream]:
        """Those of this moment."""
        return iter(tuple(self._streams))

    @contextmanager
    def entered(self, call: Call) -> Iterator[None]:
        """Around the serving of a stream, in its own task. What it was cut with is raised here."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("streams are served by tasks")
        stream = LiveStream(call, task)
        self._streams.add(stream)
        try:
            yield
        except asyncio.CancelledError:
            if stream.cut is None:
                raise
            task.uncancel()
            raise stream.cut from None
        finally:
            self._streams.discard(stream)

    def cut(self, stream: LiveStream, error: ConduixError) -> None:
        """Ends a stream; its caller gets `error`."""
        if stream.cut is None and stream in self._streams:
            stream.cut = error
            stream.task.cancel()
