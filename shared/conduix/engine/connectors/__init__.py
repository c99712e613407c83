"""Connectors, one file (or folder) an outside system."""

from __future__ import annotations

from conduix.engine.catalog import Entry
from conduix.engine.connectors import file

ENTRIES: tuple[Entry, ...] = (*file.ENTRIES,)
"""Every source and sink that comes with Conduix."""
