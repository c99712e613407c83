"""What the store's tests are made of: a clock that stands still, and one row of everything."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from conduix.mesh.effects import Claim
from conduix.v1 import mesh_service_pb2 as pb
from conduix_server.store import (
    agents,
    audit,
    desired,
    events,
    identities,
    join_tokens,
    operations,
    outbox,
    pipelines,
    reports,
    requests,
    runs,
    servers,
)
from conduix_server.store.store import Store, new_id
from conduix_server.store.tables import (
    Agent,
    ApiToken,
    AuditRecord,
    CheckpointCopy,
    JoinToken,
    Operation,
    Pipeline,
    Run,
    Server,
    Session,
    User,
)
from conduix_server.store.transaction import Transaction

T = TypeVar("T")
START = datetime(2026, 11, 21, 12, 0, 0, 123456, tzinfo=UTC)


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)


async def pipeline(tx: Transaction, name: str = "orders", document: str = "name: orders\n") -> Pipeline:
    return await pipelines.create(tx, new_id(), name, document, "d" * 64, by="ann")


async def join_token(tx: Transaction, token_hash: str = "j" * 64, *, uses: int = 1) -> JoinToken:
    token = JoinToken(
        id=new_id(),
        name="rack",
        token_hash=token_hash,
        max_uses=uses,
        created_at=tx.now,
        expires_at=tx.now + timedelta(hours=1),
    )
    await join_tokens.add(tx, token)
    return token


def agent(name: str, now: datetime = START) -> Agent:
    return Agent(id=new_id(), hostname=f"{name}.local", name=name, registered_at=now, last_heartbeat=now)


async def enrolled(tx: Transaction, name: str = "a1") -> Agent:
    return await agents.add(tx, agent(name, tx.now))


async def enrol(tx: Transaction, name: str, token_hash: str) -> Agent:
    """As a server does it."""
    await join_tokens.use(tx, await join_tokens.of_hash(tx, token_hash))
    return await enrolled(tx, name)


def claim(agent_id: str, expected: int, session: int, incarnation: str) -> Claim:
    return Claim(agent_id, expected, session, incarnation, desired_version=0)


async def user(tx: Transaction, email: str = "ann@example.org") -> User:
    username = email.partition("@")[0]
    person = User(id=new_id(), username=username, email=email, role="operator", created_at=tx.now)
    return await identities.add_user(tx, person)


def session(user_id: str, now: datetime = START) -> Session:
    return Session(id=new_id(), user_id=user_id, created_at=now, expires_at=now + timedelta(hours=24))


def command(now: datetime = START, *, seconds: float = 60) -> pb.Command:
    made = pb.Command(command_id=new_id(), checkpoint=pb.CheckpointCommand(pipeline_id="p"))
    made.deadline.FromDatetime(now + timedelta(seconds=seconds))
    return made


def result(command_id: str, text: str = "") -> pb.CommandResult:
    return pb.CommandResult(command_id=command_id, outcome=pb.COMMAND_OUTCOME_SUCCEEDED, message=text)


def operation(target_id: str, now: datetime = START) -> Operation:
    return Operation(
        id=new_id(),
        kind="START",
        target_id=target_id,
        state=operations.QUEUED,
        created_at=now,
        updated_at=now,
        expires_at=now + timedelta(hours=24),
    )


async def report(tx: Transaction, pipeline_id: str, *, epoch: int = 1, number: int = 1) -> bool:
    said: dict[str, Any] = {"number": number, "state": "RUNNING", "rate": 0.5, "body": b"", "reported_at": START}
    return await reports.save(tx, pipeline_id, 0, epoch=epoch, agent_id="a1", **said)


async def placed(
    tx: Transaction, pipeline_id: str, agent_id: str, *, run_id: str | None = None, replicas: int = 1, seen: int = 0
) -> int:
    return await desired.place(
        tx,
        pipeline_id,
        agent_id=agent_id,
        replicas=replicas,
        action="RUNNING",
        revision=1,
        run_id=run_id,
        seen_epoch=seen,
    )


def checkpoint(
    pipeline_id: str, agent_id: str, *, run_seq: int = 1, generation: int = 1, number: int = 1
) -> CheckpointCopy:
    return CheckpointCopy(
        pipeline_id=pipeline_id,
        replica=0,
        agent_id=agent_id,
        run_seq=run_seq,
        generation=generation,
        number=number,
        sha256="0" * 64,
        body=bytes(range(256)),
        saved_at=START,
    )


async def row_of_everything(tx: Transaction) -> tuple[Pipeline, Run, Agent, User]:
    """At least one row in each table."""
    made, holder, person = await pipeline(tx), await enrolled(tx), await user(tx)
    run = await runs.start(tx, new_id(), made.id, agent_id=holder.id)
    await placed(tx, made.id, holder.id, run_id=run.id)
    assert await report(tx, made.id)
    await reports.save_checkpoint(tx, checkpoint(made.id, holder.id))
    await join_token(tx)
    await outbox.put(tx, holder.id, command(tx.now))
    await operations.start(tx, operation(made.id, tx.now))
    await identities.open_session(tx, session(person.id, tx.now), "r" * 64, until=tx.now + timedelta(hours=24))
    token = ApiToken(id=new_id(), user_id=person.id, name="ci", token_hash="t" * 64, role="viewer", created_at=tx.now)
    await identities.add_api_token(tx, token)
    await audit.record(tx, AuditRecord(id=new_id(), at=tx.now, actor="ann", method="CreatePipeline", outcome="OK"))
    assert await requests.earlier_answer(tx, "ann", "once", "CreatePipeline", "h" * 64) is None
    started = Server(id=new_id(), address="127.0.0.1:50051", release="1", started_at=tx.now, seen_at=tx.now)
    await servers.register(tx, started)
    await events.add(tx, "run_failed", events.ERROR, "the disk is full", pipeline_id=made.id)
    return made, run, holder, person


async def both(
    store: Store, first: Callable[[Transaction], Awaitable[T]], second: Callable[[Transaction], Awaitable[T]]
) -> list[T | BaseException]:
    """The outcomes of two transactions that begin at the same time on connections of their own."""
    return list(await asyncio.gather(store.run(first), store.run(second), return_exceptions=True))
