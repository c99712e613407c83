"""A typed client over the stubs: tokens, deadlines, request ids, retries.

async with Client.of(target.context, credentials_of(file, target)) as client:
    answer = await client.call(client.pipelines.GetPipeline, GetPipelineRequest(pipeline=named("orders")))
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

import uuid_utils
from google.protobuf.message import Message

from conduix.errors import UsageError
from conduix.rpc.address import is_loopback
from conduix.rpc.channel import ClientTls, open_channel
from conduix.rpc.errors import RemoteError, remote_errors
from conduix.v1 import auth_service_pb2 as auth_pb
from conduix.v1.agent_service_pb2_grpc import AgentServiceStub
from conduix.v1.auth_service_pb2_grpc import AuthServiceStub
from conduix.v1.event_service_pb2_grpc import EventServiceStub
from conduix.v1.operation_service_pb2_grpc import OperationServiceStub
from conduix.v1.pipeline_service_pb2_grpc import PipelineServiceStub
from conduix.v1.run_service_pb2_grpc import RunServiceStub
from conduix.v1.system_service_pb2_grpc import SystemServiceStub
from conduix.v1.user_service_pb2_grpc import UserServiceStub
from conduix_tui.client.contexts import Context, Session
from conduix_tui.client.credentials import Credentials, Nobody

if TYPE_CHECKING:
    from grpc import aio

Q = TypeVar("Q", bound=Message)
A = TypeVar("A", bound=Message)

DEADLINE = 30.0
"""Seconds that a call may take, retries included."""
_REFRESH_DEADLINE = 15.0


class Client:
    """The services of one server: `auth`, `users`, `pipelines`, `operations`, `runs`, `agents`, `system`, `events`.

    Everything raises RemoteError where the server refuses or cannot be reached. Use as a context manager, inside the
    event loop.
    """

    def __init__(self, address: str, tls: ClientTls | None, credentials: Credentials | None = None) -> None:
        """Connects with the first call. UsageError: in the clear to another machine."""
        if tls is None and not is_loopback(address):
            raise UsageError(
                f"{address} is another machine: without TLS, passwords and tokens could be read on the way",
                remedy="give that context TLS: conduix login --tls, or --ca FILE",
            )
        self.address = address
        self._credentials = credentials or Nobody()
        self._channel = open_channel(address, tls=tls)
        self.auth = AuthServiceStub(self._channel)
        self.users = UserServiceStub(self._channel)
        self.pipelines = PipelineServiceStub(self._channel)
        self.operations = OperationServiceStub(self._channel)
        self.runs = RunServiceStub(self._channel)
        self.agents = AgentServiceStub(self._channel)
        self.system = SystemServiceStub(self._channel)
        self.events = EventServiceStub(self._channel)

    @classmethod
    def of(cls, context: Context, credentials: Credentials) -> Self:
        """A client of the server that a context names, spoken to as the context says."""
        tls = None
        if context.tls or context.authority is not None:
            tls = ClientTls(authority=Path(context.authority) if context.authority else None)
        return cls(context.server, tls, credentials)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """End the connection; calls under way are cancelled."""
        await self._channel.close()

    async def call(self, method: aio.UnaryUnaryMultiCallable[Q, A], request: Q, *, deadline: float = DEADLINE) -> A:
        """One call. A `request_id` is filled in where the request has one, so that a repeat does nothing twice.

        What the server calls temporary (UNAVAILABLE with RetryInfo) is tried again until the deadline.
        """
        identify(request)
        until = time.monotonic() + deadline
        while True:
            try:
                return await self._once(method, request, until)
            except RemoteError as error:
                wait = _worth_retrying(error, until)
                if wait is None:
                    raise
            await asyncio.sleep(wait)

    async def _once(self, method: aio.UnaryUnaryMultiCallable[Q, A], request: Q, until: float) -> A:
        token = await self.token()
        try:
            return await self._send(method, request, token, until)
        except RemoteError as error:
            if not self.renewable(error, token):
                raise
        return await self._send(method, request, await self.token(), until)

    async def _send(self, method: aio.UnaryUnaryMultiCallable[Q, A], request: Q, token: str | None, until: float) -> A:
        with remote_errors():
            return await method(request, metadata=bearer(token), timeout=max(0.0, until - time.monotonic()))

    async def stream(self, method: aio.UnaryStreamMultiCallable[Q, A], request: Q) -> AsyncIterator[A]:
        """One stream until it ends, without a deadline; `conduix_tui.client.watch` goes on where a server ends."""
        token, heard = await self.token(), False
        try:
            async for message in self._receive(method, request, token):
                heard = True
                yield message
            return
        except RemoteError as error:
            if not self.renewable(error, token) or heard:
                raise
        async for message in self._receive(method, request, await self.token()):
            yield message

    async def _receive(
        self, method: aio.UnaryStreamMultiCallable[Q, A], request: Q, token: str | None
    ) -> AsyncIterator[A]:
        call = method(request, metadata=bearer(token))
        try:
            with remote_errors():
                async for message in call:
                    yield message
        finally:
            call.cancel()  # whoever stops reading has no more use for it; does nothing to one that has ended

    async def token(self) -> str | None:
        """For the next call."""
        return await self._credentials.token(self._refresh)

    def renewable(self, error: RemoteError, token: str | None) -> bool:
        """Was the call refused only because its token's time is over, and can there be another one?"""
        return error.code == "TOKEN_EXPIRED" and token is not None and self._credentials.expired(token)

    async def _refresh(self, refresh_token: str) -> Session:
        request = auth_pb.RefreshRequest(refresh_token=refresh_token)
        # once only: a repeat would look like theft and end the session
        answer = await self._send(self.auth.Refresh, request, None, time.monotonic() + _REFRESH_DEADLINE)
        return session_of(answer.credentials)


def session_of(credentials: auth_pb.Credentials) -> Session:
    """What is stored of a sign-in."""
    return Session(
        access_token=credentials.access_token,
        access_expires_at=credentials.access_expires_at.ToNanoseconds() / 1e9,
        refresh_token=credentials.refresh_token,
        expires_at=credentials.session_expires_at.ToNanoseconds() / 1e9,
    )


def identify(request: Message) -> None:
    """Give a request its id, if it can have one and has none."""
    changing: Any = request
    if "request_id" in request.DESCRIPTOR.fields_by_name and not changing.request_id:
        changing.request_id = str(uuid_utils.uuid7())


def bearer(token: str | None) -> tuple[tuple[str, str], ...]:
    """The headers of a call with this token."""
    return () if token is None else (("authorization", f"Bearer {token}"),)


def _worth_retrying(error: RemoteError, until: float) -> float | None:
    """Seconds until the next attempt; None: the error stands."""
    if error.status != "UNAVAILABLE" or error.retry_after is None:
        return None
    wait = error.retry_after * random.uniform(1.0, 1.5)  # noqa: S311 - spreads callers, guards nothing
    return wait if time.monotonic() + wait < until else None
