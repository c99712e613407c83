"""The schema's history on both databases: up, down, and with rows in every table."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import URL, Connection, Executable, inspect, sql, text

from conduix.errors import FailedPrecondition, SchemaMismatch
from conduix_server.store import migrations, pipelines, runs
from conduix_server.store.engine import create_engine
from conduix_server.store.store import Store
from conduix_server.store.tables import Base
from tests.integration.store.conftest import address
from tests.integration.store.world import Clock, row_of_everything

SEEDS = {
    "pipelines": {"id": "p1", "name": "orders", "config_yaml": "name: ä\n", "created_at": "2026-01-02 03:04:05.678901"},
    "pipeline_runs": {
        "id": "r1",
        "pipeline_id": "p1",
        "status": "COMPLETED",
        "created_at": "2026-01-02 03:04:06.000000",
    },
    "agents": {"id": "a1", "hostname": "host", "status": "online"},
    "users": {"id": "u1", "email": "ann@example.org", "role": "admin"},
    "sessions": {"id": "s1", "user_id": "u1", "expires_at": "2026-01-03 00:00:00.000000"},
}


async def execute(url: URL, statement: str | Executable) -> list[Any]:
    engine = create_engine(url)
    async with engine.begin() as connection:
        result = await connection.execute(text(statement) if isinstance(statement, str) else statement)
        rows = list(result.all()) if result.returns_rows else []
    await engine.dispose()
    return rows


async def insert_seeds(url: URL) -> None:
    for table, row in SEEDS.items():
        shape = sql.table(table, *map(sql.column, row))
        await execute(url, shape.insert().values(row))


async def seeds_in(url: URL) -> dict[str, dict[str, str]]:
    found = {}
    for table, row in SEEDS.items():
        (values,) = await execute(url, sql.select(*map(sql.column, row)).select_from(sql.table(table)))
        found[table] = {
            name: value.isoformat(" ", "microseconds") if isinstance(value, datetime) else value
            for name, value in zip(row, values, strict=True)
        }
    return found


def differences(connection: Connection) -> list[Any]:
    context = MigrationContext.configure(connection, opts={"compare_type": True, "target_metadata": Base.metadata})
    return list(compare_metadata(context, Base.metadata))


def nullability(connection: Connection) -> dict[str, bool]:
    looked = inspect(connection)
    return {
        f"{table}.{column['name']}": column["nullable"]
        for table in Base.metadata.tables
        for column in looked.get_columns(table)
    }


async def test_the_migrated_schema_is_that_of_the_tables(empty: URL) -> None:
    await migrations.upgrade(empty)
    engine = create_engine(empty)
    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
        wanted = {f"{t}.{c.name}": c.nullable for t, table in Base.metadata.tables.items() for c in table.columns}
        assert await connection.run_sync(nullability) == wanted
    await engine.dispose()


async def test_moments_keep_microseconds_and_documents_are_long(empty: URL) -> None:
    if empty.get_backend_name() == "sqlite":
        return  # it has one kind of text, and moments are text
    await migrations.upgrade(empty)
    where = "FROM information_schema.columns WHERE table_schema = DATABASE()"
    assert await execute(empty, f"SELECT column_name {where} AND datetime_precision < 6") == []
    of_document = f"SELECT data_type {where} AND table_name = 'revisions' AND column_name = 'document'"
    assert await execute(empty, of_document) == [("mediumtext",)]


async def test_every_step_up_and_down_keeps_the_rows_it_found(empty: URL) -> None:
    await migrations.upgrade(empty, "0001")
    await insert_seeds(empty)
    for step in ("0002", "0003", "0004"):
        await migrations.upgrade(empty, step)
        assert await seeds_in(empty) == SEEDS
    for step in ("0002", "0001"):
        await migrations.downgrade(empty, step)
        assert await seeds_in(empty) == SEEDS
    await migrations.downgrade(empty, "base")
    engine = create_engine(empty)
    async with engine.connect() as connection:
        left = await connection.run_sync(lambda inner: inspect(inner).get_table_names())
    await engine.dispose()
    assert left == ["alembic_version"]


async def test_what_was_there_is_whole_after_the_upgrade(empty: URL, clock: Clock) -> None:
    await migrations.upgrade(empty, "0001")
    await insert_seeds(empty)
    await migrations.upgrade(empty)
    async with Store(address(empty), clock) as store, store.transaction() as tx:
        assert (await pipelines.revision(tx, "p1", 1)).document == "name: ä\n"
        assert (await runs.get(tx, "r1")).run_seq == 1
        assert (await runs.start(tx, "r2", "p1")).run_seq == 2


async def test_down_and_up_again_with_rows_in_every_table(empty: URL, clock: Clock) -> None:
    await migrations.upgrade(empty)
    async with Store(address(empty), clock) as store, store.transaction() as tx:
        made, run, holder, person = await row_of_everything(tx)
    for table in Base.metadata.sorted_tables:
        assert await execute(empty, sql.select(table))
    await migrations.downgrade(empty, "0001")
    kept = {"pipelines": made.id, "pipeline_runs": run.id, "agents": holder.id, "users": person.id}
    for name, key in kept.items():
        assert await execute(empty, sql.select(sql.column("id")).select_from(sql.table(name))) == [(key,)]
    await migrations.upgrade(empty)
    async with Store(address(empty), clock) as store, store.reading() as tx:
        again = await pipelines.get(tx, made.id)
    assert (again.config_yaml, again.created_at, again.revision) == (made.config_yaml, made.created_at, 1)


async def test_a_database_of_another_time_is_refused(empty: URL) -> None:
    engine = create_engine(empty)
    with pytest.raises(SchemaMismatch, match="empty") as raised:
        await migrations.check_head(engine)
    assert "--migrate" in raised.value.remedy
    await migrations.upgrade(empty, "0002")
    with pytest.raises(SchemaMismatch, match="older"):
        await migrations.check_head(engine)
    await migrations.upgrade(empty)
    await migrations.check_head(engine)
    assert await migrations.current(engine) == migrations.history()[-1]
    await execute(empty, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(SchemaMismatch, match="newer"):
        await migrations.check_head(engine)
    await engine.dispose()


async def test_tables_of_somebody_else_are_left_alone(empty: URL) -> None:
    await execute(empty, "CREATE TABLE customers (id INTEGER PRIMARY KEY)")
    with pytest.raises(FailedPrecondition, match="did not make"):
        await migrations.upgrade(empty)


async def test_rows_that_forbid_a_constraint_stop_it_before_anything_changes(empty: URL) -> None:
    await migrations.upgrade(empty, "0001")
    await insert_seeds(empty)
    await execute(empty, "INSERT INTO pipelines (id, name, config_yaml) VALUES ('p2', 'orders', '')")
    with pytest.raises(RuntimeError, match="same name: orders"):
        await migrations.upgrade(empty)
    engine = create_engine(empty)
    assert await migrations.current(engine) == "0001"
    await engine.dispose()
    await execute(empty, "UPDATE pipelines SET name = 'other' WHERE id = 'p2'")
    await migrations.upgrade(empty)
