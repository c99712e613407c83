"""What the doubles of one run share: where a test may stop, fail or kill, and what outlives a process.

The doubles stand in for outside systems because the tests need to stop the world between any two steps of theirs;
the flow around them is the real one.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from conduix.engine.files import Files, Op, OpenFile
from conduix.engine.runtime.checkpoint import Checkpoint, Cut, LocalStore

if TYPE_CHECKING:
    from tests.unit.runtime.doubles import NumberSource

Row = dict[str, object]


class Crash(BaseException):
    """The process died: nothing that it does from now on has an effect."""


@dataclass
class Disk:
    """What a sink leaves behind when its process dies."""

    rows: list[Row] = field(default_factory=list)
    """Handle-held: all that was written; sink-held: what was committed."""
    durable: int = 0
    """So many of the rows survive a power cut."""
    published: list[Row] | None = None
    """What the commit of the last barrier gave its final name."""
    committed_n: int | None = None


class World:
    """One outside world; every process (run) of a test is given the same one, see `survivors`."""

    def __init__(self, seed: int = 0) -> None:
        self.random = random.Random(seed)
        self.disks: dict[str, Disk] = defaultdict(Disk)
        self.forgotten: dict[str, int] = {}
        """Shard → offset before which its source keeps nothing any more: it was told that this is safe."""
        self.sources: dict[str, NumberSource] = {}
        self.records: list[Checkpoint] = []
        self.cut: Cut | None = None
        self.paths: dict[tuple[str, str], int] = {}
        """(source, sink) → in how many ways a record gets there; for the check of flushes."""
        self.log: list[tuple[str, str, int]] = []
        """(method, node, n) of everything that the runtime asked of a double."""
        self.crashed = False
        self._faults: dict[tuple[str, str], list[BaseException | None]] = {}
        self._acts: dict[tuple[str, str, int], Callable[[], object]] = {}
        self._gates: dict[tuple[str, str], asyncio.Event] = {}

    def survivors(self) -> World:
        """The world after a crash, for the next process: written but not durable rows may be there or not."""
        after = World(self.random.randrange(1 << 30))
        for node, disk in self.disks.items():
            kept = self.random.randint(disk.durable, len(disk.rows))
            after.disks[node] = Disk(disk.rows[:kept], disk.durable, disk.published, disk.committed_n)
        after.forgotten = dict(self.forgotten)
        after.cut = self.cut
        return after

    def fail(self, node: str, method: str, *errors: BaseException | None) -> None:
        """The next calls raise these, one after the other; None: that call succeeds."""
        self._faults[node, method] = list(errors)

    def hold(self, node: str, method: str) -> asyncio.Event:
        """The next calls wait until the event is set."""
        return self._gates.setdefault((node, method), asyncio.Event())

    def when(self, node: str, method: str, n: int, act: Callable[[], object]) -> None:
        """Do this when the call with this n comes."""
        self._acts[node, method, n] = act

    def count(self, node: str, method: str) -> int:
        """How often this was called."""
        return sum(entry[:2] == (method, node) for entry in self.log)

    def enter(self, node: str, method: str, n: int = -1) -> None:
        """A double's method begins."""
        self.alive()
        self.log.append((method, node, n))
        if act := self._acts.pop((node, method, n), None):
            act()
        errors = self._faults.get((node, method))
        if errors and (error := errors.pop(0)) is not None:
            raise error

    async def at(self, node: str, method: str, n: int = -1) -> None:
        """A double's method begins; other actors may run meanwhile."""
        self.enter(node, method, n)
        for _ in range(self.random.choice([0, 0, 1, 2])):
            await asyncio.sleep(0)
        if gate := self._gates.get((node, method)):
            await gate.wait()
        self.alive()

    def alive(self) -> None:
        """Raises Crash once the process is dead."""
        if self.crashed:
            raise Crash

    def crash(self) -> None:
        """The process dies here."""
        self.crashed = True
        raise Crash

    def out(self, node: str) -> list[Row]:
        """What a reader of a sink's output sees."""
        disk = self.disks[node]
        return disk.rows if disk.published is None else disk.published

    def per_shard(self, node: str, upto: int | None = None) -> Counter[str]:
        """Rows by shard."""
        return Counter(str(row.get("shard")) for row in self.disks[node].rows[:upto])


class MortalFiles(Files):
    """Files of a process that may die: an operation after its death does nothing."""

    def __init__(self, world: World) -> None:
        super().__init__(self._observe)
        self._world = world

    def _observe(self, _op: Op) -> None:
        self._world.alive()

    def open(self, path: Path) -> OpenFile:
        self._world.alive()
        return super().open(path)

    def rename(self, source: Path, target: Path) -> None:
        self._world.alive()
        super().rename(source, target)

    def unlink(self, path: Path) -> None:
        self._world.alive()
        super().unlink(path)


class Store(LocalStore):
    """The local store, remembering every record that was saved."""

    def __init__(self, directory: Path, world: World) -> None:
        super().__init__(directory, MortalFiles(world))
        self._world = world

    async def save(self, record: Checkpoint) -> None:
        await self._world.at("store", "save", record.n)
        await super().save(record)
        self._world.records.append(record)

    async def save_cut(self, cut: Cut) -> None:
        await super().save_cut(cut)
        self._world.cut = cut

    async def probe(self) -> None:
        await self._world.at("store", "probe")
        await super().probe()
