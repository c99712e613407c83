"""The flat form: maps of sources, transforms and sinks, wired by `inputs`."""

from __future__ import annotations

from conduix.spec.diagnostics import Code, Problems
from conduix.spec.dialects.draft import (
    Draft,
    DraftNode,
    check_id,
    entries_of,
    name_nodes,
    read_node,
    read_root,
    stub,
)
from conduix.spec.dialects.inputs import read_inputs, refuse_next, unread
from conduix.spec.model import Role
from conduix.spec.nodes import Path, Table, is_null

KEYS = frozenset({"sources", "transforms", "sinks"})
_INPUTS = frozenset({"inputs"})
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
        refuse_next(node, "flat", problems)
    name_nodes([*nodes, dlq] if dlq else nodes, problems)
    if not any(node.role == "sink" for node in nodes):
        nodes.append(stub(unread(nodes, root), root, problems))
    return Draft(nodes, dlq, root, settings)


def _section(root: Table, section: str, role: Role, problems: Problems) -> list[DraftNode]:
    found = []
    what = f"{section} is a mapping of names and nodes"
    for name, entry in entries_of(root.get(section), (section,), what, problems):
        path: Path = (section, name)
        node = read_node(
            entry.value, role, path, problems, own_id=name, also=frozenset() if role == "source" else _INPUTS
        )
        if node is None:
            continue
        node.mark = entry.key
        check_id(name, entry.key, path, problems)
        if role != "source" and isinstance(entry.value, Table):
            node.inputs = read_inputs(entry.value, path, node, problems)
        found.append(node)
    return found
