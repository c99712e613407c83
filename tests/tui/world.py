"""A recording of a small night, for pages that need no server: made here, told by the console's own replay."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from google.protobuf.timestamp_pb2 import Timestamp

from conduix.v1 import agent_service_pb2 as agent_pb
from conduix.v1 import event_service_pb2 as event_pb
from conduix.v1 import pipeline_service_pb2 as pb
from conduix.v1 import run_service_pb2 as run_pb
from conduix_tui.app import ConduixApp
from conduix_tui.session import Session
from conduix_tui.store.recording import Recorded, Recording, Replay
from conduix_tui.store.updates import All, Update

PIPELINES = (
    pb.Pipeline(id="p1", name="orders", state=pb.PIPELINE_STATE_RUNNING, records_in=120_000, records_out=119_000,
                records_per_second=12_400, guarantee="exactly once", replicas=1, revision=3),
    pb.Pipeline(id="p2", name="flights", state=pb.PIPELINE_STATE_FAILED, detail="/data/flights.csv is gone",
                remedy="put the file back, then start", revision=1, replicas=1),
    pb.Pipeline(id="p3", name="weather", state=pb.PIPELINE_STATE_PAUSED, reason=pb.PAUSE_REASON_DISK,
                detail="no space left on /out", revision=2, replicas=3),
    pb.Pipeline(id="p4", name="nightly", state=pb.PIPELINE_STATE_STOPPED, revision=1, replicas=1),
)  # fmt: skip
AGENTS = (
    agent_pb.Agent(id="a1", name="alpha", state=agent_pb.AGENT_STATE_ONLINE, mode=agent_pb.CONNECTION_MODE_STREAM),
    agent_pb.Agent(id="a2", name="beta", state=agent_pb.AGENT_STATE_OFFLINE, replicas=3),
)
RUNS = (
    run_pb.Run(id="r1", pipeline_id="p1", pipeline_name="orders", run_seq=1, state=pb.PIPELINE_STATE_COMPLETED,
               started_at=Timestamp(seconds=1000), ended_at=Timestamp(seconds=1065), records_in=5),
    run_pb.Run(id="r2", pipeline_id="p2", pipeline_name="flights", run_seq=7, state=pb.PIPELINE_STATE_FAILED,
               started_at=Timestamp(seconds=2000), started_by="ada"),
)  # fmt: skip

EVENTS = (
    event_pb.Event(id="e1", at=Timestamp(seconds=3000), kind="worker_crashed", level=event_pb.EVENT_LEVEL_WARNING,
                   message="ended by SIGKILL; it is started again", pipeline_id="p1", pipeline_name="orders"),
    event_pb.Event(id="e2", at=Timestamp(seconds=4000), kind="run_failed", level=event_pb.EVENT_LEVEL_ERROR,
                   message="run 7: FAILED: /data/flights.csv is gone", pipeline_id="p2", pipeline_name="flights"),
)  # fmt: skip


class Night:
    """The origin that the recording is made of."""

    def __init__(self, more: Sequence[Update] = ()) -> None:
        self._more = more

    async def updates(self) -> AsyncIterator[Update]:
        """All kinds, then what is given."""
        yield All("pipeline", {p.id: p for p in PIPELINES})
        yield All("agent", {a.id: a for a in AGENTS})
        yield All("run", {r.id: r for r in RUNS})
        yield All("event", {e.id: e for e in EVENTS})
        for update in self._more:
            yield update


async def replayed(path: Path, *more: Update) -> ConduixApp:
    """A console that shows the recording."""
    with Recording(path) as recording:
        async for _ in Recorded(Night(more), recording).updates():
            pass
    return ConduixApp(Session(Replay(path, speed=0), name=path.name))
