"""The session against everything that may happen to it, drawn by hypothesis."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from conduix.mesh.spool import DROP_ORDER
from tests.unit.mesh.world import Agent, Connection, World

_PICK = st.integers(0, 7)


class MeshMachine(RuleBasedStateMachine):
    """Every rule is something that people, hosts or networks do."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()

    @initialize(spool_bytes=st.sampled_from([300, 1 << 20]))
    def begin(self, spool_bytes: int) -> None:
        self.world = World(spool_bytes)
        self.world.connect(self.world.agents[0])

    def _agent(self, pick: int) -> Agent:
        return self.world.agents[pick % len(self.world.agents)]

    def _connections(self, direction: str) -> list[Connection]:
        return [c for c in self.world.connections if getattr(c, direction)]

    @rule(lifetime=st.sampled_from([1.0, 20.0, 300.0]))
    def submit(self, lifetime: float) -> None:
        self.world.submit(lifetime)

    @rule()
    def want(self) -> None:
        self.world.want()

    @rule(pick=_PICK, traffic=st.sampled_from(DROP_ORDER), count=st.integers(1, 6))
    def record(self, pick: int, traffic: int, count: int) -> None:
        # a second process with this identity has a spool of its own, which nobody ever promised to store
        chosen = next(t for t in DROP_ORDER if t == traffic)
        for _ in range(count):
            self.world.record(self.world.agents[0], chosen)

    @rule(pick=_PICK, replica=st.integers(0, 2))
    def observe(self, pick: int, replica: int) -> None:
        self.world.observe(self._agent(pick), replica)

    @rule(seconds=st.sampled_from([0.1, 1.0, 3.0, 12.0]))
    def advance(self, seconds: float) -> None:
        self.world.advance(seconds)

    @rule(pick=_PICK)
    def connect(self, pick: int) -> None:
        self.world.connect(self._agent(pick))

    @rule(pick=_PICK)
    def work(self, pick: int) -> None:
        self.world.work(self._agent(pick))

    @precondition(lambda self: self._connections("up"))
    @rule(pick=_PICK, at=_PICK, keep=st.booleans())
    def deliver_up(self, pick: int, at: int, keep: bool) -> None:
        some = self._connections("up")
        connection = some[pick % len(some)]
        self.world.deliver_up(connection, at % len(connection.up), keep=keep)

    @precondition(lambda self: self._connections("down"))
    @rule(pick=_PICK, at=_PICK, keep=st.booleans())
    def deliver_down(self, pick: int, at: int, keep: bool) -> None:
        some = self._connections("down")
        connection = some[pick % len(some)]
        self.world.deliver_down(connection, at % len(connection.down), keep=keep)

    @rule(rounds=st.integers(1, 3))
    def flow(self, rounds: int) -> None:
        """For a while the network does what it should."""
        for _ in range(rounds):
            for connection in list(self.world.connections):
                for _ in range(len(connection.up)):
                    if connection.up:
                        self.world.deliver_up(connection, 0)
                for _ in range(len(connection.down)):
                    if connection.down:
                        self.world.deliver_down(connection, 0)

    @precondition(lambda self: self._connections("up"))
    @rule(pick=_PICK, at=_PICK)
    def lose_up(self, pick: int, at: int) -> None:
        some = self._connections("up")
        connection = some[pick % len(some)]
        del connection.up[at % len(connection.up)]

    @precondition(lambda self: self._connections("down"))
    @rule(pick=_PICK, at=_PICK)
    def lose_down(self, pick: int, at: int) -> None:
        some = self._connections("down")
        connection = some[pick % len(some)]
        del connection.down[at % len(connection.down)]

    @precondition(lambda self: self.world.connections)
    @rule(pick=_PICK)
    def cut(self, pick: int) -> None:
        self.world.cut(self.world.connections[pick % len(self.world.connections)])

    @rule(pick=_PICK, power=st.booleans())
    def crash_agent(self, pick: int, power: bool) -> None:
        self.world.crash(self._agent(pick), power=power)

    @rule()
    def crash_at_the_next_command(self) -> None:
        self.world.crash_at_execute = True

    @rule()
    def crash_server(self) -> None:
        self.world.crash_server()

    @precondition(lambda self: len(self.world.agents) == 1)
    @rule()
    def clone(self) -> None:
        self.world.clone()

    @invariant()
    def holds(self) -> None:
        self.world.check_always()

    def teardown(self) -> None:
        self.world.finish()
