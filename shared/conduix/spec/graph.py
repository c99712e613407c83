"""What is asked of a directed graph: an order, the cycles, what is reached."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence

Feeds = Mapping[str, Sequence[str]]
"""Node → the nodes it reads from."""


def topological(feeds: Feeds) -> list[str]:
    """The nodes, each after all that it reads from, otherwise in the given order; what lies on a cycle is left out.

    Nodes that are fed by a cycle are left out too. Inputs that are no nodes are ignored.
    """
    waiting = {node: {name for name in inputs if name in feeds} for node, inputs in feeds.items()}
    readers: dict[str, list[str]] = {node: [] for node in feeds}
    for node, inputs in waiting.items():
        for name in inputs:
            readers[name].append(node)
    order = {node: position for position, node in enumerate(feeds)}
    names = list(feeds)
    ready = [order[node] for node, inputs in waiting.items() if not inputs]
    done: list[str] = []
    while ready:
        node = names[heapq.heappop(ready)]
        done.append(node)
        for reader in readers[node]:
            waiting[reader].discard(node)
            if not waiting[reader]:
                heapq.heappush(ready, order[reader])
    return done


def cycles(feeds: Feeds) -> list[list[str]]:
    """One cycle for each knot of nodes that feed each other.

    Each begins with its first node in the given order and goes on in the direction in which records would flow.
    """
    found: list[list[str]] = []
    order = {node: position for position, node in enumerate(feeds)}
    settled: set[str] = set(topological(feeds))
    for start in feeds:
        trail: list[str] = []
        node: str | None = start
        while node is not None and node not in settled and node not in trail:
            trail.append(node)
            node = next((name for name in feeds[node] if name in feeds and name not in settled), None)
        if node is not None and node in trail:
            ring = trail[trail.index(node) :]
            first = min(range(len(ring)), key=lambda at: order[ring[at]])
            found.append([ring[first], *ring[:first][::-1], *ring[first + 1 :][::-1]])
        settled.update(trail)
    return found


def reached(feeds: Feeds, starts: Iterable[str]) -> set[str]:
    """The nodes to which records flow from `starts`, themselves included."""
    readers: dict[str, list[str]] = {}
    for node, inputs in feeds.items():
        for name in inputs:
            readers.setdefault(name, []).append(node)
    seen: set[str] = set()
    todo = list(starts)
    while todo:
        node = todo.pop()
        if node not in seen:
            seen.add(node)
            todo.extend(readers.get(node, ()))
    return seen
