"""Routes as documents write them: which port each one is, and what it names as `next`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from conduix.spec.dialects.draft import DraftNode, Link
from conduix.spec.nodes import Items, Mark, Node, Path, Scalar, Table

DEFAULT_PORT = "default"


@dataclass(frozen=True, slots=True)
class Route:
    """One way out of a router. `targets` are the nodes named by `next`, as links *to* them."""

    port: str
    targets: tuple[Link, ...]
    mark: Mark
    path: Path


def routes_of(node: DraftNode) -> list[Route]:
    """The routes of a stage that has any; their form is checked with the other options, wrong ones are skipped."""
    routes = node.options.get("routes")
    if node.role != "stage" or routes is None or not isinstance(routes.value, Items):
        return []
    found = []
    for index, route in enumerate(routes.value.values):
        name = route.get("name") if isinstance(route, Table) else None
        if isinstance(route, Table) and isinstance(name, Scalar):
            at: Path = (*routes.path, index)
            found.append(Route(name.text, tuple(_targets(route.get("next"), (*at, "next"))), route.mark, at))
    if (default := node.options.get(DEFAULT_PORT)) is not None:
        targets = tuple(_default_targets(default.value, default.path))
        found.append(Route(DEFAULT_PORT, targets, default.key, default.path))
    return found


def _default_targets(value: Node, path: Path) -> Iterator[Link]:
    if isinstance(value, Table):
        return _targets(value.get("next"), (*path, "next"))
    return _targets(value, path)


def _targets(value: Node | None, path: Path) -> Iterator[Link]:
    if isinstance(value, Scalar) and isinstance(value.value, str):
        yield Link(value.value, "", value.mark, path)
    elif isinstance(value, Items):
        for index, item in enumerate(value.values):
            if isinstance(item, Scalar) and isinstance(item.value, str):
                yield Link(item.value, "", item.mark, (*path, index))
