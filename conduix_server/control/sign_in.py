"""Signing in and staying signed in: password, session, access token, and refresh tokens that are used once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from conduix.errors import TokenInvalid, TokenRevoked, Unauthenticated
from conduix_server.control.limits import SignInLimit
from conduix_server.control.passwords import Passwords
from conduix_server.control.tokens import REFRESH_TOKEN, Tokens, hash_of, new_secret
from conduix_server.store import identities
from conduix_server.store.identities import Rotation
from conduix_server.store.store import Store, new_id
from conduix_server.store.tables import Session, User
from conduix_server.store.transaction import Transaction

_SIGN_IN = "sign in with: conduix login"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """What a client keeps."""

    user_id: str
    session_id: str
    access_token: str
    access_expires_at: datetime
    refresh_token: str
    session_expires_at: datetime


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who tries: the name that was given, and from where."""

    username: str
    address: str
    client: str


Note = Callable[[Transaction, str, str], Awaitable[None]]
"""Writes the audit: user id (empty: nobody) and outcome."""


class SignIn:
    """Opens, continues and ends sessions; each lives `life`, however often it is refreshed."""

    def __init__(
        self, store: Store, tokens: Tokens, passwords: Passwords, limit: SignInLimit, *, life: timedelta
    ) -> None:
        self._store = store
        self._tokens = tokens
        self._passwords = passwords
        self._limit = limit
        self._life = life

    async def login(self, visitor: Visitor, password: str, note: Note) -> SignedIn:
        """Raises Unauthenticated (which of the two is wrong, it does not say), RateLimited."""
        self._limit.take(visitor.username, visitor.address)
        async with self._store.reading() as tx:
            user = await identities.user_by_name(tx, visitor.username)
        right = await self._passwords.matches(password, user.password_hash if user else None)
        if user is None or not right or user.disabled_at is not None:
            found = user.id if user else ""
            await self._store.run(lambda tx: note(tx, found, Unauthenticated.code))
            raise Unauthenticated("user name or password is wrong", remedy="check both, and try again")
        self._limit.give_back(visitor.username, visitor.address)
        return await self._open(user, visitor, password, note)

    async def _open(self, user: User, visitor: Visitor, password: str, note: Note) -> SignedIn:
        kept = user.password_hash or ""
        newer = await self._passwords.hash(password) if self._passwords.is_outdated(kept) else None
        refresh, key = new_secret(REFRESH_TOKEN), new_id()

        async def open_session(tx: Transaction) -> datetime:
            ends = tx.now + self._life
            row = Session(
                id=key,
                user_id=user.id,
                created_at=tx.now,
                expires_at=ends,
                address=visitor.address[:45],
                client=visitor.client[:255],
            )
            await identities.open_session(tx, row, hash_of(refresh), until=ends)
            await identities.signed_in(tx, user.id, password_hash=newer)
            await note(tx, user.id, "OK")
            return ends

        return self._signed(user.id, key, refresh, await self._store.run(open_session))

    async def refresh(self, presented: str, note: Note) -> SignedIn:
        """The next access and refresh token. Raises TokenInvalid, and TokenRevoked after using one twice."""
        following = new_secret(REFRESH_TOKEN)

        async def rotate(tx: Transaction) -> tuple[Rotation, Session | None]:
            outcome, session = await identities.rotate(tx, hash_of(presented), hash_of(following))
            if outcome is Rotation.REUSED:
                await note(tx, "", "REFRESH_TOKEN_REUSED")
            return outcome, session

        outcome, session = await self._store.run(rotate)
        if outcome is Rotation.REUSED:
            raise TokenRevoked(
                "this refresh token was used before: somebody may have a copy, so its session is over", remedy=_SIGN_IN
            )
        if session is None:
            raise TokenInvalid("the refresh token is not one of a session that lives", remedy=_SIGN_IN)
        return self._signed(session.user_id, session.id, following, session.expires_at)

    def _signed(self, user_id: str, session_id: str, refresh: str, ends: datetime) -> SignedIn:
        access, access_ends = self._tokens.issue_access_token(user_id, session_id)
        return SignedIn(user_id, session_id, access, min(access_ends, ends), refresh, ends)
