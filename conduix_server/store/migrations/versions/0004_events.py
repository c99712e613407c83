"""Events: what happened to pipelines and agents, for people."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0004"
down_revision = "0003"

OPTIONS: dict[str, Any] = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}
MOMENT = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
LONG = sa.Text().with_variant(mysql.MEDIUMTEXT(), "mysql", "mariadb")


def upgrade() -> None:
    """The table."""
    op.create_table(
        "events",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("kind", sa.String(50), nullable=False),
        sa.Column("level", sa.String(50), nullable=False),
        sa.Column("message", LONG, nullable=False),
        sa.Column("pipeline_id", sa.String(36), nullable=False),
        sa.Column("agent_id", sa.String(36), nullable=False),
        sa.Column("replica", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_events"),
        **OPTIONS,
    )
    op.create_index("ix_events_at", "events", ["at"])
    op.create_index("ix_events_pipeline_id_at", "events", ["pipeline_id", "at"])
    op.create_index("ix_events_agent_id_at", "events", ["agent_id", "at"])


def downgrade() -> None:
    """Without it."""
    op.drop_table("events")
