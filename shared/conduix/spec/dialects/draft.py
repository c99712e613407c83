"""What the dialects make of a document: nodes and settings, not yet checked against the catalogue."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from conduix.spec.diagnostics import Code, Problems, nearest
from conduix.spec.model import Role
from conduix.spec.nodes import Entry, Items, Mark, Node, Path, Scalar, Table, is_null, kind, plain
from conduix.spec.settings import COMMON_KEYS, ID


@dataclass(frozen=True, slots=True)
class Option:
    """An option of a node: where its key stands, its value, its path in the document."""

    key: Mark
    value: Node
    path: Path


@dataclass(frozen=True, slots=True)
class Link:
    """An input as written: the node that feeds, its port, and where that is said."""

    node: str
    port: str
    mark: Mark
    path: Path


@dataclass(slots=True)
class DraftNode:
    """A node before its type and options are checked."""

    id: str
    role: Role
    type: str
    mark: Mark
    path: Path
    type_at: tuple[Mark, Path]
    options: dict[str, Option] = field(default_factory=dict)
    inputs: list[Link] = field(default_factory=list)
    when: Option | None = None
    on_error: Option | None = None
    restart: Option | None = None
    """Restart type, in the actor form."""
    broken: bool = False
    """Its wiring was already reported."""


@dataclass(slots=True)
class DraftSupervisor:
    """A supervisor as written, its keys not yet checked."""

    name: str
    mark: Mark
    path: Path
    children: list[DraftSupervisor | DraftNode] = field(default_factory=list)
    supervision: Option | None = None
    restart: Option | None = None


@dataclass(slots=True)
class Draft:
    """A document's nodes, dead-letter sink and settings."""

    nodes: list[DraftNode]
    dlq: DraftNode | None
    root: Table
    settings: Mapping[str, Entry]
    tree: DraftSupervisor | None = None
    """Who restarts whom, in the actor form; the supervision of its root is a setting of the pipeline."""


_NODE_KEYS: Mapping[Role, frozenset[str]] = {
    "source": frozenset({"id", "name", "type", "config"}),
    "stage": frozenset({"id", "name", "type", "config", "when", "on_error"}),
    "sink": frozenset({"id", "name", "type", "config", "on_error"}),
}
_REMEDIES = {
    "when": "only stages have a condition of their own; put a filter or a router before this node",
    "on_error": "only stages and sinks have it",
    "inputs": "in the linear form a node reads the one before it, or the route that names it in `next`",
}


def read_node(
    node: Node,
    role: Role,
    path: Path,
    problems: Problems,
    *,
    own_id: str = "",
    also: frozenset[str] = frozenset(),
    type_key: str = "type",
) -> DraftNode | None:
    """A node out of its mapping; options stand beside `type` or under `config`.

    `own_id` is what the node is called where its key in the document names it (flat form); `also` keeps more keys out
    of the options: the dialect reads them itself. `type_key` is where the type stands, if not under `type` (actor form:
    `source_type`, beside the options).
    """
    if not isinstance(node, Table):
        found = "nothing" if is_null(node) else kind(plain(node))
        problems.error(
            Code.WRONG_TYPE,
            node.mark,
            path,
            f"a {role} is a mapping with a type, found {found}",
            f"{{type: {_like(role)}, …}}",
        )
        return None
    type_name, type_at = _type(node, role, path, type_key, problems)
    draft = DraftNode(own_id or read_id(node, path, problems), role, type_name, node.mark, path, type_at)
    own_keys = _NODE_KEYS[role] | also | {type_key}
    for key, entry in node.entries.items():
        at = Option(entry.key, entry.value, (*path, key))
        if key not in own_keys or (own_id and key in {"id", "name"}):
            _add_option(draft, key, at, problems)
    _read_config(node, draft, path, type_key, problems)
    for key in ("when", "on_error"):
        if key in own_keys and key in node.entries and not is_null(node.get(key)):
            setattr(draft, key, Option(node.entries[key].key, node.entries[key].value, (*path, key)))
    return draft


def _like(role: Role) -> str:
    return "filter" if role == "stage" else "file"


def _type(node: Table, role: Role, path: Path, key: str, problems: Problems) -> tuple[str, tuple[Mark, Path]]:
    entry = node.entries.get(key)
    config = node.get("config")
    if entry is None and key != "type" and isinstance(config, Table) and key in config.entries:
        entry, path = config.entries[key], (*path, "config")
    if entry is None or is_null(entry.value):
        mark = entry.key if entry else node.mark
        message = f"this {role} has no type"
        problems.error(Code.MISSING_KEY, mark, (*path, key), message, f"{key}: {_like(role)}")
        return "", (mark, path)
    at = (entry.value.mark, (*path, key))
    if not isinstance(entry.value, Scalar) or not isinstance(entry.value.value, str):
        message = f"a type is the name of a {role}, found {kind(plain(entry.value))}"
        problems.error(Code.WRONG_TYPE, *at, message)
        return "", at
    return entry.value.value, at


def read_id(node: Table, path: Path, problems: Problems) -> str:
    """The `id`, or `name`, which means the same; empty if there is none, or if it is wrong."""
    given = [(key, node.entries[key]) for key in ("id", "name") if key in node.entries]
    if not given:
        return ""
    key, entry = given[0]
    if len(given) > 1 and plain(entry.value) != plain(given[1][1].value):
        message = "`name` is another word for `id`; a node has only one of them"
        problems.error(Code.CONFLICTING_KEYS, given[1][1].key, (*path, "name"), message)
    if not isinstance(entry.value, Scalar) or not isinstance(entry.value.value, str):
        problems.error(
            Code.WRONG_TYPE, entry.value.mark, (*path, key), f"an {key} is a text, found {kind(plain(entry.value))}"
        )
        return ""
    check_id(entry.value.value, entry.value.mark, (*path, key), problems)
    return entry.value.value


def check_id(name: str, mark: Mark, path: Path, problems: Problems) -> None:
    """Note an id that files, metrics or `router.route` could not carry."""
    if not re.match(ID, name):
        better = re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-")[:63]
        problems.error(
            Code.INVALID_ID,
            mark,
            path,
            f"{name!r} is no id: letters, digits, _ and -, beginning with a letter, at most 63",
            better if re.match(ID, better) else "",
        )


def _add_option(draft: DraftNode, key: str, option: Option, problems: Problems) -> None:
    if key in draft.options:
        there = draft.options[key].key.line
        message = f"the option {key!r} stands beside `type` and under `config` (line {there}); it can have one value"
        problems.error(Code.CONFLICTING_KEYS, option.key, option.path, message)
    elif key in _REMEDIES and len(option.path) == len(draft.path) + 1:
        problems.error(Code.UNKNOWN_KEY, option.key, option.path, f"a {draft.role} has no {key!r}: {_REMEDIES[key]}")
    else:
        draft.options[key] = option


def _read_config(node: Table, draft: DraftNode, path: Path, type_key: str, problems: Problems) -> None:
    config = node.get("config")
    if is_null(config):
        return
    if not isinstance(config, Table):
        message = f"config is a mapping of options, found {kind(plain(config))}" if config else ""
        problems.error(Code.WRONG_TYPE, node.entries["config"].value.mark, (*path, "config"), message)
        return
    for key, entry in config.entries.items():
        if key == type_key != "type" and key not in node.entries:
            continue  # it was read as the type
        _add_option(draft, key, Option(entry.key, entry.value, (*path, "config", key)), problems)


def name_nodes(nodes: list[DraftNode], problems: Problems) -> None:
    """Give an id to those without: their type, numbered where it is taken; note ids given twice."""
    first: dict[str, DraftNode] = {}
    for node in nodes:
        if node.id and node.id in first:
            message = f"the id {node.id!r} is taken by the {first[node.id].role} in line {first[node.id].mark.line}"
            problems.error(Code.DUPLICATE_ID, node.mark, node.path, message, next(numbered(node.id, first)))
            node.broken = True
        elif node.id:
            first[node.id] = node
    free: dict[str, Iterator[str]] = {}
    for node in nodes:
        if not node.id:
            base = node.type or node.role
            node.id = next(free.setdefault(base, numbered(base, first)))
            first[node.id] = node


def numbered(name: str, taken: Mapping[str, object]) -> Iterator[str]:
    """`name`, `name-2`, `name-3`, … without those that are taken."""
    base = re.sub(r"[^A-Za-z0-9_-]+", "-", name)[:56] or "node"
    candidates = itertools.chain([base], (f"{base}-{number}" for number in itertools.count(2)))
    return (candidate for candidate in candidates if candidate not in taken)


def read_root(root: Table, own_keys: frozenset[str], problems: Problems) -> tuple[dict[str, Entry], DraftNode | None]:
    """The settings as written, and the dead-letter sink; keys that nobody knows are noted."""
    known = COMMON_KEYS | own_keys
    settings = {key: entry for key, entry in root.entries.items() if key in COMMON_KEYS and key != "dlq"}
    for key, entry in root.entries.items():
        if key not in known:
            message = f"a document has no key {key!r}"
            problems.error(Code.UNKNOWN_KEY, entry.key, (key,), message, nearest(key, known))
    dlq = root.get("dlq")
    if dlq is None or is_null(dlq):
        return settings, None
    return settings, read_node(dlq, "sink", ("dlq",), problems, own_id="dlq")


def entries_of(node: Node | None, path: Path, what: str, problems: Problems) -> list[tuple[str, Entry]]:
    """The entries of a mapping that may be absent; anything else is noted."""
    if node is None or is_null(node):
        return []
    if isinstance(node, Table):
        return list(node.entries.items())
    problems.error(Code.WRONG_TYPE, node.mark, path, f"{what}, found {kind(plain(node))}")
    return []


def values_of(node: Node | None, path: Path, what: str, problems: Problems) -> list[Node]:
    """The items of a list that may be absent; anything else is noted."""
    if node is None or is_null(node):
        return []
    if isinstance(node, Items):
        return node.values
    problems.error(Code.WRONG_TYPE, node.mark, path, f"{what}, found {kind(plain(node))}")
    return []


def link(feeder: DraftNode) -> Link:
    """What reads the only output of a node because it comes after it."""
    return Link(feeder.id, "out", feeder.mark, feeder.path)


def stub(inputs: list[Link], root: Table, problems: Problems) -> DraftNode:
    """The sink of a document that has none: it logs what arrives. That is a warning."""
    problems.warning(Code.NO_SINK, root.mark, (), "no sink: records are only logged, by a sink of the type stub")
    return DraftNode("stub", "sink", "stub", root.mark, (), (root.mark, ()), inputs=inputs)
