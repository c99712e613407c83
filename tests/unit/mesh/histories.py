"""Long histories by seed: hypothesis draws short ones well; what takes many steps in order this finds sooner."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from conduix.mesh.spool import DROP_ORDER
from tests.unit.mesh.world import Connection, World


class History:
    """One history. `clones`: a second process may start on a copy of the state directory."""

    def __init__(self, seed: int, *, clones: bool) -> None:
        self._random = Random(seed)
        self._clones = clones
        self.world = World(self._random.choice([300, 1 << 20]))
        self._rules: dict[Callable[[], None], int] = {
            lambda: self.world.submit(self._random.choice([1.0, 20.0, 300.0])): 6,
            self.world.want: 6,
            lambda: self.world.record(self.world.agents[0], self._random.choice(DROP_ORDER)): 8,
            lambda: self.world.observe(self._random.choice(self.world.agents), self._random.randrange(3)): 5,
            lambda: self.world.advance(self._random.choice([0.1, 1.0, 3.0, 12.0])): 8,
            lambda: self.world.connect(self._random.choice(self.world.agents)): 10,
            lambda: self.world.work(self._random.choice(self.world.agents)): 7,
            self._deliver: 32,
            self._lose: 6,
            self._cut: 3,
            lambda: self.world.crash(self._random.choice(self.world.agents), power=self._random.random() < 0.5): 3,
            self._crash_at_the_next_command: 1,
            self.world.crash_server: 2,
            self._clone: 1,
        }

    def run(self, steps: int = 120) -> None:
        """Live it, then settle it as people would. Raises AssertionError where a promise is broken."""
        world = self.world
        world.connect(world.agents[0])
        for rule in self._random.choices(list(self._rules), list(self._rules.values()), k=steps):
            rule()
            world.check_always()
        world.finish()

    def _some(self) -> tuple[Connection, str] | None:
        direction = self._random.choice(["up", "down"])
        some = [connection for connection in self.world.connections if getattr(connection, direction)]
        return (self._random.choice(some), direction) if some else None

    def _deliver(self) -> None:
        for _ in range(self._random.choice([1, 1, 5, 20])):
            if (some := self._some()) is None:
                continue
            connection, keep = some[0], self._random.random() < 0.2
            if some[1] == "up":
                self.world.deliver_up(connection, self._random.randrange(len(connection.up)), keep=keep)
            else:
                self.world.deliver_down(connection, self._random.randrange(len(connection.down)), keep=keep)

    def _lose(self) -> None:
        if (some := self._some()) is not None:
            waiting = getattr(*some)
            del waiting[self._random.randrange(len(waiting))]

    def _cut(self) -> None:
        if self.world.connections:
            self.world.cut(self._random.choice(self.world.connections))

    def _crash_at_the_next_command(self) -> None:
        self.world.crash_at_execute = True

    def _clone(self) -> None:
        if self._clones and len(self.world.agents) == 1:
            self.world.clone()
