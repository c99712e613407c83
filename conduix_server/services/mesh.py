"""MeshService: what agents call. Who calls is never read from a message."""

from __future__ import annotations

import hashlib
import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from functools import partial
from typing import Final

from conduix.errors import FenceLost, NotFound, PermissionDenied, RateLimited, Resource
from conduix.rpc.interceptors import Context, current_call
from conduix.rpc.serving import Service
from conduix.v1 import mesh_service_pb2 as pb
from conduix.v1.mesh_service_pb2_grpc import MeshServiceServicer, add_MeshServiceServicer_to_server
from conduix_server.control.enrolment import Enrolment
from conduix_server.mesh.bucket import TokenBucket
from conduix_server.mesh.hub import Hub
from conduix_server.mesh.mesh import Mesh
from conduix_server.policy import current_agent
from conduix_server.store import desired, pipelines, reports
from conduix_server.store.store import Store
from conduix_server.store.tables import Assignment, CheckpointCopy
from conduix_server.store.transaction import Transaction

ENROLMENTS: Final = 100.0
"""A second; five times as many at once."""
TRUSTED: Final = 30.0
"""Seconds for which an agent that runs a pipeline is taken to run it still, where only log lines are at stake."""


class MeshServicer(MeshServiceServicer):
    """`mesh_port`: where agents with certificates connect; 0: where they enrol."""

    def __init__(
        self, store: Store, mesh: Mesh, hub: Hub, enrolment: Enrolment, *, mesh_port: Callable[[], int] = lambda: 0
    ) -> None:
        self._store = store
        self._mesh = mesh
        self._hub = hub
        self._enrolment = enrolment
        self._mesh_port = mesh_port
        self._enrolments = TokenBucket(ENROLMENTS, 5 * ENROLMENTS)

    def service(self) -> Service:
        """For the RPC server."""
        return Service("conduix.v1.MeshService", partial(add_MeshServiceServicer_to_server, self))

    async def Enroll(self, request: pb.EnrollRequest, context: Context) -> pb.EnrollResponse:
        """An identity for a join token."""
        if wait := self._enrolments.take():
            raise RateLimited("more machines enrol than are let in at a time", retry_after=wait)
        identity = await self._enrolment.enrol(request, current_call().address)
        return pb.EnrollResponse(identity=identity, mesh_port=self._mesh_port())

    async def RenewIdentity(self, request: pb.RenewIdentityRequest, context: Context) -> pb.RenewIdentityResponse:
        """A fresh identity for the caller."""
        agent = current_agent()
        return pb.RenewIdentityResponse(identity=self._enrolment.renew(agent.id, agent.agent, request.csr))

    async def Connect(  # type: ignore[override, unused-ignore]  # generated for synchronous servers
        self, request_iterator: AsyncIterator[pb.AgentMessage], context: Context
    ) -> AsyncIterator[pb.ServerMessage]:
        """The session."""
        carried = self._mesh.carry(current_agent().id, current_call().address, request_iterator)
        async with aclosing(carried):
            async for message in carried:
                yield message

    async def StreamTelemetry(  # type: ignore[override, unused-ignore]  # generated for synchronous servers
        self, request_iterator: AsyncIterator[pb.StreamTelemetryRequest], context: Context
    ) -> pb.StreamTelemetryResponse:
        """Log lines and tapped records, to whoever watches them here."""
        trusted = _Trusted(self._store, current_agent().id)
        async for item in request_iterator:
            watched = self._hub.wants(item)
            self._mesh.metrics.telemetry.labels("yes" if watched else "no").inc()
            if watched and await trusted.runs(_pipeline_of(item)):
                self._hub.publish(trusted.agent_id, item)
        return pb.StreamTelemetryResponse()

    async def SaveCheckpoint(self, request: pb.SaveCheckpointRequest, context: Context) -> pb.SaveCheckpointResponse:
        """Keeps the copy, unless the caller does not run the replica any more or a later owner has written."""
        agent_id = current_agent().id
        await self._store.run(lambda tx: _save(tx, agent_id, request))
        return pb.SaveCheckpointResponse()

    async def LoadCheckpoint(self, request: pb.LoadCheckpointRequest, context: Context) -> pb.LoadCheckpointResponse:
        """The newest copy of that run."""
        async with self._store.reading() as tx:
            await _assigned(tx, current_agent().id, request.pipeline_id)
            for copy in await reports.checkpoints(tx, request.pipeline_id):
                if (copy.replica, copy.run_seq) == (request.replica, request.run_seq):
                    return pb.LoadCheckpointResponse.FromString(copy.body)
        raise NotFound(Resource.CHECKPOINT, f"{request.pipeline_id}/{request.replica} of run {request.run_seq}")

    async def FetchRevision(self, request: pb.FetchRevisionRequest, context: Context) -> pb.FetchRevisionResponse:
        """A document of a pipeline that the caller is to run."""
        async with self._store.reading() as tx:
            await _assigned(tx, current_agent().id, request.pipeline_id)
            revision = await pipelines.revision(tx, request.pipeline_id, request.number)
        return pb.FetchRevisionResponse(number=revision.number, digest=revision.digest, document=revision.document)


class _Trusted:
    """Which pipelines one agent runs, asked of the database now and then."""

    def __init__(self, store: Store, agent_id: str) -> None:
        self.agent_id = agent_id
        self._store = store
        self._until: dict[str, tuple[float, bool]] = {}

    async def runs(self, pipeline_id: str) -> bool:
        until, known = self._until.get(pipeline_id, (0.0, False))
        if until < time.monotonic():
            async with self._store.reading() as tx:
                known = any(row.agent_id == self.agent_id for row in await desired.of_pipeline(tx, pipeline_id))
            # who is refused is asked about again soon: it may just be beginning
            self._until[pipeline_id] = (time.monotonic() + (TRUSTED if known else 1.0), known)
        return known


async def _assigned(tx: Transaction, agent_id: str, pipeline_id: str) -> list[Assignment]:
    """What the agent is to run of a pipeline. Raises PermissionDenied where that is nothing: it may not know more."""
    mine = [row for row in await desired.of_pipeline(tx, pipeline_id) if row.agent_id == agent_id]
    if not mine:
        raise PermissionDenied(
            f"pipeline {pipeline_id} is not assigned to this agent", remedy="agents call this by themselves"
        )
    return mine


async def _save(tx: Transaction, agent_id: str, request: pb.SaveCheckpointRequest) -> None:
    owned = {row.replica: row.epoch for row in await _assigned(tx, agent_id, request.pipeline_id)}
    epoch = owned.get(request.replica)
    if epoch is None or request.epoch < epoch:
        raise FenceLost(
            f"checkpoint of {request.pipeline_id}/{request.replica}: epoch {request.epoch} is over", remedy="stop it"
        )
    kept = pb.LoadCheckpointResponse(n=request.n, g=request.g, record=request.record, cut=request.cut)
    copy = CheckpointCopy(
        pipeline_id=request.pipeline_id,
        replica=request.replica,
        agent_id=agent_id,
        run_seq=request.run_seq,
        generation=request.g,
        number=request.n,
        sha256=hashlib.sha256(request.record).hexdigest(),
        body=kept.SerializeToString(),
        saved_at=tx.now,
    )
    await reports.save_checkpoint(tx, copy)


def _pipeline_of(item: pb.StreamTelemetryRequest) -> str:
    return item.tap.pipeline_id if item.WhichOneof("body") == "tap" else item.log.pipeline_id
