"""Runs a pipeline of doubles beside a test that gives commands and looks on."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from conduix.engine.link import Status, Verb
from conduix.spec.model import PipelineSpec
from tests.unit.runtime.flows import Line, run, three_sinks, until
from tests.unit.runtime.world import World


class Console:
    """Runs a pipeline beside the test, which gives commands and looks at what is reported."""

    def __init__(self, spec: PipelineSpec, world: World, directory: Path, *, g: int = 1) -> None:
        self.line = Line()
        self.world = world
        self.task = asyncio.create_task(run(spec, world, directory, g=g, link=self.line))

    @property
    def last(self) -> Status:
        return self.line.statuses[-1]

    def say(self, verb: Verb) -> None:
        self.line.commands.put_nowait(verb)

    def at(self, method: str, n: int, verb: Verb, node: str = "in") -> None:
        """Give the command when this happens in the flow."""
        self.world.when(node, method, n, lambda: self.say(verb))

    async def state(self, state: str, reason: str | None = None) -> Status:
        """Wait for a state."""
        await until(lambda: self.line.statuses and (self.last.state, self.last.reason) == (state, reason))
        return self.last


def slow(spec: PipelineSpec, drain: float = 0.05) -> PipelineSpec:
    return replace(spec, drain_timeout=drain)


async def hung(method: str, tmp_path: Path, node: str = "handle") -> tuple[World, Status]:
    """Stop while a sink hangs; returns what stood then."""
    world = World(1)
    console = Console(slow(three_sinks()), world, tmp_path)
    world.when("in", "committed", 1, lambda: world.hold(node, method))
    await until(lambda: world.count("in", "committed") >= 1 and world.log[-1][:2] != ("committed", "in"))
    started = world.count(node, method)
    await until(lambda: world.count(node, method) > started)
    console.say("stop")
    return world, await console.task
