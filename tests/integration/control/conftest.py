"""The databases of the store's tests, for what stands on the store."""

from __future__ import annotations

from tests.integration.store.conftest import clock, database, maria, migrated_file, migrated_maria, store

__all__ = ["clock", "database", "maria", "migrated_file", "migrated_maria", "store"]
