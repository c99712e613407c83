"""Settings of the programs: flag > environment > file > default, and where each value came from.

A program describes its settings as pydantic models, one `Section` inside another; a *key* is the dotted way to a value
in them, `server.grpc_port`. The file is YAML, read with the same guards as documents.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from conduix.errors import UsageError
from conduix.spec.diagnostics import Code, Enough, Problems, nearest
from conduix.spec.nodes import Node, Table, child, is_null, plain
from conduix.spec.yamltext import parse

MASK = "********"
DEFAULT = "default"

_PASSWORD_IN_URL = re.compile(r"(?<=://)([^/@:\s]*):[^/@\s]*@")


class Section(BaseModel):
    """Base of all settings models: an unknown key is an error, values do not change.

    Every field carries `Field(description=…)`: the reference pages come from there.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)


class Logging(Section):
    """A program's own log, on standard error."""

    level: Literal["debug", "info", "warning", "error"] = Field("info", description="From which level on.")
    format: Literal["text", "json"] = Field("text", description="Lines for people, or a JSON object a line.")


M = TypeVar("M", bound=Section)


@dataclass(frozen=True)
class Loaded(Generic[M]):
    """Settings and where they came from."""

    value: M
    origins: Mapping[str, str]

    def origin(self, key: str) -> str:
        """`flag --grpc-port`, `environment GRPC_PORT`, `server.yaml:3`, or `default`."""
        return self.origins.get(key, DEFAULT)


def load(
    model: type[M],
    *,
    file: Path | None,
    env: Mapping[str, str],
    names: Mapping[str, str],
    flags: Mapping[str, Any],
    flag_names: Mapping[str, str] | None = None,
) -> Loaded[M]:
    """The settings of a program.

    `names`: name in the environment → key; an empty variable counts as unset, a list is written `a,b`, a mapping
    `k=v,k=v`; of two names of one key the first in `names` counts. `flags`: key → value, None where the flag was not
    given; `flag_names` has the flags that are not called like the last part of their key.

    Raises:
        UsageError: every wrong value and unknown key, each with where it stands.
    """
    root = _read(file) if file is not None else None
    draft = _Draft({} if root is None else _without_nulls(root), root)
    fields = dict(leaves(model))
    for name, key in reversed(list(names.items())):
        if env.get(name):
            draft.put(key, _from_text(env[name], fields[key]), f"environment {name}")
    for key, value in flags.items():
        if value is not None:
            spelled = (flag_names or {}).get(key) or "--" + key.rpartition(".")[2].replace("_", "-")
            draft.put(key, _from_text(value, fields[key]) if isinstance(value, str) else value, f"flag {spelled}")
    try:
        value = model.model_validate(draft.values)
    except ValidationError as error:
        raise _refusal(model, draft, error) from None
    return Loaded(value, {key: draft.origin(key) for key in fields})


def secret_of(given: SecretStr | None, file: Path | None, name: str) -> str:
    """What was given, else what stands in a file, stripped; empty: neither. Raises UsageError: it cannot be read."""
    if given is not None:
        return given.get_secret_value().strip()
    if file is None:
        return ""
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not text"
        raise UsageError(
            f"cannot read the {name} in {file}: {reason}",
            remedy=f"name a file that holds the {name.rpartition(' ')[2]} and nothing else, readable by this user",
        ) from error


def leaves(model: type[BaseModel], before: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Every key of a model with its field, in the order of the model."""
    for name, info in model.model_fields.items():
        if (inner := _section(info.annotation)) is not None:
            yield from leaves(inner, f"{before}{name}.")
        else:
            yield f"{before}{name}", info


def describe(loaded: Loaded[M]) -> str:
    """Every key, its value and where it came from, one a line; secrets are masked, also passwords in addresses."""
    lines = [(f"{key}: {_shown(_at(loaded.value, key))}", loaded.origin(key)) for key, _ in leaves(type(loaded.value))]
    width = min(60, max(len(text) for text, _ in lines))
    return "\n".join(f"{text:<{width}}  # {origin}" for text, origin in lines) + "\n"


class _Draft:
    """Values on their way into a model, and where each came from."""

    def __init__(self, values: Any, root: Node | None) -> None:
        self.values = values
        self._root = root
        self._set: dict[str, str] = {}

    def put(self, key: str, value: Any, origin: str) -> None:
        """Stands above what was there; where the file has no section in its place, that stays to be complained of."""
        *sections, last = key.split(".")
        inner = self.values
        for name in sections:
            inner = inner.setdefault(name, {}) if isinstance(inner, dict) else None
        if isinstance(inner, dict):
            inner[last] = value
            self._set[key] = origin

    def origin(self, key: str) -> str:
        """Of a key, or of something inside its value."""
        for known, origin in self._set.items():
            if key == known or key.startswith(known + "."):
                return origin
        return self._in_file(key.split("."))

    def _in_file(self, steps: list[str]) -> str:
        node, found = self._root, ""
        for step in steps:
            if isinstance(node, Table) and step in node.entries:
                mark = node.entries[step].key
            elif (inner := child(node, int(step) if step.isdigit() else step)) is not None:
                mark = inner.mark
            else:
                break
            found = f"{mark.source.file}:{mark.line}"
            node = child(node, int(step) if step.isdigit() else step)
        else:
            return DEFAULT if is_null(node) else found
        # a key that is missing: its section is the place to write it
        return found if steps[:-1] and found else DEFAULT


def _read(file: Path) -> Table | None:
    try:
        text = file.read_bytes()
    except OSError as error:
        raise UsageError(
            f"cannot read {file}: {error.strerror or error}", remedy="name a YAML file that this user may read"
        ) from None
    problems = Problems()
    try:
        root = parse(text, str(file), problems)
    except Enough:
        root = None
    if {each.code for each in problems.found} == {Code.DOCUMENT_EMPTY}:
        return None
    if not isinstance(root, Table) or problems.failed:
        found = "\n".join(map(str, problems.sorted())) or f"{file}:1: a settings file is a mapping of keys to values"
        raise UsageError(found, remedy="correct the file where this points")
    return root


def _without_nulls(node: Node) -> Any:
    """Plain values; a key without a value counts as not written."""
    if not isinstance(node, Table):
        return plain(node)
    return {key: _without_nulls(entry.value) for key, entry in node.entries.items() if not is_null(entry.value)}


def _section(annotation: Any) -> type[BaseModel] | None:
    return annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None


def _from_text(text: str, info: FieldInfo) -> Any:
    kind = getattr(info.annotation, "__origin__", info.annotation)
    if kind in {list, tuple}:
        return [part.strip() for part in text.split(",") if part.strip()]
    if kind is dict:
        pairs = (part.partition("=") for part in text.split(",") if part.strip())
        return {name.strip(): value.strip() for name, _, value in pairs}
    return text


def _refusal(model: type[BaseModel], draft: _Draft, error: ValidationError) -> UsageError:
    return UsageError(
        "\n".join(_line(model, draft, each) for each in error.errors(include_url=False)),
        remedy="correct what is named; --print-config shows every setting and where it comes from",
    )


def _line(model: type[BaseModel], draft: _Draft, error: ErrorDetails) -> str:
    loc = [str(step) for step in error["loc"]]
    key = ".".join(loc)
    origin = draft.origin(key)
    where = f" ({origin})" if origin != DEFAULT else ""
    if error["type"] == "extra_forbidden":
        near = nearest(loc[-1], _names(model, loc[:-1]))
        meant = f"; did you mean {'.'.join([*loc[:-1], near])}?" if near else ""
        return f"{key}: there is no such setting{where}{meant}"
    if error["type"] == "missing":
        return f"{key}: must be given{where}"
    text = error["msg"].removeprefix("Value error, ")
    return f"{key or 'settings'}: {text[:1].lower()}{text[1:]}{where}"


def _names(model: type[BaseModel], loc: list[str]) -> list[str]:
    """The keys of the model that stands at this place."""
    current: type[BaseModel] | None = model
    for step in loc:
        info = current.model_fields.get(step) if current is not None else None
        if info is None:
            continue  # an index of a list: its model is that of the list's items
        inner = (info.annotation, *get_args(info.annotation))
        current = next((found for each in inner if (found := _section(each))), None)
    return list(current.model_fields) if current is not None else []


def _at(value: Any, key: str) -> Any:
    for step in key.split("."):
        value = getattr(value, step)
    return value


def _shown(value: Any) -> str:
    if isinstance(value, SecretStr):
        return MASK if value.get_secret_value() else '""'
    if value is None:
        return "-"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_shown, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {_shown(inner)}" for name, inner in value.items()) + "}"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return _PASSWORD_IN_URL.sub(rf"\1:{MASK}@", text) or '""'
