"""What a server wants done, beside the driver."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from typing import Any

import pytest

from conduix.errors import InvalidArgument
from conduix.mesh import effects as fx
from conduix.mesh.agent_session import AgentSession, Identity
from conduix.mesh.commands import Commands
from conduix.mesh.desired import Desired
from conduix.mesh.reports import Reports
from conduix.mesh.spool import Spool
from conduix.v1 import mesh_service_pb2 as pb
from conduix_agent.link.work import Turn, Work
from tests.eventually import eventually
from tests.unit.mesh.memory import MemoryStorage

NOW = fx.Now(0.0, 0.0)


class Host:
    """Applies as fast as the test lets it."""

    def __init__(self) -> None:
        self.applied: list[int] = []
        self.gate = asyncio.Event()
        self.fails: Exception | None = None

    async def apply(self, update: pb.DesiredStateUpdate) -> None:
        self.applied.append(update.version)
        await self.gate.wait()
        if self.fails is not None:
            raise self.fails

    async def execute(self, command: pb.Command) -> pb.CommandResult:
        if self.fails is not None:
            raise self.fails
        return pb.CommandResult(command_id=command.command_id, outcome=pb.COMMAND_OUTCOME_SUCCEEDED)

    async def drain(self) -> None:
        return


class Bench:
    def __init__(self) -> None:
        self.host = Host()
        self.desired = Desired(pb.DesiredStateUpdate())
        self.session = AgentSession(
            Identity("a", "i"), self.desired, Commands(), Reports(Spool(MemoryStorage(), 1 << 20))
        )
        self.effects: list[fx.AgentEffect] = []
        self.tasks: list[asyncio.Task[None]] = []
        self.work = Work(self.host, post=self.post, spawn=self.spawn)

    async def post(self, turn: Turn) -> None:
        self.effects.extend(turn(self.session, NOW))

    def spawn(self, coroutine: Coroutine[Any, Any, None]) -> None:
        self.tasks.append(asyncio.create_task(coroutine))

    def want(self, version: int) -> None:
        for effect in self.desired.receive(pb.DesiredStateUpdate(version=version)):
            assert isinstance(effect, fx.Apply)
            self.work.apply(effect.update)

    @property
    def saved(self) -> list[int]:
        return [effect.update.version for effect in self.effects if isinstance(effect, fx.SaveDesired)]


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    bench = Bench()
    yield bench
    for task in bench.tasks:
        task.cancel()
    await asyncio.gather(*bench.tasks, return_exceptions=True)


async def test_what_is_on_disk_comes_first_and_nobody_is_told(bench: Bench) -> None:
    bench.host.gate.set()
    bench.work.begin(pb.DesiredStateUpdate(version=5))
    await bench.work.under_way.wait()
    assert (bench.host.applied, bench.effects) == ([5], [])


async def test_one_after_the_other_and_what_was_overtaken_not_at_all(bench: Bench) -> None:
    bench.work.begin(pb.DesiredStateUpdate())
    await eventually(lambda: bench.host.applied == [0])
    for version in (1, 2, 3):
        bench.want(version)
    assert bench.host.applied == [0], "the one before is not done yet"
    bench.host.gate.set()
    await eventually(lambda: bench.saved == [3])
    assert bench.host.applied == [0, 3]


@pytest.mark.parametrize("fault", [InvalidArgument("no sense"), ZeroDivisionError()])
async def test_one_that_fails_does_not_stop_the_next(bench: Bench, fault: Exception) -> None:
    bench.host.gate.set()
    bench.work.begin(pb.DesiredStateUpdate())
    await bench.work.under_way.wait()
    bench.host.fails = fault
    bench.want(1)
    await eventually(lambda: bench.host.applied == [0, 1])
    await eventually(lambda: bench.desired.highest == 1 and bench.desired.in_force.version == 0)
    bench.host.fails = None
    bench.want(2)
    await eventually(lambda: bench.saved == [2])


async def test_a_command_ends_with_an_answer_whatever_happens(bench: Bench) -> None:
    for name in ("good", "faulty", "late"):
        bench.host.fails = ZeroDivisionError() if name == "faulty" else None
        if name == "late":
            bench.work.drain()
        command = pb.Command(command_id=name, checkpoint=pb.CheckpointCommand())
        command.deadline.FromSeconds(10)
        bench.session._commands.receive(command, NOW)
        bench.work.execute(command)
        await asyncio.gather(*bench.tasks)
    results = [effect.result for effect in bench.effects if isinstance(effect, fx.JournalResult)]
    assert [(each.command_id, each.outcome, each.code) for each in results] == [
        ("good", pb.COMMAND_OUTCOME_SUCCEEDED, ""),
        ("faulty", pb.COMMAND_OUTCOME_FAILED, "INTERNAL"),
        ("late", pb.COMMAND_OUTCOME_FAILED, "AGENT_DRAINING"),
    ]


async def test_an_agent_that_drains_applies_nothing_more(bench: Bench) -> None:
    bench.host.gate.set()
    bench.work.begin(pb.DesiredStateUpdate())
    await bench.work.under_way.wait()
    bench.work.drain()
    bench.want(1)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert bench.host.applied == [0]
    assert bench.effects == [], "it is applied by the next process"
