"""Whether a mapping may change the decoded record itself instead of a copy."""

from __future__ import annotations

from collections.abc import Iterator

from conduix.mapping import tree
from conduix.mapping.tree import Expr, Mapping

Path = tuple[str, ...]


def may_edit(mapping: Mapping) -> bool:
    """Is `root = this` followed only by reads and writes that cannot get into each other's way?

    A read never sees an earlier write, and nothing is written into a value that an earlier read may have put
    somewhere else. Branches, maps, metadata and reads of the root itself are not looked into: then the answer is no.
    """
    if mapping.in_place or mapping.maps or not mapping.statements:
        return False
    first, *rest = mapping.statements
    if not _is_copy(first):
        return False
    reads: list[Path] = []
    writes: list[Path] = []
    for statement in rest:
        if not isinstance(statement, tree.Assign) or statement.target.kind == "meta" or not statement.target.path:
            return False
        read = list(_reads(statement.value))
        if None in read:
            return False
        found = [path for path in read if path is not None]
        if any(_meet(path, write) for path in found for write in writes):
            return False
        reads += found
        if statement.target.kind == "root":
            path = statement.target.path
            if any(_is_below(path, other) for other in (*reads, *writes)):
                return False
            writes.append(path)
    return True


def _is_copy(statement: tree.Statement) -> bool:
    return (
        isinstance(statement, tree.Assign)
        and statement.target.kind == "root"
        and not statement.target.path
        and isinstance(statement.value, tree.This)
    )


def _meet(one: Path, other: Path) -> bool:
    """Is one of the paths at or below the other?"""
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]


def _is_below(path: Path, other: Path) -> bool:
    return len(path) > len(other) and path[: len(other)] == other


def _reads(node: Expr) -> Iterator[Path | None]:
    """The paths of the record that an expression reads; None for what is not followed."""
    path = _path(node)
    if path is not None:
        yield path
        return
    unclear = isinstance(node, tree.This | tree.Root | tree.Match | tree.Context)
    if unclear or (isinstance(node, tree.Lambda) and node.param is None):
        yield None
    else:
        for child in tree.children(node):
            yield from _reads(child)


def _path(node: Expr) -> Path | None:
    names: list[str] = []
    while isinstance(node, tree.Field):
        names.append(node.name)
        node = node.target
    return tuple(reversed(names)) if names and isinstance(node, tree.This) else None
