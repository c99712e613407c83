"""Which replica gets which shards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def balance(left: Sequence[Mapping[str, int]], replicas: int) -> list[set[str]]:
    """Deal shards: for each source a mapping from its shards to what is left of each (any unit, 0: it is finished).

    The largest goes first, to whoever has least of that source; the same shards are always dealt alike.
    """
    groups: list[set[str]] = [set() for _ in range(replicas)]
    for shards in left:
        loads = [0] * replicas
        for shard in sorted(shards, key=lambda shard: (-shards[shard], shard)):
            poorest = min(range(replicas), key=lambda replica: (loads[replica], len(groups[replica]), replica))
            groups[poorest].add(shard)
            loads[poorest] += shards[shard]
    return groups
