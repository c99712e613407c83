"""What Alembic runs: the connection is handed in by `conduix_server.store.migrations`, there is no ini file."""

from __future__ import annotations

from alembic import context

from conduix_server.store.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    # a failed step leaves the steps before it done and recorded
    transaction_per_migration=True,
)
context.run_migrations()
