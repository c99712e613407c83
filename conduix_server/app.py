"""A server put together: database, feed, sign-in, services, listeners, and the order in which they come and go."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any, Self

from prometheus_client import CollectorRegistry

from conduix.errors import ConduixError, Unavailable
from conduix.mesh.server_session import Terms
from conduix.rpc.channel import Listener, ServerTls
from conduix.rpc.serving import RpcServer, Service
from conduix.telemetry.http import HttpSide
from conduix_server.control import checkpoints
from conduix_server.control.authority import Authority
from conduix_server.control.callers import Callers
from conduix_server.control.enrolment import Enrolment
from conduix_server.control.feed import Feed
from conduix_server.control.housekeeping import Housekeeping
from conduix_server.control.limits import SignInLimit
from conduix_server.control.liveness import Liveness
from conduix_server.control.passwords import Passwords
from conduix_server.control.presence import Identity, Presence
from conduix_server.control.sign_in import SignIn
from conduix_server.control.tokens import Tokens
from conduix_server.http import CallMetrics, Readiness, StreamMetrics, new_registry
from conduix_server.mesh.hub import Hub
from conduix_server.mesh.mesh import Mesh
from conduix_server.mesh.metrics import MeshMetrics
from conduix_server.services.agents import AgentServicer
from conduix_server.services.auth import AuthServicer
from conduix_server.services.events import EventServicer
from conduix_server.services.history import History
from conduix_server.services.mesh import MeshServicer
from conduix_server.services.operations import OperationServicer
from conduix_server.services.pipelines import PipelineServicer
from conduix_server.services.runs import RunServicer
from conduix_server.services.system import SystemServicer
from conduix_server.services.users import UserServicer
from conduix_server.settings import ServerSettings, join_address
from conduix_server.store import migrations
from conduix_server.store.store import Store, new_id

_log = logging.getLogger(__name__)


def now() -> datetime:
    """This moment."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Core:
    """What servicers are made of."""

    settings: ServerSettings
    store: Store
    feed: Feed
    tokens: Tokens
    passwords: Passwords
    callers: Callers
    identity: Identity
    registry: CollectorRegistry
    clock: Callable[[], datetime]
    mesh: Mesh
    hub: Hub
    history: History
    authority: Authority | None
    """Signs agents' certificates; None in token mode."""
    mesh_port: Callable[[], int]
    """Of the agents' listener, once it is open; 0: they use the users'."""


def services(core: Core) -> list[Service]:
    """Everything that is served; one line each."""
    life = timedelta(seconds=core.settings.auth.token_expiry)
    sign_in = SignIn(core.store, core.tokens, core.passwords, SignInLimit(monotonic), life=life)
    enrolment = Enrolment(core.store, core.tokens, core.authority)
    return [
        SystemServicer(core.store, core.identity, core.clock, core.history).service(),
        AuthServicer(core.store, sign_in, core.callers.forget).service(),
        UserServicer(core.store, core.passwords).service(),
        AgentServicer(core.store, core.feed).service(),
        PipelineServicer(core.store, core.feed, core.hub, core.history, core.identity.server_id).service(),
        RunServicer(core.store, core.feed).service(),
        OperationServicer(core.store, core.feed).service(),
        EventServicer(core.store, core.feed).service(),
        MeshServicer(core.store, core.mesh, core.hub, enrolment, mesh_port=core.mesh_port).service(),
    ]


def listeners(settings: ServerSettings, authority: Authority | None = None) -> list[Listener]:
    """Where people call and, with an `authority`, agents that show certificates of it. Raises UsageError."""
    settings.check_listeners()
    host, certificate, key = settings.server.host, settings.tls.certificate, settings.tls.key
    tls = ServerTls(certificate, key) if certificate is not None and key is not None else None
    users = Listener(join_address(host, settings.server.grpc_port), tls)
    if tls is None or authority is None:
        return [users]
    mutual = ServerTls(tls.certificate, tls.key, authority.certificate_file)
    return [users, Listener(join_address(host, settings.server.mesh_port), mutual)]


def agent_authority(settings: ServerSettings) -> Authority | None:
    """Who signs agents' certificates: as configured, else made in the state directory. None without TLS.

    Raises UsageError.
    """
    if settings.token_mode:
        return None
    certificate, key = settings.tls.agent_authority_certificate, settings.tls.agent_authority_key
    if certificate is not None and key is not None:
        return Authority.opened(certificate, key, now)
    settings.make_state_dir()
    return Authority.in_directory(settings.state_dir, now)


@asynccontextmanager
async def opened(settings: ServerSettings) -> AsyncIterator[Store]:
    """The database, with the schema that this server needs: SQLite is brought there, any other must be there.

    Raises StateBusy, SchemaMismatch, DatabaseUnavailable, SystemicError.
    """
    settings.make_state_dir()
    async with Store(settings.database_url, now) as store:
        if store.is_sqlite:
            await bring_up(store)
        await migrations.check_head(store.engine)
        yield store


async def bring_up(store: Store) -> None:
    """Its schema to the newest. Raises SchemaMismatch for one that is newer than this server."""
    reached = await migrations.current(store.engine)
    if reached is None or reached in migrations.history():
        await migrations.upgrade(store.url)


class App:
    """`async with App(settings) as app`: serves until it is left; `until` it is to end, then `drain`.

    Raises what `opened` raises, and UsageError for settings, ports and certificates that cannot be used.
    """

    core: Core
    rpc: RpcServer
    http: HttpSide

    def __init__(self, settings: ServerSettings) -> None:
        self.settings = settings
        self._stack = AsyncExitStack()
        self._broken = asyncio.Event()

    async def __aenter__(self) -> Self:
        try:
            await self._start()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def _start(self) -> None:
        secret, authority = self.settings.jwt_secret(), agent_authority(self.settings)
        listening = listeners(self.settings, authority)
        store = await self._stack.enter_async_context(opened(self.settings))
        feed = await self._stack.enter_async_context(Feed(store))
        self.core = core = self._core(store, feed, Tokens(secret, now), authority)
        authorise, observe = core.callers.authorise, CallMetrics(core.registry).observe
        self.rpc = RpcServer(services(core), listening, authorise=authorise, observe=observe)
        StreamMetrics(lambda: len(self.rpc.streams), core.registry)
        self._readiness = Readiness(store)
        await self._show(core.registry)
        await self._appear(core)
        self._keep(core.mesh.run(), "mesh")
        self._keep(core.history.run(), "history")
        self._keep(Liveness(store, None if store.is_sqlite else core.identity.server_id).run(), "liveness")
        await self.rpc.start()
        self._stack.push_async_callback(self.rpc.stop, 0)
        self._keep(core.callers.follow(feed, self.rpc.streams), "callers")
        kept = timedelta(seconds=self.settings.retention.audit)
        self._keep(checkpoints.follow(store, feed), "checkpoints")
        self._keep(Housekeeping(store, audit_kept=kept).run(), "housekeeping")

    def _core(self, store: Store, feed: Feed, tokens: Tokens, authority: Authority | None) -> Core:
        identity, registry = Identity(new_id(), now()), new_registry()
        return Core(
            settings=self.settings,
            store=store,
            feed=feed,
            tokens=tokens,
            passwords=Passwords(),
            callers=Callers(store, tokens, token_mode=self.settings.token_mode, clock=now),
            identity=identity,
            registry=registry,
            clock=now,
            mesh=Mesh(store, feed, Terms(identity.server_id), MeshMetrics(registry)),
            hub=Hub(),
            history=History(store),
            authority=authority,
            mesh_port=lambda: self.rpc.ports[1] if len(self.rpc.ports) > 1 else 0,
        )

    async def _show(self, registry: CollectorRegistry) -> None:
        host = self.settings.server.http_host or self.settings.server.host
        side = HttpSide(host, self.settings.server.port, readiness=self._readiness, registry=registry)
        self.http = await self._stack.enter_async_context(side)

    async def _appear(self, core: Core) -> None:
        address = self.settings.server.advertise or self.grpc_address
        self._presence = Presence(core.store, core.identity, address, lambda: core.mesh.streams)
        await self._presence.write()
        self._stack.push_async_callback(self._disappear)
        self._keep(self._presence.run(), "presence")

    async def _disappear(self) -> None:
        try:
            await self._presence.forget()
        except ConduixError as error:  # others give it up in a minute
            _log.warning("the database does not learn that this server has left: %s", error.message)

    @property
    def grpc_address(self) -> str:
        """Of the users' listener."""
        return join_address(self.settings.server.host, self.rpc.ports[0])

    @property
    def ready_line(self) -> str:
        """What a program says when it serves, for those who wait for it."""
        http = join_address(self.http.host, self.http.port)
        mesh = join_address(self.settings.server.host, self.rpc.ports[1]) if len(self.rpc.ports) > 1 else "-"
        return f"conduix-server ready grpc={self.grpc_address} mesh={mesh} http={http}"

    def _keep(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Runs beside the calls until the server ends; it never ends by itself unless it is broken."""
        task = asyncio.create_task(work, name=name)
        task.add_done_callback(self._ended)
        self._stack.push_async_callback(_cancelled, task)

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled():
            _log.critical("%s has broken: this server ends", task.get_name(), exc_info=task.exception())
            self._broken.set()

    async def until(self, stop: asyncio.Event) -> bool:
        """Until `stop` is set: True; False where something in here is broken."""
        waits = [asyncio.create_task(event.wait()) for event in (stop, self._broken)]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        return not self._broken.is_set()

    async def drain(self) -> None:
        """No new work: agents are sent elsewhere, watchers told to come back, calls under way finished.

        All of it within `drain_timeout`.
        """
        ends = monotonic() + self.settings.server.drain_timeout
        _log.info("leaving: calls under way have %g s", self.settings.server.drain_timeout)
        self._readiness.draining = self._presence.draining = True
        await self.rpc.enter_drain()
        await self.core.mesh.drain()
        stopping = asyncio.create_task(self.rpc.stop(max(0.0, ends - monotonic())))
        # it accepts no call from here on, and would wait for streams that never end by themselves
        await asyncio.sleep(0)
        for stream in self.rpc.streams:
            leaving = Unavailable("this server is leaving", remedy="call again: another one answers", retry_after=1.0)
            self.rpc.streams.cut(stream, leaving)
        await stopping


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])
