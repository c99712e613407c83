"""What must hold at every barrier; asserted in every test run of the programs (`CONDUIX_TESTING=1`)."""

from __future__ import annotations

from conduix.engine.runtime.checkpoint import Checkpoint
from conduix.engine.runtime.ledger import ZERO, came_in, merge
from conduix.engine.runtime.plan import DEAD, ActorPlan, Plan


def check_balance(plan: Plan, record: Checkpoint) -> None:
    """I3: what an actor passed on is what its readers received, letters included; nothing is lost inside the flow.

    Raises:
        AssertionError: names the actor and both numbers.
    """
    total = merge([record.totals, *(shard.ledger for shard in record.shards.values())])
    for actor in plan.actors:
        edges = plan.inputs(actor.id)
        senders = [plan.actor(edge.sender) for edge in edges if edge.port != DEAD]
        if not edges or any(len(_ports(plan, sender)) > 1 for sender in senders):
            continue  # what a router sent to each of its ports is not in the ledger
        sent = sum(total.get(sender.nodes[-1].id, ZERO)[0] for sender in senders)
        sent += sum(_dead(plan.actor(edge.sender), total) for edge in edges if edge.port == DEAD)
        received = came_in(total.get(actor.nodes[0].id, ZERO))
        if sent != received:
            raise AssertionError(f"barrier {record.n}: {actor.id} received {received} records of {sent} sent to it")


def _ports(plan: Plan, actor: ActorPlan) -> set[str]:
    return {edge.port for edge in plan.edges if edge.sender == actor.id and edge.port != DEAD} | set(actor.ports or ())


def _dead(actor: ActorPlan, total: dict[str, tuple[int, int, int, int]]) -> int:
    return sum(total.get(node.id, ZERO)[2] for node in actor.nodes)
