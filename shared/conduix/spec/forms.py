"""JSON Schema of what each dialect is made of, around the schema of a node."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from conduix.spec.dialects import actor, steps
from conduix.spec.model import RestartType, Role
from conduix.spec.settings import ID

Schema = dict[str, Any]

INPUTS = ("inputs",)
_INPUT = {"type": "string", "description": "Id of a source or transform, or `router.route`."}
_NAMED = {"type": "string", "pattern": ID, "description": "What other nodes call it; default: its type."}
_WHEN = {"type": "string", "description": "It applies where this holds, other records pass unchanged."}
_RESTART = {"enum": list(get_args(RestartType)), "default": "permanent", "description": "When it is started again."}
_ACTOR_NODE = "actor node"


def node_name(role: Role, own: Sequence[str]) -> str:
    """Under which name the schema of a node stands in `$defs`; `own` are the keys it has beside those of the linear."""
    return f"{'flat ' if own else ''}{role}"


def ref(name: str) -> Schema:
    """What stands in `$defs`."""
    return {"$ref": f"#/$defs/{name}"}


def own_keys(role: Role, own: Sequence[str]) -> Schema:
    """The keys of a node that are no options."""
    keys: Schema = {"type": True}
    if "inputs" in own:
        keys["inputs"] = _inputs()
    else:
        keys |= {"id": _NAMED, "name": _NAMED}
    if role == "stage":
        keys["when"] = _WHEN
    if role != "source":
        keys["on_error"] = _on_error(role)
    return keys


def _inputs() -> Schema:
    return {"anyOf": [_INPUT, {"type": "array", "items": _INPUT, "minItems": 1}]}


def _on_error(role: Role) -> Schema:
    choices = ["dlq", "drop", "fail", *(["pass"] if role == "stage" else [])]
    return {"enum": choices, "default": "dlq", "description": "What happens to a record that fails."}


def linear_keys(sinks_only: Sequence[str]) -> Schema:
    """`source`, `stages` and `sink` or `sinks`."""
    source, stage, sink = (ref(node_name(role, ())) for role in get_args(Role))
    # a sink may end a chain among the stages; a type that nobody has is reported as a stage's
    item = {"if": {"properties": {"type": {"enum": list(sinks_only)}}}, "then": sink, "else": stage}
    return {
        "source": source,
        "stages": {"type": ["array", "null"], "items": item},
        "sink": sink,
        "sinks": {"type": ["array", "null"], "items": sink},
    }


def flat_keys() -> Schema:
    """`sources`, `transforms` and `sinks`."""

    def section(role: Role, own: Sequence[str]) -> Schema:
        named = {ID: ref(node_name(role, own))}
        return {"type": ["object", "null"], "patternProperties": named, "additionalProperties": False}

    return {
        "sources": section("source", ()),
        "transforms": section("stage", INPUTS),
        "sinks": section("sink", INPUTS),
    }


def steps_keys(options: Mapping[str, Schema]) -> Schema:
    """`source`, `realtime`, `steps` and `output`; `options` are the schemas of the types of stages."""
    verbs = {}
    for key, verb in steps.VERBS.items():
        if verb.stage in options:
            option = options[verb.stage].get("properties", {}).get(verb.option, True)
            verbs[key] = {"anyOf": [option, options[verb.stage]]}
    step = {
        "type": "object",
        "properties": {**verbs, "id": _NAMED, "name": _NAMED, "when": _WHEN, "on_error": _on_error("stage")},
        "oneOf": [{"required": [key]} for key in verbs],
        "additionalProperties": False,
    }
    realtime = {"type": ["object", "null"], "properties": {key: {"type": "string"} for key in steps.REALTIME}}
    return {
        "source": ref(node_name("source", ())),
        "realtime": {**realtime, "additionalProperties": False},
        "steps": {"type": ["array", "null"], "items": step},
        "output": ref(node_name("sink", ())),
    }


def actor_keys(supervision: Schema, types: Mapping[Role, Sequence[str]], defs: Schema) -> Schema:
    """`pipeline`, whose supervisors nest; their definition is put into `defs`. `types` are the names of a role."""
    children = {"type": "array", "minItems": 1, "items": ref(_ACTOR_NODE)}
    root = {"name": _NAMED, "type": {"const": actor.SUPERVISOR}, "supervision": supervision, "children": children}
    branches = [_branch(actor.SUPERVISOR, {**root, "restart": _RESTART, "type": True}, ["children"])]
    branches += [_leaf(kind, role, types[role]) for kind, role in actor.ROLES.items()]
    kinds = [actor.SUPERVISOR, *actor.ROLES]
    defs[_ACTOR_NODE] = {
        "type": "object",
        "required": ["type"],
        "properties": {"type": {"enum": kinds}},
        "allOf": branches,
    }
    pipeline = {"type": "object", "required": ["children"], "properties": root, "additionalProperties": False}
    return {"pipeline": pipeline, "type": {"enum": ["actor", "batch", "realtime"]}}


def _branch(kind: str, properties: Schema, required: Sequence[str]) -> Schema:
    then: Schema = {"properties": properties, "required": list(required), "additionalProperties": False}
    return {"if": {"properties": {"type": {"const": kind}}}, "then": then}


def _leaf(kind: str, role: Role, types: Sequence[str]) -> Schema:
    """A leaf; which options it takes depends on a key that may stand in two places: only `validate` checks them."""
    key = f"{kind}_type"
    named = {"enum": sorted(types), "description": f"The {role} of the catalogue."}
    config = {"type": ["object", "null"], "properties": {key: named}}
    own: Schema = {**own_keys(role, ()), "restart": _RESTART, key: named, "config": config}
    if role != "source":
        own["inputs"] = _inputs()
    # options may stand beside the type
    return {"if": {"properties": {"type": {"const": kind}}}, "then": {"properties": own}}
