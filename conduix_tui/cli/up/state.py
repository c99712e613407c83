"""What `conduix up` keeps: one folder, held by one process, readable by its owner."""

from __future__ import annotations

import fcntl
import os
import secrets
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from conduix.errors import StateBusy, from_os_error
from conduix.homes import state_home

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
            self.lock_fd = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise from_os_error(error, "use the state directory", str(self.path)) from error
        try:
            self._hold()
        except BaseException:
            os.close(self.lock_fd)
            raise
        os.ftruncate(self.lock_fd, 0)
        os.pwrite(self.lock_fd, f"{os.getpid()}\n".encode(), 0)
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
        draft = path.with_name(f".{name}.tmp")
        try:
            fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            with os.fdopen(fd, "w", encoding="utf-8") as stream:
                stream.write(text + "\n")
                stream.flush()
                os.fsync(stream.fileno())
            draft.replace(path)
        except OSError as error:
            raise from_os_error(error, "write", str(path)) from error
        return path

    def _secret(self, name: str) -> Path:
        return self.path / name if self.read(name) else self.write(name, secrets.token_urlsafe(36))

    def _hold(self) -> None:
        until = time.monotonic() + _ENDING
        while True:
            try:
                fcntl.flock(self.lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                owner = os.pread(self.lock_fd, 32, 0).decode(errors="replace").strip()
                if _alive(owner) or time.monotonic() > until:
                    raise StateBusy(
                        f"`conduix up` runs on {self.path} already: process {owner or 'unknown'}",
                        remedy=f"use that one, end it (kill {owner}), or give this one another --state-dir",
                    ) from None
            time.sleep(0.1)  # what is left of a killed one drains; the kernel tells nobody when a lock comes free


def _alive(pid: str) -> bool:
    return pid.isdigit() and Path(f"/proc/{pid}").exists()
