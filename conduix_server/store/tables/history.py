"""What happened: events, audit, answered requests, and the numbered changes that Watch streams follow."""

from __future__ import annotations

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from conduix_server.store.tables.base import MYSQL_OPTIONS, Base, Blob, Hash, Id, Key, Long, Moment, Name, Number, Word


class AuditRecord(Base, kw_only=True):
    """Who did what to what, when, with which outcome; `detail` is JSON without secrets."""

    __tablename__ = "audit"
    __table_args__ = (Index(None, "at"), Index(None, "actor", "at"), Index(None, "target_id", "at"), MYSQL_OPTIONS)

    id: Mapped[Key]
    at: Mapped[Moment]
    actor: Mapped[Name]
    method: Mapped[Name]
    target_id: Mapped[Name] = mapped_column(default="")
    outcome: Mapped[Word]
    request_id: Mapped[Name] = mapped_column(default="")
    address: Mapped[str] = mapped_column(String(45), default="")
    detail: Mapped[Long] = mapped_column(default="{}")


class Request(Base, kw_only=True):
    """A mutating call that was answered; the same call gets the same answer until `expires_at`."""

    __tablename__ = "requests"
    __table_args__ = (Index(None, "expires_at"), MYSQL_OPTIONS)

    caller: Mapped[Id] = mapped_column(primary_key=True)
    request_id: Mapped[str] = mapped_column(String(128), primary_key=True)
    method: Mapped[Name]
    body_hash: Mapped[Hash]
    answer: Mapped[Blob | None] = mapped_column(default=None)
    expires_at: Mapped[Moment]


class Change(Base, kw_only=True):
    """Resource `resource_id` changed; `number` is also the order of commits, so that nobody can miss one."""

    __tablename__ = "changes"
    __table_args__ = (Index(None, "at"), MYSQL_OPTIONS)

    number: Mapped[Number] = mapped_column(primary_key=True)
    kind: Mapped[Word]
    resource_id: Mapped[Id]
    action: Mapped[Word]
    at: Mapped[Moment]


class Event(Base, kw_only=True):
    """Something that happened to a pipeline or an agent; both may be gone since, hence no foreign keys."""

    __tablename__ = "events"
    __table_args__ = (Index(None, "at"), Index(None, "pipeline_id", "at"), Index(None, "agent_id", "at"), MYSQL_OPTIONS)

    id: Mapped[Key]
    at: Mapped[Moment]
    kind: Mapped[Word]
    level: Mapped[Word]
    message: Mapped[Long]
    pipeline_id: Mapped[Id] = mapped_column(default="")
    agent_id: Mapped[Id] = mapped_column(default="")
    replica: Mapped[int] = mapped_column(default=0)
