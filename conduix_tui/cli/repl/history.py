"""The file that holds what was entered: `$XDG_STATE_HOME/conduix/map/history`, for its owner's eyes only."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from prompt_toolkit.history import FileHistory, History, InMemoryHistory

from conduix.homes import state_home

MOST_BYTES = 1_000_000
"""A longer file is cut to its newer half when it is opened."""


def open_history(env: Mapping[str, str]) -> tuple[History, Path | None]:
    """The history and its file; None where that cannot be written: then entries are remembered until the end."""
    file = state_home(env) / "map" / "history"
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
        _cut(file)
    except OSError:
        return InMemoryHistory(), None
    return FileHistory(str(file)), file


def _cut(file: Path) -> None:
    if file.stat().st_size <= MOST_BYTES:
        return
    kept = file.read_bytes()[-MOST_BYTES // 2 :]
    # each entry begins with an empty line
    file.write_bytes(kept[max(0, kept.find(b"\n\n")) :])
