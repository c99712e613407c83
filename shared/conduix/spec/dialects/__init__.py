"""The dialects: recognised by their keys, read into one draft of nodes and settings."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

from conduix.spec.diagnostics import Code, Problems
from conduix.spec.dialects import actor, flat, linear, steps
from conduix.spec.dialects.draft import Draft
from conduix.spec.model import CatalogView
from conduix.spec.nodes import Node, Scalar, Table

_MADE_OF: Mapping[str, str] = {
    "linear": "source, stages and sinks",
    "steps": "source, steps and output",
    "flat": "sources, transforms and sinks",
    "actor": "pipeline with children",
}
"""The dialects and what documents in them are made of; the first of several that fit is taken."""

_KEYS: Mapping[str, frozenset[str]] = {
    "linear": linear.KEYS,
    "steps": steps.KEYS,
    "flat": flat.KEYS,
    "actor": actor.KEYS,
}
_ACTOR = "type: actor"


def read(root: Node, catalog: CatalogView, problems: Problems) -> Draft | None:
    """The draft of a document; None if it is in no dialect that can be read, with the reason in `problems`."""
    if not isinstance(root, Table):
        problems.error(Code.WRONG_TYPE, root.mark, (), "a document is a mapping, with name, source and sink")
        return None
    dialect = recognise(root)
    if dialect is None:
        _unknown(root, problems)
        return None
    if dialect == "linear":
        return linear.read(root, catalog, problems)
    return {"flat": flat.read, "actor": actor.read, "steps": steps.read}[dialect](root, problems)


def recognise(root: Table) -> str | None:
    """`linear`, `flat`, `actor`, `steps`, or None if it cannot be told (no key of any, or keys of two)."""
    signs = _signs(root)
    if not signs or signs.keys() == {"sinks"}:
        return None
    return next((name for name in _KEYS if all(name in each for each in signs.values())), None)


def _signs(root: Table) -> dict[str, list[str]]:
    """What in a document says in which dialect it is → the dialects that it may be, in the order of the text."""
    signs: dict[str, list[str]] = {}
    for key, entry in root.entries.items():
        if found := [name for name, keys in _KEYS.items() if key in keys]:
            signs[key] = found
        elif key == "type" and isinstance(entry.value, Scalar) and entry.value.text == "actor":
            signs[_ACTOR] = ["actor"]
    return signs


def _unknown(root: Table, problems: Problems) -> None:
    signs = _signs(root)
    for (one, ones), (other, others) in combinations(signs.items(), 2):
        if not set(ones) & set(others):
            key = "type" if other == _ACTOR else other
            message = (
                f"{one!r} belongs to the {_either(ones)} form, {other!r} to the {_either(others)} one; "
                "a document has one form"
            )
            instead = f"{_MADE_OF[ones[0]]}, or {_MADE_OF[others[0]]}"
            problems.error(Code.DIALECT_MIXED, root.entries[key].key, (key,), message, instead)
            return
    problems.error(
        Code.DIALECT_UNKNOWN,
        root.mark,
        (),
        "nothing says where records come from",
        "source: {type: file, path: …} and sink: {type: file, path: …}",
    )


def _either(names: list[str]) -> str:
    return " or ".join(names)
