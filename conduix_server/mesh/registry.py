"""The connections of one server, by agent."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

from conduix_server.mesh.connection import Connection

SLICES: Final = 10
"""Parts of all connections that are looked at one after another, so that no look is long."""


class Registry:
    """Whoever is connected; of an agent there may be several, and one at most holds its session."""

    def __init__(self) -> None:
        self._slices: list[dict[str, Connection]] = [{} for _ in range(SLICES)]
        self._by_agent: dict[str, dict[str, Connection]] = {}
        self._held: dict[str, Connection] = {}
        self._next = 0

    def __len__(self) -> int:
        return sum(map(len, self._slices))

    def __iter__(self) -> Iterator[Connection]:
        """Those of this moment."""
        return iter([connection for part in self._slices for connection in part.values()])

    def add(self, connection: Connection) -> None:
        """It came."""
        self._slices[self._next % SLICES][connection.name] = connection
        self._next += 1
        self._by_agent.setdefault(connection.agent_id, {})[connection.name] = connection

    def remove(self, connection: Connection) -> None:
        """It is over."""
        for part in self._slices:
            part.pop(connection.name, None)
        same = self._by_agent[connection.agent_id]
        del same[connection.name]
        if not same:
            del self._by_agent[connection.agent_id]
        if self._held.get(connection.agent_id) is connection:
            del self._held[connection.agent_id]

    def hold(self, connection: Connection) -> Connection | None:
        """It has the session of its agent now; the one that had it before, if that is here too."""
        before = self._held.get(connection.agent_id)
        self._held[connection.agent_id] = connection
        return before

    def of_agent(self, agent_id: str) -> Collection[Connection]:
        """All connections of an agent."""
        return tuple(self._by_agent.get(agent_id, {}).values())

    def held(self, agent_id: str) -> Connection | None:
        """The connection with the session of an agent, if it is open still."""
        connection = self._held.get(agent_id)
        return connection if connection is not None and connection.open else None

    def agents(self) -> Collection[str]:
        """Who is connected."""
        return tuple(self._by_agent)

    def sessions(self) -> Collection[Connection]:
        """Those with a session."""
        return tuple(connection for connection in self._held.values() if connection.open)

    def slice(self, number: int) -> Collection[Connection]:
        """One part, counted on without end."""
        return tuple(self._slices[number % SLICES].values())
