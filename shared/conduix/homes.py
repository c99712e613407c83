"""Where programs and users have their own files, as the XDG base directories have it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path


def state_home(env: Mapping[str, str]) -> Path:
    """`$XDG_STATE_HOME/conduix`: what programs keep between two starts."""
    return _home(env, "XDG_STATE_HOME", ".local/state")


def config_home(env: Mapping[str, str]) -> Path:
    """`$XDG_CONFIG_HOME/conduix`: what people have chosen."""
    return _home(env, "XDG_CONFIG_HOME", ".config")


def program_home(name: str) -> Path:
    """Where a program of a machine keeps its state: `/var/lib/conduix/NAME` for root, else in `state_home`."""
    return Path("/var/lib/conduix") / name if os.geteuid() == 0 else state_home(os.environ) / name


def _home(env: Mapping[str, str], variable: str, otherwise: str) -> Path:
    said = env.get(variable)
    return (Path(said) if said else Path(env.get("HOME") or Path.home()) / otherwise) / "conduix"
