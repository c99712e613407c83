"""Streams end within five seconds when their callers may no longer call, and go on as long as they may."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import URL

from conduix.rpc.errors import RemoteError, remote_errors
from conduix.v1 import agent_service_pb2 as pb_agent
from conduix.v1 import auth_service_pb2 as pb_auth
from conduix.v1 import mesh_service_pb2 as pb_mesh
from conduix.v1.agent_service_pb2_grpc import AgentServiceStub
from conduix.v1.common_pb2 import CHANGE_KIND_SYNCED
from conduix.v1.mesh_service_pb2_grpc import MeshServiceStub
from conduix_server.store import agents, identities
from tests.eventually import eventually
from tests.integration.server.world import Bearer, Served, bearer, serving
from tests.integration.store.conftest import address

WITHIN = 5.0


class Watcher:
    """Watches the agents; `said` is what its stream ended with."""

    def __init__(self, served: Served, who: Bearer) -> None:
        self._call = AgentServiceStub(served.channel).WatchAgents(pb_agent.WatchAgentsRequest(), metadata=who)
        self.synced = asyncio.Event()
        self.heard = 0
        self.task = asyncio.create_task(self._read())

    async def _read(self) -> RemoteError | None:
        try:
            with remote_errors():
                async for answer in self._call:
                    self.heard += 1
                    if answer.kind == CHANGE_KIND_SYNCED:
                        self.synced.set()
        except RemoteError as error:
            return error
        return None

    async def ended(self) -> RemoteError:
        """Raises TimeoutError where it goes on."""
        async with asyncio.timeout(WITHIN):
            error = await self.task
        assert error is not None
        return error


@asynccontextmanager
async def watching(served: Served, who: Bearer) -> AsyncIterator[Watcher]:
    watcher = Watcher(served, who)
    try:
        await asyncio.wait_for(watcher.synced.wait(), 20)
        yield watcher
    finally:
        watcher._call.cancel()
        await asyncio.wait([watcher.task])


async def test_a_stream_ends_with_the_session_that_opened_it_and_the_others_go_on(served: Served) -> None:
    person = await served.user()
    first, second = await served.login(), await served.login()
    token = await served.api_token(person)
    async with (
        watching(served, bearer(first.access_token)) as mine,
        watching(served, bearer(second.access_token)) as other,
        watching(served, bearer(token)) as script,
    ):
        await served.auth.Logout(pb_auth.LogoutRequest(), metadata=bearer(first.access_token))
        error = await mine.ended()
        assert (error.status, error.code) == ("UNAUTHENTICATED", "TOKEN_REVOKED")
        heard = (other.heard, script.heard)
        await served.agent("later")
        await served.store.run(lambda tx: _changed(tx, "agent"))
        assert not other.task.done()
        assert not script.task.done()
        await served.revoke(token)
        assert (await script.ended()).code == "TOKEN_REVOKED"
        await served.store.run(
            lambda tx: identities.update_user(tx, person.id, version=None, disabled_at=datetime.now(UTC))
        )
        assert (await other.ended()).code == "TOKEN_REVOKED"
        assert heard <= (other.heard, script.heard)
    await eventually(lambda: len(served.app.rpc.streams) == 0)


async def _changed(tx: object, kind: str) -> None:
    tx.changed(kind, "nobody", "UPDATED")  # type: ignore[attr-defined]  # a Transaction


async def test_a_stream_ends_when_the_time_of_its_sign_in_is_over(small: Served) -> None:
    person = await small.user()
    soon = await small.api_token(person, expires_at=datetime.now(UTC) + timedelta(seconds=1))
    async with watching(small, bearer(soon)) as mine:
        started = time.monotonic()
        assert (await asyncio.wait_for(mine.task, 7)) is not None
        assert time.monotonic() - started < 1 + WITHIN + 1
        assert (await mine.ended()).code == "TOKEN_EXPIRED"


async def test_an_agent_that_is_revoked_is_cut_off(served: Served) -> None:
    key, token = await served.agent()
    mesh = MeshServiceStub(served.channel)
    stop = asyncio.Event()

    async def silent() -> AsyncIterator[pb_mesh.StreamTelemetryRequest]:
        await stop.wait()
        for _ in ():
            yield pb_mesh.StreamTelemetryRequest()

    call = mesh.StreamTelemetry(silent(), metadata=bearer(token))
    await eventually(lambda: len(served.app.rpc.streams) == 1)
    await served.store.run(lambda tx: agents.revoke(tx, key))
    with pytest.raises(RemoteError) as cut, remote_errors():
        await asyncio.wait_for(call, WITHIN)
    stop.set()
    assert (cut.value.status, cut.value.code) == ("UNAUTHENTICATED", "TOKEN_REVOKED")
    with pytest.raises(RemoteError) as refused, remote_errors():
        await mesh.FetchRevision(pb_mesh.FetchRevisionRequest(), metadata=bearer(token))
    assert refused.value.code == "TOKEN_REVOKED"


async def test_what_another_server_has_ended_ends_here_too(migrated_maria: URL, tmp_path: Path) -> None:
    url = address(migrated_maria)
    async with serving(url, tmp_path / "a") as here, serving(url, tmp_path / "b") as there:
        name = f"of-two-{time.monotonic_ns()}"
        await here.user(name=name)
        signed = await here.login(name)
        async with watching(here, bearer(signed.access_token)) as mine:
            await there.auth.Logout(pb_auth.LogoutRequest(), metadata=bearer(signed.access_token))
            assert (await mine.ended()).code == "TOKEN_REVOKED"
        with pytest.raises(RemoteError) as refused, remote_errors():
            await here.auth.GetMe(pb_auth.GetMeRequest(), metadata=bearer(signed.access_token))
        assert refused.value.code == "TOKEN_REVOKED"


async def test_whoever_watches_is_told_that_the_server_leaves(tmp_path: Path) -> None:
    async with serving(None, tmp_path, server={"drain_timeout": "9s"}) as small:
        who = bearer(await small.api_token(await small.user()))
        async with watching(small, who) as mine:
            started = time.monotonic()
            await small.app.drain()
            assert time.monotonic() - started < 5
            error = await mine.ended()
    assert (error.status, error.retry_after) == ("UNAVAILABLE", 1.0)
