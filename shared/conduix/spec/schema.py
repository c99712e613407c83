"""JSON Schema of whole documents, out of the models that also check them: for completion in editors.

It knows keys, types and options. What needs the whole document (edges, cycles, mapping language) only `validate` does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from conduix.spec.forms import INPUTS, Schema, actor_keys, flat_keys, linear_keys, node_name, own_keys, ref, steps_keys
from conduix.spec.model import CatalogView, EntryView, Role
from conduix.spec.settings import ALIASES, WITHOUT_EFFECT, Settings
from conduix.spec.shapes import field_names

_ROLES: tuple[Role, ...] = ("source", "stage", "sink")
_VARIABLE = {"type": "string", "pattern": r"\$\{", "description": "A value that comes from a variable."}
_STEPS = ("steps", "output", "realtime")
_ACTOR = {"required": ["type"], "properties": {"type": {"const": "actor"}}}
_LOOSE = ("integer", "number", "boolean")


def document_schema(catalog: CatalogView) -> Schema:
    """The schema (draft 2020-12) of documents in all four forms."""
    entries = {role: _entries(catalog, role) for role in _ROLES}
    models: list[type[BaseModel]] = [Settings, *(each.options for role in _ROLES for each in entries[role].values())]
    refs, generated = models_json_schema(
        [(model, "validation") for model in dict.fromkeys(models)], ref_template="#/$defs/{model}"
    )
    defs: Schema = {name: _with_variables(schema) for name, schema in generated.get("$defs", {}).items()}
    names: dict[type, str] = {model: str(ref["$ref"]).rpartition("/")[2] for (model, _), ref in refs.items()}
    for role in _ROLES:
        for own in ((), INPUTS) if role != "source" else ((),):
            defs[node_name(role, own)] = _node(role, entries[role], names, defs, own)
    sinks_only = sorted(entries["sink"].keys() - entries["stage"].keys())
    settings = defs[names[Settings]]
    stages = {name: defs[names[entry.options]] for name, entry in entries["stage"].items()}
    types = {role: list(entries[role]) for role in _ROLES}
    actors = actor_keys(settings["properties"]["supervision"], types, defs)
    forms = (
        ({"anyOf": [_has("sources"), _has("transforms")]}, _form(settings, flat_keys(), ["sources"])),
        ({"anyOf": [_has("pipeline"), _ACTOR]}, _form(settings, actors, ["pipeline"])),
        ({"anyOf": [_has(key) for key in _STEPS]}, _form(settings, steps_keys(stages), ["source"])),
    )
    schema = _form(settings, linear_keys(sinks_only), ["source"])
    for condition, form in reversed(forms):
        schema = {"if": condition, "then": form, "else": schema}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Conduix pipeline",
        "type": "object",
        **schema,
        "$defs": defs,
    }


def _has(key: str) -> Schema:
    return {"required": [key]}


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
            "properties": {**beside, **own_keys(role, own), "config": ref(names[entry.options])},
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
