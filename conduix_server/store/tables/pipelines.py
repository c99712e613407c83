"""Pipelines, their immutable revisions, their runs, and what agents say of them."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from conduix_server.store.tables.base import (
    MYSQL_OPTIONS,
    Base,
    Blob,
    Hash,
    Id,
    Key,
    Long,
    Moment,
    Name,
    Number,
    Word,
)

PIPELINE = "pipelines.id"


class Pipeline(Base, kw_only=True):
    """A name and its newest document; `config_yaml` is always the document of revision `revision`.

    `labels` (a JSON object), `mode` and `guarantee` are those of the newest document, `run_id` is the newest run.
    """

    __tablename__ = "pipelines"
    __table_args__ = (UniqueConstraint("name"), MYSQL_OPTIONS)

    id: Mapped[Key]
    name: Mapped[Name]
    description: Mapped[Long | None] = mapped_column(default=None)
    config_yaml: Mapped[Long]
    created_by: Mapped[Name | None] = mapped_column(default=None)
    created_at: Mapped[Moment | None]
    updated_at: Mapped[Moment | None]
    revision: Mapped[Number] = mapped_column(default=1)
    replicas: Mapped[int] = mapped_column(default=1)
    labels: Mapped[Long] = mapped_column(default="{}")
    mode: Mapped[Word] = mapped_column(default="batch")
    guarantee: Mapped[Word] = mapped_column(default="")
    desired_state: Mapped[Word] = mapped_column(default="STOPPED")
    run_id: Mapped[Id | None] = mapped_column(default=None)
    version: Mapped[Number] = mapped_column(default=1)


class Revision(Base, kw_only=True):
    """One document as it was applied; never changed. `digest` is that of the normal form, `number` counts from 1.

    `facts` is what placing must know of it, as JSON.
    """

    __tablename__ = "revisions"

    pipeline_id: Mapped[Id] = mapped_column(ForeignKey(PIPELINE, ondelete="CASCADE"), primary_key=True)
    number: Mapped[Number] = mapped_column(primary_key=True)
    digest: Mapped[Hash]
    document: Mapped[Long]
    facts: Mapped[Long] = mapped_column(default="{}")
    created_by: Mapped[Name | None] = mapped_column(default=None)
    created_at: Mapped[Moment]


class Run(Base, kw_only=True):
    """One run; `run_seq` counts those of a pipeline from 1.

    `processed_count` has the records read, `error_count` the dead letters; the counts are those of the last moment at
    which the state changed. `nodes` is a `conduix.v1.Run` that has only its nodes.
    """

    __tablename__ = "pipeline_runs"
    __table_args__ = (
        Index(None, "pipeline_id", "created_at"),
        Index(None, "status", "created_at"),
        MYSQL_OPTIONS,
    )

    id: Mapped[Key]
    pipeline_id: Mapped[Id] = mapped_column(ForeignKey(PIPELINE, ondelete="CASCADE"))
    agent_id: Mapped[Id | None] = mapped_column(default=None)
    status: Mapped[Word]
    started_at: Mapped[Moment | None] = mapped_column(default=None)
    ended_at: Mapped[Moment | None] = mapped_column(default=None)
    processed_count: Mapped[Number | None] = mapped_column(default=0)
    error_count: Mapped[Number | None] = mapped_column(default=0)
    error_message: Mapped[Long | None] = mapped_column(default=None)
    created_at: Mapped[Moment | None]
    run_seq: Mapped[Number]
    revision: Mapped[Number]
    records_out: Mapped[Number] = mapped_column(default=0)
    records_filtered: Mapped[Number] = mapped_column(default=0)
    restarts: Mapped[Number] = mapped_column(default=0)
    nodes: Mapped[Blob | None] = mapped_column(default=None)
    error_code: Mapped[Word | None] = mapped_column(default=None)
    started_by: Mapped[Name | None] = mapped_column(default=None)
    version: Mapped[Number] = mapped_column(default=1)


class Report(Base, kw_only=True):
    """The newest observed state of one replica, as its agent reported it.

    `body` is a `conduix.v1.ReplicaStatus`, `rate` the records read a second since the report before.
    """

    __tablename__ = "reports"

    pipeline_id: Mapped[Id] = mapped_column(ForeignKey(PIPELINE, ondelete="CASCADE"), primary_key=True)
    replica: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    agent_id: Mapped[Id]
    epoch: Mapped[Number]
    number: Mapped[Number]
    state: Mapped[Word]
    rate: Mapped[float] = mapped_column(default=0.0)
    body: Mapped[Blob]
    reported_at: Mapped[Moment]


class CheckpointCopy(Base, kw_only=True):
    """The newest checkpoint of one replica that reached the server; compared by (`run_seq`, `generation`, `number`)."""

    __tablename__ = "checkpoints"

    pipeline_id: Mapped[Id] = mapped_column(ForeignKey(PIPELINE, ondelete="CASCADE"), primary_key=True)
    replica: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    agent_id: Mapped[Id]
    run_seq: Mapped[Number]
    generation: Mapped[Number]
    number: Mapped[Number]
    sha256: Mapped[str] = mapped_column(String(64))
    body: Mapped[Blob]
    saved_at: Mapped[Moment]
