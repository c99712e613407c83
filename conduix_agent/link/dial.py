"""Getting to a server: which one, when, and as whom."""

from __future__ import annotations

import asyncio
import logging
import math
import random
import re
import time
from collections.abc import Awaitable, Callable, Iterable

from conduix.errors import ConduixError
from conduix.rpc.errors import RemoteError
from conduix_agent.link.channel import mesh_address, mesh_channel
from conduix_agent.link.enrol import Identities
from conduix_agent.link.line import Line
from conduix_agent.link.stream import StreamTransport
from conduix_agent.settings import AgentSettings

log = logging.getLogger(__name__)

FIRST_DELAY = 0.1
MOST_DELAY = 10.0
GOOD_SESSION = 60.0
"""Seconds after which a session that ended was a good one: the next delay is short again."""
PATIENCE = 300.0
"""Seconds until a server is asked again that refused to sign this agent in, or does not speak its version."""

LOOK_AGAIN = 10.0
"""Seconds until it is looked again whether a join token has come."""

_CHATTER = re.compile(r"^failed to connect to all addresses; last error: \w+: (ipv[46]:\S+: )?")
"""What gRPC puts before the one thing that people want to know."""

_TRANSIENT = frozenset({"UNAVAILABLE", "DEADLINE_EXCEEDED", "ABORTED", "RESOURCE_EXHAUSTED", "CANCELLED", "INTERNAL"})


class Backoff:
    """Growing delays, each drawn between nothing and its bound, so that a crowd does not come at once."""

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice
        self._bound = FIRST_DELAY

    def next(self) -> float:
        """Seconds to wait before the next try."""
        bound, self._bound = self._bound, min(self._bound * 2, MOST_DELAY)
        return self._dice.uniform(0.0, bound)

    def lasted(self, seconds: float) -> None:
        """A session ended that was open for so long."""
        if seconds >= GOOD_SESSION:
            self._bound = FIRST_DELAY


class Dialler:
    """Opens connections to the servers of the list, in turn. `incarnation` makes the names of connections unique."""

    def __init__(
        self,
        settings: AgentSettings,
        identities: Identities,
        incarnation: str,
        *,
        patience: float = PATIENCE,
        dice: random.Random | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._servers = settings.servers
        self._authority = settings.tls.authority
        self._identities = identities
        self._incarnation = incarnation
        self._patience = patience
        self._clock = clock
        self._sleep = sleep
        self.backoff = Backoff(dice or random.Random())  # noqa: S311 - spreads load, hides nothing
        self._turn = 0
        self._count = 0
        self._not_before: dict[str, float] = {}
        self._told = ""
        self.trouble = ""
        """Why the newest try failed, in words; empty: it did not."""

    async def connect(self, *, at_once: bool = False) -> Line:
        """A connection to whichever server answers first; tries for ever.

        Raises:
            ConduixError: this agent never enrolled, and what it was given to enrol with is refused.
        """
        if not at_once:
            await self._sleep(self.backoff.next())
        while True:
            server = await self._next_server()
            line = await self._try(server)
            if line is not None:
                return line
            await self._sleep(self.backoff.next())

    async def _try(self, server: str) -> Line | None:
        try:
            identity = await self._identities.ensure(server)
        except ConduixError as error:
            if not self._identities.known and not _transient(error):
                raise
            self._tell(server, error)
            self._postpone(server, self._patience_with(error))
            return None
        try:
            return await self._open_at(mesh_address(server, identity))
        except ConduixError as error:
            self._tell(server, error)
            self.failed(server, error)
        return None

    async def elsewhere(self, leaving: str, alternatives: Iterable[str]) -> Line | None:
        """A connection to another server than the one that leaves; None: no other answers."""
        identity = self._identities.current
        configured = [mesh_address(server, identity) for server in self._servers] if identity else []
        for address in dict.fromkeys((*alternatives, *configured)):
            if address == leaving or identity is None:
                continue
            if (line := await self.again(address)) is not None:
                return line
        return None

    async def again(self, address: str) -> Line | None:
        """A connection to this server, signed in with the identity of now; None: it does not take it."""
        try:
            return await self._open_at(address)
        except ConduixError as error:
            log.info("%s cannot be connected: %s", address, error.message)
        return None

    def failed(self, address: str, error: ConduixError) -> None:
        """A connection could not be had, or ended with an error: what only a person can mend is not tried at once."""
        self.refused(address, error.code, self._patience_with(error))

    def refused(self, address: str, code: str, retry_after: float | None) -> None:
        """A server ended the session; it is asked again after so many seconds, infinity counting as long."""
        self._identities.refused(code)
        if not self._identities.may_come_back():
            self._postpone(address, retry_after)

    def _patience_with(self, error: ConduixError) -> float | None:
        if isinstance(error, RemoteError):
            return error.retry_after if error.retry_after is not None or _transient(error) else self._patience
        return None if _transient(error) else min(LOOK_AGAIN, self._patience)

    def _postpone(self, address: str, seconds: float | None) -> None:
        if seconds is not None:
            seconds = self._patience if math.isinf(seconds) else seconds
            self._not_before[self._configured(address)] = self._clock() + seconds

    async def _next_server(self) -> str:
        """The next one in turn that may be asked; waits where none may."""
        while True:
            now = self._clock()
            for _ in self._servers:
                server = self._servers[self._turn % len(self._servers)]
                self._turn += 1
                if self._not_before.get(server, now) <= now:
                    return server
            await self._sleep(min(self._not_before.values()) - now)

    async def _open_at(self, address: str) -> Line:
        identity = self._identities.current
        if identity is None:
            raise LookupError("nobody connects without an identity")
        channel = mesh_channel(address, identity, self._authority)
        transport = await StreamTransport.open(channel)
        self.trouble = self._told = ""
        self._count += 1
        return Line(f"{self._incarnation}.{self._count}", channel, transport)

    def _tell(self, server: str, error: ConduixError) -> None:
        self.trouble = f"{_CHATTER.sub('', error.message)} ({error.code})"
        text = f"cannot connect to {server}: {self.trouble}"
        if text != self._told:  # once, not ten times a minute
            self._told = text
            log.warning("%s%s", text, f"; {error.remedy}" if error.remedy else "")

    def _configured(self, address: str) -> str:
        """The server of the list that has this mesh address; a stranger's counts by itself."""
        identity = self._identities.current
        if identity is not None:
            for server in self._servers:
                if mesh_address(server, identity) == address:
                    return server
        return address


def _transient(error: ConduixError) -> bool:
    """Worth trying again soon. What is wrong here, or with our sign-in, takes a person."""
    return error.status in _TRANSIENT
