"""Drawn histories: whatever is asked for and reported, what is wanted stays whole, and an agent settles it."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from conduix.errors import FailedPrecondition
from conduix_server.control import pipelines, runs
from conduix_server.control.documents import Document, read
from conduix_server.control.settling import DESIRED
from conduix_server.control.status import ENDED
from conduix_server.store import desired
from conduix_server.store import operations as stored
from conduix_server.store import pipelines as stored_pipelines
from conduix_server.store.store import Store
from conduix_server.store.tables import Operation, Pipeline, Run
from conduix_server.store.transaction import Transaction
from tests.integration.control.world import FakeAgent, counts, document, enrolled
from tests.integration.store.world import Clock

DOCUMENTS = [read(document(count=count)) for count in (3, 4)]
STATES = ["STARTING", "RUNNING", "PAUSED", "DRAINING", "REWINDING", "STOPPED", "COMPLETED", "FAILED"]
OPERATORS = ["start", "fresh", "stop", "pause", "resume", "scale 1", "scale 3", "retry", "apply 0", "apply 1", "cancel"]
AGENTS = ["applied", "late", *(f"report {state}" for state in STATES)]
# what an agent that obeys comes to in the end
OBEYED = {1: "STOPPED", 2: "RUNNING", 3: "PAUSED"}


@dataclass
class History:
    store: Store
    agent: FakeAgent
    epochs: list[int] = field(default_factory=lambda: [0])
    versions: list[int] = field(default_factory=lambda: [0])

    async def step(self, action: str) -> None:
        verb, _, what = action.partition(" ")
        if verb == "applied":
            await self.agent.applied()
        elif verb == "report":
            await self.agent.report(what, nodes=counts(len(self.versions), 1))
        elif verb == "late":
            for status in self.agent.last:
                status.state = "PIPELINE_STATE_FAILED"  # type: ignore[assignment]  # names are as good
            await self.agent.told(self.agent.last)
        else:
            await self.ask(verb, what)
        await self.check()

    async def ask(self, verb: str, what: str) -> None:
        async def work(tx: Transaction) -> None:
            row = await stored_pipelines.by_name(tx, "orders", lock=True)
            await OPERATED[verb](tx, row, what)

        with suppress(FailedPrecondition):
            await self.store.run(work)

    async def check(self) -> None:
        async with self.store.reading() as tx:
            row = await stored_pipelines.by_name(tx, "orders")
            mine = await desired.of_pipeline(tx, row.id)
            opened = [each for each in await stored.open_for(tx, [row.id]) if each.kind in DESIRED]
            unended = await tx.all(select(Run).where(Run.ended_at.is_(None)))
            self.versions.append(await desired.version(tx, self.agent.id))
        assert len(opened) <= 1
        assert [each.replica for each in mine] == list(range(len(mine)))
        assert len({(each.epoch, each.run_id, each.action) for each in mine}) <= 1
        assert [each.id for each in unended] in ([], [row.run_id])
        assert not unended or mine, "a run that goes on is somebody's"
        self.epochs += [each.epoch for each in mine]
        assert self.epochs == sorted(self.epochs)
        assert self.versions == sorted(self.versions)

    async def obey(self) -> None:
        """The agent does all that is wanted: nothing stays open, and a stopped pipeline can go."""
        update = await self.agent.applied()
        for action in {each.action for each in update.assignments}:
            await self.agent.report(OBEYED[int(action)], full=True)
        async with self.store.reading() as tx:
            row = await stored_pipelines.by_name(tx, "orders")
            assert not await stored.open_for(tx, [row.id])
            run = await tx.first(select(Run).where(Run.id == row.run_id))
        if run is not None and row.desired_state == "STOPPED":
            assert run.status in ENDED
            await self.store.run(lambda tx: pipelines.delete(tx, row, version=None))


async def _retry(tx: Transaction, row: Pipeline, _: str) -> None:
    if row.run_id is not None:
        run = await tx.first(select(Run).where(Run.id == row.run_id))
        assert run is not None
        await runs.retry(tx, run, by="ann")


async def _cancel(tx: Transaction, row: Pipeline, _: str) -> None:
    newest = select(Operation).where(Operation.target_id == row.id).order_by(Operation.id.desc())
    if (operation := await tx.first(newest)) is not None:
        await runs.cancel(tx, operation)


async def _apply(tx: Transaction, _row: Pipeline, what: str) -> None:
    given: Document = DOCUMENTS[int(what)]
    await pipelines.apply(tx, [given], by="ann")


OPERATED: dict[str, Callable[[Transaction, Pipeline, str], Awaitable[object]]] = {
    "start": lambda tx, row, _: runs.start(tx, row, fresh=False, by="ann"),
    "fresh": lambda tx, row, _: runs.start(tx, row, fresh=True, by="ann"),
    "stop": lambda tx, row, _: runs.stop(tx, row, by="ann"),
    "pause": lambda tx, row, _: runs.pause(tx, row, by="ann"),
    "resume": lambda tx, row, _: runs.resume(tx, row, by="ann"),
    "scale": lambda tx, row, what: runs.scale(tx, row, int(what), by="ann"),
    "retry": _retry,
    "cancel": _cancel,
    "apply": _apply,
}


async def live(migrated: Path, actions: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(migrated, Path(folder) / "conduix.db")
        clock = Clock()
        async with Store(f"sqlite:///{folder}/conduix.db", clock) as store:
            await store.run(lambda tx: pipelines.apply(tx, [DOCUMENTS[0]], by="ann"))
            history = History(store, await enrolled(store))
            for action in actions:
                clock.move(seconds=1)
                await history.step(action)
            await history.obey()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(actions=st.lists(st.sampled_from([*OPERATORS, "start", "applied", *AGENTS]), max_size=14))
def test_whatever_happens_an_agent_that_obeys_settles_it(migrated_file: Path, actions: list[str]) -> None:
    asyncio.run(live(migrated_file, actions))
