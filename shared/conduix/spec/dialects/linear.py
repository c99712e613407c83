"""The linear form: one source, a list of stages, one sink or several; routers name what reads them."""

from __future__ import annotations

from conduix.spec.diagnostics import Code, Problems, nearest
from conduix.spec.dialects.draft import (
    Draft,
    DraftNode,
    Link,
    link,
    name_nodes,
    read_node,
    read_root,
    stub,
    values_of,
)
from conduix.spec.dialects.routes import routes_of
from conduix.spec.later import LATER
from conduix.spec.model import CatalogView, Role
from conduix.spec.nodes import Items, Node, Path, Table, is_null

KEYS = frozenset({"source", "stages", "sink", "sinks"})


def read(root: Table, catalog: CatalogView, problems: Problems) -> Draft:
    """The draft of a document in the linear form."""
    settings, dlq = read_root(root, KEYS, problems)
    source = read_source(root, problems)
    stages = _list(root.get("stages"), "stage", ("stages",), problems)
    sinks = _sinks(root, problems)
    nodes = [*([source] if source else []), *stages, *sinks]
    name_nodes([*nodes, dlq] if dlq else nodes, problems)
    for stage in stages:
        _sink_among_stages(stage, catalog)
    _Wiring(source, stages, sinks, problems).wire()
    if not sinks and (loose := _loose_ends(source, stages, nodes)):
        nodes.append(stub([link(node) for node in loose], root, problems))
    return Draft(nodes, dlq, root, settings)


def read_source(root: Table, problems: Problems) -> DraftNode | None:
    """The node under `source`, of the linear and the steps form."""
    given = root.get("source")
    if given is None:
        problems.error(
            Code.MISSING_KEY,
            root.mark,
            ("source",),
            "nothing says where records come from",
            "source: {type: file, path: …}",
        )
        return None
    source = read_node(given, "source", ("source",), problems)
    if source and not source.id:
        source.id = "source"
    return source


def _sinks(root: Table, problems: Problems) -> list[DraftNode]:
    if "sink" in root.entries and "sinks" in root.entries:
        message = "`sink` and `sinks` stand side by side; one of them says it all"
        problems.error(Code.CONFLICTING_KEYS, root.entries["sink"].key, ("sink",), message, "sinks: [ … ]")
    single = root.get("sink")
    alone = None if is_null(single) else single
    found = _list(alone, "sink", ("sink",), problems) if isinstance(alone, Items) else []
    if alone is not None and not isinstance(alone, Items) and (sink := read_node(alone, "sink", ("sink",), problems)):
        found.append(sink)
    return found + _list(root.get("sinks"), "sink", ("sinks",), problems)


def _list(node: Node | None, role: Role, path: Path, problems: Problems) -> list[DraftNode]:
    what = f"{path[0]} is a list of {role}s"
    drafts = (
        read_node(item, role, (*path, index), problems)
        for index, item in enumerate(values_of(node, path, what, problems))
    )
    return [draft for draft in drafts if draft]


def _sink_among_stages(stage: DraftNode, catalog: CatalogView) -> None:
    """The type of a sink may stand among the stages; what follows it decides whether it can be one."""
    is_sink = catalog.find("sink", stage.type) is not None or stage.type in LATER["sink"]
    if is_sink and catalog.find("stage", stage.type) is None:
        stage.role = "sink"


def _loose_ends(source: DraftNode | None, stages: list[DraftNode], nodes: list[DraftNode]) -> list[DraftNode]:
    """What feeds nobody, and is no sink and no router."""
    feeding = {each.node for node in nodes for each in node.inputs}
    chain = [*([source] if source else []), *stages]
    return [n for n in chain if n.role != "sink" and n.id not in feeding and not routes_of(n) and not n.broken]


class _Wiring:
    """Who reads whom: down the list, except for what a route names."""

    def __init__(
        self, source: DraftNode | None, stages: list[DraftNode], sinks: list[DraftNode], problems: Problems
    ) -> None:
        self._source = source
        self._stages = stages
        self._sinks = sinks
        self._problems = problems
        self._named: dict[str, list[Link]] = {}
        self._tails: list[DraftNode] = []

    def wire(self) -> None:
        """Give every stage and sink its inputs."""
        self._read_routes()
        self._chain()
        for sink in self._sinks:
            if sink.id in self._named:
                sink.inputs = self._named[sink.id]
            else:
                sink.inputs = [link(tail) for tail in self._tails]
                self._expect_input(sink)
        common = any(sink.id not in self._named for sink in self._sinks)
        if self._sinks and not common:
            for tail in self._tails:
                self._unread(tail)

    def _read_routes(self) -> None:
        targets = {node.id: node for node in (*self._stages, *self._sinks)}
        for stage in self._stages:
            for route in routes_of(stage):
                for target in route.targets:
                    reads = Link(stage.id, route.port, target.mark, target.path)
                    if target.node in targets:
                        self._named.setdefault(target.node, []).append(reads)
                    else:
                        self._unknown_target(target, targets)

    def _unknown_target(self, target: Link, targets: dict[str, DraftNode]) -> None:
        message = f"no stage or sink has the id {target.node!r}"
        if self._source and target.node == self._source.id:
            message = "a source reads from outside; no route can lead to it"
        self._problems.error(Code.UNKNOWN_TARGET, target.mark, target.path, message, nearest(target.node, targets))

    def _chain(self) -> None:
        previous = self._source
        for stage in self._stages:
            if stage.id in self._named:
                self._end(previous)
                stage.inputs = self._named[stage.id]
            elif previous is None:
                stage.broken = True
            elif previous.role == "sink":
                self._problems.error(
                    Code.SINK_IN_CHAIN,
                    previous.mark,
                    previous.path,
                    f"the sink {previous.id!r} stands before {stage.id!r}; sinks that pass records on come later",
                    "it under sinks, where it gets the same records as the other sinks",
                )
                stage.broken = True
            elif routes_of(previous):
                self._after_router(stage, previous)
            else:
                stage.inputs = [link(previous)]
                stage.broken = previous.broken
            previous = stage
        self._end(previous)

    def _end(self, last: DraftNode | None) -> None:
        if last is None or routes_of(last):
            return
        if last.role != "sink":
            self._tails.append(last)
        elif common := [sink for sink in self._sinks if sink.id not in self._named]:
            for sink in common:
                sink.broken = True
            self._problems.error(
                Code.SINK_IN_CHAIN,
                last.mark,
                last.path,
                f"the sink {last.id!r} stands among the stages, before other sinks; passing records on comes later",
                "it under sinks",
            )

    def _after_router(self, stage: DraftNode, router: DraftNode) -> None:
        self._problems.error(
            Code.UNREACHABLE,
            stage.mark,
            stage.path,
            f"no route of {router.id!r} leads to {stage.id!r}: after a router only what a `next` names is reached",
            f"next: {stage.id} in one of its routes",
        )
        stage.broken = True

    def _expect_input(self, sink: DraftNode) -> None:
        if not sink.inputs and not sink.broken and self._source is not None:
            message = f"nothing leads to {sink.id!r}: every chain ends in a router, and no route names it"
            self._problems.error(Code.UNREACHABLE, sink.mark, sink.path, message, f"next: {sink.id} in a route")
            sink.broken = True

    def _unread(self, tail: DraftNode) -> None:
        if tail.broken:
            return
        tail.broken = True
        self._problems.error(
            Code.UNREAD_OUTPUT,
            tail.mark,
            tail.path,
            f"what {tail.id!r} puts out is read by nobody: every sink is named by a route",
            "another sink under sinks; {type: drop} throws away",
        )
