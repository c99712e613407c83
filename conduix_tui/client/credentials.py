"""What a client shows to prove who it is: nothing, an API token, or the access token of a session that is refreshed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Protocol

from conduix.errors import TokenExpired, Unauthenticated
from conduix_tui.client.contexts import ContextFile, Session

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_EARLY = 30.0
"""Seconds before its end from which an access token is not used any more: the call itself takes time."""
_SIGN_IN = "sign in again with `conduix login`"

Refresh = Callable[[str], Awaitable[Session]]
"""Asks the server for a new session, with the refresh token of the old one."""


class Credentials(Protocol):
    """Where a client takes its token from."""

    async def token(self, refresh: Refresh) -> str | None:
        """The token for the next call; None: call without."""
        ...

    def expired(self, token: str) -> bool:
        """The server says that this token's time is over; is there any hope of a newer one?"""
        ...


class Nobody:
    """For what needs no sign-in."""

    async def token(self, refresh: Refresh) -> str | None:  # noqa: ARG002 - a session needs it
        """None."""
        return None

    def expired(self, token: str) -> bool:  # noqa: ARG002 - a session looks at it
        """No."""
        return False


class FixedToken:
    """An API token, or one from the environment."""

    def __init__(self, token: str) -> None:
        self._token = token

    async def token(self, refresh: Refresh) -> str | None:  # noqa: ARG002 - a session needs it
        """Always the same."""
        return self._token

    def expired(self, token: str) -> bool:  # noqa: ARG002 - a session looks at it
        """No."""
        return False


class StoredSession:
    """The session of a context: refreshed shortly before its end, by one process at a time, and stored back.

    A refresh token works once, and using it twice ends the session; so whoever wants to use it holds the file's lock,
    and looks first whether another process was faster.
    """

    def __init__(
        self, file: ContextFile, name: str, session: Session, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._file = file
        self._name = name
        self._session = session
        self._clock = clock
        self._turn = asyncio.Lock()
        self._rejected = ""

    async def token(self, refresh: Refresh) -> str | None:
        """The access token, a fresh one if need be.

        Raises:
            TokenExpired: the session is over.
        """
        if self._usable(self._session):
            return self._session.access_token
        async with self._turn:
            if not self._usable(self._session):
                await self._renew(refresh)
        return self._session.access_token

    def expired(self, token: str) -> bool:
        """Remember that this token is of no use, whatever our clock says; the next `token` is another one."""
        self._rejected = token
        return True

    async def _renew(self, refresh: Refresh) -> None:
        async with self._locked():
            stored = self._file.read().contexts.get(self._name)
            if stored is None or stored.session is None:
                raise Unauthenticated(f"nobody is signed in to {self._name} any more", remedy=_SIGN_IN)
            self._session = stored.session
            if self._usable(self._session):
                return  # another process was faster
            if self._session.expires_at <= self._clock():
                raise TokenExpired(f"the session with {self._name} is over", remedy=_SIGN_IN)
            self._session = await refresh(self._session.refresh_token)
            self._file.replace_session(self._name, self._session)

    def _usable(self, session: Session) -> bool:
        return session.access_token != self._rejected and session.access_expires_at - _EARLY > self._clock()

    @asynccontextmanager
    async def _locked(self) -> AsyncIterator[None]:
        lock = self._file.locked()
        await asyncio.to_thread(lock.__enter__)  # waits for other processes: not on the event loop
        try:
            yield
        finally:
            lock.__exit__(None, None, None)
