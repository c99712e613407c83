"""`inputs` as nodes have them in the flat and the actor form: what a node reads, and what nobody reads."""

from __future__ import annotations

from conduix.spec.diagnostics import Code, Problems
from conduix.spec.dialects.draft import DraftNode, Link
from conduix.spec.dialects.routes import routes_of
from conduix.spec.nodes import Items, Node, Path, Scalar, Table, is_null, kind, plain


def read_inputs(table: Table, path: Path, node: DraftNode, problems: Problems) -> list[Link]:
    """The links of a node that must have some: a name, or a list of names, each of a node or a `router.route`."""
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


def refuse_next(node: DraftNode, form: str, problems: Problems) -> None:
    """Note each `next` of a router: in these forms its readers name the route."""
    for route in routes_of(node):
        for target in route.targets:
            problems.error(
                Code.UNKNOWN_KEY,
                target.mark,
                target.path,
                f"in the {form} form a route is read by naming it in `inputs`; `next` belongs to the linear form",
                f"inputs: [{node.id}.{route.port}] at {target.node!r}",
            )


def unread(nodes: list[DraftNode], root: Table) -> list[Link]:
    """An input for each output that nobody reads."""
    read_ports = {(link.node, link.port) for node in nodes for link in node.inputs}
    links = []
    for node in nodes:
        ports = [route.port for route in routes_of(node)] or ["out"]
        links += [Link(node.id, port, root.mark, ()) for port in ports if (node.id, port) not in read_ports]
    return links
