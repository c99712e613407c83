"""Desired state, what is still to be done about it, and who does it."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from conduix_server.store.tables.base import MYSQL_OPTIONS, Base, Blob, Id, Key, Long, Moment, Name, Number, Word

AGENT = "agents.id"


class Counter(Base, kw_only=True):
    """The highest number handed out under (`name`, `scope`); never goes back."""

    __tablename__ = "counters"

    name: Mapped[Word] = mapped_column(primary_key=True)
    scope: Mapped[Id] = mapped_column(primary_key=True)
    value: Mapped[Number]


class Assignment(Base, kw_only=True):
    """What one replica of a pipeline shall do, where, and under which epoch."""

    __tablename__ = "assignments"
    __table_args__ = (Index(None, "agent_id"), MYSQL_OPTIONS)

    pipeline_id: Mapped[Id] = mapped_column(ForeignKey("pipelines.id", ondelete="CASCADE"), primary_key=True)
    replica: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    agent_id: Mapped[Id] = mapped_column(ForeignKey(AGENT))
    epoch: Mapped[Number]
    action: Mapped[Word]
    revision: Mapped[Number]
    run_id: Mapped[Id | None] = mapped_column(ForeignKey("pipeline_runs.id", ondelete="SET NULL"), default=None)
    updated_at: Mapped[Moment]


class DesiredVersion(Base, kw_only=True):
    """The version of all assignments of one agent; raised with every change of one of them."""

    __tablename__ = "desired_versions"

    agent_id: Mapped[Id] = mapped_column(ForeignKey(AGENT, ondelete="CASCADE"), primary_key=True)
    version: Mapped[Number]
    updated_at: Mapped[Moment]


class Command(Base, kw_only=True):
    """One command in the durable outbox, answered at most once."""

    __tablename__ = "commands"
    __table_args__ = (Index(None, "agent_id", "state", "id"), Index(None, "state", "deadline"), MYSQL_OPTIONS)

    id: Mapped[Key]
    agent_id: Mapped[Id] = mapped_column(ForeignKey(AGENT, ondelete="CASCADE"))
    kind: Mapped[Word]
    body: Mapped[Blob]
    state: Mapped[Word]
    progress: Mapped[Long] = mapped_column(default="")
    created_by: Mapped[Name | None] = mapped_column(default=None)
    created_at: Mapped[Moment]
    deadline: Mapped[Moment]
    finished_at: Mapped[Moment | None] = mapped_column(default=None)
    outcome: Mapped[Word | None] = mapped_column(default=None)
    result: Mapped[Blob | None] = mapped_column(default=None)


class Operation(Base, kw_only=True):
    """Something asked for that takes a while; done when the reported state says so.

    `agent_id` and `desired_version` tell which agent hears of it, and by which version of its desired state; `epoch` is
    the one whose reports count. `goal` and `result` are JSON.
    """

    __tablename__ = "operations"
    __table_args__ = (
        Index(None, "target_id", "created_at"),
        Index(None, "state", "expires_at"),
        Index(None, "agent_id", "state"),
        MYSQL_OPTIONS,
    )

    id: Mapped[Key]
    kind: Mapped[Word]
    target_id: Mapped[Id]
    state: Mapped[Word]
    error_code: Mapped[Word | None] = mapped_column(default=None)
    message: Mapped[Long] = mapped_column(default="")
    agent_id: Mapped[Id | None] = mapped_column(default=None)
    desired_version: Mapped[Number] = mapped_column(default=0)
    epoch: Mapped[Number] = mapped_column(default=0)
    goal: Mapped[Long] = mapped_column(default="{}")
    result: Mapped[Long] = mapped_column(default="")
    created_by: Mapped[Name | None] = mapped_column(default=None)
    created_at: Mapped[Moment]
    updated_at: Mapped[Moment]
    expires_at: Mapped[Moment]
    version: Mapped[Number] = mapped_column(default=1)


class Server(Base, kw_only=True):
    """A server process that is, or was, there."""

    __tablename__ = "servers"
    __table_args__ = (UniqueConstraint("address", "started_at"), MYSQL_OPTIONS)

    id: Mapped[Key]
    address: Mapped[str] = mapped_column(String(255))
    release: Mapped[Word]
    started_at: Mapped[Moment]
    seen_at: Mapped[Moment]
    draining: Mapped[bool] = mapped_column(default=False)
    streams: Mapped[int] = mapped_column(default=0)
