"""A server under test: its parts within reach, and callers of every kind."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
from argon2 import PasswordHasher

from conduix.rpc.channel import open_channel
from conduix.rpc.errors import remote_errors
from conduix.v1 import auth_service_pb2 as pb
from conduix.v1.auth_service_pb2_grpc import AuthServiceStub
from conduix.v1.system_service_pb2_grpc import SystemServiceStub
from conduix.v1.user_service_pb2_grpc import UserServiceStub
from conduix_server.app import App
from conduix_server.control.tokens import API_TOKEN, Tokens, hash_of, new_secret
from conduix_server.policy import Role
from conduix_server.settings import ServerSettings
from conduix_server.store import audit, identities
from conduix_server.store.paging import PageRequest
from conduix_server.store.store import Store, new_id
from conduix_server.store.tables import Agent, ApiToken, AuditRecord, User

if TYPE_CHECKING:  # only the types of the generated code know them
    from conduix.v1.auth_service_pb2_grpc import AuthServiceAsyncStub
    from conduix.v1.system_service_pb2_grpc import SystemServiceAsyncStub
    from conduix.v1.user_service_pb2_grpc import UserServiceAsyncStub

SECRET = "kT9wq2Zr7Lx0Bv5nHs3Yd8Fg1Jm6Pc4uXe"  # noqa: S105 - of servers that live for a test
PASSWORD = "correct horse battery staple"  # noqa: S105
Bearer = tuple[tuple[str, str], ...]


@cache
def hashed() -> str:
    """Made once: it takes a tenth of a second."""
    return PasswordHasher().hash(PASSWORD)


def settings(database_url: str | None, folder: Path, **more: Mapping[str, Any]) -> ServerSettings:
    """On free ports of loopback."""
    given: dict[str, Any] = {
        "state_dir": folder / "state",
        "server": {"port": 0, "grpc_port": 0, "drain_timeout": "1s"},
        "database": {"url": database_url},
        "auth": {"jwt_secret": SECRET},
    }
    for section, values in more.items():
        given[section] = {**given.get(section, {}), **values}
    return ServerSettings.model_validate(given)


@dataclass
class Served:
    """A server, and a channel to it."""

    app: App
    channel: grpc.aio.Channel
    auth: AuthServiceAsyncStub = field(init=False)
    system: SystemServiceAsyncStub = field(init=False)
    users: UserServiceAsyncStub = field(init=False)

    def __post_init__(self) -> None:
        self.auth = AuthServiceStub(self.channel)
        self.system = SystemServiceStub(self.channel)
        self.users = UserServiceStub(self.channel)

    @property
    def store(self) -> Store:
        return self.app.core.store

    async def user(self, role: Role = Role.ADMIN, name: str = "") -> User:
        """Somebody with the usual password."""

        async def add(tx: Any) -> User:
            row = User(
                id=new_id(),
                username=name or role.value,
                role=role.value,
                created_at=tx.now,
                password_hash=hashed(),
            )
            return await identities.add_user(tx, row)

        return await self.store.run(add)

    async def api_token(self, owner: User, role: Role | None = None, *, expires_at: datetime | None = None) -> str:
        """Straight into the database."""
        secret = new_secret(API_TOKEN)

        async def add(tx: Any) -> None:
            row = ApiToken(
                id=new_id(),
                user_id=owner.id,
                name="ci",
                token_hash=hash_of(secret),
                role=(role or Role(owner.role)).value,
                created_at=tx.now,
                expires_at=expires_at,
            )
            await identities.add_api_token(tx, row)

        await self.store.run(add)
        return secret

    async def revoke(self, secret: str) -> None:
        """As its owner would."""

        async def end(tx: Any) -> None:
            token, _ = await identities.live_api_token(tx, hash_of(secret))
            await identities.revoke_api_token(tx, token.id)

        await self.store.run(end)

    async def agent(self, name: str = "a1") -> tuple[str, str]:
        """Its id and its token."""
        key = new_id()

        async def add(tx: Any) -> None:
            await tx.add(Agent(id=key, hostname=f"{name}.local", name=name, registered_at=tx.now))

        await self.store.run(add)
        return key, self.app.core.tokens.issue_agent_token(key, name)[0]

    async def login(self, name: str = "admin", password: str = PASSWORD) -> pb.Credentials:
        """Raises RemoteError."""
        with remote_errors():
            return (await self.auth.Login(pb.LoginRequest(username=name, password=password))).credentials

    async def audited(self) -> list[AuditRecord]:
        """The oldest first."""
        async with self.store.reading() as tx:
            return list((await audit.page(tx, PageRequest(page_size=100))).items)


def bearer(token: str) -> Bearer:
    """What a call carries."""
    return (("authorization", f"Bearer {token}"),)


def tokens_of_yesterday() -> Tokens:
    """Signs with the server's secret what has ended since."""
    return Tokens(SECRET, lambda: datetime.now(UTC) - timedelta(hours=25))


@asynccontextmanager
async def serving(database_url: str | None, folder: Path, **more: Mapping[str, Any]) -> AsyncIterator[Served]:
    """`more`: settings by section."""
    async with App(settings(database_url, folder, **more)) as app, open_channel(app.grpc_address, tls=None) as channel:
        yield Served(app, channel)
