"""The steps form (v2): a source, steps that say what they do by their key, one output."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import NamedTuple

from conduix.spec.diagnostics import Code, Problems, nearest
from conduix.spec.dialects.draft import (
    Draft,
    DraftNode,
    Option,
    entries_of,
    link,
    name_nodes,
    read_id,
    read_node,
    read_root,
    stub,
    values_of,
)
from conduix.spec.dialects.linear import read_source
from conduix.spec.nodes import Mark, Node, Path, Scalar, Table, is_null, kind, plain

KEYS = frozenset({"source", "realtime", "steps", "output"})


class Verb(NamedTuple):
    """What a step's key stands for: a type of stage, and the option that its value is."""

    stage: str
    option: str


VERBS: Mapping[str, Verb] = {
    "transform": Verb("mapping", "mapping"),
    "filter": Verb("filter", "condition"),
    "sample": Verb("sample", "rate"),
    "select": Verb("select", "fields"),
    "exclude": Verb("exclude", "fields"),
}
_EXAMPLES = {
    "transform": "root = this",
    "filter": "this.a == 1",
    "sample": "0.1",
    "select": "[id, name]",
    "exclude": "[password]",
}
_STEP_KEYS = frozenset({"name", "id", "when", "on_error"})

REALTIME: Mapping[str, Mapping[str, str]] = {
    "id_field": {"dedupe": "key"},
    "event_type_field": {"upsert": "event_type_field"},
    "entity_id_field": {"upsert": "entity_id_field"},
    "dedup_storage": {"dedupe": "storage", "upsert": "storage"},
    "dedup_ttl": {"dedupe": "ttl"},
}
"""Key of `realtime` → the option it is of each of the two stages that it stands for."""
_DEFAULT_ID_FIELD = "event_id"


def read(root: Table, problems: Problems) -> Draft:
    """The draft of a document in the steps form."""
    settings, dlq = read_root(root, KEYS, problems)
    source = read_source(root, problems)
    given = values_of(root.get("steps"), ("steps",), "steps is a list", problems)
    steps = [_step(node, ("steps", index), problems) for index, node in enumerate(given)]
    output = root.get("output")
    sink = None if output is None or is_null(output) else read_node(output, "sink", ("output",), problems)
    nodes = [node for node in (source, *_realtime(root, problems), *steps, sink) if node]
    name_nodes([*nodes, dlq] if dlq else nodes, problems)
    for before, node in pairwise(nodes):
        node.inputs = [link(before)]
    if source is None:
        for node in nodes:
            node.broken = True
    elif is_null(output):
        nodes.append(stub([link(nodes[-1])], root, problems))
    elif sink is None:
        nodes[-1].broken = True  # its reader was already reported
    return Draft(nodes, dlq, root, settings)


def _step(node: Node, path: Path, problems: Problems) -> DraftNode | None:
    if not isinstance(node, Table):
        message = f"a step is a mapping, found {kind(plain(node))}"
        problems.error(Code.WRONG_TYPE, node.mark, path, message, "{name: active, filter: 'this.a == 1'}")
        return None
    verbs = [key for key in node.entries if key in VERBS]
    if not _check_keys(node, verbs, path, problems):
        return None
    key = verbs[0]
    entry = node.entries[key]
    at: Path = (*path, key)
    verb = VERBS[key]
    draft = DraftNode(read_id(node, path, problems), "stage", verb.stage, node.mark, path, (entry.key, at))
    if isinstance(entry.value, Table):
        draft.path = at  # so that what is missing is looked for where it would stand
        draft.options = {name: Option(each.key, each.value, (*at, name)) for name, each in entry.value.entries.items()}
    else:
        draft.options[verb.option] = Option(entry.key, entry.value, at)
    for name in ("when", "on_error"):
        if not is_null(node.get(name)):
            setattr(draft, name, Option(node.entries[name].key, node.entries[name].value, (*path, name)))
    return draft


def _check_keys(node: Table, verbs: list[str], path: Path, problems: Problems) -> bool:
    known = {*VERBS, *_STEP_KEYS}
    unknown = [key for key in node.entries if key not in known]
    for key in unknown:
        meant = nearest(key, known)
        message = f"a step has no key {key!r}; it has one of {', '.join(VERBS)}"
        if key in {"type", "config"}:
            message += "; other stages belong to the linear form, with `stages` for `steps`"
        problems.error(Code.UNKNOWN_KEY, node.entries[key].key, (*path, key), message, meant)
    empty = [key for key in verbs if is_null(node.get(key))]
    for key in empty:
        message = f"{key!r} of this step says nothing"
        problems.error(Code.MISSING_KEY, node.entries[key].key, (*path, key), message, f"{key}: {_EXAMPLES[key]}")
    if not verbs and not unknown:
        message = f"this step says nothing to do: it has one of {', '.join(VERBS)}"
        problems.error(Code.MISSING_KEY, node.mark, path, message, "filter: 'this.a == 1'")
    for key in verbs[1:]:
        message = f"a step does one thing, this one says {verbs[0]!r} and {key!r}"
        problems.error(Code.CONFLICTING_KEYS, node.entries[key].key, (*path, key), message, "two steps")
    return len(verbs) == 1 and not unknown and not empty


def _realtime(root: Table, problems: Problems) -> list[DraftNode]:
    """The stages that `realtime` stands for: events seen before are left out, an UPDATE of nothing is a CREATE."""
    path: Path = ("realtime",)
    entry = root.entries.get("realtime")
    if entry is None or is_null(entry.value):
        return []
    what = "realtime is a mapping with id_field, event_type_field, dedup_storage and dedup_ttl"
    given = entries_of(entry.value, path, what, problems)
    if _is_batch(root):
        message = "'realtime' has no effect in batch: all records are read anew, nothing is remembered of earlier ones"
        problems.warning(Code.NO_EFFECT, entry.key, path, message, "type: realtime")
        given_to: list[DraftNode] = []
    else:
        given_to = [DraftNode("", "stage", name, entry.key, path, (entry.key, path)) for name in ("dedupe", "upsert")]
        given_to[0].options["key"] = _default(entry.key)
    for key, value in given:
        if key not in REALTIME:
            message = f"realtime has no key {key!r}"
            problems.error(Code.UNKNOWN_KEY, value.key, (*path, key), message, nearest(key, REALTIME))
        for stage in given_to:
            if option := REALTIME.get(key, {}).get(stage.type):
                stage.options[option] = Option(value.key, value.value, (*path, key))
    return given_to


def _default(mark: Mark) -> Option:
    return Option(mark, Scalar(mark, _DEFAULT_ID_FIELD, _DEFAULT_ID_FIELD), ("realtime", "id_field"))


def _is_batch(root: Table) -> bool:
    return any(plain(root.entries[key].value) == "batch" for key in ("type", "mode") if key in root.entries)
