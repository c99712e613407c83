"""What declared functions take and give, found out by trying them: declarations do not say what a method gives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from random import Random

from conduix.errors import MappingError
from conduix.mapping import parse_condition, registry
from conduix.mapping.functions.declare import Function, Parameter
from conduix.mapping.interpret import evaluate
from conduix.mapping.values import Absent, type_name

SAMPLES: Mapping[str, Sequence[str]] = {
    "string": ('"a-b"', '"12"', '"2020-08-14T05:54:23Z"', '"{}"', '"1h"', '"68656c6c6f"', '"<a>b</a>"', '"a: 1"'),
    "number": ("3", "2.5", "-7"),
    "bool": ("true", "false"),
    "array": ("[3, 1, 2]", '["a", "b"]', '[{"k": 1}, {"k": 2}]', "[]"),
    "object": ('{"a": 1, "b": {"c": "x"}}', "{}"),
    "null": ("null",),
    "bytes": ('"a-b".bytes()',),
    "timestamp": ('1597405526.ts_tz("UTC")',),
}  # fmt: skip

_BY_NAME: Mapping[str, Sequence[str]] = {
    "format": ('"2006-01-02T15:04:05Z07:00"', '"2006-01-02"', '"%Y-%m-%dT%H:%M:%SZ"', '"%d/%b/%Y"'),
    "tz": ('"UTC"', '"Europe/Berlin"', '"America/New_York"', '"Local"', '"Nowhere"', '""'),
    "pattern": ('"[a-z]+"', '"(?P<k>[0-9]+)"', '"^a"', '"(a|b)*"', '"("', '""', '"(?i)A.*"'),
    "algorithm": ('"sha256"', '"md5"', '"gzip"', '"zlib"', '"lz4"', '"snappy"', '"crc32"', '"xxhash64"', '"no"'),
    "scheme": ('"hex"', '"base64"', '"base64url"', '"ascii85"', '"z85"', '"ctr"', '"cbc"', '"gcm"', '"no"'),
    "path": ('"a"', '"a.b"', '"o.d.t"', '"0"', '"*"', '"items.0.p"', '""', '"x~1y"'),
    "expression": ('"$.a"', '"$..p"', '"$.items[?(@.p > 1)]"', '"$[0]"', '"$.*"', '"$["'),
    "mapping": ('"root = this"', '"twice"', '"root.a = this.s | 1"', '"nope("'),
    "duration": ('"1h"', '"P1D"', '"PT5M"', "1000000000", "0", "-1"),
    "key": ('"0123456789abcdef"', '"k"', '""'),
    "iv": ('"0123456789abcdef"', '"x"'),
    "low": ("0", "1", "-1", "null"), "high": ("2", "-1", "100", "null"), "step": ("1", "2", "-1", "0"),
    "index": ("0", "1", "-1", "99"), "count": ("0", "2", "-1", "100"), "size": ("1", "2", "0", "-1"),
    "delimiter": ('","', '"-"', '""', '"ab"'), "level": ("-1", "1", "9", "99"), "scale": ("2", "0", "-3", "99"),
    "hashed_secret": ('"no"', '""'),
}  # fmt: skip
"""Arguments that make sense for parameters of these names, and a few that do not."""
_BY_KIND: Mapping[str, Sequence[str]] = {
    "string": ('"a"', '"-"', '"UTC"', '"hex"', '"x"', '""'),
    "data": ('"key"', '"0123456789abcdef"'),
    "integer": ("0", "1", "2", "-1", "100", "9223372036854775807"),
    "number": ("0", "1", "2.5", "-1", "1e300"),
    "bool": ("true", "false"),
    "array": ('["a", "b"]', "[1, 2]", "[]"),
    "object": ('{"a": 1}', "{}"),
    "any": ("1", '"a"', "null", "[1, 2]", '{"a": 1}', "true", "2.5"),
    "query": ("i -> i", "this", "i -> i == 1", "i -> i.string()", "null"),
    "fallback": ('"none"', "0", "null"),
}

SLOW = frozenset({"compare_argon2", "compare_bcrypt"})
"""What takes long because it should."""


@dataclass(slots=True)
class Knowledge:
    """`takes`: by method, the types of targets that it worked for. `gives`: by type, the functions that gave one."""

    takes: dict[str, list[str]] = field(default_factory=dict)
    gives: dict[str, list[Function]] = field(default_factory=dict)


def literals(parameter: Parameter) -> Sequence[str]:
    """Arguments for a parameter as they are written."""
    return _BY_NAME.get(parameter.name, ()) or _BY_KIND[parameter.kind]


def written(function: Function, target: str, arguments: Sequence[str]) -> str:
    """A call as it is written."""
    inside = ", ".join(arguments)
    if function.name == "[]":
        return f"{target}[{inside}]"
    if function.name == "[:]":
        return f"{target}[{':'.join('' if part == 'null' else part for part in arguments)}]"
    return f"{target}.{function.name}({inside})" if function.kind == "method" else f"{function.name}({inside})"


def drawn_literals(rng: Random, function: Function) -> list[str]:
    """Constant arguments for a call."""
    if function.variadic:
        return [rng.choice(rng.choice((_BY_KIND["any"], _BY_KIND["string"]))) for _ in range(rng.randrange(3))]
    required = sum(parameter.default is not None and _required(parameter) for parameter in function.parameters)
    count = rng.randrange(required, len(function.parameters) + 1)
    if function.name in {"[:]", "[]"}:
        count = max(count, 2 if function.name == "[:]" else 1)
    return [rng.choice(literals(parameter)) for parameter in function.parameters[:count]]


def _required(parameter: Parameter) -> bool:
    from conduix.mapping.functions.declare import REQUIRED

    return parameter.default is REQUIRED


@cache
def functions() -> tuple[Function, ...]:
    """Every declared function that a fuzzer may call."""
    return tuple(function for function in registry() if function.name not in SLOW)


@cache
def knowledge() -> Knowledge:
    """What trying every function with a few targets and arguments shows."""
    rng, found = Random(7), Knowledge()
    for function in functions():
        if function.name == "throw":
            continue
        targets = SAMPLES if function.kind == "method" else {"": ("",)}
        for kind, samples in targets.items():
            given = set(_given(rng, function, samples))
            if given and function.kind == "method":
                found.takes.setdefault(function.name, []).append(kind)
            for each in given:
                listed = found.gives.setdefault(each, [])
                if function not in listed:
                    listed.append(function)
    return found


def _given(rng: Random, function: Function, samples: Sequence[str]) -> Iterator[str]:
    for target in (*samples, *samples[:2]):
        try:
            value = evaluate(parse_condition(written(function, target, drawn_literals(rng, function))), {"a": 1})
        except MappingError:
            continue
        if not isinstance(value, Absent):
            yield type_name(value)
