"""Who calls: from what a caller shows to a principal that lives, and the end of streams whose callers do not any more.

What the database says of a credential is believed for a second, and forgotten at once when the feed tells of a change.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select

from conduix.errors import (
    ConduixError,
    NotFound,
    PermissionDenied,
    TokenExpired,
    TokenInvalid,
    TokenRevoked,
    Unauthenticated,
)
from conduix.rpc.interceptors import Call
from conduix.rpc.live import LiveStream, LiveStreams
from conduix_server.control.feed import Change, Feed, Overrun
from conduix_server.control.tokens import API_TOKEN, AgentClaims, Tokens, hash_of
from conduix_server.policy import TABLE, AgentPrincipal, Caller, Need, Role, UserPrincipal, permit
from conduix_server.store import agents, identities
from conduix_server.store.store import Store
from conduix_server.store.tables import Agent
from conduix_server.store.transaction import Transaction

BELIEVED: Final = 1.0
"""Seconds for which a credential is not looked up again."""
SWEEP: Final = 2.0
"""Seconds between two looks for streams whose time is over."""
MOST: Final = 10_000
AGENT_URN: Final = "urn:conduix:agent:"
KINDS: Final = ("session", "api_token", "user", "agent")

_BEARER = "bearer"
_SIGN_IN = "sign in with: conduix login"
_AT_ONCE = 1000
_USE_NOTED = timedelta(minutes=1)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Believed:
    caller: Caller
    until: float


class Callers:
    """Says for every call who it is and whether it may; `authorise` is what the RPC server asks.

    `token_mode`: agents have signed tokens instead of certificates, which is for listeners on loopback only.
    """

    def __init__(
        self,
        store: Store,
        tokens: Tokens,
        *,
        token_mode: bool,
        clock: Callable[[], datetime],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._tokens = tokens
        self._token_mode = token_mode
        self._clock = clock
        self._monotonic = monotonic
        self._believed: dict[str, _Believed] = {}
        self._fetching: dict[str, object] = {}
        self._swept_at = monotonic()

    async def authorise(self, call: Call) -> Caller | None:
        """The caller, None where nobody is needed. Raises Unauthenticated and PermissionDenied."""
        need = TABLE.get(call.method)
        if need is Need.PUBLIC or (need is None and not call.served):
            return None
        caller = await self._caller(call)
        if need is None:
            raise PermissionDenied(f"nobody may call {call.method}: it is not in the policy table")
        permit(caller, call.method, need)
        return caller

    async def _caller(self, call: Call) -> Caller:
        certified = next((name for name in call.identities if name.startswith(AGENT_URN)), None)
        if certified is not None:
            return await self._look_up(certified, lambda: self._agent(certified.removeprefix(AGENT_URN)))
        token = _bearer(call)
        if token.startswith(API_TOKEN):
            hashed = hash_of(token)
            return await self._look_up(hashed, lambda: self._api_token(hashed))
        claims = self._tokens.read(token)
        if isinstance(claims, AgentClaims):
            if not self._token_mode:
                raise TokenInvalid("agents show certificates here, not tokens", remedy="enrol the agent anew")
            return await self._look_up(AGENT_URN + claims.agent_id, lambda: self._agent(claims.agent_id))
        return await self._look_up(claims.session_id, lambda: self._session(claims.session_id, claims.user_id))

    async def _look_up(self, key: str, fetch: Callable[[], Awaitable[Caller]]) -> Caller:
        while (found := self._believed.get(key)) is None or found.until <= self._monotonic():
            mark = self._fetching.setdefault(key, object())
            try:
                caller = await fetch()
            finally:
                current = self._fetching.pop(key, None)
            # without the mark: the feed told of a change while the answer was on its way, and may know better
            if current is mark:
                if len(self._believed) >= MOST:
                    self._believed.clear()
                self._believed[key] = _Believed(caller, self._monotonic() + BELIEVED)
                return caller
        return found.caller

    async def _session(self, session_id: str, user_id: str) -> UserPrincipal:
        async with self._store.reading() as tx:
            session, user = await identities.live_session(tx, session_id)
        if user.id != user_id:
            raise TokenInvalid("the session is of somebody else", remedy=_SIGN_IN)
        return UserPrincipal(
            user.id, user.username, Role(user.role), session_id=session_id, expires_at=session.expires_at
        )

    async def _api_token(self, hashed: str) -> UserPrincipal:
        async with self._store.reading() as tx:
            token, owner = await identities.live_api_token(tx, hashed)
            stale = token.used_at is None or tx.now - token.used_at > _USE_NOTED
        if stale:
            await self._store.run(lambda tx: identities.used_api_token(tx, token.id))
        own, given = Role(owner.role), Role(token.role)
        # whose owner may do less now may do less too
        role = given if own.covers(given) else own
        return UserPrincipal(owner.id, owner.username, role, token_id=token.id, expires_at=token.expires_at)

    async def _agent(self, agent_id: str) -> AgentPrincipal:
        async with self._store.reading() as tx:
            try:
                agent = await agents.get(tx, agent_id)
            except NotFound:
                raise _revoked(agent_id) from None
        if agent.revoked_at is not None:
            raise _revoked(agent_id)
        return AgentPrincipal(agent.id, agent.name)

    def forget(self, change: Change | None = None) -> None:
        """What was believed of the one that changed, or of all."""
        for memory in (self._believed, self._fetching):
            if change is not None and change.kind == agents.NAME:
                memory.pop(AGENT_URN + change.resource_id, None)
            else:  # rare: people are few, and their rows are read once a second at most
                memory.clear()

    async def follow(self, feed: Feed, streams: LiveStreams) -> None:
        """For ever: forgets what changes, and ends the streams of those who may not call any more."""
        watch = _Watch(self._store, streams, self._clock)
        while True:
            async with feed.subscribe(KINDS) as changes:
                self.forget()
                watch.suspect_all()
                try:
                    while True:
                        answered = await watch.look()
                        for change in await _within(SWEEP if answered else BELIEVED, changes.batch()):
                            self.forget(change)
                            watch.suspect(change)
                        self._sweep(watch)
                except Overrun:
                    _log.warning("changes came faster than they were read: every stream is looked at")

    def _sweep(self, watch: _Watch) -> None:
        if self._monotonic() - self._swept_at >= SWEEP:
            self._swept_at = self._monotonic()
            watch.sweep()


class _Watch:
    """Which of the streams under way have to end."""

    def __init__(self, store: Store, streams: LiveStreams, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._streams = streams
        self._clock = clock
        self._suspected: set[tuple[str, str]] = set()

    def suspect(self, change: Change) -> None:
        """To be looked at until the database has said what changed."""
        self._suspected.add((change.kind, change.resource_id))

    def suspect_all(self) -> None:
        """Nobody knows what changed."""
        for stream in self._streams:
            self._suspected.update(_keys(stream.call.principal))

    async def look(self) -> bool:
        """Ends what has to end; False where the database did not answer, and is to be asked again."""
        if not self._suspected:
            return True
        try:
            async with self._store.reading() as tx:
                await self._end_where_refused(tx)
        except ConduixError as error:
            _log.warning("cannot tell whose streams may go on, asked again: %s", error.message)
            return False
        self._suspected.clear()
        return True

    def sweep(self) -> None:
        """Ends the streams of those whose sign-in has ended by itself."""
        for stream in self._streams:
            caller = stream.call.principal
            if isinstance(caller, UserPrincipal) and caller.expires_at and caller.expires_at <= self._clock():
                self._end(stream, TokenExpired("the sign-in has ended", remedy=_SIGN_IN))

    async def _end_where_refused(self, tx: Transaction) -> None:
        gone = await _gone(tx, sorted(key for kind, key in self._suspected if kind == agents.NAME))
        if not gone and all(kind == agents.NAME for kind, _ in self._suspected):
            return  # what nearly always happens: agents come and go, and nobody was revoked
        for stream in self._streams:
            caller = stream.call.principal
            if isinstance(caller, AgentPrincipal):
                if caller.id in gone:
                    self._end(stream, _revoked(caller.id))
            elif isinstance(caller, UserPrincipal) and not self._suspected.isdisjoint(_keys(caller)):
                await self._end_where_over(tx, stream, caller)

    async def _end_where_over(self, tx: Transaction, stream: LiveStream, caller: UserPrincipal) -> None:
        try:
            if caller.token_id:
                token = await identities.get_api_token(tx, caller.token_id)
                await identities.live_api_token(tx, token.token_hash)
            else:
                await identities.live_session(tx, caller.session_id)
        except (Unauthenticated, NotFound) as error:
            self._end(stream, TokenRevoked(error.message, remedy=_SIGN_IN))

    def _end(self, stream: LiveStream, error: ConduixError) -> None:
        who = stream.call.principal.name if stream.call.principal else "-"
        _log.info("%s of %s is ended: %s", stream.call.name, who, error.message)
        self._streams.cut(stream, error)


def _bearer(call: Call) -> str:
    scheme, _, token = call.metadata.get("authorization", "").strip().partition(" ")
    if scheme.lower() != _BEARER or not token.strip():
        raise Unauthenticated(
            f"{call.name} needs a signed-in caller: there is no `authorization: Bearer …`", remedy=_SIGN_IN
        )
    return token.strip()


def _keys(caller: object) -> set[tuple[str, str]]:
    """The rows that a caller stands on."""
    if isinstance(caller, AgentPrincipal):
        return {(agents.NAME, caller.id)}
    if isinstance(caller, UserPrincipal):
        return {("session", caller.session_id), ("api_token", caller.token_id), ("user", caller.id)}
    return set()


async def _gone(tx: Transaction, agent_ids: list[str]) -> set[str]:
    """Those that are revoked, or not there at all."""
    gone = set(agent_ids)
    for first in range(0, len(agent_ids), _AT_ONCE):
        some = agent_ids[first : first + _AT_ONCE]
        gone.difference_update(await tx.all(select(Agent.id).where(Agent.id.in_(some), Agent.revoked_at.is_(None))))
    return gone


def _revoked(agent_id: str) -> TokenRevoked:
    return TokenRevoked(f"agent {agent_id} is not let in any more", remedy="enrol it with a new join token")


async def _within(seconds: float, batch: Awaitable[list[Change]]) -> list[Change]:
    """None changed when the time is over."""
    try:
        async with asyncio.timeout(seconds):
            return await batch
    except TimeoutError:
        return []
