"""The edges of a draft: inputs that exist, ports that exist, no cycle, nothing unread or unreached."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from conduix.spec import graph
from conduix.spec.diagnostics import Code, Problems, nearest
from conduix.spec.dialects.draft import DraftNode, Link
from conduix.spec.dialects.routes import DEFAULT_PORT, routes_of

Ports = Mapping[str, Sequence[str]]
"""Node → its output ports, for the nodes whose options are right; the others' ports are not known."""


def check_wiring(nodes: Sequence[DraftNode], ports: Ports, problems: Problems) -> list[str]:
    """Note everything wrong with the edges; returns the ids in topological order."""
    by_id = {node.id: node for node in reversed(nodes)}
    for node in nodes:
        _check_inputs(node, by_id, ports, problems)
    feeds = {node.id: [link.node for link in node.inputs if link.node in by_id] for node in by_id.values()}
    feeds = {node.id: feeds[node.id] for node in nodes}
    on_cycles = _check_cycles(feeds, by_id, problems)
    _check_readers(nodes, problems)
    _check_reached(nodes, feeds, on_cycles, problems)
    return graph.topological(feeds)


def _check_inputs(node: DraftNode, by_id: Mapping[str, DraftNode], ports: Ports, problems: Problems) -> None:
    seen: set[tuple[str, str]] = set()
    for link in node.inputs:
        feeder = by_id.get(link.node)
        if feeder is None:
            known = [name for name, each in by_id.items() if each.role != "sink" and name != node.id]
            message = f"{node.id!r} reads {link.node!r}, which does not exist"
            meant = nearest(link.node, known)
            problems.error(Code.UNKNOWN_INPUT, link.mark, link.path, message, meant)
            node.broken = True
            if meant:
                by_id[meant].broken = True  # that nobody reads it is the same mistake
        elif feeder.role == "sink":
            message = f"{node.id!r} reads {link.node!r}, which is a sink and puts nothing out"
            problems.error(Code.UNKNOWN_INPUT, link.mark, link.path, message)
            node.broken = True
        elif link.node in ports and link.port not in ports[link.node]:
            _unknown_port(node, link, ports[link.node], problems)
        if (link.node, link.port) in seen:
            message = f"{node.id!r} reads {_written(link)!r} twice; every record would come twice"
            problems.error(Code.INVALID_VALUE, link.mark, link.path, message)
        seen.add((link.node, link.port))


def _unknown_port(node: DraftNode, link: Link, ports: Sequence[str], problems: Problems) -> None:
    node.broken = True
    if list(ports) == ["out"]:
        message = f"{link.node!r} has one output, which has no name of its own"
        problems.error(Code.UNKNOWN_PORT, link.mark, link.path, message, link.node)
        return
    names = [f"{link.node}.{port}" for port in ports]
    if link.port == "out":
        message = f"{link.node!r} has several outputs: name one of {', '.join(names)}"
        problems.error(Code.UNKNOWN_PORT, link.mark, link.path, message, names[0])
        return
    message = f"{link.node!r} has no output {link.port!r}; there are {', '.join(names)}"
    problems.error(Code.UNKNOWN_PORT, link.mark, link.path, message, nearest(_written(link), names))


def _written(link: Link) -> str:
    return link.node if link.port == "out" else f"{link.node}.{link.port}"


def _check_cycles(feeds: graph.Feeds, by_id: Mapping[str, DraftNode], problems: Problems) -> set[str]:
    found = graph.cycles(feeds)
    for cycle in found:
        ring = " → ".join((*cycle, cycle[0]))
        first = by_id[cycle[0]]
        link = next(link for link in first.inputs if link.node in cycle)
        problems.error(
            Code.CYCLE,
            link.mark,
            link.path or first.path,
            f"records would go round for ever: {ring}; remove one of these",
        )
    return {name for cycle in found for name in cycle}


def _check_readers(nodes: Sequence[DraftNode], problems: Problems) -> None:
    read = {(link.node, link.port) for node in nodes for link in node.inputs}
    for node in nodes:
        if node.broken or node.role == "sink":
            continue
        routes = routes_of(node)
        for route in routes:
            # a target that does not exist was already reported
            if (node.id, route.port) not in read and not route.targets:
                message = f"the route {route.port!r} of {node.id!r} leads nowhere; its records would be lost"
                instead = "next: id of a stage or sink; {type: drop} throws away"
                if route.port == DEFAULT_PORT:
                    instead += ", and without `default` records that no route takes are counted and dropped"
                problems.error(Code.ROUTE_WITHOUT_TARGET, route.mark, route.path, message, instead)
        if not routes and not any(feeder == node.id for feeder, _ in read):
            message = f"what {node.id!r} puts out is read by nobody; its records would be lost"
            instead = "its id in the `inputs` of a sink; {type: drop} throws away"
            problems.error(Code.UNREAD_OUTPUT, node.mark, node.path, message, instead)


def _check_reached(nodes: Sequence[DraftNode], feeds: graph.Feeds, on_cycles: set[str], problems: Problems) -> None:
    if not any(node.role == "source" for node in nodes):
        return  # reported as a missing key
    explained = {node.id for node in nodes if node.role == "source" or node.broken} | on_cycles
    reached = graph.reached(feeds, explained)
    for node in nodes:
        if node.id not in reached:
            message = f"no source leads to {node.id!r}"
            problems.error(Code.UNREACHABLE, node.mark, node.path, message)
