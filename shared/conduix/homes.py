"""Where a user's own files lie, as the XDG base directories have it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def state_home(env: Mapping[str, str]) -> Path:
    """`$XDG_STATE_HOME/conduix`: what programs keep between two starts."""
    return _home(env, "XDG_STATE_HOME", ".local/state")


def config_home(env: Mapping[str, str]) -> Path:
    """`$XDG_CONFIG_HOME/conduix`: what people have chosen."""
    return _home(env, "XDG_CONFIG_HOME", ".config")


def _home(env: Mapping[str, str], variable: str, otherwise: str) -> Path:
    said = env.get(variable)
    return (Path(said) if said else Path(env.get("HOME") or Path.home()) / otherwise) / "conduix"
