"""Kills worker, agent and server while a pipeline works through orders and commands go to it all the while."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import time
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import grpc

from conduix.v1 import operation_service_pb2 as pb_operation
from conduix.v1 import pipeline_service_pb2 as pb
from tests.chaos import orders
from tests.chaos.driver import Difference, Reference, difference, read_outputs
from tests.chaos.mesh_world import Command, World, commands, world
from tests.client import answered, ref
from tests.eventually import eventually
from tests.programs import Program

NAME = "chaos"
COMBINATIONS: tuple[tuple[str, ...], ...] = (
    ("worker",),
    ("agent",),
    ("server",),
    ("agent", "server"),
    ("worker", "server"),
    ("worker", "agent", "server"),
)
"""In turn, then together."""
CALM = 0.75
"""Share of the kills that wait until server and agent have found each other again after the one before."""
COMMAND_EVERY = 0.25
PROGRESS_SECONDS = 60.0
"""Within which something must be written after a kill."""
ANSWER_SECONDS = 120.0
"""Within which every command is answered: its deadline is 60 s."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is done to a run."""

    replicas: int
    kills: int
    seed: int
    slow: float
    """Seconds that each batch takes longer, of one replica: so that there is something left to kill."""
    split: str = "1MiB"

    def combinations(self) -> list[tuple[str, ...]]:
        """What is killed each time: every combination in turn, in an order by seed."""
        random, drawn = Random(f"{self.seed} {self.replicas}"), list[tuple[str, ...]]()
        while len(drawn) < self.kills:
            drawn += random.sample(COMBINATIONS, len(COMBINATIONS))
        return drawn[: self.kills]


@dataclass(slots=True)
class Verdict:
    """What came of it."""

    plan: Plan
    seconds: float = 0.0
    killed: Counter[str] = field(default_factory=Counter)
    """Program → how often."""
    operations: Counter[str] = field(default_factory=Counter)
    """Of the operations that asked for commands: state → count."""
    refused: Counter[str] = field(default_factory=Counter)
    """Calls that asked for commands and were refused, by status."""
    commands: Counter[str] = field(default_factory=Counter)
    """Outcome → count."""
    twice: int = 0
    unseen: int = 0
    """Commands that succeeded, and that no journal says were begun: then it could not tell of a second time either."""
    unanswered: int = 0
    starts: int = 0
    """Of worker processes, over all replicas."""
    different: Difference = field(default_factory=lambda: Difference(0, 0))

    def check(self) -> None:
        """AssertionError where a promise was broken."""
        assert self.different == Difference(0, 0), self.different
        assert self.twice == 0, f"{self.twice} commands were run twice"
        assert self.unseen == 0, f"{self.unseen} commands succeeded and stand in no journal"
        assert self.unanswered == 0, f"{self.unanswered} commands have no answer"
        assert self.killed.total() >= self.plan.kills, self.killed
        executed = self.commands["SUCCEEDED"] + self.commands["FAILED"]
        assert executed >= self.plan.kills, f"only {executed} commands were run: {self.commands}"


def document(source: Path, out: Path, plan: Plan, interval: str) -> str:
    """The orders' document, for a server: with absolute paths, and a file for each shard where replicas share it."""
    text = orders.DOCUMENT.replace("${IN}", str(source)).replace("${SPLIT}", plan.split)
    text = text.replace("${INTERVAL}", interval)
    shard = "-{shard}" if plan.replicas > 1 else ""
    return re.sub(r"path: out/(\w+)\.(\w+)", rf'path: "{out}/\1{shard}.\2"', text)


async def run(plan: Plan, reference: Reference, folder: Path) -> Verdict:
    """One run under kills, from apply to the end of the last command; see `Verdict.check`."""
    began = time.monotonic()
    out = folder / "out"
    async with world(folder) as made:
        out.mkdir()
        await made.grow(1, {"CONDUIX_SLOW": f"source.read:{plan.slow * plan.replicas}", "CONDUIX_BATCH_BYTES": "65536"})
        await made.client.apply(document(reference.source, out, plan, reference.scale.interval))
        if plan.replicas > 1:
            scale = pb.ScalePipelineRequest(pipeline=ref(NAME), replicas=plan.replicas)
            await made.client.done((await made.client.pipelines.ScalePipeline(scale)).operation)
        await made.client.start(NAME)
        verdict = await _Run(made, plan, reference, out).to_the_end()
    verdict.different = _difference(out, plan, reference)
    verdict.seconds = time.monotonic() - began
    return verdict


class _Run:
    """A pipeline that was started, until it has completed and every command is answered."""

    def __init__(self, made: World, plan: Plan, reference: Reference, out: Path) -> None:
        self._world, self._plan, self._out = made, plan, out
        self._wanted = sum(map(len, reference.outputs.values()))
        self._random = Random(plan.seed)
        self._verdict = Verdict(plan)
        self._operations: list[pb_operation.Operation] = []

    async def to_the_end(self) -> Verdict:
        sending = asyncio.create_task(self._send())
        try:
            for number, names in enumerate(self._plan.combinations(), start=1):
                await self._written(self._wanted * number // (self._plan.kills + 2))
                if self._random.random() < CALM:
                    await self._one_command()
                await self._kill(names)
            await self._world.client.reaches(NAME, pb.PIPELINE_STATE_COMPLETED, timeout=10 * PROGRESS_SECONDS)
        finally:
            sending.cancel()
            with suppress(asyncio.CancelledError):
                await sending
        await self._settle()
        return self._verdict

    async def _written(self, wanted: int) -> None:
        """Wait until so many bytes are in the outputs."""

        def check() -> bool:
            written = sum(path.stat().st_size for path in self._out.rglob("*") if path.is_file())
            assert written >= wanted, f"{written} of {self._wanted} bytes are written"
            return True

        await eventually(check, PROGRESS_SECONDS)

    async def _kill(self, names: Sequence[str]) -> None:
        """All of them at one moment; what nobody restarts is started again a moment later."""
        agent, server = self._world.agents[0], self._world.server
        workers = await self._workers() if "worker" in names else []
        if workers:
            with suppress(ProcessLookupError):  # it ended in this very moment
                os.kill(self._random.choice(workers), signal.SIGKILL)
        programs: list[Program] = [program for name, program in (("agent", agent), ("server", server)) if name in names]
        for program in programs:
            program.kill()
        self._verdict.killed.update(names)
        self._random.shuffle(programs)
        for program in programs:
            await asyncio.sleep(self._random.uniform(0, 0.5))  # how long an outage is belongs to what is drawn
            await program.started()

    async def _workers(self) -> list[int]:
        try:
            return await eventually(self._world.agents[0].workers, PROGRESS_SECONDS)
        except AssertionError as error:
            killed = self._verdict.killed.total()
            raise AssertionError(
                f"no worker after {killed} kills: if the run has ended, --slow keeps it longer"
            ) from error

    async def _send(self) -> None:
        """Commands, one after the other, for as long as the run takes."""
        while True:
            try:
                await self._ask()
            except grpc.aio.AioRpcError as error:
                self._verdict.refused[error.code().name] += 1
            await asyncio.sleep(COMMAND_EVERY)

    async def _one_command(self) -> None:
        """Wait until server and agent have found each other again: one command from its asking to its answer."""
        await self._world.client.done(await self._ask(), ANSWER_SECONDS)

    async def _ask(self) -> pb_operation.Operation:
        request = pb.TriggerCheckpointRequest(pipeline=ref(NAME), request_id=str(uuid.uuid4()))
        call = self._world.client.pipelines.TriggerCheckpoint
        operation = (await answered(lambda: call(request), PROGRESS_SECONDS)).operation
        self._operations.append(operation)
        return operation

    async def _settle(self) -> None:
        """Every operation ends, every command has its answer."""
        for operation in self._operations:
            ended = await self._world.client.done(operation, ANSWER_SECONDS)
            state = pb_operation.OperationState.Name(ended.state).removeprefix("OPERATION_STATE_")
            self._verdict.operations[state] += 1
        known: Mapping[str, Command] = {}

        async def all_answered() -> bool:
            nonlocal known
            known = await commands(self._world)
            return all(command.outcome for command in known.values())

        with suppress(AssertionError):  # it is counted
            await eventually(all_answered, ANSWER_SECONDS)
        self._verdict.commands = Counter(command.outcome or "NONE" for command in known.values())
        self._verdict.unanswered = self._verdict.commands["NONE"]
        self._verdict.twice = sum(command.executions > 1 for command in known.values())
        self._verdict.unseen = sum(c.outcome == "SUCCEEDED" and c.executions == 0 for c in known.values())
        replicas = (await self._world.client.status(NAME)).replicas
        self._verdict.starts = sum(replica.starts for replica in replicas)


def _difference(out: Path, plan: Plan, reference: Reference) -> Difference:
    """One replica: byte by byte, and no file more. More of them: the same lines, in whatever order and file."""
    if plan.replicas > 1:
        return difference(_gathered(read_outputs(out)), _gathered(reference.outputs))
    found = read_outputs(out)
    different = difference(found, reference.outputs)
    if different == Difference(0, 0):
        assert found == dict(reference.outputs), f"the same lines in another order, or in {', '.join(found)}"
    return different


def _gathered(outputs: Mapping[str, bytes]) -> dict[str, bytes]:
    """By what stands in them, without the headers of CSV."""
    gathered: dict[str, bytes] = {}
    for name, content in outputs.items():
        kind = name.partition("-")[0].partition(".")[0]
        lines = content.splitlines()[name.endswith(".csv") :]
        gathered[kind] = gathered.get(kind, b"") + b"".join(line + b"\n" for line in lines)
    return gathered
