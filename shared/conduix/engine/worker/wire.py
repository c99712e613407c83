"""What a worker says, as the messages of the contract."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from conduix.engine.link import ActorStatus, Status
from conduix.engine.worker.channel import Channel
from conduix.v1 import mesh_service_pb2 as pb_mesh
from conduix.v1 import pipeline_service_pb2 as pb

_MESSAGE_CHARACTERS = 8_192
"""A longer log message, or traceback, is cut."""


def replica_status(assignment: pb_mesh.Assignment, roles: Mapping[str, str], status: Status) -> pb.ReplicaStatus:
    """A status of the replica that runs `assignment`; `roles` are those of its nodes."""
    return pb.ReplicaStatus(
        pipeline_id=assignment.pipeline_id,
        replica=assignment.replica,
        epoch=assignment.epoch,
        run_id=assignment.run_id,
        revision=assignment.revision,
        digest=assignment.digest,
        state=f"PIPELINE_STATE_{status.state}",
        reason=f"PAUSE_REASON_{status.reason or 'UNSPECIFIED'}",
        code=status.code,
        detail=status.detail,
        remedy=status.remedy,
        checkpoint=status.n,
        checkpoint_at=timestamp(status.checkpoint_at) if status.checkpoint_at else None,
        attempt=status.attempt,
        restarts=status.restarts,
        nodes=[
            pb.NodeCounts(
                node=node,
                passed=counts.passed,
                filtered=counts.filtered,
                dead=counts.dead,
                made=counts.made,
                role=f"NODE_ROLE_{roles[node].upper()}",
            )
            for node, counts in status.ledger.items()
        ],
        progress=status.progress,
        actors=[_actor(actor) for actor in status.actors],
        outputs=status.outputs,
        at=timestamp(status.at),
        barrier_age=Duration(seconds=int(status.barrier_age), nanos=int(status.barrier_age % 1 * 1e9))
        if status.barrier_age
        else None,
    )


def _actor(actor: ActorStatus) -> pb.ActorStatus:
    return pb.ActorStatus(
        id=actor.id,
        kind=actor.kind,
        nodes=actor.nodes,
        state=actor.state,
        restarts=actor.restarts,
        mailbox=actor.mailbox,
    )


def timestamp(seconds: float) -> Timestamp:
    """Unix time."""
    made = Timestamp()
    made.FromNanoseconds(int(seconds * 1e9))
    return made


class ChannelHandler(logging.Handler):
    """Sends log records to the agent; what found the line full is counted in the next one that did not."""

    def __init__(self, channel: Channel, assignment: pb_mesh.Assignment) -> None:
        super().__init__()
        self._channel = channel
        self._assignment = assignment
        self._dropped = 0

    def emit(self, record: logging.LogRecord) -> None:
        """See the class."""
        if self._channel.full:
            self._dropped += 1
            return
        try:
            line = pb_mesh.LogLine(
                at=timestamp(record.created),
                pipeline_id=self._assignment.pipeline_id,
                replica=self._assignment.replica,
                level=record.levelname,
                logger=record.name,
                message=self.format(record)[:_MESSAGE_CHARACTERS],
                dropped=self._dropped,
            )
            self._dropped = 0 if self._channel.log(line) else self._dropped + 1
        except Exception:  # noqa: BLE001 - a record that cannot be formatted must not end what it tells of
            self.handleError(record)
