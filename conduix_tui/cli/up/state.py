"""What `conduix up` keeps: one folder, held by one process, readable by its owner."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from conduix.engine.files import Files
from conduix.errors import StateBusy, from_os_error
from conduix.homes import state_home
from conduix.lockfile import Held, hold

_ENDING = 20.0
"""Seconds that the programs of a killed `conduix up` may take to end."""


class UpState:
    """The folder. Use as a context manager: held while inside.

    The lock is inherited by the programs (`lock_fd`): while one of a killed `conduix up` still drains, nobody starts a
    second server on its database.

    Raises:
        StateBusy: another `conduix up` has it; names its process.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.lock_fd = -1

    @classmethod
    def of_user(cls, env: Mapping[str, str], name: str = "up") -> UpState:
        """Where the one of this name is if nothing else is said."""
        return cls(state_home(env) / name)

    def __enter__(self) -> Self:
        try:
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.lock_fd = self._hold()
        except OSError as error:
            raise from_os_error(error, "use the state directory", str(self.path)) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self.lock_fd)

    @property
    def jwt_secret_file(self) -> Path:
        """What the server signs tokens with; made at the first look."""
        return self._secret("jwt-secret")

    @property
    def admin_password_file(self) -> Path:
        """The password of `admin`; made at the first look."""
        return self._secret("admin-password")

    def read(self, name: str) -> str:
        """A small file; empty if it is not there."""
        try:
            return (self.path / name).read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            return ""
        except OSError as error:
            raise from_os_error(error, "read", str(self.path / name)) from error

    def write(self, name: str, text: str) -> Path:
        """Store a small file, for the owner's eyes, as a whole or not at all."""
        path = self.path / name
        try:
            Files().replace(path, f"{text}\n".encode(), mode=0o600)
        except OSError as error:
            raise from_os_error(error, "write", str(path)) from error
        return path

    def _secret(self, name: str) -> Path:
        return self.path / name if self.read(name) else self.write(name, secrets.token_urlsafe(36))

    def _hold(self) -> int:
        until = time.monotonic() + _ENDING
        while True:
            try:
                return hold(self.path / "lock", 0o600)
            except Held as held:
                owner = held.pid.strip()
                if _alive(owner) or time.monotonic() > until:
                    raise StateBusy(
                        f"`conduix up` runs on {self.path} already: process {owner}",
                        remedy=f"use that one, end it (kill {owner}), or give this one another --state-dir",
                    ) from None
            time.sleep(0.1)  # what is left of a killed one drains; the kernel tells nobody when a lock comes free


def _alive(pid: str) -> bool:
    return pid.isdigit() and Path(f"/proc/{pid}").exists()
