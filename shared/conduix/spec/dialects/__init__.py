"""The dialects: recognised by their keys, read into one draft of nodes and settings."""

from __future__ import annotations

from conduix.spec.diagnostics import Code, Problems
from conduix.spec.dialects import flat, linear
from conduix.spec.dialects.draft import Draft
from conduix.spec.model import CatalogView
from conduix.spec.nodes import Node, Table

_LATER = {
    "actor": "`pipeline.children`",
    "steps": "`steps` and `output`",
}


def read(root: Node, catalog: CatalogView, problems: Problems) -> Draft | None:
    """The draft of a document; None if it is in no dialect that can be read, with the reason in `problems`."""
    if not isinstance(root, Table):
        problems.error(Code.WRONG_TYPE, root.mark, (), "a document is a mapping, with name, source and sink")
        return None
    dialect = recognise(root)
    if dialect in _LATER:
        key = next(name for name in ("pipeline", "steps", "output", "type") if name in root.entries)
        problems.error(
            Code.DIALECT_NOT_SUPPORTED,
            root.entries[key].key,
            (key,),
            f"the {dialect} dialect ({_LATER[dialect]}) comes in a later release",
            "source, stages and sinks",
        )
        return None
    if dialect is None:
        _unknown(root, problems)
        return None
    return linear.read(root, catalog, problems) if dialect == "linear" else flat.read(root, problems)


def recognise(root: Table) -> str | None:
    """`linear`, `flat`, `actor`, `steps`, or None if it cannot be told (no key of any, or keys of two)."""
    keys = root.entries.keys()
    kind = root.get("type")
    if "pipeline" in keys or getattr(kind, "text", "") == "actor":
        return "actor"
    if keys & {"steps", "output"} and not keys & {"stages", "sink", "sinks"}:
        return "steps"
    is_flat = bool(keys & {"sources", "transforms"})
    is_linear = bool(keys & {"source", "stages", "sink"})
    if is_flat == is_linear:
        return None
    return "flat" if is_flat else "linear"


def _unknown(root: Table, problems: Problems) -> None:
    linear_keys = [key for key in ("source", "stages", "sink") if key in root.entries]
    flat_keys = [key for key in ("sources", "transforms") if key in root.entries]
    if linear_keys and flat_keys:
        problems.error(
            Code.DIALECT_MIXED,
            root.entries[flat_keys[0]].key,
            (flat_keys[0],),
            f"{linear_keys[0]!r} belongs to the linear form, {flat_keys[0]!r} to the flat one; a document has one form",
            "source, stages and sinks, or sources, transforms and sinks",
        )
        return
    problems.error(
        Code.DIALECT_UNKNOWN,
        root.mark,
        (),
        "nothing says where records come from",
        "source: {type: file, path: …} and sink: {type: file, path: …}",
    )
