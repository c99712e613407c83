"""The balance of records per shard and node: in + made = passed + filtered + dead + held, at every barrier (I3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from conduix.engine.api import Counts

Line = tuple[int, int, int, int]
"""passed, filtered, dead, made; what came in follows from them."""
Balance = Mapping[str, Line]
"""node id → line."""

ZERO: Line = (0, 0, 0, 0)


def add(one: Line, other: Line) -> Line:
    """Sum of two lines."""
    return one[0] + other[0], one[1] + other[1], one[2] + other[2], one[3] + other[3]


def merge(balances: Iterable[Balance]) -> dict[str, Line]:
    """Sum of balances, node by node."""
    total: dict[str, Line] = {}
    for balance in balances:
        for node, line in balance.items():
            total[node] = add(total.get(node, ZERO), line)
    return total


def came_in(line: Line) -> int:
    """Records that came in, by the law of the ledger."""
    passed, filtered, dead, made = line
    return passed + filtered + dead - made


class Ledger:
    """One actor's counts per shard; starts from those of the checkpoint that the attempt starts from."""

    def __init__(self, base: Mapping[str, Balance], finished: Balance, nodes: Iterable[str]) -> None:
        wanted = frozenset(nodes)
        self._shards: dict[str, dict[str, Line]] = {
            shard: {node: tuple_of(line) for node, line in balance.items() if node in wanted}
            for shard, balance in base.items()
        }
        self._touched: set[str] = set()
        before = merge([finished, *base.values()])
        self.total = {node: before.get(node, ZERO) for node in wanted}
        """node → everything since the run began."""

    def note(self, shard: str, counts: Mapping[str, Counts]) -> None:
        """Add what the actor's nodes did to one batch of `shard`."""
        balance = self._shards.setdefault(shard, {})
        for node, c in counts.items():
            line = (c.passed, c.filtered, c.dead, c.made)
            balance[node] = add(balance.get(node, ZERO), line)
            self.total[node] = add(self.total[node], line)
        self._touched.add(shard)

    def cut(self) -> dict[str, dict[str, Line]]:
        """The balances of the shards touched since the last cut, as they stand now."""
        touched = {shard: dict(self._shards[shard]) for shard in self._touched}
        self._touched.clear()
        return touched

    def forget(self, shards: Iterable[str]) -> None:
        """These shards are finished and part of the totals now."""
        for shard in shards:
            self._shards.pop(shard, None)


def tuple_of(line: Iterable[int]) -> Line:
    """A line out of stored JSON."""
    passed, filtered, dead, made = line
    return passed, filtered, dead, made
