"""The actor form: supervisors that nest; records flow through their leaves in order, unless `inputs` says else."""

from __future__ import annotations

from collections.abc import Iterator

from conduix.spec.diagnostics import Code, Problems, nearest
from conduix.spec.dialects.draft import (
    Draft,
    DraftNode,
    DraftSupervisor,
    Option,
    check_id,
    link,
    name_nodes,
    numbered,
    read_id,
    read_node,
    read_root,
    stub,
    values_of,
)
from conduix.spec.dialects.inputs import read_inputs, refuse_next, unread
from conduix.spec.dialects.routes import routes_of
from conduix.spec.model import ROOT, Role
from conduix.spec.nodes import Entry, Items, Node, Path, Scalar, Table, is_null, kind, plain

KEYS = frozenset({"pipeline"})
ROLES: dict[str, Role] = {"source": "source", "transform": "stage", "sink": "sink"}
"""What a leaf says as its `type`; the type of the catalogue stands under `source_type` and so on."""
SUPERVISOR = "supervisor"
LEAF_KEYS = frozenset({"inputs", "restart"})
_SUPERVISOR_KEYS = frozenset({"name", "type", "supervision", "restart", "children"})
_EXAMPLE = "children: [{name: in, type: source, config: {source_type: file, path: …}}]"


def read(root: Table, problems: Problems) -> Draft:
    """The draft of a document in the actor form."""
    settings, dlq = read_root(root, KEYS, problems)
    _take_type(root, settings, problems)
    reader = _Reader(problems)
    tree = reader.tree(root)
    if tree.supervision and (also := next((key for key in ("supervision", "restart") if key in settings), None)):
        message = f"{also!r} and the `supervision` of the pipeline say the same; a document has only one of them"
        problems.error(Code.CONFLICTING_KEYS, settings[also].key, (also,), message)
        tree.supervision = None
    nodes = reader.nodes
    name_nodes([*nodes, dlq] if dlq else nodes, problems)
    _name_supervisors(tree, {node.id for node in nodes}, problems)
    for node in nodes:
        refuse_next(node, "actor", problems)
    _Flow(reader, problems).wire(nodes)
    if nodes and not reader.failed and not any(node.role == "source" for node in nodes):
        message = "none of the actors is a source, so there are no records"
        problems.error(Code.MISSING_KEY, tree.mark, (*tree.path, "children"), message, _EXAMPLE)
    if not any(node.role == "sink" for node in nodes):
        nodes.append(stub(unread(nodes, root), root, problems))
        tree.children.append(nodes[-1])
    return Draft(nodes, dlq, root, settings, tree)


def _take_type(root: Table, settings: dict[str, Entry], problems: Problems) -> None:
    """`type: actor` names the form; with `batch` or `realtime` it is the mode, as in the other forms."""
    given = root.get("type")
    text = given.text if isinstance(given, Scalar) else ""
    if given is None or text in {"batch", "realtime"}:
        return
    settings.pop("type")
    if text != "actor":
        message = f"type must be actor, or batch or realtime for the mode, found {kind(plain(given))}"
        problems.error(Code.INVALID_VALUE, given.mark, ("type",), message, "actor")


class _Reader:
    """Supervisors and leaves out of their mappings, the leaves in the order of the text."""

    def __init__(self, problems: Problems) -> None:
        self._problems = problems
        self.nodes: list[DraftNode] = []
        self.tables: dict[int, Table] = {}
        """By the id() of a leaf, what it was read from."""
        self.failed = False
        """Was there an actor that could not be read? What comes after it may lack inputs for that reason."""

    def tree(self, root: Table) -> DraftSupervisor:
        """The root supervisor, empty if there is nothing to be read."""
        path: Path = ("pipeline",)
        given = root.get("pipeline")
        if isinstance(given, Table):
            return self._supervisor(given, path, _SUPERVISOR_KEYS - {"restart"})
        mark = root.entries["pipeline"].key if "pipeline" in root.entries else root.mark
        what = "there is none" if given is None else f"found {kind(plain(given))}"
        message = f"the actor form has a mapping `pipeline` with name, supervision and children; {what}"
        code = Code.MISSING_KEY if is_null(given) else Code.WRONG_TYPE
        self._problems.error(code, mark, path, message, f"pipeline: {{{_EXAMPLE}}}")
        return DraftSupervisor("", mark, path)

    def _supervisor(self, table: Table, path: Path, keys: frozenset[str]) -> DraftSupervisor:
        for key, entry in table.entries.items():
            if key not in keys:
                message = f"a supervisor has no key {key!r}"
                self._problems.error(Code.UNKNOWN_KEY, entry.key, (*path, key), message, nearest(key, keys))
        if path == ("pipeline",):
            self._check_kind(table, path)
        supervisor = DraftSupervisor(read_id(table, path, self._problems), table.mark, path)
        supervisor.supervision = _option(table, "supervision", path)
        supervisor.restart = _option(table, "restart", path) if "restart" in keys else None
        at: Path = (*path, "children")
        given = table.get("children")
        items = values_of(given, at, "children is a list of actors", self._problems)
        if not items and (is_null(given) or isinstance(given, Items)):
            message = "a supervisor without children has nothing to do"
            self._problems.error(Code.MISSING_KEY, table.mark, at, message, _EXAMPLE)
        children = (self._child(item, (*at, index)) for index, item in enumerate(items))
        supervisor.children = [child for child in children if child]
        return supervisor

    def _check_kind(self, table: Table, path: Path) -> None:
        given = table.get("type")
        if not is_null(given) and given is not None and plain(given) != SUPERVISOR:
            message = f"the root of the actors is a supervisor, found {kind(plain(given))}"
            self._problems.error(Code.INVALID_VALUE, given.mark, (*path, "type"), message, SUPERVISOR)

    def _child(self, node: Node, path: Path) -> DraftSupervisor | DraftNode | None:
        child = self._read_child(node, path)
        self.failed |= child is None
        return child

    def _read_child(self, node: Node, path: Path) -> DraftSupervisor | DraftNode | None:
        if not isinstance(node, Table):
            message = f"an actor is a mapping with a name and a type, found {kind(plain(node))}"
            self._problems.error(Code.WRONG_TYPE, node.mark, path, message, "{name: in, type: source, config: { … }}")
            return None
        given = plain(node.entries["type"].value) if "type" in node.entries else None
        if given == SUPERVISOR:
            return self._supervisor(node, path, _SUPERVISOR_KEYS)
        role = ROLES.get(given) if isinstance(given, str) else None
        if role is None:
            self._unknown_kind(node, given, path)
            return None
        leaf = read_node(node, role, path, self._problems, also=LEAF_KEYS, type_key=f"{given}_type")
        if leaf is not None:
            leaf.restart = _option(node, "restart", path)
            self.nodes.append(leaf)
            self.tables[id(leaf)] = node
        return leaf

    def _unknown_kind(self, node: Table, given: object, path: Path) -> None:
        kinds = (SUPERVISOR, *ROLES)
        entry = node.entries.get("type")
        at: Path = (*path, "type")
        if entry is None or given is None:
            meant = SUPERVISOR if "children" in node.entries else "source"
            message = f"this actor has no type; there are {', '.join(kinds)}"
            self._problems.error(Code.MISSING_KEY, entry.key if entry else node.mark, at, message, f"type: {meant}")
            return
        message = f"an actor is one of {', '.join(kinds)}, found {kind(given)}"
        meant = nearest(given, kinds) if isinstance(given, str) else ""
        if isinstance(given, str) and not meant:
            message += f"; what it is of them goes under `type`, {given!r} under `source_type` and so on"
        self._problems.error(Code.UNKNOWN_TYPE, entry.value.mark, at, message, meant)


def _option(table: Table, key: str, path: Path) -> Option | None:
    entry = table.entries.get(key)
    return None if entry is None or is_null(entry.value) else Option(entry.key, entry.value, (*path, key))


def _supervisors(tree: DraftSupervisor) -> Iterator[DraftSupervisor]:
    yield tree
    for child in tree.children:
        if isinstance(child, DraftSupervisor):
            yield from _supervisors(child)


def _name_supervisors(tree: DraftSupervisor, taken: set[str], problems: Problems) -> None:
    """Names are what restarts are reported under: no two supervisors and nodes share one."""
    names = dict.fromkeys(taken)
    found = list(_supervisors(tree))
    for each in found:
        if each.name and each.name in names:
            message = f"the name {each.name!r} is taken by another actor"
            problems.error(Code.DUPLICATE_ID, each.mark, each.path, message, next(numbered(each.name, names)))
        elif each.name:
            names[each.name] = None
    for each in found:
        if not each.name:
            each.name = next(numbered(ROOT if each is tree else SUPERVISOR, names))
            names[each.name] = None
            check_id(each.name, each.mark, each.path, problems)


class _Flow:
    """Who reads whom. `tails` is what the next stage or sink reads: the sources side by side, or the last stage."""

    def __init__(self, reader: _Reader, problems: Problems) -> None:
        self._tables = reader.tables
        self._lacks_some = reader.failed
        self._problems = problems
        self._tails: list[DraftNode] = []
        self._sink: DraftNode | None = None
        """The sink that ended the flow, until another begins."""

    def wire(self, nodes: list[DraftNode]) -> None:
        """Give every stage and sink its inputs."""
        for node in nodes:
            table = self._tables[id(node)]
            if node.role == "source":
                self._tails = [*([] if self._sink else self._tails), node]
                self._sink = None
                continue
            if not is_null(table.get("inputs")):
                node.inputs = read_inputs(table, node.path, node, self._problems)
            else:
                self._read_tails(node)
            if node.role == "sink":
                self._sink = node
            else:
                self._tails, self._sink = [node], None

    def _read_tails(self, node: DraftNode) -> None:
        if node.role == "stage" and self._sink:
            message = f"the sink {self._sink.id!r} stands before {node.id!r}; sinks that pass records on come later"
            instead = f"inputs: [{self._tails[-1].id}]" if self._tails else "it before the sink"
            self._problems.error(Code.SINK_IN_CHAIN, node.mark, node.path, message, instead)
            node.broken = True
            return
        for tail in self._tails:
            if routes := routes_of(tail):
                message = f"{tail.id!r} has several outputs: after a router `inputs` says which one {node.id!r} reads"
                instead = f"inputs: [{tail.id}.{routes[0].port}]"
                self._problems.error(Code.MISSING_INPUT, node.mark, (*node.path, "inputs"), message, instead)
                node.broken = True
                return
        node.inputs = [link(tail) for tail in self._tails]
        node.broken = any(tail.broken for tail in self._tails) or (not self._tails and self._lacks_some)
