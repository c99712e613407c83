"""Pipelines of doubles, and how a test runs one through the real worker."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from _pytest.mark.structures import ParameterSet

from conduix.engine import failpoints
from conduix.engine.api import Fence
from conduix.engine.catalog import Catalog, Entry, default_catalog
from conduix.engine.link import Status, Verb
from conduix.engine.worker import Assignment, run_replica
from conduix.mapping.steps import FilterStep
from conduix.mapping.tree import Literal, Mark
from conduix.spec.model import (
    BackoffSpec,
    CheckpointSpec,
    Input,
    NodeSpec,
    PipelineSpec,
    RetrySpec,
    Role,
    SupervisionSpec,
    Where,
)
from conduix.spec.options import Options
from tests.unit.runtime.doubles import (
    CountOptions,
    CountStage,
    HandleSink,
    HeldSink,
    NumberOptions,
    NumberSource,
    SinkOptions,
)
from tests.unit.runtime.world import Store, World

NOWHERE = Where(1, 1, "")


def catalog(world: World) -> Catalog:
    """The doubles: `numbers`, `count`, `copy` (a pure stage), `memory` (handle-held), `held` (sink-held)."""
    return default_catalog().with_entries(
        [
            Entry("numbers", "source", NumberOptions, "", build=lambda o, c: NumberSource(o, c, world)),
            Entry("count", "stage", CountOptions, "", build=lambda o, c: CountStage(o, c, world)),
            Entry("copy", "stage", CountOptions, "", lower=lambda _o, n, _w, _e: [_every(n)]),
            Entry("memory", "sink", SinkOptions, "", build=lambda o, c: HandleSink(o, c, world)),
            Entry("held", "sink", SinkOptions, "", build=lambda o, c: HeldSink(o, c, world)),
        ]
    )


def _every(node_id: str) -> FilterStep:
    return FilterStep(node_id, Literal(True, Mark(1, 1)))


def node(node_id: str, role: Role, kind: str, options: Options, inputs: Sequence[str] = ()) -> NodeSpec:
    return NodeSpec(node_id, role, kind, options, tuple(Input(i) for i in inputs), NOWHERE)


def pipeline(nodes: Sequence[NodeSpec], *, interval: float = 0.001, mailbox: int = 1) -> PipelineSpec:
    return PipelineSpec(
        name="p",
        mode="batch",
        nodes=tuple(nodes),
        digest="d",
        dlq=node("dlq", "sink", "memory", SinkOptions()),
        dlq_max_ratio=1.0,
        mailbox=mailbox,
        drain_timeout=20.0,
        checkpoint=CheckpointSpec.model_construct(interval=interval, timeout=600.0),
        supervision=SupervisionSpec.model_construct(
            strategy="one_for_one",
            max_restarts=5,
            within_seconds=300.0,
            backoff=BackoffSpec.model_construct(initial=0.0, max=0.0),
        ),
        retry=RetrySpec.model_construct(in_place=0.0, max_elapsed=600.0, max_attempts=3),
    )


SINKS = {"handle": "memory", "held": "held", "refusing": "memory"}
"""The sinks of `three_sinks` and their kinds."""


def three_sinks(
    total: int = 24, *, buffer: int = 6, shards: int = 2, sinks: Sequence[str] = tuple(SINKS), endless: bool = False
) -> PipelineSpec:
    """numbers → count → one sink of each sort. Checkpoints come after every `buffer` records, never by the clock."""
    options = NumberOptions(total=total, shards=shards, buffer=buffer, endless=endless)
    nodes = [node("in", "source", "numbers", options), node("count", "stage", "count", CountOptions(), ["in"])]
    nodes += [
        node(name, "sink", SINKS[name], SinkOptions(refuse=5 if name == "refusing" else 0), ["count"]) for name in sinks
    ]
    spec = pipeline(nodes, interval=600.0)
    return replace(spec, mode="realtime" if endless else "batch")


def file_sink(spec: PipelineSpec, path: Path, **options: object) -> PipelineSpec:
    """The pipeline with a real file sink beside its others."""
    entry = default_catalog().find("sink", "file")
    assert entry is not None
    made = node("file", "sink", "file", entry.options.model_validate({"path": str(path), **options}), ["count"])
    return replace(spec, nodes=(*spec.nodes, made))


class Line:
    """A link that keeps the statuses and gives commands that the test puts in."""

    def __init__(self, then: Callable[[Status], Verb | None] = lambda _status: None) -> None:
        self.statuses: list[Status] = []
        self.commands: asyncio.Queue[Verb] = asyncio.Queue()
        self._then = then

    def report(self, status: Status) -> None:
        self.statuses.append(status)
        if verb := self._then(status):
            self.commands.put_nowait(verb)

    async def command(self) -> Verb:
        return await self.commands.get()

    def states(self) -> list[str]:
        """Without repetitions."""
        names = [status.state for status in self.statuses]
        return [name for name, before in zip(names, ["", *names[:-1]], strict=True) if name != before]


async def run(
    spec: PipelineSpec,
    world: World,
    directory: Path,
    *,
    g: int = 1,
    link: Line | None = None,
    limit: int | None = None,
) -> Status:
    """Run a pipeline of doubles to its end, through the real worker."""
    assignment = Assignment(spec, "run", Fence(1, g), directory, limit, catalog=catalog(world))
    async with asyncio.timeout(60):
        return await run_replica(assignment, link or Line(), Store(directory, world))


def seeds(many: int, quick: int) -> list[ParameterSet]:
    """Seeds for a property: the first few in every check, the rest where time does not matter."""
    return [pytest.param(seed, marks=[pytest.mark.slow] if seed >= quick else []) for seed in range(many)]


async def until(condition: Callable[[], object]) -> None:
    """Let the others run until the condition holds."""
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - any condition on the doubles, which know no event for it
            await asyncio.sleep(0)


def arm(text: str) -> None:
    """Arm failpoints as `CONDUIX_FAILPOINT=text` would; the fixture of conftest disarms them."""
    failpoints._armed[:] = failpoints._armed_from({"CONDUIX_FAILPOINT": text, "CONDUIX_TESTING": "1"})
