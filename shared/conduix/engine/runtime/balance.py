"""Which replica gets which shards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def balance(left: Sequence[Mapping[str, int]], replicas: int) -> list[set[str]]:
    """Deal shards: for each source a mapping from its shards to what is left of each (any unit, 0: it is finished).

    The largest goes first, to whoever has least of that source, a finished one to whoever has fewest shards. The same
    shards are always dealt alike.
    """
    groups: list[set[str]] = [set() for _ in range(replicas)]
    for shards in left:
        loads = [0] * replicas
        for shard, size in sorted(shards.items(), key=lambda item: (-item[1], item[0])):
            held = [(load if size else 0, len(group)) for load, group in zip(loads, groups, strict=True)]
            poorest = held.index(min(held))
            groups[poorest].add(shard)
            loads[poorest] += size
    return groups
