"""A draft against the catalogue: types, options, expressions, edges, modes; out comes the normal form."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, cast

from conduix.spec import expressions
from conduix.spec.diagnostics import Code, Problems, nearest
from conduix.spec.dialects.draft import Draft, DraftNode, Option
from conduix.spec.later import LATER
from conduix.spec.model import (
    CatalogView,
    EntryView,
    Input,
    NodeSpec,
    OnError,
    PipelineSpec,
    Role,
    Where,
)
from conduix.spec.nodes import Entry, Node, Path, Scalar, Table, as_written, kind, path_text, plain, scalars
from conduix.spec.normal import digest
from conduix.spec.options import AsWritten, Options
from conduix.spec.settings import ALIASES, REFUSED, WITHOUT_EFFECT, Settings
from conduix.spec.tree import check_strategy, check_tree, tree_options
from conduix.spec.validation import Subject, validate
from conduix.spec.wiring import check_wiring

_ROLES: tuple[Role, ...] = ("source", "stage", "sink")
_OWN_KEYS: Mapping[Role, tuple[str, ...]] = {"source": (), "stage": ("when", "on_error"), "sink": ("on_error",)}
_ON_ERROR: Mapping[Role, tuple[str, ...]] = {"stage": ("dlq", "drop", "fail", "pass"), "sink": ("dlq", "drop", "fail")}


@dataclass(frozen=True, slots=True)
class _Checked:
    """A node whose type is known. `options` is None where they are wrong, or cannot be known here."""

    draft: DraftNode
    entry: EntryView
    options: Options | None


def check(draft: Draft, catalog: CatalogView, secrets: Mapping[str, str], problems: Problems) -> PipelineSpec | None:
    """The normal form of a draft; None if anything in it is wrong, with every reason in `problems`."""
    settings = _check_settings(draft, problems)
    tree = check_tree(draft.tree, settings.supervision, problems) if draft.tree and settings else None
    max_ratio = _take_max_ratio(draft.dlq, problems)
    checked = {id(node): _check_node(node, catalog, problems) for node in _all_nodes(draft)}
    known = [each for node in draft.nodes if (each := checked[id(node)])]
    ports = {each.draft.id: each.entry.ports(each.options) for each in known if each.options is not None}
    order = check_wiring(draft.nodes, ports, problems)
    mode = _check_mode(known, settings, draft, problems)
    all_known = [each for each in checked.values() if each]
    _check_paths(all_known, problems)
    _check_shards(all_known, settings, problems)
    if problems.failed or settings is None:
        return None
    nodes = {each.draft.id: _node_spec(each) for each in known}
    dlq = checked[id(draft.dlq)] if draft.dlq else None
    spec = PipelineSpec(
        name=settings.name,
        mode=mode,
        nodes=tuple(nodes[name] for name in order),
        digest="",
        dlq=_node_spec(dlq) if dlq else None,
        dlq_max_ratio=max_ratio,
        secrets=secrets,
        supervisors=tree,
        references=_references(draft),
        **{name: getattr(settings, name) for name in Settings.model_fields if name not in {"name", "mode"}},
    )
    return replace(spec, digest=digest(spec))


def _all_nodes(draft: Draft) -> list[DraftNode]:
    return [*draft.nodes, draft.dlq] if draft.dlq else draft.nodes


def _check_settings(draft: Draft, problems: Problems) -> Settings | None:
    options: dict[str, Option] = {}
    for key, entry in draft.settings.items():
        if key in WITHOUT_EFFECT:
            problems.warning(Code.NO_EFFECT, entry.key, (key,), f"{key!r} has no effect yet: {WITHOUT_EFFECT[key]}")
        elif key in REFUSED:
            problems.error(Code.NOT_SUPPORTED_YET, entry.key, (key,), f"{key!r}: {REFUSED[key]}")
        else:
            _add_setting(options, key, entry, problems)
    if draft.tree and draft.tree.supervision:
        options["supervision"] = draft.tree.supervision
    subject = Subject("a document", draft.root.mark, ())
    settings = validate(Settings, options, subject, problems)
    if settings and "supervision" in options:
        check_strategy(settings.supervision, options["supervision"], problems)
    return settings


def _add_setting(options: dict[str, Option], key: str, entry: Entry, problems: Problems) -> None:
    name = ALIASES.get(key, key)
    if name in options:
        message = f"{key!r} is another word for {name!r}; a document has only one of them"
        problems.error(Code.CONFLICTING_KEYS, entry.key, (key,), message)
    elif not (isinstance(entry.value, Scalar) and entry.value.value is None):
        options[name] = Option(entry.key, _as_text(name, entry.value), (key,))


def _as_text(name: str, node: Node) -> Node:
    """Versions and labels are always text, just as written: an unquoted 1.10 is no number there."""
    if name in {"version", "description"} and isinstance(node, Scalar):
        return replace(node, value=node.text)
    if name == "labels" and isinstance(node, Table):
        entries = {
            key: replace(each, value=replace(each.value, value=each.value.text))
            if isinstance(each.value, Scalar)
            else each
            for key, each in node.entries.items()
        }
        return Table(node.mark, entries)
    return node


def _references(draft: Draft) -> dict[str, Any]:
    settings = {ALIASES.get(key, key): entry.value for key, entry in draft.settings.items()}
    in_tree = {path_text(option.path): option.value for option in tree_options(draft.tree)} if draft.tree else {}
    return {
        name: as_written(node)
        for name, node in (settings | in_tree).items()
        if any(scalar.written is not None for scalar in scalars(node))
    }


def _take_max_ratio(dlq: DraftNode | None, problems: Problems) -> float:
    """`dlq.max_ratio` belongs to the pipeline, not to the sink that writes the letters."""
    option = dlq.options.pop("max_ratio", None) if dlq else None
    if option is None:
        return 0.5
    ratio = plain(option.value)
    if isinstance(ratio, bool) or not isinstance(ratio, int | float) or not 0 < ratio <= 1:
        message = f"max_ratio must be a number above 0 and at most 1, found {kind(ratio)}"
        problems.error(Code.INVALID_VALUE, option.value.mark, option.path, message, "0.5")
        return 0.5
    return float(ratio)


def _check_node(draft: DraftNode, catalog: CatalogView, problems: Problems) -> _Checked | None:
    _check_when(draft, problems)
    _check_on_error(draft, problems)
    if not draft.type:
        return None
    entry = catalog.find(draft.role, draft.type)
    if entry is None:
        _unknown_type(draft, catalog, problems)
        return None
    if entry.missing:
        message = f"{draft.type!r} needs an extra that is not installed: pip install 'conduix[{entry.missing}]'"
        problems.error(Code.MISSING_EXTRA, *draft.type_at, message)
    own_keys = frozenset({"id", "type", "config", *_OWN_KEYS[draft.role]})
    subject = Subject(f"the {draft.role} {draft.type}", draft.mark, draft.path, own_keys)
    expressions.check_options(entry.options, draft.options, problems)
    return _Checked(draft, entry, validate(entry.options, draft.options, subject, problems))


def _check_when(draft: DraftNode, problems: Problems) -> None:
    if draft.when is None:
        return
    node = draft.when.value
    if isinstance(node, Scalar) and isinstance(node.value, str):
        expressions.check("condition", node, draft.when.path, problems)
    else:
        message = f"a condition is a text in the mapping language, found {kind(plain(node))}"
        problems.error(Code.WRONG_TYPE, node.mark, draft.when.path, message, "when: 'this.a == 1'")


def _check_on_error(draft: DraftNode, problems: Problems) -> None:
    if draft.on_error is None:
        return
    allowed = _ON_ERROR[draft.role]
    given = plain(draft.on_error.value)
    if given not in allowed:
        message = f"on_error of a {draft.role} must be {', '.join(allowed[:-1])} or {allowed[-1]}, found {kind(given)}"
        meant = nearest(given, allowed) if isinstance(given, str) else ""
        problems.error(Code.INVALID_VALUE, draft.on_error.value.mark, draft.on_error.path, message, meant)


def _unknown_type(draft: DraftNode, catalog: CatalogView, problems: Problems) -> None:
    message = f"there is no {draft.role} {draft.type!r}"
    other = next((role for role in _ROLES if role != draft.role and catalog.find(role, draft.type)), None)
    meant = "" if other else nearest(draft.type, catalog.names(draft.role))
    if draft.type in LATER[draft.role]:
        message = f"the {draft.role} {draft.type!r} is not there yet, it comes in a later release"
        meant = ""
    elif other:
        message += f"; {draft.type!r} is a {other}"
    if not other and not meant:
        message += f"; there are {', '.join(catalog.names(draft.role))}"
    problems.error(Code.UNKNOWN_TYPE, *draft.type_at, message, meant)


def _check_mode(
    known: list[_Checked], settings: Settings | None, draft: Draft, problems: Problems
) -> Literal["batch", "realtime"]:
    endless = [
        each
        for each in known
        if each.draft.role == "source" and each.options is not None and not each.entry.can_end(each.options)
    ]
    mode = settings.mode if settings else None
    if mode == "batch":
        entry = draft.settings.get("mode") or draft.settings["type"]
        for each in endless:
            message = (
                f"the source {each.draft.id!r} ({each.draft.type}) never ends by itself, so it cannot run as batch"
            )
            path: Path = ("mode",) if "mode" in draft.settings else ("type",)
            problems.error(Code.MODE_NOT_SUPPORTED, entry.value.mark, path, message, "mode: realtime")
    return mode or ("realtime" if endless else "batch")


def _check_paths(known: list[_Checked], problems: Problems) -> None:
    """Two sinks that write one file would destroy each other's output; so would one that writes what is read."""
    first: dict[tuple[str, str], DraftNode] = {}
    for each in sorted(known, key=lambda each: _ROLES.index(each.draft.role)):
        for path in _paths(each):
            taken = first.setdefault((each.entry.type, path), each.draft)
            if taken is each.draft or each.draft.role == "source":
                continue
            option = each.draft.options["path"]
            does = "is read by" if taken.role == "source" else "is written by"
            message = f"{path} {does} {taken.id!r} too; each needs a path of its own"
            problems.error(Code.SAME_PATH, option.value.mark, option.path, message)


def _paths(each: _Checked) -> list[str]:
    path = getattr(each.options, "path", None)
    if not isinstance(path, str) or "path" not in each.draft.options:
        return []
    return [posixpath.normpath(path)]


def _check_shards(known: list[_Checked], settings: Settings | None, problems: Problems) -> None:
    if settings is None or settings.parallelism == 1:
        return
    for each in known:
        option = each.draft.options.get("path")
        path = plain(option.value) if option else None
        if option is None or not isinstance(path, str) or each.draft.role != "sink" or each.entry.type != "file":
            continue
        if "{shard}" not in path:
            base, dot, extension = path.rpartition(".")
            better = f"{base}-{{shard}}.{extension}" if dot and "/" not in extension else f"{path}-{{shard}}"
            message = f"{settings.parallelism} replicas cannot write one file; give each shard a file of its own"
            problems.error(Code.SINK_NOT_SHARDED, option.value.mark, option.path, message, better)


def _node_spec(each: _Checked) -> NodeSpec:
    draft = each.draft
    when, on_error = draft.when, draft.on_error
    options = each.options
    if any(scalar.written is not None for option in draft.options.values() for scalar in scalars(option.value)):
        options = AsWritten(**{key: as_written(option.value) for key, option in draft.options.items()})
    assert options is not None  # noqa: S101 - wrong options are an error, and with an error no spec is made
    return NodeSpec(
        id=draft.id,
        role=draft.role,
        type=each.entry.type,
        options=options,
        inputs=tuple(Input(link.node, link.port) for link in draft.inputs),
        where=Where(draft.mark.line, draft.mark.column, path_text(draft.path)),
        when=str(as_written(when.value)) if when else None,
        on_error=cast("OnError", plain(on_error.value)) if on_error else "dlq",
    )
