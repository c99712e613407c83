"""A source actor against the clock: a read that completes just when a barrier is asked for is never lost."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from typing import TypeVar

from conduix.engine.api import Barrier, Batch, Flush, Item, Position, Rows
from conduix.engine.runtime.actor import Ack, Outbox, Place, SourceActor
from conduix.engine.runtime.ledger import Ledger
from conduix.engine.runtime.letters import LetterWriter
from conduix.engine.runtime.mailbox import Mailbox
from conduix.telemetry.meter import Meter
from tests.unit.runtime.flows import until
from tests.unit.runtime.test_limit import Given

T = TypeVar("T")


class Around:
    """The attempt, as far as a source actor sees it."""

    meter = Meter()
    letters = LetterWriter("p", "d", "r", lambda: 0.0)
    max_dead_ratio = 1.0

    def __init__(self) -> None:
        self.acks: dict[int, Ack] = {}
        self.ended = False

    def ack(self, n: int, _actor: str, ack: Ack) -> None:
        self.acks[n] = ack

    def exhausted(self, _actor: str) -> None:
        self.ended = True

    def flushed(self, flush: Flush, actor: str) -> None:
        raise AssertionError

    def deferred(self, flush: Flush) -> None:
        raise AssertionError

    def flooded(self, actor: str, why: str) -> None:
        raise AssertionError

    async def write(self, effect: Awaitable[T]) -> T:
        return await effect


class Told(Given):
    """Returns a batch when the test says so; its position moves with it, as the contract wants."""

    def __init__(self) -> None:
        super().__init__()
        self.at = 0
        self.next: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()

    def give(self, count: int | None) -> None:
        self.next.set_result(count)

    async def read(self) -> Batch | None:
        count = await self.next
        self.next = asyncio.get_running_loop().create_future()
        if count is None:
            return None
        first, self.at = self.at, self.at + count
        return Batch("s", {"offset": first}, {"offset": self.at}, Rows(list(range(first, self.at))), count)

    def positions(self) -> Mapping[str, Position]:
        return {"s": {"offset": self.at}}


class Scene:
    """A source actor that sends into a mailbox of one."""

    def __init__(self) -> None:
        self.source, self.around = Told(), Around()
        self.box = Mailbox(1, 1, {"in": frozenset({0})})
        outbox = Outbox({"out": [(self.box, 0)]})
        place = Place("in", Mailbox(0, 1, {}), outbox, Ledger({}, {}, ["in"]), self.around)
        self.actor = SourceActor(place, self.source, lambda _what: None)
        self.task = asyncio.create_task(self.actor.run())

    async def got(self) -> list[str]:
        """Everything up to and with the next barrier."""
        seen = []
        while True:
            item = await self.box.get()
            seen.append(_name(item))
            if isinstance(item, Barrier):
                return seen

    async def end(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


def _name(item: Item | None) -> str:
    return f"{item.first['offset']}-{item.next['offset']}" if isinstance(item, Batch) else type(item).__name__


async def test_a_barrier_is_answered_while_a_read_is_pending() -> None:
    scene = Scene()
    await until(lambda: scene.actor._reading is not None)
    scene.actor.request(Barrier(1, final=False), hold=False)
    assert await scene.got() == ["Barrier"]
    assert scene.around.acks[1].positions == {"s": {"offset": 0}}
    scene.source.give(3)
    scene.actor.request(Barrier(2, final=False), hold=False)
    assert await scene.got() in (["Barrier"], ["0-3", "Barrier"])
    await scene.end()


async def test_a_read_that_completes_while_a_flush_waits_for_room_comes_before_the_barrier() -> None:
    """The flush is blocked by a full mailbox; meanwhile `read` returns. Its position is in the barrier: so is it."""
    scene = Scene()
    scene.source.give(2)
    await until(lambda: scene.box.depth == 1)
    scene.actor.request_flush(1)
    scene.actor.request(Barrier(1, final=False), hold=False)
    await until(lambda: scene.actor._flush_sent == 1)
    scene.source.give(3)
    await until(lambda: scene.actor._reading is not None and scene.actor._reading.done())
    assert await scene.got() == ["0-2", "Flush", "2-5", "Barrier"]
    ack = scene.around.acks[1]
    assert ack.positions == {"s": {"offset": 5}}
    assert ack.ledger == {"s": {"in": (5, 0, 0, 0)}}
    assert ack.flushed == 1
    await scene.end()


async def test_the_last_barrier_of_an_attempt_ends_a_pending_read_first() -> None:
    scene = Scene()
    await until(lambda: scene.actor._reading is not None)
    scene.actor.request(Barrier(1, final=False), hold=True)
    assert await scene.got() == ["Barrier"]
    for _ in range(20):
        await asyncio.sleep(0)
    assert scene.source.next.cancelled(), "still reading"
    assert scene.box.depth == 0
    await scene.end()


async def test_a_read_that_has_completed_when_it_is_ended_is_not_lost() -> None:
    scene = Scene()
    await until(lambda: scene.actor._reading is not None)
    scene.source.give(4)
    scene.actor.request(Barrier(1, final=False), hold=True)
    assert await scene.got() == ["0-4", "Barrier"]
    assert scene.around.acks[1].positions == {"s": {"offset": 4}}
    await scene.end()


async def test_two_flushes_between_two_turns_are_one() -> None:
    scene = Scene()
    scene.actor.request_flush(1)
    scene.actor.request_flush(2)
    assert await scene.box.get() == Flush("in", 2)
    scene.actor.request(Barrier(1, final=True), hold=True)
    assert await scene.got() == ["Barrier"]
    assert scene.around.acks[1].flushed == 2
    await scene.end()


async def test_after_the_final_barrier_comes_the_end() -> None:
    scene = Scene()
    scene.source.give(None)
    await until(lambda: scene.around.ended)
    scene.actor.request(Barrier(1, final=True), hold=False)
    assert await scene.got() == ["Barrier"]
    assert _name(await scene.box.get()) == "End"
    await scene.task
