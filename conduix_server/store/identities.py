"""People, sign-ins and tokens. What is given and kept of a token is its hash."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from conduix.errors import AlreadyExists, NotFound, Resource, TokenExpired, TokenInvalid, TokenRevoked, Unauthenticated
from conduix_server.store.paging import Page, PageRequest, fetch_page
from conduix_server.store.tables import ApiToken, RefreshToken, Session, User
from conduix_server.store.transaction import Transaction
from conduix_server.store.versions import change

NAME = Resource.USER
SIGN_IN = "sign in again"


class Rotation(enum.Enum):
    """What became of a refresh token that was presented."""

    DONE = "the next one is stored"
    REFUSED = "unknown, expired, or of a session that is over"
    REUSED = "it was used before: somebody has a copy, and its session is revoked now"


async def add_user(tx: Transaction, user: User) -> User:
    """Raises AlreadyExists where the address is taken, in any case."""
    user.email = user.email.lower()
    if await tx.first(select(User.id).where(User.email == user.email)) is not None:
        raise AlreadyExists(NAME, user.email)
    await tx.add(user)
    tx.changed(NAME, user.id, "CREATED")
    return await get_user(tx, user.id)


async def get_user(tx: Transaction, user_id: str) -> User:
    """Raises NotFound."""
    return await tx.get(User, user_id, name=NAME)


async def user_by_email(tx: Transaction, email: str) -> User:
    """Raises NotFound."""
    found = await tx.first(select(User).where(User.email == email.lower()))
    if found is None:
        raise NotFound(NAME, email)
    return found


async def users(tx: Transaction, ask: PageRequest, *, role: str = "") -> Page[User]:
    """Ordered by `email` or `created_at`."""
    query = select(User).where(User.role == role) if role else select(User)
    orders = {"email": User.email, "created_at": User.created_at}
    return await fetch_page(tx, query, ask, orders=orders, key=User.id)


async def update_user(tx: Transaction, user_id: str, *, version: int | None, **values: Any) -> User:
    """Columns `name`, `role`, `password_hash`, `disabled_at`. Raises NotFound and EtagStale."""
    return await change(tx, User, user_id, resource=NAME, version=version, **values)


async def open_session(tx: Transaction, session: Session, token_hash: str, *, until: datetime) -> None:
    """A sign-in with the first refresh token of its chain, good `until` then."""
    await tx.add(session)
    await _add_refresh(tx, session.id, token_hash, until)


async def live_session(tx: Transaction, session_id: str) -> Session:
    """Raises TokenInvalid, TokenRevoked (also where its user is disabled) and TokenExpired."""
    found = await tx.first(select(Session).where(Session.id == session_id))
    if found is None:
        raise TokenInvalid("there is no such session", remedy=SIGN_IN)
    await _check_live(tx, found.user_id, found.revoked_at, found.expires_at)
    return found


async def rotate(tx: Transaction, old_hash: str, new_hash: str, *, until: datetime) -> tuple[Rotation, str]:
    """Uses one refresh token up and stores the next; of two that present the same, one gets DONE, the other REUSED.

    The second value is the session's id, empty where the token is unknown. Commit in every case: REUSED has revoked.
    """
    mine = RefreshToken.token_hash == old_hash
    used = update(RefreshToken).where(mine, RefreshToken.used_at.is_(None)).values(used_at=tx.now)
    fresh = await tx.write(used) == 1
    token = await tx.first(select(RefreshToken).where(mine))
    if token is None:
        return Rotation.REFUSED, ""
    if not fresh:
        await revoke_session(tx, token.session_id)
        return Rotation.REUSED, token.session_id
    try:
        session = await live_session(tx, token.session_id)
    except Unauthenticated:
        return Rotation.REFUSED, token.session_id
    if token.expires_at <= tx.now:
        return Rotation.REFUSED, session.id
    await _add_refresh(tx, session.id, new_hash, until)
    return Rotation.DONE, session.id


async def revoke_session(tx: Transaction, session_id: str) -> None:
    """The first moment of it stands."""
    over = update(Session).where(Session.id == session_id, Session.revoked_at.is_(None)).values(revoked_at=tx.now)
    if await tx.write(over):
        tx.changed("session", session_id, "DELETED")


async def sessions(tx: Transaction, user_id: str, ask: PageRequest) -> Page[Session]:
    """Those of one user, ordered by `created_at`."""
    query = select(Session).where(Session.user_id == user_id)
    return await fetch_page(tx, query, ask, orders={"created_at": Session.created_at}, key=Session.id)


async def add_api_token(tx: Transaction, token: ApiToken) -> None:
    """Raises KeyTaken."""
    await tx.add(token)


async def live_api_token(tx: Transaction, token_hash: str) -> ApiToken:
    """Raises TokenInvalid, TokenRevoked (also where its user is disabled) and TokenExpired."""
    found = await tx.first(select(ApiToken).where(ApiToken.token_hash == token_hash))
    if found is None:
        raise TokenInvalid("the token is not one of this server", remedy="make a new one")
    await _check_live(tx, found.user_id, found.revoked_at, found.expires_at)
    return found


async def api_tokens(tx: Transaction, user_id: str, ask: PageRequest) -> Page[ApiToken]:
    """Those of one user, ordered by `created_at`."""
    query = select(ApiToken).where(ApiToken.user_id == user_id)
    return await fetch_page(tx, query, ask, orders={"created_at": ApiToken.created_at}, key=ApiToken.id)


async def revoke_api_token(tx: Transaction, token_id: str) -> None:
    """Raises NotFound."""
    await tx.get(ApiToken, token_id, name=Resource.API_TOKEN, lock=True)
    await tx.write(update(ApiToken).where(ApiToken.id == token_id).values(revoked_at=tx.now))
    tx.changed("api_token", token_id, "DELETED")


async def _check_live(tx: Transaction, user_id: str, revoked: datetime | None, expires: datetime | None) -> None:
    if revoked is not None or (await get_user(tx, user_id)).disabled_at is not None:
        raise TokenRevoked("this token or its user is no longer let in", remedy=SIGN_IN)
    if expires is not None and expires <= tx.now:
        raise TokenExpired(f"expired at {expires:%Y-%m-%d %H:%M:%S} UTC", remedy=SIGN_IN)


async def _add_refresh(tx: Transaction, session_id: str, token_hash: str, until: datetime) -> None:
    await tx.add(RefreshToken(token_hash=token_hash, session_id=session_id, created_at=tx.now, expires_at=until))
