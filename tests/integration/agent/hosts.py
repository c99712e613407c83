"""A host with real workers and files, and an uplink that keeps what it is given."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from conduix.errors import ConduixError, NotFound, Resource
from conduix.v1 import mesh_service_pb2 as pb
from conduix.v1 import pipeline_service_pb2 as pb_pipeline
from conduix_agent.host.host import AgentHost, HostSetup
from tests.eventually import eventually

READ = "orders"
"""The source of `document`."""
PIPELINE = "6d0f7b62-0d43-4c29-9a34-000000000001"
STATES = pb_pipeline.PipelineState
RUNNING, PAUSED = pb_pipeline.PIPELINE_STATE_RUNNING, pb_pipeline.PIPELINE_STATE_PAUSED
STOPPED, COMPLETED = pb_pipeline.PIPELINE_STATE_STOPPED, pb_pipeline.PIPELINE_STATE_COMPLETED
FAILED, STARTING = pb_pipeline.PIPELINE_STATE_FAILED, pb_pipeline.PIPELINE_STATE_STARTING
RUN, PAUSE, STOP = (
    pb_pipeline.DESIRED_STATE_RUNNING,
    pb_pipeline.DESIRED_STATE_PAUSED,
    pb_pipeline.DESIRED_STATE_STOPPED,
)


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass
class Uplink:
    """The way to servers that are reached, or not: `away` is what a call fails with."""

    documents: dict[tuple[str, int], str] = field(default_factory=dict)
    now: dict[tuple[str, int], pb_pipeline.ReplicaStatus] = field(default_factory=dict)
    history: list[pb_pipeline.ReplicaStatus] = field(default_factory=list)
    events: list[pb.AgentEvent] = field(default_factory=list)
    logs: list[pb.LogLine] = field(default_factory=list)
    taps: list[pb.TapRecord] = field(default_factory=list)
    copies: dict[tuple[str, int], list[pb.SaveCheckpointRequest]] = field(default_factory=lambda: defaultdict(list))
    forgotten: list[tuple[str, int]] = field(default_factory=list)
    away: ConduixError | None = None

    def observe(self, status: pb_pipeline.ReplicaStatus) -> None:
        copy = pb_pipeline.ReplicaStatus()
        copy.CopyFrom(status)
        self.history.append(copy)
        self.now[status.pipeline_id, status.replica] = copy

    def forget(self, pipeline_id: str, replica: int) -> None:
        self.forgotten.append((pipeline_id, replica))
        self.now.pop((pipeline_id, replica), None)

    def event(self, event: pb.AgentEvent) -> None:
        self.events.append(event)

    def telemetry(self, item: pb.LogLine | pb.TapRecord) -> None:
        if isinstance(item, pb.LogLine):
            self.logs.append(item)
        else:
            self.taps.append(item)

    async def fetch_revision(self, pipeline_id: str, number: int) -> pb.FetchRevisionResponse:
        if self.away is not None:
            raise self.away
        text = self.documents.get((pipeline_id, number))
        if text is None:
            raise NotFound(Resource.REVISION, str(number))
        return pb.FetchRevisionResponse(number=number, digest=digest(text), document=text)

    async def save_checkpoint(self, copy: pb.SaveCheckpointRequest) -> None:
        if self.away is not None:
            raise self.away
        self.copies[copy.pipeline_id, copy.replica].append(copy)

    # what a test asks

    def states(self, pipeline_id: str = PIPELINE) -> list[str]:
        """Of the replicas, in their order."""
        mine = sorted(key for key in self.now if key[0] == pipeline_id)
        return [STATES.Name(self.now[key].state).removeprefix("PIPELINE_STATE_") for key in mine]


class Server:
    """Desired states of one agent, numbered, with the epochs that the rules give."""

    def __init__(self, host: AgentHost, uplink: Uplink) -> None:
        self.host = host
        self.uplink = uplink
        self.version = 0
        self.pipelines: dict[str, list[pb.Assignment]] = {}

    async def want(
        self, action: int, *, replicas: int = 1, epoch: int = 1, run_seq: int = 1, pipeline_id: str = PIPELINE
    ) -> None:
        """Make it the only desired state of a pipeline."""
        text = self.uplink.documents[pipeline_id, 1]
        self.pipelines[pipeline_id] = [
            pb.Assignment(
                pipeline_id=pipeline_id,
                pipeline_name="orders",
                revision=1,
                digest=digest(text),
                replica=replica,
                replicas=replicas,
                epoch=epoch,
                run_id=str(uuid.UUID(int=run_seq)),
                run_seq=run_seq,
                action=action,  # type: ignore[arg-type]
            )
            for replica in range(replicas)
        ]
        await self.send()

    async def withdraw(self, pipeline_id: str = PIPELINE) -> None:
        """Nothing of it is wanted here any more."""
        del self.pipelines[pipeline_id]
        await self.send()

    async def send(self) -> None:
        """The whole state, as after a reconnect."""
        self.version += 1
        assignments = [each for some in self.pipelines.values() for each in some]
        await self.host.apply(pb.DesiredStateUpdate(version=self.version, nonce="n", assignments=assignments))

    async def until(self, *states: str, within: float = 60.0) -> None:
        """Wait until the replicas are so."""

        def so() -> bool:
            assert self.uplink.states() == list(states), [*self.uplink.states(), *self.details()]
            return True

        await eventually(so, within)

    def details(self) -> list[str]:
        """What the replicas say of themselves."""
        return [status.detail for status in self.uplink.now.values() if status.detail]


@asynccontextmanager
async def hosted(
    state: Path,
    documents: Mapping[str, str],
    *,
    uplink: Uplink | None = None,
    shutdown: Callable[[str], None] = lambda _reason: None,
    **setup: object,
) -> AsyncIterator[Server]:
    """A host on `state`; drained at the end."""
    uplink = uplink or Uplink()
    for pipeline_id, text in documents.items():
        uplink.documents[pipeline_id, 1] = text
    host = AgentHost(HostSetup(state, shutdown, **setup), uplink)  # type: ignore[arg-type]
    try:
        yield Server(host, uplink)
    finally:
        await host.drain()


def document(directory: Path, out: str) -> str:
    return f"""
name: orders
source: {{id: {READ}, type: file, path: {directory}/in.jsonl, format: jsonl, split: {{size: 64KiB, above: 64KiB}}}}
stages:
  - {{id: shape, type: mapping, config: {{mapping: 'root = this'}}}}
sink: {{id: out, type: file, path: '{directory}/out/{out}', format: jsonl}}
checkpoint: {{interval: 20ms}}
"""


def write_orders(path: Path, count: int) -> list[bytes]:
    """`count` orders, a line each."""
    orders = ({"id": i, "status": "active", "pad": "x" * (i % 60)} for i in range(count))
    lines = [json.dumps(order, separators=(",", ":")).encode() for order in orders]
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    return lines


async def ended(server: Server, *, within: float = 120.0) -> None:
    """Wait until the run is COMPLETED."""

    def so() -> bool:
        states = server.uplink.states()
        assert states, "no replica"
        assert set(states) == {"COMPLETED"}, [*states, *server.details()]
        return True

    await eventually(so, within)
