"""Passwords: argon2id, worked out beside the event loop and never many at a time."""

from __future__ import annotations

import asyncio
import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from conduix.errors import UsageError

SHORTEST = 12
LONGEST = 1024
AT_ONCE = 2
"""Each takes 64 MiB and a core while it is worked out; who waits longer was asking too often."""


class Passwords:
    """Makes and checks hashes, with the parameters that RFC 9106 recommends where memory is scarce."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher()
        self._room = asyncio.Semaphore(AT_ONCE)
        self._nobody = ""

    async def hash(self, password: str) -> str:
        """What is kept of it."""
        async with self._room:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def matches(self, password: str, kept: str | None) -> bool:
        """Is it the one that `kept` was made of? Takes as long where nothing is kept."""
        if kept is None and not self._nobody:
            self._nobody = await self.hash(secrets.token_urlsafe())
        async with self._room:
            return await asyncio.to_thread(self._verify, password, kept or self._nobody) and kept is not None

    def is_outdated(self, kept: str) -> bool:
        """Was it made with weaker parameters than today's?"""
        return self._hasher.check_needs_rehash(kept)

    def _verify(self, password: str, kept: str) -> bool:
        try:
            return self._hasher.verify(kept, password)
        except (VerificationError, InvalidHashError):
            return False


def check_strength(password: str) -> None:
    """Raises UsageError for one that is too short or too long."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise UsageError(
            f"the password has {len(password)} characters", remedy=f"take {SHORTEST} to {LONGEST} characters"
        )
