"""People, their sessions and their tokens. Tokens are kept as hashes only."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from conduix_server.store.tables.base import MYSQL_OPTIONS, Base, Hash, Id, Key, Moment, Name, Number, Word


class User(Base, kw_only=True):
    """A person; `username` and `email` are in lower case. Local people have `password_hash`, others a `provider_id`."""

    __tablename__ = "users"
    __table_args__ = (UniqueConstraint("username"), UniqueConstraint("email"), MYSQL_OPTIONS)

    id: Mapped[Key]
    username: Mapped[Name]
    email: Mapped[Name | None] = mapped_column(default=None)
    name: Mapped[Name | None] = mapped_column(default=None)
    provider: Mapped[Name | None] = mapped_column(default="local")
    provider_id: Mapped[Name | None] = mapped_column(default=None)
    role: Mapped[Word]
    created_at: Mapped[Moment | None]
    password_hash: Mapped[str | None] = mapped_column(String(255), default=None)
    disabled_at: Mapped[Moment | None] = mapped_column(default=None)
    last_login_at: Mapped[Moment | None] = mapped_column(default=None)
    version: Mapped[Number] = mapped_column(default=1)


class Session(Base, kw_only=True):
    """One sign-in of a person; also the family of its refresh tokens."""

    __tablename__ = "sessions"
    __table_args__ = (Index(None, "user_id"), MYSQL_OPTIONS)

    id: Mapped[Key]
    user_id: Mapped[Id] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    created_at: Mapped[Moment | None]
    expires_at: Mapped[Moment]
    address: Mapped[str | None] = mapped_column(String(45), default=None)
    client: Mapped[Name | None] = mapped_column(default=None)
    revoked_at: Mapped[Moment | None] = mapped_column(default=None)


class RefreshToken(Base, kw_only=True):
    """One link in the chain of a session; using a link twice means that somebody copied it."""

    __tablename__ = "refresh_tokens"
    __table_args__ = (Index(None, "session_id"), MYSQL_OPTIONS)

    token_hash: Mapped[Hash] = mapped_column(primary_key=True)
    session_id: Mapped[Id] = mapped_column(ForeignKey("sessions.id", ondelete="CASCADE"))
    created_at: Mapped[Moment]
    expires_at: Mapped[Moment]
    used_at: Mapped[Moment | None] = mapped_column(default=None)


class ApiToken(Base, kw_only=True):
    """A token for scripts, with a role of its own that is at most its owner's."""

    __tablename__ = "api_tokens"
    __table_args__ = (UniqueConstraint("token_hash"), Index(None, "user_id"), MYSQL_OPTIONS)

    id: Mapped[Key]
    user_id: Mapped[Id] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[Name]
    token_hash: Mapped[Hash]
    role: Mapped[Word]
    created_at: Mapped[Moment]
    expires_at: Mapped[Moment | None] = mapped_column(default=None)
    used_at: Mapped[Moment | None] = mapped_column(default=None)
    revoked_at: Mapped[Moment | None] = mapped_column(default=None)
