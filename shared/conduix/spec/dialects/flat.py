"""The flat form: maps of sources, transforms and sinks, wired by `inputs`."""

from __future__ import annotations

from conduix.spec.diagnostics import Code, Problems
from conduix.spec.dialects.draft import (
    Draft,
    DraftNode,
    Link,
    check_id,
    entries_of,
    name_nodes,
    read_node,
    read_root,
    stub,
)
from conduix.spec.dialects.routes import routes_of
from conduix.spec.model import Role
from conduix.spec.nodes import Items, Node, Path, Scalar, Table, is_null, kind, plain

KEYS = frozenset({"sources", "transforms", "sinks"})
_SECTIONS: tuple[tuple[str, Role], ...] = (("sources", "source"), ("transforms", "stage"), ("sinks", "sink"))


def read(root: Table, problems: Problems) -> Draft:
    """The draft of a document in the flat form."""
    settings, dlq = read_root(root, KEYS, problems)
    nodes = [node for section, role in _SECTIONS for node in _section(root, section, role, problems)]
    if is_null(root.get("sources")) or (isinstance(sources := root.get("sources"), Table) and not sources.entries):
        mark = root.entries["sources"].key if "sources" in root.entries else root.mark
        message = "nothing says where records come from"
        problems.error(Code.MISSING_KEY, mark, ("sources",), message, "sources: {in: {type: file, path: …}}")
    for node in nodes:
        _refuse_next(node, problems)
    name_nodes([*nodes, dlq] if dlq else nodes, problems)
    if not any(node.role == "sink" for node in nodes):
        problems.warning(Code.NO_SINK, root.mark, (), "no sink: records are only logged, by a sink of the type stub")
        nodes.append(stub(_unread(nodes, root), root))
    return Draft(nodes, dlq, root, settings)


def _section(root: Table, section: str, role: Role, problems: Problems) -> list[DraftNode]:
    found = []
    what = f"{section} is a mapping of names and nodes"
    for name, entry in entries_of(root.get(section), (section,), what, problems):
        path: Path = (section, name)
        node = read_node(entry.value, role, path, problems, own_id=name, inputs=role != "source")
        if node is None:
            continue
        node.mark = entry.key
        check_id(name, entry.key, path, problems)
        if role != "source" and isinstance(entry.value, Table):
            node.inputs = _inputs(entry.value, path, node, problems)
        found.append(node)
    return found


def _inputs(table: Table, path: Path, node: DraftNode, problems: Problems) -> list[Link]:
    given = table.get("inputs")
    at: Path = (*path, "inputs")
    if given is None or is_null(given) or (isinstance(given, Items) and not given.values):
        message = f"{node.id!r} has no inputs, so nothing reaches it"
        problems.error(
            Code.MISSING_INPUT, given.mark if given else node.mark, at, message, "inputs: [id of a source or transform]"
        )
        node.broken = True
        return []
    named = [(value, (*at, i)) for i, value in enumerate(given.values)] if isinstance(given, Items) else [(given, at)]
    return [link for value, where in named for link in _link(value, where, node, problems)]


def _link(value: Node, path: Path, node: DraftNode, problems: Problems) -> list[Link]:
    if not isinstance(value, Scalar) or not isinstance(value.value, str):
        message = f"an input is the id of a source or transform, found {kind(plain(value))}"
        problems.error(Code.WRONG_TYPE, value.mark, path, message)
        node.broken = True
        return []
    name, dot, port = value.value.partition(".")
    return [Link(name, port if dot else "out", value.mark, path)]


def _refuse_next(node: DraftNode, problems: Problems) -> None:
    for route in routes_of(node):
        for target in route.targets:
            problems.error(
                Code.UNKNOWN_KEY,
                target.mark,
                target.path,
                "in the flat form a route is read by naming it in `inputs`; `next` belongs to the linear form",
                f"inputs: [{node.id}.{route.port}] at {target.node!r}",
            )


def _unread(nodes: list[DraftNode], root: Table) -> list[Link]:
    """An input for each output that nobody reads."""
    read_ports = {(link.node, link.port) for node in nodes for link in node.inputs}
    links = []
    for node in nodes:
        ports = [route.port for route in routes_of(node)] or ["out"]
        links += [Link(node.id, port, root.mark, ()) for port in ports if (node.id, port) not in read_ports]
    return links
