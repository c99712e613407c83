"""Functions of the record as a whole: content, metadata, its place in the batch, what failed before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from conduix.errors import MappingError
from conduix.mapping import paths
from conduix.mapping.functions.declare import Family, Parameter
from conduix.mapping.record import Scope
from conduix.mapping.values import to_text

family = Family("message")

_KEY = Parameter("key", "string", "The key; all of the metadata as an object without it.", "")


@family.function(
    "json",
    "A field of the record, whatever `this` is at that place.",
    Parameter("path", "string", "A dotted path; the whole record without it.", ""),
    scope=True,
    examples=(('root.mapped = json("foo.bar")', '{"foo":{"bar":"hi"}}', '{"mapped":"hi"}'),),
)
def json(scope: Scope, path: str) -> Any:
    """The value at the path of the record."""
    value = scope.record.value
    return paths.get(value, paths.split(path)) if path else value


@family.function(
    "content",
    "The raw content of the record as bytes.",
    scope=True,
    examples=(("root.doc = content().string()", '{"foo":"bar"}', '{"doc":"{\\"foo\\":\\"bar\\"}"}'),),
)
def content(scope: Scope) -> bytes:
    """The record's bytes."""
    return scope.record.content


@family.function("batch_index", "The place of the record in its batch, from 0.", scope=True,
                 examples=(("root.i = batch_index()", "{}", '{"i":0}'),))  # fmt: skip
def batch_index(scope: Scope) -> int:
    """The index."""
    return scope.index


@family.function("batch_size", "How many records the batch has.", scope=True,
                 examples=(("root.n = batch_size()", "{}", '{"n":1}'),))  # fmt: skip
def batch_size(scope: Scope) -> int:
    """The number of records."""
    return len(scope.records)


@family.function("metadata", "Metadata as the record came, with values of any type.", _KEY, scope=True,
                 examples=(('root.t = metadata("topic")', "{}", '{"t":null}'),))  # fmt: skip
def metadata(scope: Scope, key: str) -> Any:
    """One value or all."""
    meta = scope.record.meta
    return meta.get(key) if key else dict(meta)


@family.function("meta", "Metadata as the record came, as text; `@key` reads what the mapping set too.", _KEY,
               scope=True,
                 examples=(('root.t = meta("topic") | "none"', "{}", '{"t":"none"}'),))  # fmt: skip
def meta(scope: Scope, key: str) -> Any:
    """One value as text, null if it is missing or empty, or all."""
    return _as_text(scope.record.meta, key)


@family.function("root_meta", "Metadata as the mapping has set it so far, as text.", _KEY, scope=True,
                 examples=(('meta t = "x"\nroot.t = root_meta("t")', "{}", '{"t":"x"}'),))  # fmt: skip
def root_meta(scope: Scope, key: str) -> Any:
    """One value as text, null if it is missing or empty, or all."""
    return _as_text(scope.new_meta, key)


def _as_text(values: dict[str, Any], key: str) -> Any:
    if not key:
        return {name: to_text(value) for name, value in values.items()}
    return (to_text(values[key]) or None) if key in values else None


@family.function("var", "A variable by a name that is calculated; else write `$name`.",
                 Parameter("name", "string", "The variable."), scope=True,
                 examples=(('let a = 1\nroot.b = var("a")', "{}", '{"b":1}'),))  # fmt: skip
def var(scope: Scope, name: str) -> Any:
    """The variable; an unset one is an error."""
    if name not in scope.variables:
        raise MappingError(f"variable '{name}' undefined")
    return scope.variables[name]


@family.function("error", "What failed for this record in an earlier stage, null if nothing did.", scope=True,
                 examples=(("root.e = error()", "{}", '{"e":null}'),))  # fmt: skip
def error(scope: Scope) -> str | None:
    """The message of the error."""
    return scope.record.error


@family.function("errored", "Whether an earlier stage failed for this record.", scope=True,
                 examples=(("root.e = errored()", "{}", '{"e":false}'),))  # fmt: skip
def errored(scope: Scope) -> bool:
    """Whether there is an error."""
    return scope.record.error is not None


@family.method("from", "Evaluates the target for another record of the batch.",
               Parameter("index", "integer", "Which record, from 0; negative counts from the end."),
               scope=True, lazy=True,
               examples=(('root.f = json("foo").from(0)', '{"foo":1}', '{"f":1}'),))  # fmt: skip
def from_index(scope: Scope, target: Callable[[Scope], Any], index: int) -> Any:
    """The target as the record at `index` sees it."""
    return target(scope.at(index))


@family.method("from_all", "Evaluates the target for every record of the batch, as an array.", scope=True, lazy=True,
               examples=(('root.sum = json("n").from_all().sum()', '{"n":2}', '{"sum":2}'),))  # fmt: skip
def from_all(scope: Scope, target: Callable[[Scope], Any]) -> list[Any]:
    """One value a record."""
    return [target(scope.at(index)) for index in range(len(scope.records))]


def _no_source(scope: Scope) -> None:
    """Null: records that failed are dead letters, which name their stage themselves."""


for _name, _what in (("name", "kind"), ("label", "id"), ("path", "place")):
    family.function(f"error_source_{_name}", f"The {_what} of the stage that failed for this record; null if none did.",
                    scope=True, examples=((f"root.e = error_source_{_name}()", "{}", '{"e":null}'),))(
        _no_source)  # fmt: skip


@family.function("flow_id", "The identifier of a record's way through the reference's pipelines; empty, as it has none "
                 "here.", examples=(("root.f = flow_id()", "{}", '{"f":""}'),))  # fmt: skip
def flow_id() -> str:
    """Nothing."""
    return ""


@family.function("tracing_id", "The identifier of a record's trace; zeros, as it has none here.",
                 examples=(("root.t = tracing_id()", "{}", '{"t":"00000000000000000000000000000000"}'),))  # fmt: skip
def tracing_id() -> str:
    """The identifier of no trace."""
    return "0" * 32


@family.function("tracing_span", "The span of a record's trace; null, as it has none here.",
                 examples=(("root.s = tracing_span()", "{}", '{"s":null}'),))  # fmt: skip
def tracing_span() -> None:
    """No span."""
