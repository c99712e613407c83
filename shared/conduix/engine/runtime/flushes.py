"""Flushes that a source waits for an answer to: which sinks still owe their word, and what a checkpoint settles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from conduix.engine.api import Flush
from conduix.engine.runtime.plan import Plan


class Flushes:
    """Open flushes by source, each with the sinks that have not made it durable yet.

    Flush k covers all that its source sent before it, so its answer is also the answer to every k below: a source
    may ask for the next one before the last was sent.
    """

    def __init__(self, plan: Plan) -> None:
        sinks = {actor.id for actor in plan.of_kind("sink")}
        self._reached = {
            source.id: frozenset(edge.receiver for edge in plan.reach(source.id)) & sinks
            for source in plan.of_kind("source")
        }
        self._open: dict[str, dict[int, set[str]]] = {}

    def ask(self, source: str, k: int) -> None:
        """A source waits for flush k."""
        self._open.setdefault(source, {})[k] = set(self._reached[source])

    def acknowledge(self, flush: Flush, sink: str) -> None:
        """A sink has made everything before the flush durable."""
        self._open.get(flush.source, {}).get(flush.k, set()).discard(sink)

    def take_done(self) -> list[Flush]:
        """Those that no sink owes any longer, removed, in their order."""
        done = {source: [k for k, owed in asked.items() if not owed] for source, asked in self._open.items()}
        return self.take_covered({source: max(ks) for source, ks in done.items() if ks})

    def take_covered(self, upto: Mapping[str, int]) -> list[Flush]:
        """Those up to the given k of each source, removed, in their order: a checkpoint made them durable."""
        return self._take((s, k) for s, asked in self._open.items() for k in asked if k <= upto.get(s, -1))

    def take_all(self) -> list[Flush]:
        """All that are open, removed, in their order: what they are about was dropped."""
        return self._take((source, k) for source, asked in self._open.items() for k in asked)

    def _take(self, which: Iterable[tuple[str, int]]) -> list[Flush]:
        taken = sorted(which)
        for source, k in taken:
            del self._open[source][k]
        return [Flush(source, k) for source, k in taken]
