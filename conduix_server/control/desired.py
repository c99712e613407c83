"""What an agent is to do, as the contract says it."""

from __future__ import annotations

from collections import Counter

from conduix.v1 import mesh_service_pb2 as pb
from conduix_server.store import desired
from conduix_server.store.transaction import Transaction


async def of_agent(tx: Transaction, agent_id: str) -> pb.DesiredStateUpdate:
    """All that this agent is to do. Version 0: it was never asked anything."""
    # the version first: what is assigned meanwhile comes with a later one
    update = pb.DesiredStateUpdate(version=await desired.version(tx, agent_id))
    if not update.version:
        return update
    mine = await desired.of_agent(tx, agent_id)
    replicas = Counter(each.assignment.pipeline_id for each in mine)
    update.assignments.extend(_message(each, replicas[each.assignment.pipeline_id]) for each in mine)
    return update


def _message(assigned: desired.Assigned, replicas: int) -> pb.Assignment:
    row = assigned.assignment
    return pb.Assignment(
        pipeline_id=row.pipeline_id,
        pipeline_name=assigned.pipeline_name,
        revision=row.revision,
        digest=assigned.digest,
        replica=row.replica,
        # all replicas of a pipeline are on one agent
        replicas=replicas,
        epoch=row.epoch,
        run_id=row.run_id or "",
        run_seq=assigned.run_seq,
        action=f"DESIRED_STATE_{row.action}",
    )
