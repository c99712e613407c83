"""JSON Schema of whole documents, out of the models that also check them: for completion in editors.

It knows keys, types and options. What needs the whole document (edges, cycles, mapping language) only `validate` does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from conduix.spec.model import CatalogView, EntryView, Role
from conduix.spec.settings import ALIASES, ID, WITHOUT_EFFECT, Settings
from conduix.spec.shapes import field_names

Schema = dict[str, Any]

_ROLES: tuple[Role, ...] = ("source", "stage", "sink")
_VARIABLE = {"type": "string", "pattern": r"\$\{", "description": "A value that comes from a variable."}
_INPUT = {"type": "string", "description": "Id of a source or transform, or `router.route`."}
_LOOSE = ("integer", "number", "boolean")


def document_schema(catalog: CatalogView) -> Schema:
    """The schema (draft 2020-12) of documents in the linear and the flat form."""
    entries = {role: _entries(catalog, role) for role in _ROLES}
    models: list[type[BaseModel]] = [Settings, *(each.options for role in _ROLES for each in entries[role].values())]
    refs, generated = models_json_schema(
        [(model, "validation") for model in dict.fromkeys(models)], ref_template="#/$defs/{model}"
    )
    defs: Schema = {name: _with_variables(schema) for name, schema in generated.get("$defs", {}).items()}
    names: dict[type, str] = {model: str(ref["$ref"]).rpartition("/")[2] for (model, _), ref in refs.items()}
    for role in _ROLES:
        for own in ((), ("inputs",)) if role != "source" else ((),):
            defs[_node_name(role, own)] = _node(role, entries[role], names, defs, own)
    sinks_only = sorted(entries["sink"].keys() - entries["stage"].keys())
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Conduix pipeline",
        "type": "object",
        "if": {"anyOf": [{"required": ["sources"]}, {"required": ["transforms"]}]},
        "then": _form(defs[names[Settings]], _flat_keys(), ["sources"]),
        "else": _form(defs[names[Settings]], _linear_keys(sinks_only), ["source"]),
        "$defs": defs,
    }


def _entries(catalog: CatalogView, role: Role) -> dict[str, EntryView]:
    """Every name of a role, aliases too, with its entry."""
    found = ((name, catalog.find(role, name)) for name in catalog.names(role))
    return {name: entry for name, entry in found if entry is not None}


def _form(settings: Schema, keys: Schema, required: Sequence[str]) -> Schema:
    properties = dict(settings["properties"])
    properties.update({alias: properties[name] for alias, name in ALIASES.items()})
    properties.update({key: {"description": f"No effect yet: {why}."} for key, why in WITHOUT_EFFECT.items()})
    max_ratio = {"max_ratio": {"type": "number", "exclusiveMinimum": 0, "maximum": 1, "default": 0.5}}
    dlq = {"description": "Where dead letters go: any sink.", "type": "object", "properties": max_ratio}
    return {
        "properties": {**properties, **keys, "dlq": dlq},
        "required": ["name", *required],
        "additionalProperties": False,
    }


def _linear_keys(sinks_only: list[str]) -> Schema:
    source, stage, sink = (_ref(_node_name(role, ())) for role in _ROLES)
    # a sink may end a chain among the stages; a type that nobody has is reported as a stage's
    item = {"if": {"properties": {"type": {"enum": sinks_only}}}, "then": sink, "else": stage}
    return {
        "source": source,
        "stages": {"type": ["array", "null"], "items": item},
        "sink": sink,
        "sinks": {"type": ["array", "null"], "items": sink},
    }


def _flat_keys() -> Schema:
    def section(role: Role, own: Sequence[str]) -> Schema:
        named = {ID: _ref(_node_name(role, own))}
        return {"type": ["object", "null"], "patternProperties": named, "additionalProperties": False}

    inputs = ("inputs",)
    return {
        "sources": section("source", ()),
        "transforms": section("stage", inputs),
        "sinks": section("sink", inputs),
    }


def _node_name(role: Role, own: Sequence[str]) -> str:
    return f"{'flat ' if own else ''}{role}"


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _node(
    role: Role,
    entries: Mapping[str, EntryView],
    names: Mapping[type, str],
    defs: Schema,
    own: Sequence[str],
) -> Schema:
    """A node: its type decides which options it takes, beside `type` or under `config`."""
    branches = []
    for name, entry in entries.items():
        options = defs[names[entry.options]]
        beside = {key: _property(options, key, entry.options) for key in field_names(entry.options)}
        then: Schema = {
            "properties": {**beside, **_own_keys(role, own), "config": _ref(names[entry.options])},
            "additionalProperties": False,
        }
        branches.append({"if": {"properties": {"type": {"const": name}}}, "then": then})
    return {
        "type": "object",
        "required": ["type", *own],
        "properties": {"type": {"enum": sorted(entries)}},
        "allOf": branches,
    }


def _property(options: Schema, key: str, model: type[BaseModel]) -> Schema:
    properties: Schema = options.get("properties", {})
    if key in properties:
        found: Schema = properties[key]
        return found
    info = field_names(model)[key]
    return {"description": info.description or ""}


def _own_keys(role: Role, own: Sequence[str]) -> Schema:
    keys: Schema = {"type": True}
    if "inputs" in own:
        keys["inputs"] = {"anyOf": [_INPUT, {"type": "array", "items": _INPUT, "minItems": 1}]}
    else:
        named = {"type": "string", "pattern": ID, "description": "What other nodes call it; default: its type."}
        keys |= {"id": named, "name": named}
    if role == "stage":
        keys["when"] = {"type": "string", "description": "It applies where this holds, other records pass unchanged."}
    if role != "source":
        choices = ["dlq", "drop", "fail", *(["pass"] if role == "stage" else [])]
        keys["on_error"] = {"enum": choices, "default": "dlq", "description": "What happens to a record that fails."}
    return keys


def _with_variables(schema: Any) -> Any:
    """The schema with `${VAR}` allowed wherever a number or boolean is."""
    if isinstance(schema, list):
        return [_with_variables(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("type") in _LOOSE:
        notes = {key: schema[key] for key in ("title", "description", "default", "examples") if key in schema}
        bare = {key: value for key, value in schema.items() if key not in notes}
        return {**notes, "anyOf": [bare, _VARIABLE]}
    return {key: value if key in {"default", "examples"} else _with_variables(value) for key, value in schema.items()}
