"""The servers that this user knows, by name: `$XDG_CONFIG_HOME/conduix/contexts.yaml`.

The file holds tokens: it is readable by its owner only, is replaced as a whole, and is changed under a lock that all
processes of the user share, because a refresh token may be used once only.
"""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import msgspec

from conduix.engine.files import Files
from conduix.errors import UsageError, from_os_error
from conduix.homes import config_home

_MAX_BYTES = 1 << 20


class Session(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a sign-in gave. Times are seconds since 1970."""

    access_token: str
    access_expires_at: float
    refresh_token: str
    expires_at: float


Colour = Literal["", "red", "orange", "yellow", "green", "cyan", "blue", "magenta"]
"""Of the stripe by which the console tells servers apart."""


class Context(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One server and who we are there."""

    server: str
    """`host:port`."""
    tls: bool = False
    authority: str | None = None
    """PEM file of the authority that signs the server's certificate; none: those that are generally trusted."""
    user: str = ""
    session: Session | None = None
    token: str | None = None
    """An API token; where there is one, there is no session."""
    colour: Colour = ""
    read_only: bool = False
    """Does the console change nothing there?"""
    protected: bool = False
    """Does the console ask one grade more strictly there?"""


class Contexts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that the file holds."""

    current: str = ""
    contexts: dict[str, Context] = {}


class ContextFile:
    """The file; every reading checks who may read it.

    Raises (all methods):
        UsageError: others may read it, it cannot be understood, or a name is unknown.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def of_user(cls, env: Mapping[str, str]) -> ContextFile:
        """Where this user's contexts are."""
        return cls(config_home(env) / "contexts.yaml")

    def read(self) -> Contexts:
        """Everything; no file is no context."""
        try:
            with self.path.open("rb") as stream:
                self._refuse_open_doors(os.fstat(stream.fileno()))
                data = stream.read(_MAX_BYTES)
        except FileNotFoundError:
            return Contexts()
        except OSError as error:
            raise from_os_error(error, "read", str(self.path)) from error
        return self._decoded(data)

    def get(self, name: str) -> Context:
        """One context by its name."""
        known = self.read().contexts
        if name not in known:
            raise _unknown(name, known)
        return known[name]

    def put(self, name: str, context: Context, *, make_current: bool = False) -> None:
        """Store a context under a name, over the one of that name; the first of all is the current one."""
        with self.locked():
            was = self.read()
            current = name if make_current or not was.current else was.current
            self._write(Contexts(current, {**was.contexts, name: context}))

    def use(self, name: str) -> Context:
        """Make a context the current one."""
        with self.locked():
            was = self.read()
            if name not in was.contexts:
                raise _unknown(name, was.contexts)
            self._write(Contexts(name, was.contexts))
            return was.contexts[name]

    def change(self, name: str, change: Callable[[Context], Context]) -> Context:
        """Put another one in the place of a context; returns it."""
        with self.locked():
            was = self.read()
            if name not in was.contexts:
                raise _unknown(name, was.contexts)
            changed = change(was.contexts[name])
            self._write(Contexts(was.current, {**was.contexts, name: changed}))
            return changed

    def remove(self, name: str) -> Context:
        """Forget a context and its tokens; returns what it was."""
        with self.locked():
            was = self.read()
            if name not in was.contexts:
                raise _unknown(name, was.contexts)
            left = {each: context for each, context in was.contexts.items() if each != name}
            self._write(Contexts("" if was.current == name else was.current, left))
            return was.contexts[name]

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody else changes the file while inside; blocks until it is our turn. Not reentrant."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            # a file of its own: the other one is replaced, and a lock would stay with the old one
            fd = os.open(self.path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise from_os_error(error, "lock", str(self.path)) from error
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            yield
        finally:
            os.close(fd)

    def replace_session(self, name: str, session: Session) -> None:
        """Store the tokens of a refreshed session; the caller holds `locked`. A context that is gone stays gone."""
        was = self.read()
        if (context := was.contexts.get(name)) is not None:
            renewed = msgspec.structs.replace(context, session=session)
            self._write(Contexts(was.current, {**was.contexts, name: renewed}))

    def _write(self, contexts: Contexts) -> None:
        import yaml  # noqa: PLC0415 - most commands only read

        text = yaml.safe_dump(msgspec.to_builtins(contexts), sort_keys=False, allow_unicode=True)
        try:
            Files().replace(self.path, text.encode(), mode=0o600)
        except OSError as error:
            raise from_os_error(error, "write", str(self.path)) from error

    def _decoded(self, data: bytes) -> Contexts:
        import yaml  # noqa: PLC0415 - `contexts` is imported where only its types are needed

        try:
            found = yaml.safe_load(data)
            return Contexts() if found is None else msgspec.convert(found, Contexts)
        except (yaml.YAMLError, msgspec.ValidationError) as error:
            raise UsageError(
                f"cannot understand {self.path}: {error}",
                remedy="correct it, or move it away and sign in again with `conduix login`",
            ) from error

    def _refuse_open_doors(self, found: os.stat_result) -> None:
        if stat.S_IMODE(found.st_mode) & 0o077:
            raise UsageError(
                f"others may read {self.path} (mode {stat.S_IMODE(found.st_mode):04o}), and it holds tokens",
                remedy=f"chmod 600 {self.path}; if others have been on this machine, sign in again",
            )


def _unknown(name: str, known: Mapping[str, Context]) -> UsageError:
    from conduix.spec.diagnostics import nearest  # noqa: PLC0415 - only where something is wrong

    near = nearest(name, known)
    remedy = f"did you mean {near}?" if near else "sign in with `conduix login --context NAME HOST:PORT`"
    return UsageError(f"there is no context {name!r}; known: {', '.join(known) or 'none'}", remedy=remedy)
