"""Connectors, one file (or folder) an outside system."""

from __future__ import annotations

from conduix.engine.catalog import Entry
from conduix.engine.connectors import drop, file, generate, stdin, stdout, stub

ENTRIES: tuple[Entry, ...] = (
    *file.ENTRIES,
    *generate.ENTRIES,
    *stdin.ENTRIES,
    *stdout.ENTRIES,
    *stub.ENTRIES,
    *drop.ENTRIES,
)
"""Every source and sink that comes with Conduix."""
