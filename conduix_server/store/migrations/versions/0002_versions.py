"""The first tables get versions, sessions and unique names; the rows that are there stay."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0002"
down_revision = "0001"

MOMENT = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
LONG = sa.Text().with_variant(mysql.MEDIUMTEXT(), "mysql", "mariadb")

# the value is what rows that are there already get
REQUIRED: dict[str, list[tuple[str, Any, str]]] = {
    "agents": [
        ("name", sa.String(255), "id"),
        ("release", sa.String(50), "''"),
        ("labels", LONG, "'{}'"),
        ("capabilities", LONG, "'[]'"),
        ("incarnation", sa.String(36), "''"),
        ("session", sa.BigInteger(), "0"),
        ("applied_version", sa.BigInteger(), "0"),
        ("acknowledged_report", sa.BigInteger(), "0"),
        ("cordoned", sa.Boolean(), "0"),
        ("version", sa.BigInteger(), "1"),
    ],
    "pipelines": [
        ("revision", sa.BigInteger(), "1"),
        ("replicas", sa.Integer(), "1"),
        ("version", sa.BigInteger(), "1"),
    ],
    "pipeline_runs": [
        ("run_seq", sa.BigInteger(), "0"),
        ("revision", sa.BigInteger(), "1"),
        ("version", sa.BigInteger(), "1"),
    ],
    "users": [("version", sa.BigInteger(), "1")],
}
OPTIONAL: dict[str, list[tuple[str, Any]]] = {
    "agents": [("server_id", sa.String(36)), ("revoked_at", MOMENT)],
    "users": [("password_hash", sa.String(255)), ("disabled_at", MOMENT)],
    "sessions": [("address", sa.String(45)), ("client", sa.String(255)), ("revoked_at", MOMENT)],
}
CHECKS = {
    "two pipelines have the same name": "SELECT name FROM pipelines GROUP BY name HAVING COUNT(*) > 1",
    "runs of pipelines that are gone": (
        "SELECT id FROM pipeline_runs WHERE pipeline_id NOT IN (SELECT id FROM pipelines)"
    ),
    "sessions of people that are gone": "SELECT id FROM sessions WHERE user_id NOT IN (SELECT id FROM users)",
}


def upgrade() -> None:
    """Looks before it changes anything: a database that forbids a constraint is left as it is."""
    for problem, query in CHECKS.items():
        if found := op.get_bind().execute(sa.text(query)).scalars().all():
            raise RuntimeError(f"cannot migrate, {problem}: {', '.join(found[:5])}; mend these rows, then again")
    for table, columns in OPTIONAL.items():
        with op.batch_alter_table(table) as batch:
            for name, kind in columns:
                batch.add_column(sa.Column(name, kind))
    for table, required in REQUIRED.items():
        _require(table, required)
    _count_runs()
    with op.batch_alter_table("pipelines") as batch:
        batch.create_unique_constraint("uq_pipelines_name", ["name"])
    with op.batch_alter_table("agents") as batch:
        batch.create_unique_constraint("uq_agents_name", ["name"])
        batch.create_index("ix_agents_server_id", ["server_id"])
    with op.batch_alter_table("pipeline_runs") as batch:
        batch.create_index("ix_pipeline_runs_pipeline_id_created_at", ["pipeline_id", "created_at"])
        batch.create_index("ix_pipeline_runs_status_created_at", ["status", "created_at"])
        batch.create_foreign_key(
            "fk_pipeline_runs_pipeline_id_pipelines", "pipelines", ["pipeline_id"], ["id"], ondelete="CASCADE"
        )
    with op.batch_alter_table("sessions") as batch:
        batch.create_index("ix_sessions_user_id", ["user_id"])
        batch.create_foreign_key("fk_sessions_user_id_users", "users", ["user_id"], ["id"], ondelete="CASCADE")


def _require(table: str, columns: list[tuple[str, Any, str]]) -> None:
    with op.batch_alter_table(table) as batch:
        for name, kind, _ in columns:
            batch.add_column(sa.Column(name, kind, autoincrement=False))
    values: dict[str, Any] = {name: sa.literal_column(value) for name, _, value in columns}
    shape = sa.table(table, *(sa.column(name) for name in values))
    op.execute(shape.update().values(values))
    with op.batch_alter_table(table) as batch:
        for name, kind, _ in columns:
            batch.alter_column(name, existing_type=kind, nullable=False, existing_autoincrement=False)


def _count_runs() -> None:
    """Runs are numbered from 1 in each pipeline, in the order of their beginning."""
    runs = sa.table("pipeline_runs", *map(sa.column, ("id", "pipeline_id", "created_at", "run_seq")))
    counts: dict[str, int] = {}
    for key, pipeline in op.get_bind().execute(
        sa.select(runs.c.id, runs.c.pipeline_id).order_by(runs.c.created_at, runs.c.id)
    ):
        counts[pipeline] = counts.get(pipeline, 0) + 1
        op.execute(runs.update().where(runs.c.id == key).values(run_seq=counts[pipeline]))


def downgrade() -> None:
    """The rows stay, what this step added to them goes."""
    with op.batch_alter_table("sessions") as batch:
        batch.drop_constraint("fk_sessions_user_id_users", type_="foreignkey")
        batch.drop_index("ix_sessions_user_id")
    with op.batch_alter_table("pipeline_runs") as batch:
        batch.drop_constraint("fk_pipeline_runs_pipeline_id_pipelines", type_="foreignkey")
        batch.drop_index("ix_pipeline_runs_status_created_at")
        batch.drop_index("ix_pipeline_runs_pipeline_id_created_at")
    with op.batch_alter_table("agents") as batch:
        batch.drop_index("ix_agents_server_id")
        batch.drop_constraint("uq_agents_name", type_="unique")
    with op.batch_alter_table("pipelines") as batch:
        batch.drop_constraint("uq_pipelines_name", type_="unique")
    for table in sorted({*REQUIRED, *OPTIONAL}):
        with op.batch_alter_table(table) as batch:
            for name in [column[0] for column in [*REQUIRED.get(table, []), *OPTIONAL.get(table, [])]]:
                batch.drop_column(name)
