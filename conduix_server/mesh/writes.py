"""What the effects of a session do to the database; each begins by making sure that the session still holds its agent.

False: the session is over, and nothing was written.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final, TypeAlias

from conduix.errors import SessionSuperseded
from conduix.mesh import effects as fx
from conduix.mesh.admission import AgentRow
from conduix.mesh.dispatch import Outstanding
from conduix.v1 import mesh_service_pb2 as pb
from conduix_server.control import desired, observed, operations
from conduix_server.store import agents, events, outbox
from conduix_server.store import desired as stored_desired
from conduix_server.store.tables import Event
from conduix_server.store.transaction import Transaction

ALERT_EVERY: Final = timedelta(hours=1)

Store: TypeAlias = (
    fx.Confirm | fx.StoreReport | fx.StoreDesiredAck | fx.StoreReceived | fx.StoreProgress | fx.StoreResult | fx.Left
)
"""The effects that are one write of an open session."""


async def find(tx: Transaction, agent_id: str) -> tuple[AgentRow | None, str]:
    """What decides whether an agent is let in (without what it is to do), and the server that held it last."""
    found = await agents.with_version(tx, agent_id)
    if found is None:
        return None, ""
    agent, version = found
    row = _row(agent_id, agents.known(agent), pb.DesiredStateUpdate(version=version))
    return replace(row, adopting=agent.adopting, revoked=agent.revoked_at is not None), agent.server_id or ""


async def claim(
    tx: Transaction, wanted: fx.Claim, hello: pb.Hello, *, version: int, server_id: str, address: str
) -> AgentRow | None:
    """The row after the claim, with all that the agent is to do; None: another connection was quicker.

    `version` of the desired state was found, and only grows.
    """
    told = {
        "release": hello.agent_version[:50],
        "capabilities": agents.to_json(sorted(set(hello.capabilities))),
        "hostname": hello.hostname,
        "ip_address": address[:45] or None,
    }
    accepted = await agents.accept(tx, wanted, server_id=server_id, labels=hello.labels, **told)
    if accepted is None:
        return None
    if wanted.desired_version > version:
        await stored_desired.learn_version(tx, wanted.agent_id, wanted.desired_version)
    await stored_desired.learn_epochs(tx, wanted.epochs)
    update = await desired.of_agent(tx, wanted.agent_id)
    return _row(wanted.agent_id, accepted, update, await outbox.of_agent(tx, wanted.agent_id))


async def alert(tx: Transaction, told: fx.Alert) -> None:
    """For people; of those that are told again and again, one an hour."""
    if told.code == "ADOPTION_NEEDED":
        await agents.refused(tx, told.agent_id)
    same = (Event.agent_id == told.agent_id) & (Event.kind == told.code) & (Event.at > tx.now - ALERT_EVERY)
    if not await events.newest(tx, [same], limit=1):
        await events.add(tx, told.code, events.ERROR, told.message, agent_id=told.agent_id)


def write_of(effect: Store, agent_id: str) -> Callable[[Transaction], Awaitable[bool]]:
    """The write that an effect stands for."""

    async def write(tx: Transaction) -> bool:
        try:
            await _write(tx, effect, agent_id)
        except SessionSuperseded:
            return False
        return True

    return write


async def _write(tx: Transaction, effect: Store, agent_id: str) -> None:
    match effect:
        case fx.Confirm():
            await agents.write(tx, agent_id, effect.session, incarnation=effect.incarnation, accepted="[]")
        case fx.StoreReport():
            await _report(tx, agent_id, effect)
        case fx.StoreDesiredAck():
            await _desired_ack(tx, agent_id, effect)
        case fx.StoreReceived():
            await agents.holds(tx, agent_id, effect.session)
            await outbox.received(tx, effect.command_id, agent_id)
        case fx.StoreProgress():
            await agents.holds(tx, agent_id, effect.session)
            await outbox.progress(tx, effect.progress, agent_id)
        case fx.StoreResult():
            await agents.holds(tx, agent_id, effect.session)
            await outbox.finish(tx, effect.result, agent_id)
        case fx.Left():
            await agents.left(tx, agent_id, effect.session, effect.reason)


async def _report(tx: Transaction, agent_id: str, effect: fx.StoreReport) -> None:
    report = effect.report
    if not await agents.acknowledge(tx, agent_id, effect.session, report.number):
        return  # an earlier attempt was committed and its answer was lost
    body = report.WhichOneof("body")
    if body == "full":
        await observed.observe(tx, agent_id, report.number, report.full.replicas, full=True)
    elif body == "replica":
        await observed.observe(tx, agent_id, report.number, [report.replica], full=False)
    elif body == "event":
        await observed.note(tx, agent_id, report.event)
    elif body == "gap" and report.gap.count:
        await observed.note(tx, agent_id, _gap_event(tx, report.gap))


async def _desired_ack(tx: Transaction, agent_id: str, effect: fx.StoreDesiredAck) -> None:
    ack = effect.ack
    if not ack.code:
        await agents.write(tx, agent_id, effect.session, applied_version=ack.version)
        await operations.heard(tx, agent_id, ack.version)
        return
    await agents.holds(tx, agent_id, effect.session)
    text = f"version {ack.version} of the desired state is refused: {ack.message} ({ack.code})"
    await observed.note(tx, agent_id, _event(tx, "DESIRED_STATE_REFUSED", text))
    await operations.refused(tx, agent_id, ack.version, code=ack.code, message=ack.message)


def _gap_event(tx: Transaction, gap: pb.Gap) -> pb.AgentEvent:
    traffic = pb.TrafficClass.Name(gap.traffic).removeprefix("TRAFFIC_CLASS_").lower()
    text = f"{gap.count} reports ({traffic}, numbers {gap.first} to {gap.last}) did not fit into the agent's spool"
    return _event(tx, "REPORTS_DROPPED", text)


def _event(tx: Transaction, kind: str, message: str) -> pb.AgentEvent:
    return pb.AgentEvent(at=tx.now, kind=kind, message=message)


def _row(
    agent_id: str, known: agents.Known, update: pb.DesiredStateUpdate, commands: Sequence[Outstanding] = ()
) -> AgentRow:
    return AgentRow(
        agent_id=agent_id,
        session=known.session,
        incarnation=known.incarnation,
        accepted=known.accepted,
        desired=update,
        report_acked=known.acknowledged_report,
        commands=tuple(commands),
    )
