"""One replica of a pipeline: its objects, wired; what it reports; how it is run over a link."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from conduix.engine.api import MAX_BATCH_BYTES, Barrier, Batch, Counts, Fence, NodeContext, Source, Stage
from conduix.engine.catalog import Catalog, default_catalog
from conduix.engine.failpoints import TESTING
from conduix.engine.files import Files
from conduix.engine.limit import LimitedSource
from conduix.engine.link import ActorStatus, Link, Status, Verb
from conduix.engine.runtime.actor import TapPoint, Trace
from conduix.engine.runtime.attempt import Nodes
from conduix.engine.runtime.checkpoint import CheckpointStore, LocalStore
from conduix.engine.runtime.ledger import ZERO, Line, merge
from conduix.engine.runtime.letters import LetterWriter
from conduix.engine.runtime.plan import ActorPlan, Plan, build, build_sinks, make_plan, mode_of, still_contexts
from conduix.engine.runtime.region import Region
from conduix.engine.runtime.setup import Setup
from conduix.engine.runtime.supervisor import Supervisor
from conduix.engine.stretch import build_stretch
from conduix.errors import PipelineFailed
from conduix.spec.model import PipelineSpec
from conduix.telemetry.meter import Meter

REPORT_EVERY = 0.25
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Assignment:
    """What a worker is to run, and with which right."""

    spec: PipelineSpec
    run_id: str
    fence: Fence
    directory: Path
    """Checkpoints of this run."""
    limit: int | None = None
    """Read so many records of each source, then end."""
    metrics_port: int | None = None
    catalog: Catalog = field(default_factory=default_catalog)
    files: Files = field(default_factory=Files)


async def run_replica(assignment: Assignment, link: Link, store: CheckpointStore | None = None) -> Status:
    """Run to the end; returns the last status (COMPLETED, STOPPED or FAILED with cause and remedy).

    `store` is where checkpoints go; by default the assignment's directory.
    """
    replica = Replica(assignment, link.report, store)
    obeying = asyncio.create_task(_obey(replica.region, link))
    obeying.add_done_callback(_tell_end)
    try:
        return await replica.run()
    finally:
        obeying.cancel()
        await asyncio.gather(obeying, return_exceptions=True)


def _tell_end(task: asyncio.Task[None]) -> None:
    """Reports or commands do not come through any more: the run goes on, but somebody must know."""
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.error("the line to whoever started this run is broken", exc_info=error)


async def _every(seconds: float, act: Callable[[], object]) -> None:
    while True:
        act()
        await asyncio.sleep(seconds)


async def _obey(region: Region, link: Link) -> None:
    verbs: Mapping[Verb, Callable[[], None]] = {
        "stop": region.stop,
        "pause": region.pause,
        "resume": region.resume,
        "checkpoint": region.demand,
    }
    while True:
        verbs[await link.command()]()


class Replica:
    """The objects of one replica, wired. Commands go to its `region`.

    `report` is given every status; it must not block.
    """

    def __init__(
        self, assignment: Assignment, report: Callable[[Status], None], store: CheckpointStore | None = None
    ) -> None:
        self._assignment = assignment
        self._tell = report
        self._silent = False
        """Has a trace of what is wrong with the link been logged?"""
        self._spec = assignment.spec
        self.meter = Meter()
        nodes = self._spec.all_nodes
        contexts = {node.id: self._context(node.id) for node in nodes}
        sinks = build_sinks(self._spec, assignment.catalog, contexts)
        self.plan = make_plan(self._spec, assignment.catalog, sinks)
        self._outputs = {n.id: str(getattr(n.options, "path", n.type)) for n in nodes if n.role == "sink"}
        self._sources = {a.id: self._source(a, contexts[a.id]) for a in self.plan.of_kind("source")}
        stages = {a.id: _stage(a, contexts) for a in self.plan.actors if a.kind in {"stretch", "stage"}}
        letters = LetterWriter(self._spec.name, self._spec.digest, assignment.run_id, time.time)
        self.taps = {actor.id: TapPoint() for actor in self.plan.actors}
        supervisor = Supervisor(self._spec.supervision, random.random)
        self.supervisor = supervisor
        self.region = Region(
            Setup(
                self.plan,
                Nodes(self._sources, stages, sinks),
                store or LocalStore(assignment.directory, assignment.files),
                assignment.fence,
                supervisor,
                letters,
                self.meter,
                _tracer(),
                self.taps,
                self.report,
            )
        )
        self.last = self.status()
        """What was reported last: read by other threads, which must not look into what the loop changes."""

    def _context(self, node: str) -> NodeContext:
        return NodeContext(
            pipeline=self._spec.name,
            node=node,
            mode=mode_of(self._spec, node),
            demand=lambda: self.region.demand(),  # noqa: PLW0108 - the region is built after its nodes
            flush=lambda k: self.region.request_flush(node, k),
            files=self._assignment.files,
            batch_bytes=int(os.environ.get("CONDUIX_BATCH_BYTES", MAX_BATCH_BYTES)) if TESTING else MAX_BATCH_BYTES,
        )

    def _source(self, actor: ActorPlan, context: NodeContext) -> Source:
        source: Source = build(actor.entry, actor.nodes[0], context)  # type: ignore[assignment]
        limit = self._assignment.limit
        return source if limit is None else LimitedSource(source, limit, lambda: self._read(actor.id))

    def _read(self, source: str) -> int:
        attempt = self.region.attempt
        return attempt.actors[source].ledger.total[source][0] if attempt is not None else 0

    async def run(self) -> Status:
        """Run to the end; returns the last status (COMPLETED, STOPPED or FAILED with cause and remedy)."""
        metrics = self._serve_metrics() if self._assignment.metrics_port is not None else None
        reporting = asyncio.create_task(_every(REPORT_EVERY, self.report))
        reporting.add_done_callback(_tell_end)
        try:
            await self.region.run()
        except PipelineFailed:
            pass  # the status says it all: state FAILED, cause, remedy
        except Exception:  # noqa: BLE001 - the status says FAILED, the log says where
            _log.exception("%s ended by a fault of Conduix", self._spec.name)
        finally:
            reporting.cancel()
            await asyncio.gather(reporting, return_exceptions=True)
            if metrics is not None:
                metrics()
        return self.report()

    def _serve_metrics(self) -> Callable[[], None]:
        """Serve `/metrics`; returns what ends it."""
        from conduix.telemetry.prometheus import MetricsServer, ReplicaCollector  # noqa: PLC0415 - only where asked for

        port = self._assignment.metrics_port or 0
        server = MetricsServer(port, ReplicaCollector(self._spec.name, self.meter, lambda: self.last))
        _log.info("metrics at http://127.0.0.1:%d/metrics", server.port)
        return server.close

    def report(self) -> Status:
        """Say how it is now."""
        self.last = self.status()
        try:
            self._tell(self.last)
        except Exception:  # noqa: BLE001 - whoever looks on must not end what he looks at
            _log.error("a status could not be reported", exc_info=not self._silent)
            self._silent = True
        return self.last

    def status(self) -> Status:
        """As it is now."""
        region = self.region
        record = region.record
        return Status(
            state=region.state,
            at=time.time(),
            reason=region.reason,
            detail=region.detail,
            remedy=region.remedy,
            code=region.code,
            n=record.n if record else 0,
            checkpoint_at=record.at if record else 0.0,
            attempt=region.attempt_number,
            restarts=sum(self.supervisor.restarts.values()),
            ledger=self._ledger(),
            progress=self._progress(),
            actors=tuple(self._actor(actor) for actor in self.plan.actors),
            outputs=self._outputs,
            barrier_age=region.barriers.age,
        )

    def _ledger(self) -> dict[str, Counts]:
        """While it flows what was counted; else what the newest checkpoint says, for no more than that is true."""
        attempt, record = self.region.attempt, self.region.record
        total: Mapping[str, Line] = {}
        if attempt is not None and not attempt.over:
            total = merge(actor.ledger.total for actor in attempt.actors.values())
        elif record is not None:
            total = merge([record.totals, *(shard.ledger for shard in record.shards.values())])
        return {node.id: Counts(*total.get(node.id, ZERO)) for actor in self.plan.actors for node in actor.nodes}

    def _progress(self) -> float | None:
        shares = [source.progress() for source in self._sources.values()]
        before = sum(self.region.finished_before.values())
        done = before + sum(share[0] for share in shares if share is not None)
        whole = before + sum(share[1] for share in shares if share is not None)
        return None if None in shares or not whole else done / whole

    def _actor(self, plan: ActorPlan) -> ActorStatus:
        attempt = self.region.attempt
        actor = attempt.actors[plan.id] if attempt is not None else None
        runs = actor is not None and attempt is not None and not attempt.over
        return ActorStatus(
            id=plan.id,
            kind=plan.kind,
            nodes=tuple(node.id for node in plan.nodes),
            state=actor.state if actor is not None and (runs or actor.state == "failed") else self.region.state.lower(),
            restarts=self.supervisor.restarts.get(plan.id, 0),
            mailbox=actor.mailbox.depth if actor is not None and runs else 0,
        )


def _stage(actor: ActorPlan, contexts: Mapping[str, NodeContext]) -> Stage:
    if actor.kind == "stretch":
        return build_stretch(actor.steps, actor.ports or {})
    stage: Stage = build(actor.entry, actor.nodes[0], contexts[actor.id])  # type: ignore[assignment]
    return stage


def _tracer() -> Trace:
    """Tests: append batches and barriers to `CONDUIX_TRACE_READS`, so that records read again can be counted."""
    path = os.environ.get("CONDUIX_TRACE_READS") if TESTING else None
    if path is None:
        return lambda _what: None

    def trace(what: Batch | Barrier) -> None:
        where = [what.shard, what.first, what.next] if isinstance(what, Batch) else ["barrier", what.n]
        with Path(path).open("a") as file:
            file.write(json.dumps([os.getpid(), *where]) + "\n")

    return trace


def explain_plan(spec: PipelineSpec, catalog: Catalog) -> Plan:
    """The plan of a document that is not run: nothing is opened."""
    return make_plan(spec, catalog, build_sinks(spec, catalog, still_contexts(spec, Files())))
