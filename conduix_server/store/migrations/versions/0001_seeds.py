"""The tables that Conduix began with: pipelines, their runs, agents, people and their sessions."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0001"
down_revision = None

OPTIONS: dict[str, Any] = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}
MOMENT = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
LONG = sa.Text().with_variant(mysql.MEDIUMTEXT(), "mysql", "mariadb")


def upgrade() -> None:
    """From an empty database."""
    op.create_table(
        "pipelines",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("description", LONG),
        sa.Column("config_yaml", LONG, nullable=False),
        sa.Column("created_by", sa.String(255)),
        sa.Column("created_at", MOMENT),
        sa.Column("updated_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_pipelines"),
        **OPTIONS,
    )
    op.create_table(
        "pipeline_runs",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("pipeline_id", sa.String(36), nullable=False),
        sa.Column("agent_id", sa.String(36)),
        sa.Column("status", sa.String(50), nullable=False),
        sa.Column("started_at", MOMENT),
        sa.Column("ended_at", MOMENT),
        sa.Column("processed_count", sa.BigInteger()),
        sa.Column("error_count", sa.BigInteger()),
        sa.Column("error_message", LONG),
        sa.Column("created_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_pipeline_runs"),
        **OPTIONS,
    )
    op.create_table(
        "agents",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("hostname", sa.String(255), nullable=False),
        sa.Column("ip_address", sa.String(45)),
        sa.Column("status", sa.String(50)),
        sa.Column("last_heartbeat", MOMENT),
        sa.Column("registered_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_agents"),
        **OPTIONS,
    )
    op.create_table(
        "users",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("email", sa.String(255), nullable=False),
        sa.Column("name", sa.String(255)),
        sa.Column("provider", sa.String(255)),
        sa.Column("provider_id", sa.String(255)),
        sa.Column("role", sa.String(50), nullable=False),
        sa.Column("created_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
        sa.UniqueConstraint("email", name="uq_users_email"),
        **OPTIONS,
    )
    op.create_table(
        "sessions",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("user_id", sa.String(36), nullable=False),
        sa.Column("created_at", MOMENT),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sessions"),
        **OPTIONS,
    )


def downgrade() -> None:
    """To an empty database."""
    for table in ("sessions", "users", "agents", "pipeline_runs", "pipelines"):
        op.drop_table(table)
