"""The control side of a server on loopback, and agents that do in the database what a session would do there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from conduix.rpc.channel import Listener, open_channel
from conduix.rpc.interceptors import Call, Principal
from conduix.rpc.serving import RpcServer
from conduix.v1 import mesh_service_pb2 as mesh
from conduix.v1 import pipeline_service_pb2 as pb
from conduix.v1.event_service_pb2_grpc import EventServiceStub
from conduix.v1.operation_service_pb2 import GetOperationRequest, Operation, OperationState
from conduix.v1.operation_service_pb2_grpc import OperationServiceStub
from conduix.v1.pipeline_service_pb2_grpc import PipelineServiceStub
from conduix.v1.run_service_pb2_grpc import RunServiceStub
from conduix.v1.system_service_pb2_grpc import SystemServiceStub
from conduix_server.control import desired, observed, operations
from conduix_server.control.feed import Feed
from conduix_server.control.presence import Identity
from conduix_server.mesh.hub import Hub
from conduix_server.policy import Role, UserPrincipal
from conduix_server.services.events import EventServicer
from conduix_server.services.history import History
from conduix_server.services.operations import OperationServicer
from conduix_server.services.pipelines import PipelineServicer
from conduix_server.services.runs import RunServicer
from conduix_server.services.system import SystemServicer
from conduix_server.store import agents, outbox
from conduix_server.store.store import Store, new_id
from conduix_server.store.tables import Agent
from conduix_server.store.transaction import Transaction

if TYPE_CHECKING:  # only the stubs of these modules know the asynchronous ones
    from conduix.v1.event_service_pb2_grpc import EventServiceAsyncStub
    from conduix.v1.operation_service_pb2_grpc import OperationServiceAsyncStub
    from conduix.v1.pipeline_service_pb2_grpc import PipelineServiceAsyncStub
    from conduix.v1.run_service_pb2_grpc import RunServiceAsyncStub
    from conduix.v1.system_service_pb2_grpc import SystemServiceAsyncStub

SERVER = "0190a0a0-0000-7000-8000-000000000001"
CAPABILITIES = ["sink:drop", "sink:file", "source:file", "source:generate", "stage:mapping", "sink:stub"]
ADA = UserPrincipal("0" * 36, "ada", Role.ADMIN)


def document(name: str = "orders", *, count: int = 3, path: str = "out/{shard}.jsonl", more: str = "") -> str:
    return f"""name: {name}
{more}
source: {{type: generate, count: {count}}}
sink: {{type: file, path: "{path}"}}
"""


def ref(name: str = "orders") -> pb.PipelineRef:
    return pb.PipelineRef(name=name)


async def authorise(_call: Call) -> Principal | None:
    return ADA


@dataclass
class World:
    store: Store
    feed: Feed
    hub: Hub
    pipelines: PipelineServiceAsyncStub
    runs: RunServiceAsyncStub
    operations: OperationServiceAsyncStub
    events: EventServiceAsyncStub
    system: SystemServiceAsyncStub
    history: History

    async def apply(self, text: str) -> pb.Pipeline:
        given = pb.ApplyPipelinesRequest(documents=[pb.ApplyDocument(document=text, file="orders.yaml")])
        return (await self.pipelines.ApplyPipelines(given)).applied[0].pipeline

    async def get(self, name: str = "orders") -> pb.Pipeline:
        return (await self.pipelines.GetPipeline(pb.GetPipelineRequest(pipeline=ref(name)))).pipeline

    async def start(self, name: str = "orders", *, fresh: bool = False) -> Operation:
        return (await self.pipelines.StartPipeline(pb.StartPipelineRequest(pipeline=ref(name), fresh=fresh))).operation

    async def stop(self, name: str = "orders") -> Operation:
        return (await self.pipelines.StopPipeline(pb.StopPipelineRequest(pipeline=ref(name)))).operation

    async def pause(self, name: str = "orders") -> Operation:
        return (await self.pipelines.PausePipeline(pb.PausePipelineRequest(pipeline=ref(name)))).operation

    async def resume(self, name: str = "orders") -> Operation:
        return (await self.pipelines.ResumePipeline(pb.ResumePipelineRequest(pipeline=ref(name)))).operation

    async def scale(self, replicas: int, name: str = "orders") -> Operation:
        request = pb.ScalePipelineRequest(pipeline=ref(name), replicas=replicas)
        return (await self.pipelines.ScalePipeline(request)).operation

    async def outcome(self, operation: Operation) -> str:
        now = (await self.operations.GetOperation(GetOperationRequest(id=operation.id))).operation
        return OperationState.Name(now.state).removeprefix("OPERATION_STATE_")

    async def state(self, name: str = "orders") -> str:
        return pb.PipelineState.Name((await self.get(name)).state).removeprefix("PIPELINE_STATE_")

    async def agent(self, name: str = "a1", *, online: bool = True, capabilities: list[str] | None = None) -> FakeAgent:
        return await enrolled(self.store, name, online=online, capabilities=capabilities)


async def enrolled(
    store: Store, name: str = "a1", *, online: bool = True, capabilities: list[str] | None = None
) -> FakeAgent:
    key = new_id()
    able = CAPABILITIES if capabilities is None else capabilities

    async def add(tx: Transaction) -> None:
        row = Agent(
            id=key,
            name=name,
            hostname=name,
            registered_at=tx.now,
            last_heartbeat=tx.now,
            status=agents.ONLINE if online else agents.OFFLINE,
            server_id=SERVER,
            capabilities=agents.to_json(able),
        )
        await tx.add(row)

    await store.run(add)
    return FakeAgent(store, key)


class FakeAgent:
    """What a session writes for an agent, each in a transaction."""

    def __init__(self, store: Store, key: str) -> None:
        self.store = store
        self.id = key
        self.number = 0
        self.last: list[pb.ReplicaStatus] = []
        """What it reported last."""

    async def wanted(self) -> mesh.DesiredStateUpdate:
        async with self.store.reading() as tx:
            return await desired.of_agent(tx, self.id)

    async def applied(self) -> mesh.DesiredStateUpdate:
        """Applies all that is wanted and says so."""
        update = await self.wanted()

        async def ack(tx: Transaction) -> None:
            await agents.write(tx, self.id, 0, applied_version=update.version)
            await operations.heard(tx, self.id, update.version)

        await self.store.run(ack)
        return update

    async def set_status(self, status: str) -> None:
        async def judge(tx: Transaction) -> None:
            await agents.write(tx, self.id, 0, status=status)
            tx.changed(agents.NAME, self.id, "UPDATED")

        await self.store.run(judge)

    async def report(self, state: str, *, full: bool = False, only: int | None = None, **fields: object) -> None:
        """Every replica that is wanted (or one of them) is in this state."""
        assignments = (await self.wanted()).assignments
        statuses = [status_of(each, state, **fields) for each in assignments if only is None or each.replica == only]
        await self.told(statuses, full=full)

    async def told(self, statuses: list[pb.ReplicaStatus], *, full: bool = False) -> None:
        self.number += 1
        self.last = statuses
        await self.store.run(lambda tx: observed.observe(tx, self.id, self.number, statuses, full=full))

    async def answer(self, kind: str, *, result: str = "", code: str = "") -> list[mesh.Command]:
        """Answers all open commands of this kind."""
        async with self.store.reading() as tx:
            commands = [each.command for each in await outbox.of_agent(tx, self.id)]
        mine = [command for command in commands if command.WhichOneof("kind") == kind]
        outcome = mesh.COMMAND_OUTCOME_FAILED if code else mesh.COMMAND_OUTCOME_SUCCEEDED
        for command in mine:
            told = mesh.CommandResult(command_id=command.command_id, outcome=outcome, result=result, code=code)
            await self.store.run(lambda tx, told=told: outbox.finish(tx, told, self.id))  # type: ignore[misc]
        return mine


def status_of(assignment: mesh.Assignment, state: str, **fields: object) -> pb.ReplicaStatus:
    status = pb.ReplicaStatus(
        pipeline_id=assignment.pipeline_id,
        replica=assignment.replica,
        epoch=assignment.epoch,
        run_id=assignment.run_id,
        state=f"PIPELINE_STATE_{state}",
        revision=assignment.revision,
    )
    return pb.ReplicaStatus.FromString(status.SerializeToString() + pb.ReplicaStatus(**fields).SerializeToString())  # type: ignore[arg-type]


def counts(read: int, written: int, *, dead: int = 0, filtered: int = 0) -> list[pb.NodeCounts]:
    return [
        pb.NodeCounts(node="source", role="NODE_ROLE_SOURCE", passed=read),
        pb.NodeCounts(node="map", role="NODE_ROLE_STAGE", passed=written, dead=dead, filtered=filtered),
        pb.NodeCounts(node="file", role="NODE_ROLE_SINK", passed=written),
        pb.NodeCounts(node="dlq", role="NODE_ROLE_SINK", passed=dead),
    ]


@asynccontextmanager
async def serving(store: Store) -> AsyncIterator[World]:
    hub = Hub()
    async with Feed(store) as feed:
        history = History(store)
        services = [
            PipelineServicer(store, feed, hub, history, SERVER).service(),
            RunServicer(store, feed).service(),
            OperationServicer(store, feed).service(),
            EventServicer(store, feed).service(),
            SystemServicer(store, Identity(SERVER, datetime.now(UTC)), lambda: datetime.now(UTC), history).service(),
        ]
        server = RpcServer(services, [Listener("127.0.0.1:0")], authorise=authorise)
        await server.start()
        try:
            async with open_channel(f"127.0.0.1:{server.ports[0]}", tls=None) as channel, asyncio.timeout(60):
                stubs = PipelineServiceStub(channel), RunServiceStub(channel), OperationServiceStub(channel)
                more = EventServiceStub(channel), SystemServiceStub(channel)
                yield World(store, feed, hub, *stubs, *more, history)  # type: ignore[arg-type, unused-ignore]
        finally:
            await server.stop(0)
