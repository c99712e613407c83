"""What the console knows of a server: pipelines, agents, runs and events by id, and how old that is."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.message import Message

from conduix.v1.pipeline_service_pb2 import Pipeline
from conduix_tui.store.rates import Rates
from conduix_tui.store.updates import KINDS, All, Ended, Interrupted, Kind, Put, Removed, Update
from conduix_tui.store.view import View


@dataclass(slots=True)
class Line:
    """How the line of one kind is."""

    live: bool = False
    """Did something come since it was last broken?"""
    heard_at: float = 0.0
    """On the clock of the state; 0: never."""
    cause: str = ""
    """Why it is broken."""
    retry_at: float = 0.0
    ended: Ended | None = None
    """Trying again is of no use."""


@dataclass(frozen=True, slots=True)
class Connection:
    """How the line to the server is, over all kinds."""

    live: bool
    cause: str = ""
    age: float = 0.0
    """Seconds since the oldest of what is shown was true."""
    retry_in: float = 0.0
    ended: Ended | None = None


@dataclass(slots=True)
class State:
    """Takes updates, and hands them on to the views of the screens. `clock`: seconds that never jump."""

    clock: Callable[[], float] = time.monotonic
    items: dict[Kind, dict[str, Any]] = field(default_factory=lambda: {kind: {} for kind in KINDS})
    lines: dict[Kind, Line] = field(default_factory=lambda: {kind: Line() for kind in KINDS})
    rates: Rates = field(default_factory=Rates)
    version: int = 0
    """Grows with every update that changed something to be seen."""
    _views: dict[Kind, list[View[Any]]] = field(default_factory=lambda: {kind: [] for kind in KINDS})

    def take(self, update: Update) -> None:
        """Something came."""
        line = self.lines[update.kind]
        self.version += 1
        if isinstance(update, Interrupted):
            if line.live:  # until now nothing has changed that was not told
                line.heard_at = self.clock()
            line.live, line.cause, line.retry_at = False, update.cause, self.clock() + update.retry_in
            return
        if isinstance(update, Ended):
            line.live, line.cause, line.ended = False, update.message, update
            return
        line.live, line.cause, line.heard_at, line.ended = True, "", self.clock(), None
        if isinstance(update, All):
            self._reset(update.kind, update.items)
        elif isinstance(update, Put):
            self.items[update.kind][update.key] = update.item
            if isinstance(update.item, Pipeline):
                self.rates.take(update.key, update.item)
            for view in self._views[update.kind]:
                view.put(update.key, update.item)
        elif isinstance(update, Removed):
            self.items[update.kind].pop(update.key, None)
            self.rates.forget(update.key)
            for view in self._views[update.kind]:
                view.remove(update.key)

    def _reset(self, kind: Kind, items: Mapping[str, Message]) -> None:
        self.items[kind] = dict(items)
        for key, item in items.items():
            if isinstance(item, Pipeline):
                self.rates.take(key, item)
        for view in self._views[kind]:
            view.reset(items)

    def show(self, kind: Kind, view: View[Any]) -> None:
        """Keep this view up to date from now on."""
        view.reset(self.items[kind])
        self._views[kind].append(view)

    def hide(self, kind: Kind, view: View[Any]) -> None:
        """It is not looked at any more."""
        self._views[kind].remove(view)

    @property
    def loaded(self) -> bool:
        """Has every kind been heard of once?"""
        return all(line.heard_at for line in self.lines.values())

    @property
    def connection(self) -> Connection:
        """How the line is: that of the kind that is worst off."""
        now = self.clock()
        broken = [line for line in self.lines.values() if not line.live]
        if not broken:
            return Connection(live=True)
        worst = min(broken, key=lambda line: (line.ended is None, line.heard_at))
        age = now - worst.heard_at if worst.heard_at else 0.0
        return Connection(
            live=False, cause=worst.cause, age=age, retry_in=max(0.0, worst.retry_at - now), ended=worst.ended
        )
