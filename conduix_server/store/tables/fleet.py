"""Agents and the tokens that let them in."""

from __future__ import annotations

from sqlalchemy import Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from conduix_server.store.tables.base import MYSQL_OPTIONS, Base, Hash, Id, Key, Long, Moment, Name, Number, Word


class Agent(Base, kw_only=True):
    """An enrolled agent. `session` is raised at every accepted Connect and fences what a server writes for it.

    `incarnation` is the last process that was heard, `accepted` a JSON list of those accepted since. `labels` and
    `host` are JSON objects, `capabilities` is a JSON list. `granted_labels`, of its join token, stand in `labels` too
    and win there. `enrolment` is the hash of what it enrolled with.
    """

    __tablename__ = "agents"
    __table_args__ = (UniqueConstraint("name"), UniqueConstraint("enrolment"), Index(None, "server_id"), MYSQL_OPTIONS)

    id: Mapped[Key]
    hostname: Mapped[Name]
    ip_address: Mapped[str | None] = mapped_column(String(45), default=None)
    status: Mapped[Word | None] = mapped_column(default="unknown")
    last_heartbeat: Mapped[Moment | None] = mapped_column(default=None)
    registered_at: Mapped[Moment | None]
    name: Mapped[Name]
    release: Mapped[Word] = mapped_column(default="")
    labels: Mapped[Long] = mapped_column(default="{}")
    granted_labels: Mapped[Long] = mapped_column(default="{}")
    capabilities: Mapped[Long] = mapped_column(default="[]")
    host: Mapped[Long] = mapped_column(default="{}")
    incarnation: Mapped[Id] = mapped_column(default="")
    accepted: Mapped[Long] = mapped_column(default="[]")
    adopting: Mapped[bool] = mapped_column(default=False)
    adoption_pending: Mapped[bool] = mapped_column(default=False)
    mode: Mapped[Word] = mapped_column(default="ISOLATED")
    mode_since: Mapped[Moment | None] = mapped_column(default=None)
    enrolment: Mapped[Hash | None] = mapped_column(default=None)
    session: Mapped[Number] = mapped_column(default=0)
    server_id: Mapped[Id | None] = mapped_column(default=None)
    applied_version: Mapped[Number] = mapped_column(default=0)
    acknowledged_report: Mapped[Number] = mapped_column(default=0)
    cordoned: Mapped[bool] = mapped_column(default=False)
    revoked_at: Mapped[Moment | None] = mapped_column(default=None)
    version: Mapped[Number] = mapped_column(default=1)


class JoinToken(Base, kw_only=True):
    """What lets `max_uses` agents enrol until `expires_at`; kept is only its hash. `labels` is a JSON object."""

    __tablename__ = "join_tokens"
    __table_args__ = (UniqueConstraint("token_hash"), MYSQL_OPTIONS)

    id: Mapped[Key]
    name: Mapped[Name]
    token_hash: Mapped[Hash]
    labels: Mapped[Long] = mapped_column(default="{}")
    uses: Mapped[int] = mapped_column(default=0)
    max_uses: Mapped[int] = mapped_column(default=1)
    created_by: Mapped[Name | None] = mapped_column(default=None)
    created_at: Mapped[Moment]
    expires_at: Mapped[Moment]
    revoked_at: Mapped[Moment | None] = mapped_column(default=None)
