"""Looking at records as they leave a node, without the flow noticing: lossy, bounded by a rate, never raising.

An actor pays one test for None a batch where nobody looks. A node inside a fused stretch leaves nothing that could be
looked at: the steps up to it are run once more, over a copy of a few of the records that came in.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from conduix.engine.api import Batch
from conduix.engine.runtime.actor import Look, TapPoint
from conduix.engine.runtime.failure import code_of, told
from conduix.engine.runtime.plan import ActorPlan, Plan
from conduix.engine.runtime.shown import first_of, shown
from conduix.engine.stretch import Port, Stretch, build_stretch
from conduix.errors import ConduixError, NotFound, Resource

RATE = 50
"""Records a second where nobody says."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to see: at most `limit` records (0: no end), `rate` a second (0: `RATE`)."""

    node: str
    send: Callable[[str, int], bool]
    """Takes a record as JSON text, and how many were passed over since the one before; False: there was no room."""
    ended: Callable[[str, str], object]
    """Called once when the tap has come to its end, with a code (empty: it did not fail) and the cause in words."""
    limit: int = 0
    rate: int = 0


class Taps:
    """The taps of one replica, by their ids. `points` are those of its actors; `clock` gives monotonic seconds."""

    def __init__(self, plan: Plan, points: Mapping[str, TapPoint], clock: Callable[[], float] = time.monotonic) -> None:
        self._points = points
        self._actors = {node.id: actor for actor in plan.actors for node in actor.nodes}
        self._clock = clock
        self._taps: dict[str, tuple[str, _Tap]] = {}

    def begin(self, tap_id: str, wish: Wish) -> None:
        """Look from now on; a tap of the same id ends. Raises NotFound: there is no such node."""
        self.end(tap_id, "another tap has its id")
        actor = self._actors.get(wish.node)
        if actor is None:
            raise NotFound(Resource.NODE, wish.node, remedy=f"one of {', '.join(self._actors)}")
        self._taps[tap_id] = actor.id, _Tap(wish, _prefix(actor, wish.node), self._clock)
        self._arm(actor.id)

    def end(self, tap_id: str, cause: str, code: str = "") -> None:
        """Look no longer; nothing happens where there is no such tap."""
        if tap_id in self._taps:
            actor, tap = self._taps.pop(tap_id)
            self._arm(actor)
            tap.wish.ended(code, cause)

    def _arm(self, actor: str) -> None:
        mine = [(tap_id, tap) for tap_id, (where, tap) in self._taps.items() if where == actor]
        self._points[actor].look = self._look_for(mine) if mine else None

    def _look_for(self, taps: Sequence[tuple[str, _Tap]]) -> Look:
        def look(arrived: Batch, made: Iterable[Batch]) -> None:
            for tap_id, tap in taps:
                try:
                    tap.look(arrived, made)
                except Exception as error:  # noqa: BLE001 - whoever looks must not disturb what he looks at
                    _log.warning("a tap of %s has failed", tap.wish.node, exc_info=error)
                    self.end(tap_id, told(error), code_of(error) or ConduixError.code)
                else:
                    if tap.satisfied:
                        self.end(tap_id, f"{tap.wish.limit} records")

        return look


def _prefix(actor: ActorPlan, node: str) -> Stretch | None:
    """What makes the output of a node inside a stretch; None: what the actor makes is that of the node."""
    if node == actor.nodes[-1].id:
        return None
    inside = [each.id for each in actor.nodes]
    wanted = set(inside[: inside.index(node) + 1])
    return build_stretch([step for step in actor.steps if step.node in wanted], {"out": Port("rows", offsets=False)})


class _Tap:
    """One look at one node."""

    def __init__(self, wish: Wish, prefix: Stretch | None, clock: Callable[[], float]) -> None:
        self.wish = wish
        self._prefix = prefix
        self._clock = clock
        self._rate = wish.rate or RATE
        self._room = float(self._rate)
        self._at = clock()
        self._sent = self._dropped = 0

    @property
    def satisfied(self) -> bool:
        """Was everything seen that was asked for?"""
        return 0 < self.wish.limit <= self._sent

    def look(self, arrived: Batch, made: Iterable[Batch]) -> None:
        """Send as many records as there is room for, the others are counted."""
        for batch in made if self._prefix is None else (arrived,):
            count = self._take(batch.count)
            if count:
                self._show(first_of(batch, count))
            self._dropped += batch.count - count

    def _take(self, count: int) -> int:
        """How many of so many records may be looked at now."""
        now = self._clock()
        self._room = min(float(self._rate), self._room + (now - self._at) * self._rate)
        self._at = now
        taken = min(count, int(self._room))
        if self.wish.limit and self._prefix is None:  # what steps make of a record may be nothing
            taken = min(taken, self.wish.limit - self._sent)
        self._room -= taken
        return taken

    def _show(self, batch: Batch) -> None:
        for each in (batch,) if self._prefix is None else self._made(self._prefix, batch):
            for record in shown(each):
                if self.satisfied or not self.wish.send(record, self._dropped):
                    self._dropped += 1
                    continue
                self._sent += 1
                self._dropped = 0

    def _made(self, prefix: Stretch, batch: Batch) -> list[Batch]:
        from conduix.mapping.functions.counting import counters_kept  # noqa: PLC0415 - only where a mapping runs anyway

        with counters_kept():
            return [made for _, made in prefix.apply(batch).batches]
