"""Revisions, desired state, outbox, reports, tokens, audit and changes; what is there gets a first revision."""

from __future__ import annotations

import hashlib
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0003"
down_revision = "0002"

OPTIONS: dict[str, Any] = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}
MOMENT = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
LONG = sa.Text().with_variant(mysql.MEDIUMTEXT(), "mysql", "mariadb")
BLOB = sa.LargeBinary().with_variant(mysql.LONGBLOB(), "mysql", "mariadb")
TABLES = (
    "audit",
    "changes",
    "requests",
    "counters",
    "servers",
    "operations",
    "commands",
    "desired_versions",
    "assignments",
    "revisions",
    "reports",
    "checkpoints",
    "join_tokens",
    "api_tokens",
    "refresh_tokens",
)
# of agents; the value is what rows that are there already get
AGENTS: list[tuple[str, Any, str]] = [
    ("granted_labels", LONG, "'{}'"),
    ("host", LONG, "'{}'"),
    ("accepted", LONG, "'[]'"),
    ("adopting", sa.Boolean(), "0"),
    ("adoption_pending", sa.Boolean(), "0"),
    ("mode", sa.String(50), "'ISOLATED'"),
]
PIPELINES: list[tuple[str, Any, str]] = [
    ("labels", LONG, "'{}'"),
    ("mode", sa.String(50), "'batch'"),
    ("guarantee", sa.String(50), "''"),
    ("desired_state", sa.String(50), "'STOPPED'"),
]
RUNS: list[tuple[str, Any, str]] = [
    ("records_out", sa.BigInteger(), "0"),
    ("records_filtered", sa.BigInteger(), "0"),
    ("restarts", sa.BigInteger(), "0"),
]
OPTIONAL: dict[str, list[tuple[str, Any]]] = {
    "pipelines": [("run_id", sa.String(36))],
    "pipeline_runs": [("nodes", BLOB), ("error_code", sa.String(50)), ("started_by", sa.String(255))],
}


def upgrade() -> None:
    """New tables, then the counters and revisions that what is there needs."""
    for create in (_history, _control, _pipelines, _tokens, _agents, _runs):
        create()
    _people()
    _backfill()


def _history() -> None:
    op.create_table(
        "audit",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("actor", sa.String(255), nullable=False),
        sa.Column("method", sa.String(255), nullable=False),
        sa.Column("target_id", sa.String(255), nullable=False),
        sa.Column("outcome", sa.String(50), nullable=False),
        sa.Column("request_id", sa.String(255), nullable=False),
        sa.Column("address", sa.String(45), nullable=False),
        sa.Column("detail", LONG, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
        **OPTIONS,
    )
    op.create_index("ix_audit_actor_at", "audit", ["actor", "at"])
    op.create_index("ix_audit_at", "audit", ["at"])
    op.create_index("ix_audit_target_id_at", "audit", ["target_id", "at"])
    op.create_table(
        "changes",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(50), nullable=False),
        sa.Column("resource_id", sa.String(36), nullable=False),
        sa.Column("action", sa.String(50), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_changes"),
        **OPTIONS,
    )
    op.create_index("ix_changes_at", "changes", ["at"])
    op.create_table(
        "requests",
        sa.Column("caller", sa.String(36), nullable=False),
        sa.Column("request_id", sa.String(128), nullable=False),
        sa.Column("method", sa.String(255), nullable=False),
        sa.Column("body_hash", sa.String(64), nullable=False),
        sa.Column("answer", BLOB),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("caller", "request_id", name="pk_requests"),
        **OPTIONS,
    )
    op.create_index("ix_requests_expires_at", "requests", ["expires_at"])


def _control() -> None:
    op.create_table(
        "counters",
        sa.Column("name", sa.String(50), nullable=False),
        sa.Column("scope", sa.String(36), nullable=False),
        sa.Column("value", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("name", "scope", name="pk_counters"),
        **OPTIONS,
    )
    op.create_table(
        "servers",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("address", sa.String(255), nullable=False),
        sa.Column("release", sa.String(50), nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.Column("draining", sa.Boolean(), nullable=False),
        sa.Column("streams", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_servers"),
        sa.UniqueConstraint("address", "started_at", name="uq_servers_address_started_at"),
        **OPTIONS,
    )
    op.create_table(
        "operations",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("kind", sa.String(50), nullable=False),
        sa.Column("target_id", sa.String(36), nullable=False),
        sa.Column("state", sa.String(50), nullable=False),
        sa.Column("error_code", sa.String(50)),
        sa.Column("message", LONG, nullable=False),
        sa.Column("agent_id", sa.String(36)),
        sa.Column("desired_version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("epoch", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("goal", LONG, nullable=False),
        sa.Column("result", LONG, nullable=False),
        sa.Column("created_by", sa.String(255)),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_operations"),
        **OPTIONS,
    )
    op.create_index("ix_operations_agent_id_state", "operations", ["agent_id", "state"])
    op.create_index("ix_operations_state_expires_at", "operations", ["state", "expires_at"])
    op.create_index("ix_operations_target_id_created_at", "operations", ["target_id", "created_at"])
    op.create_table(
        "commands",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("agent_id", sa.String(36), nullable=False),
        sa.Column("kind", sa.String(50), nullable=False),
        sa.Column("body", BLOB, nullable=False),
        sa.Column("state", sa.String(50), nullable=False),
        sa.Column("progress", LONG, nullable=False),
        sa.Column("created_by", sa.String(255)),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("deadline", MOMENT, nullable=False),
        sa.Column("finished_at", MOMENT),
        sa.Column("outcome", sa.String(50)),
        sa.Column("result", BLOB),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name="fk_commands_agent_id_agents", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_commands"),
        **OPTIONS,
    )
    op.create_index("ix_commands_agent_id_state_id", "commands", ["agent_id", "state", "id"])
    op.create_index("ix_commands_state_deadline", "commands", ["state", "deadline"])
    op.create_table(
        "desired_versions",
        sa.Column("agent_id", sa.String(36), nullable=False),
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["agents.id"], name="fk_desired_versions_agent_id_agents", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("agent_id", name="pk_desired_versions"),
        **OPTIONS,
    )
    op.create_table(
        "assignments",
        sa.Column("pipeline_id", sa.String(36), nullable=False),
        sa.Column("replica", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("agent_id", sa.String(36), nullable=False),
        sa.Column("epoch", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("action", sa.String(50), nullable=False),
        sa.Column("revision", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("run_id", sa.String(36)),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name="fk_assignments_agent_id_agents"),
        sa.ForeignKeyConstraint(
            ["pipeline_id"], ["pipelines.id"], name="fk_assignments_pipeline_id_pipelines", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["run_id"], ["pipeline_runs.id"], name="fk_assignments_run_id_pipeline_runs", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("pipeline_id", "replica", name="pk_assignments"),
        **OPTIONS,
    )
    op.create_index("ix_assignments_agent_id", "assignments", ["agent_id"])


def _pipelines() -> None:
    op.create_table(
        "revisions",
        sa.Column("pipeline_id", sa.String(36), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("document", LONG, nullable=False),
        sa.Column("facts", LONG, nullable=False),
        sa.Column("created_by", sa.String(255)),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["pipeline_id"], ["pipelines.id"], name="fk_revisions_pipeline_id_pipelines", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("pipeline_id", "number", name="pk_revisions"),
        **OPTIONS,
    )
    op.create_table(
        "reports",
        sa.Column("pipeline_id", sa.String(36), nullable=False),
        sa.Column("replica", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("agent_id", sa.String(36), nullable=False),
        sa.Column("epoch", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("state", sa.String(50), nullable=False),
        sa.Column("rate", sa.Double(), nullable=False),
        sa.Column("body", BLOB, nullable=False),
        sa.Column("reported_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["pipeline_id"], ["pipelines.id"], name="fk_reports_pipeline_id_pipelines", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("pipeline_id", "replica", name="pk_reports"),
        **OPTIONS,
    )
    op.create_table(
        "checkpoints",
        sa.Column("pipeline_id", sa.String(36), nullable=False),
        sa.Column("replica", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("agent_id", sa.String(36), nullable=False),
        sa.Column("run_seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("generation", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("body", BLOB, nullable=False),
        sa.Column("saved_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["pipeline_id"], ["pipelines.id"], name="fk_checkpoints_pipeline_id_pipelines", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("pipeline_id", "replica", name="pk_checkpoints"),
        **OPTIONS,
    )


def _tokens() -> None:
    op.create_table(
        "join_tokens",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("labels", LONG, nullable=False),
        sa.Column("uses", sa.Integer(), nullable=False),
        sa.Column("max_uses", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.String(255)),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("revoked_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_join_tokens"),
        sa.UniqueConstraint("token_hash", name="uq_join_tokens_token_hash"),
        **OPTIONS,
    )
    op.create_table(
        "api_tokens",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("user_id", sa.String(36), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("role", sa.String(50), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT),
        sa.Column("used_at", MOMENT),
        sa.Column("revoked_at", MOMENT),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_api_tokens_user_id_users", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_api_tokens"),
        sa.UniqueConstraint("token_hash", name="uq_api_tokens_token_hash"),
        **OPTIONS,
    )
    op.create_index("ix_api_tokens_user_id", "api_tokens", ["user_id"])
    op.create_table(
        "refresh_tokens",
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("session_id", sa.String(36), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT),
        sa.ForeignKeyConstraint(
            ["session_id"], ["sessions.id"], name="fk_refresh_tokens_session_id_sessions", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_hash", name="pk_refresh_tokens"),
        **OPTIONS,
    )
    op.create_index("ix_refresh_tokens_session_id", "refresh_tokens", ["session_id"])


def _agents() -> None:
    """Who accepted which process, how it is reached; the sign of life of those that never gave one is their start."""
    with op.batch_alter_table("agents") as batch:
        for name, kind, _ in AGENTS:
            batch.add_column(sa.Column(name, kind))
        batch.add_column(sa.Column("mode_since", MOMENT))
        batch.add_column(sa.Column("enrolment", sa.String(64)))
        batch.create_unique_constraint("uq_agents_enrolment", ["enrolment"])
    shape = sa.table("agents", sa.column("last_heartbeat"), *(sa.column(name) for name, _, _ in AGENTS))
    op.execute(shape.update().values({name: sa.literal_column(value) for name, _, value in AGENTS}))
    seen: Any = sa.func.coalesce(sa.column("registered_at"), sa.func.current_timestamp())
    op.execute(shape.update().where(shape.c.last_heartbeat.is_(None)).values(last_heartbeat=seen))
    with op.batch_alter_table("agents") as batch:
        for name, kind, _ in AGENTS:
            batch.alter_column(name, existing_type=kind, nullable=False)


def _runs() -> None:
    """What is wanted of pipelines, and what their runs did; a pipeline's run is its newest."""
    for table, required in (("pipelines", PIPELINES), ("pipeline_runs", RUNS)):
        with op.batch_alter_table(table) as batch:
            for name, kind, _ in required:
                batch.add_column(sa.Column(name, kind, autoincrement=False))
            for name, kind in OPTIONAL[table]:
                batch.add_column(sa.Column(name, kind))
        shape = sa.table(table, *(sa.column(name) for name, _, _ in required))
        op.execute(shape.update().values({name: sa.literal_column(value) for name, _, value in required}))
        with op.batch_alter_table(table) as batch:
            for name, kind, _ in required:
                batch.alter_column(name, existing_type=kind, nullable=False, existing_autoincrement=False)
    op.execute(
        "UPDATE pipelines SET run_id = (SELECT id FROM pipeline_runs WHERE pipeline_id = pipelines.id "
        "ORDER BY run_seq DESC LIMIT 1)"
    )


def _people() -> None:
    """Who signed in by an address has it as name; new people need none."""
    with op.batch_alter_table("users") as batch:
        batch.add_column(sa.Column("username", sa.String(255)))
        batch.add_column(sa.Column("last_login_at", MOMENT))
        batch.alter_column("email", existing_type=sa.String(255), existing_nullable=False, nullable=True)
    op.execute("UPDATE users SET username = LOWER(email)")
    with op.batch_alter_table("users") as batch:
        batch.alter_column("username", existing_type=sa.String(255), existing_nullable=True, nullable=False)
        batch.create_unique_constraint("uq_users_username", ["username"])


def _people_again_by_address() -> None:
    op.execute("UPDATE users SET email = username WHERE email IS NULL")
    with op.batch_alter_table("users") as batch:
        batch.drop_constraint("uq_users_username", type_="unique")
        batch.alter_column("email", existing_type=sa.String(255), existing_nullable=True, nullable=False)
        batch.drop_column("last_login_at")
        batch.drop_column("username")


def _backfill() -> None:
    bind = op.get_bind()
    pipelines = sa.table("pipelines", *map(sa.column, ("id", "config_yaml", "created_by", "created_at")))
    revisions = sa.table(
        "revisions",
        *map(sa.column, ("pipeline_id", "number", "digest", "document", "facts", "created_by", "created_at")),
    )
    for key, document, by, at in bind.execute(sa.select(pipelines)).all():
        # not the digest of a normal form: the next apply of whatever document makes revision 2
        digest = hashlib.sha256(document.encode()).hexdigest()
        row = {"pipeline_id": key, "number": 1, "digest": digest, "document": document, "facts": "{}", "created_by": by}
        bind.execute(revisions.insert().values(**row, created_at=at or sa.func.current_timestamp()))
    op.execute(
        "INSERT INTO counters (name, scope, value) "
        "SELECT 'run_seq', pipeline_id, MAX(run_seq) FROM pipeline_runs GROUP BY pipeline_id"
    )


def downgrade() -> None:
    """All that these tables hold is lost; pipelines keep their newest document."""
    _people_again_by_address()
    with op.batch_alter_table("agents") as batch:
        batch.drop_constraint("uq_agents_enrolment", type_="unique")
        for name in ("enrolment", "mode_since", *(name for name, _, _ in reversed(AGENTS))):
            batch.drop_column(name)
    for table_name, required in (("pipelines", PIPELINES), ("pipeline_runs", RUNS)):
        with op.batch_alter_table(table_name) as batch:
            for name in (*(name for name, _ in OPTIONAL[table_name]), *(name for name, _, _ in required)):
                batch.drop_column(name)
    for table in reversed(TABLES):
        op.drop_table(table)
