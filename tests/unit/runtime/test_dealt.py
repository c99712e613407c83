"""Keyed state through deals: each shard is numbered on by whoever has it, whatever stopped the replica before."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from conduix.engine.api import Fence
from conduix.engine.deal import Deal
from conduix.engine.letters import letters_of, with_dead_letters
from conduix.engine.link import Status
from conduix.engine.runtime.gathered import replicas_of
from conduix.engine.worker import Assignment, run_replica
from conduix.spec.model import PipelineSpec
from tests.unit.runtime.doubles import CountOptions, NumberOptions
from tests.unit.runtime.flows import Line, catalog, file_sink, node, pipeline, seeds
from tests.unit.runtime.world import Crash, World

TOTAL, SHARDS = 120, 7


def numbered(out: Path) -> PipelineSpec:
    """numbers → count → a file for each shard; a checkpoint after every four records."""
    options = NumberOptions(total=TOTAL, shards=SHARDS, buffer=4)
    nodes = [node("in", "source", "numbers", options), node("count", "stage", "count", CountOptions(), ["in"])]
    spec = file_sink(pipeline(nodes, interval=600.0), out / "{shard}.jsonl", mkdir=True)
    return replace(spec, dlq=None)


class Until(Line):
    """Stops the replica after so many checkpoints, or lets its process die then."""

    def __init__(self, checkpoints: int, *, world: World | None = None) -> None:
        super().__init__()
        self._left = checkpoints
        self._n = -1
        self._world = world

    def report(self, status: Status) -> None:
        super().report(status)
        if status.state == "RUNNING" and status.n != self._n:
            self._n = status.n
            self._left -= 1
            if self._left == 0 and self._world is None:
                self.commands.put_nowait("stop")
            elif self._left == 0 and self._world is not None:
                self._world.crashed = True


class Run:
    """The run over its deals; the world outlives its processes."""

    def __init__(self, home: Path, seed: int) -> None:
        self.home = home
        self.random = Random(seed)
        self.world = World(seed)
        self.spec = numbered(home / "out")
        self.k = 1
        self._g = 0
        self.statuses: list[Status] = []

    def fence(self) -> Fence:
        self._g += 1
        return Fence(1, self._g)

    async def scale(self, replicas: int) -> None:
        self.world = self.world.survivors()
        previous, self.k = self.home / f"deal-{self.k}", self.k + 1
        await Deal(
            spec=self.spec,
            previous=previous,
            next=self.home / f"deal-{self.k}",
            replicas=replicas,
            fence=self.fence(),
            letters=self.home / "dead.jsonl",
            catalog=catalog(self.world),
        ).carry_out()

    async def run(self, replicas: int, *, to_the_end: bool = False) -> None:
        """All replicas, one after the other; they are stopped or die somewhere."""
        self.statuses = []
        for number in range(replicas):
            self.world = self.world.survivors()
            dies = self.random.random() < 0.4
            some = self.random.randint(1, 3)
            line = Line() if to_the_end else Until(some, world=self.world if dies else None)
            directory = self.home / f"deal-{self.k}" / f"replica-{number:03d}"
            spec = with_dead_letters(self.spec, catalog(self.world), letters_of(self.home / "dead.jsonl", number))
            assignment = Assignment(spec, "run", self.fence(), directory, catalog=catalog(self.world))
            with suppress(Crash):
                self.statuses.append(await run_replica(assignment, line))

    def rows(self) -> dict[str, list[tuple[int, int]]]:
        """Shard → what stands in its file: number and running number."""
        found = {}
        for path in (self.home / "out").iterdir():
            rows = [json.loads(line) for line in path.read_text().splitlines()]
            assert len({row["shard"] for row in rows}) == 1
            found[rows[0]["shard"]] = [(row["i"], row["count"]) for row in rows]
        return found


@pytest.mark.parametrize("seed", seeds(40, 6))
async def test_state_moves_with_its_shard(seed: int, tmp_path: Path) -> None:
    run = Run(tmp_path, seed)
    await run.run(1)
    replicas = 1
    for _ in range(3):
        replicas = run.random.randint(1, 4)
        await run.scale(replicas)
        await run.run(replicas)
    await run.run(replicas, to_the_end=True)
    assert {status.state for status in run.statuses} == {"COMPLETED"}
    assert len(replicas_of(tmp_path / f"deal-{run.k}")) == replicas
    expected = {f"in/{i}": [(n, n) for n in range(TOTAL // SHARDS + (i < TOTAL % SHARDS))] for i in range(SHARDS)}
    assert run.rows() == expected
    assert sum(status.ledger["in"].passed for status in run.statuses) == TOTAL
    assert sum(status.ledger["file"].passed for status in run.statuses) == TOTAL
