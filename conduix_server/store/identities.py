"""People, sign-ins and tokens. What is given and kept of a token is its hash."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update

from conduix.errors import AlreadyExists, Resource, TokenExpired, TokenInvalid, TokenRevoked, Unauthenticated
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
    """Raises AlreadyExists where the name or the address is taken, in any case."""
    user.username = user.username.lower()
    user.email = user.email.lower() if user.email else None
    if await tx.first(select(User.id).where(User.username == user.username)) is not None:
        raise AlreadyExists(NAME, user.username)
    if user.email and await tx.first(select(User.id).where(User.email == user.email)) is not None:
        raise AlreadyExists(NAME, user.email)
    key = user.id
    await tx.add(user)
    tx.changed(NAME, key, "CREATED")
    return await get_user(tx, key)


async def get_user(tx: Transaction, user_id: str) -> User:
    """Raises NotFound."""
    return await tx.get(User, user_id, name=NAME)


async def user_by_name(tx: Transaction, username: str) -> User | None:
    """None where nobody has that name; a person's address is not one."""
    return await tx.first(select(User).where(User.username == username.lower()))


async def users(tx: Transaction, ask: PageRequest, *, role: str = "") -> Page[User]:
    """Ordered by `username` or `created_at`."""
    query = select(User).where(User.role == role) if role else select(User)
    orders = {"username": User.username, "created_at": User.created_at}
    return await fetch_page(tx, query, ask, orders=orders, key=User.id)


async def has_users(tx: Transaction) -> bool:
    """Can anybody sign in?"""
    return await tx.first(select(User.id)) is not None


async def signed_in(tx: Transaction, user_id: str, *, password_hash: str | None = None) -> None:
    """Notes the moment, and a password hash with newer parameters; nobody's version changes by it."""
    newer = {} if password_hash is None else {"password_hash": password_hash}
    await tx.write(update(User).where(User.id == user_id).values(last_login_at=tx.now, **newer))


async def update_user(tx: Transaction, user_id: str, *, version: int | None, **values: Any) -> User:
    """Columns `name`, `role`, `password_hash`, `disabled_at`. Raises NotFound and EtagStale."""
    return await change(tx, User, user_id, resource=NAME, version=version, **values)


async def open_session(tx: Transaction, session: Session, token_hash: str, *, until: datetime) -> None:
    """A sign-in with the first refresh token of its chain, good `until` then."""
    key = session.id
    await tx.add(session)
    await _add_refresh(tx, key, token_hash, until)


async def live_session(tx: Transaction, session_id: str) -> tuple[Session, User]:
    """With its user. Raises TokenInvalid, TokenRevoked (also where its user is disabled) and TokenExpired."""
    found = await tx.rows(select(Session, User).join(User, Session.user_id == User.id).where(Session.id == session_id))
    if not found:
        raise TokenInvalid("there is no such session", remedy=SIGN_IN)
    ((session, user),) = found
    _check_live(tx, user, session.revoked_at, session.expires_at)
    return session, user


async def rotate(tx: Transaction, old_hash: str, new_hash: str) -> tuple[Rotation, Session | None]:
    """Uses one refresh token up and stores the next, good until the session ends.

    Of two that present the same, one gets DONE, the other REUSED. The session comes with DONE only. Commit in every
    case: REUSED has revoked.
    """
    mine = RefreshToken.token_hash == old_hash
    used = update(RefreshToken).where(mine, RefreshToken.used_at.is_(None)).values(used_at=tx.now)
    fresh = await tx.write(used) == 1
    token = await tx.first(select(RefreshToken).where(mine))
    if token is None:
        return Rotation.REFUSED, None
    if not fresh:
        await revoke_session(tx, token.session_id)
        return Rotation.REUSED, None
    try:
        session, _ = await live_session(tx, token.session_id)
    except Unauthenticated:
        return Rotation.REFUSED, None
    if token.expires_at <= tx.now:
        return Rotation.REFUSED, None
    await _add_refresh(tx, session.id, new_hash, session.expires_at)
    return Rotation.DONE, session


async def revoke_session(tx: Transaction, session_id: str) -> None:
    """The first moment of it stands."""
    over = update(Session).where(Session.id == session_id, Session.revoked_at.is_(None)).values(revoked_at=tx.now)
    if await tx.write(over):
        tx.changed("session", session_id, "DELETED")


async def drop_ended(tx: Transaction, moment: datetime) -> int:
    """Sessions that ended before then, with their refresh tokens; how many were dropped."""
    return await tx.write(delete(Session).where(Session.expires_at < moment))


async def sessions(tx: Transaction, user_id: str, ask: PageRequest) -> Page[Session]:
    """Those of one user, ordered by `created_at`."""
    query = select(Session).where(Session.user_id == user_id)
    return await fetch_page(tx, query, ask, orders={"created_at": Session.created_at}, key=Session.id)


async def add_api_token(tx: Transaction, token: ApiToken) -> None:
    """Raises KeyTaken."""
    await tx.add(token)


async def live_api_token(tx: Transaction, token_hash: str) -> tuple[ApiToken, User]:
    """With its owner. Raises TokenInvalid, TokenRevoked (also where its user is disabled) and TokenExpired."""
    query = select(ApiToken, User).join(User, ApiToken.user_id == User.id)
    found = await tx.rows(query.where(ApiToken.token_hash == token_hash))
    if not found:
        raise TokenInvalid("the token is not one of this server", remedy="make a new one")
    ((token, user),) = found
    _check_live(tx, user, token.revoked_at, token.expires_at)
    return token, user


async def used_api_token(tx: Transaction, token_id: str) -> None:
    """Notes the moment."""
    await tx.write(update(ApiToken).where(ApiToken.id == token_id).values(used_at=tx.now))


async def get_api_token(tx: Transaction, token_id: str) -> ApiToken:
    """Raises NotFound."""
    return await tx.get(ApiToken, token_id, name=Resource.API_TOKEN)


async def api_tokens(tx: Transaction, user_id: str | None, ask: PageRequest) -> Page[ApiToken]:
    """Those of one user, None: of all; ordered by `created_at`."""
    query = select(ApiToken) if user_id is None else select(ApiToken).where(ApiToken.user_id == user_id)
    return await fetch_page(tx, query, ask, orders={"created_at": ApiToken.created_at}, key=ApiToken.id)


async def revoke_api_token(tx: Transaction, token_id: str) -> None:
    """The first moment of it stands. Raises NotFound."""
    token = await tx.get(ApiToken, token_id, name=Resource.API_TOKEN, lock=True)
    if token.revoked_at is None:
        await tx.write(update(ApiToken).where(ApiToken.id == token_id).values(revoked_at=tx.now))
        tx.changed("api_token", token_id, "DELETED")


def _check_live(tx: Transaction, user: User, revoked: datetime | None, expires: datetime | None) -> None:
    if revoked is not None or user.disabled_at is not None:
        raise TokenRevoked("this token or its user is no longer let in", remedy=SIGN_IN)
    if expires is not None and expires <= tx.now:
        raise TokenExpired(f"expired at {expires:%Y-%m-%d %H:%M:%S} UTC", remedy=SIGN_IN)


async def _add_refresh(tx: Transaction, session_id: str, token_hash: str, until: datetime) -> None:
    await tx.add(RefreshToken(token_hash=token_hash, session_id=session_id, created_at=tx.now, expires_at=until))
