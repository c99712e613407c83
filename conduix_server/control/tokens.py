"""What callers show: signed access tokens that live minutes, and secrets whose hashes the database knows."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import jwt

from conduix.errors import TokenExpired, TokenInvalid

ACCESS_LIFE: Final = timedelta(minutes=15)
AGENT_LIFE: Final = timedelta(hours=24)
ISSUER: Final = "conduix"
ALGORITHM: Final = "HS256"

API_TOKEN: Final = "cdx_"  # noqa: S105 - what API tokens begin with
REFRESH_TOKEN: Final = "cdxr_"  # noqa: S105 - what refresh tokens begin with

_USER, _AGENT = "user", "agent"
_REQUIRED = ("iss", "aud", "sub", "iat", "exp", "kind")


@dataclass(frozen=True, slots=True)
class AccessClaims:
    """Of a signed-in person: whether the session still lives, its row knows."""

    user_id: str
    session_id: str


@dataclass(frozen=True, slots=True)
class AgentClaims:
    """Of an agent in token mode."""

    agent_id: str


class Tokens:
    """Signs and reads tokens with one secret, which all servers of a database share."""

    def __init__(self, secret: str, clock: Callable[[], datetime]) -> None:
        self._secret = secret.encode()
        self._clock = clock

    def issue_access_token(self, user_id: str, session_id: str) -> tuple[str, datetime]:
        """The token and when it ends."""
        return self._sign(_USER, user_id, ACCESS_LIFE, sid=session_id)

    def issue_agent_token(self, agent_id: str, name: str) -> tuple[str, datetime]:
        """The token and when it ends; the agent renews it at half of its life."""
        return self._sign(_AGENT, agent_id, AGENT_LIFE, name=name)

    def read(self, token: str) -> AccessClaims | AgentClaims:
        """Who it was given to. Raises TokenInvalid and TokenExpired."""
        try:
            # only this algorithm: "none", or a public key taken for our secret, would let anybody in
            claims = jwt.decode(
                token,
                self._secret,
                algorithms=[ALGORITHM],
                issuer=ISSUER,
                audience=[_audience(_USER), _audience(_AGENT)],
                options={"require": list(_REQUIRED), "verify_exp": False, "verify_iat": False},
            )
            kind, ends = claims["kind"], int(claims["exp"])
            if claims["aud"] != _audience(kind):
                raise TokenInvalid("the token is of another kind than it says", remedy="sign in again")
            read = AgentClaims(claims["sub"]) if kind == _AGENT else AccessClaims(claims["sub"], claims["sid"])
        except (jwt.InvalidTokenError, KeyError, ValueError, TypeError):
            raise TokenInvalid("the token is not one of this server", remedy="sign in again") from None
        if ends <= self._clock().timestamp():
            raise TokenExpired("the token has expired", remedy="refresh it, or sign in again")
        return read

    def _sign(self, kind: str, subject: str, life: timedelta, **more: str) -> tuple[str, datetime]:
        now = self._clock().replace(microsecond=0)
        ends = now + life
        claims: dict[str, Any] = {
            "iss": ISSUER,
            "aud": _audience(kind),
            "kind": kind,
            "sub": subject,
            "iat": int(now.timestamp()),
            "exp": int(ends.timestamp()),
            **more,
        }
        return jwt.encode(claims, self._secret, algorithm=ALGORITHM), ends


def new_secret(prefix: str) -> str:
    """256 bits that nobody can guess; the prefix lets people and scanners see what it is."""
    return prefix + secrets.token_urlsafe(32)


def hash_of(secret: str) -> str:
    """What is kept of it. Plain SHA-256 is enough: nobody can try all of 256 bits."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _audience(kind: str) -> str:
    return f"conduix:{kind}"
