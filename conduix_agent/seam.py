"""What the two halves of an agent know of each other: the host runs replicas, the link speaks with servers."""

from __future__ import annotations

from typing import Protocol

from conduix.v1 import mesh_service_pb2 as pb
from conduix.v1 import pipeline_service_pb2 as pb_pipeline


class Uplink(Protocol):
    """The way to the servers, as the host sees it. Nothing here waits for a connection except the calls that fetch."""

    def observe(self, status: pb_pipeline.ReplicaStatus) -> None:
        """A replica changed; only the newest state of each counts. It is sent when a server can be reached."""

    def forget(self, pipeline_id: str, replica: int) -> None:
        """This replica is not here any more: it stands in no further report."""

    def event(self, event: pb.AgentEvent) -> None:
        """Something happened now that an operator wants to know; kept on disk until a server has it."""

    def telemetry(self, item: pb.LogLine | pb.TapRecord) -> None:
        """Lossy: dropped, and counted, where nobody listens or the line is full."""

    async def fetch_revision(self, pipeline_id: str, number: int) -> pb.FetchRevisionResponse:
        """A document. Raises ConduixError: NotFound for good, Unavailable while no server can be reached."""

    async def save_checkpoint(self, copy: pb.SaveCheckpointRequest) -> None:
        """Bring a copy to a server. Raises ConduixError: FenceLost where a later owner has written, Unavailable."""


class Host(Protocol):
    """The replicas of this machine, as the link sees them."""

    async def apply(self, update: pb.DesiredStateUpdate) -> None:
        """Make it the desired state; returns when every replica knows what it is to do, not when it is done.

        A replica that cannot be run is a FAILED replica, not an error of the whole. Raises ConduixError where the
        update as a whole cannot be applied: the one before stays in force.
        """

    async def execute(self, command: pb.Command) -> pb.CommandResult:
        """Run one command to its end. Raises nothing: failures are in the result."""

    async def drain(self) -> None:
        """Bring every replica to a last checkpoint and end its worker, within the documents' `drain_timeout`."""
