"""Writes the reference of functions and methods: `python -m conduix.mapping.docs [FILE]`.

Everything in it comes from the declarations, so it cannot say anything else than they do.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path

from conduix.mapping.check import signature
from conduix.mapping.functions import registry, table
from conduix.mapping.functions.declare import REMAP, REQUIRED, Example, Function, Parameter
from conduix.mapping.functions.remap import table as remap_table
from conduix.mapping.vrl import SAME

TITLES = {
    "general": "General",
    "message": "The record and its batch",
    "strings": "Strings",
    "regexp": "Patterns",
    "numbers": "Numbers",
    "coercion": "Types",
    "arrays": "Arrays",
    "objects": "Objects",
    "time": "Times",
    "parsing": "Documents",
    "encoding": "Encoding",
    "hashing": "Hashes",
    "jwt": "JSON Web Tokens",
    "encryption": "Encryption",
    "identifiers": "Identifiers",
    "machine": "The machine",
    "fake": "Made-up data",
}

_HEAD = """\
# Functions of mappings

`python -m conduix.mapping.docs docs/reference/mapping.md` makes this page; every example on it is a test.
A function is called alone, `now()`; a method on a value, `this.name.uppercase()`. A `?` marks what may be left out.
Arguments stand in their order or are all named: `this.name.slice(low: 0, high: 2)`. A query is an expression in
which `this` is the item, or a lambda that names it: `this.items.map_each(item -> item.price)`.
What differs from the reference implementation of the language is in [its own list](mapping-differences.md).
"""

_BESIDE = """\
## Conditions and texts

The condition of a `filter`, of a route and of `when` is one expression; `.status` in it is `this.status`. A filter and
a route take a structured filter too, which is read into the same tree:

```yaml
condition:
  and:
    - {field: status, operator: eq, value: active}
    - or:
        - {field: customer.age, operator: gte, value: 18}
        - {field: tags, operator: contains, value: trusted}
```

| operator | true where the field |
|---|---|
| `eq`, `neq` | equals the value, or does not; numbers by value |
| `gt`, `gte`, `lt`, `lte` | is there and is greater, … than a number or text |
| `contains` | is a text with the value in it, or an array or object that has it |
| `startswith`, `endswith`, `regex` | is a text that begins with, ends with or matches the value; patterns are RE2's |
| `exists`, `notexists` | is there, even as null, or is not; no value |
| `null`, `notnull` | is missing or null, or is neither; no value |
| `in`, `notin` | is one of the values of a list, or none of them |

A field that is missing or null passes `neq`, `notin`, `notexists`, `null` and `eq` with null only. A field of another
type than the operator needs fails the record, as it does in an expression.

A text option may hold `${! expression }`, which becomes the expression's value for each record, as `.string()` writes
it: `orders-${! this.region.lowercase() }`. `${{! … }}` is the text `${! … }` itself.

`import "maps.blobl"` takes the maps of a file, `from "whole.blobl"` is the whole mapping. Files are looked for in the
directories of `CONDUIX_ALLOW_MAPPING_IMPORTS`, and nowhere else; links out of them are not followed.
"""

_REMAP_HEAD = """\
## Names in a `remap`

A `remap` writes in place and calls functions by VRL's names. `f!(…)` and `f(…)` both fail the record, `f(…) ?? d`
goes on with `d`; arguments stand in their order, are named, or both. Beside the functions there are `del(.path)`,
alone or as the whole value of an assignment, `exists(.path)`, and `abort`, which drops the record: nothing after it is
done. Of this language `now()`, `uuid_v4()`, `uuid_v7()` and every other function that no name of VRL's hides;
`get_hostname()` is `hostname()`. Closures (`for_each`, `map_values`, `filter`) are not read: a mapping has
`.map_each()` and `.filter()`; `log` is not, as a mapping has no log; nor are `type_def` and `parse_grok`.

| name | is here |
|---|---|"""


def page() -> str:
    """The whole page as Markdown."""
    functions = registry()
    parts = [_HEAD]
    for family, title in TITLES.items():
        parts.append(f"## {title}\n")
        parts += [_section(function) for function in functions if function.family == family]
    parts += [_BESIDE, _remap_section()]
    return "\n".join(parts)


def _section(function: Function) -> str:
    known = (*table().values(), *remap_table().values())
    others = sorted(other.name.removeprefix(REMAP) for other in known if other.alias_of == function.name)
    lines = [f"### `{_usage(function)}`\n", function.doc]
    if others:
        lines.append(f"Also called {', '.join(f'`{name}`' for name in others)}.")
    if not function.deterministic:
        lines.append("Gives another result each time.")
    lines += _parameters(function.parameters)
    lines += map(_example, function.examples)
    return "\n".join(lines) + "\n"


def _usage(function: Function) -> str:
    if function.name == "[]":
        return "value[index]"
    if function.name == "[:]":
        return "value[low:high:step]"
    return signature(function)


def _parameters(parameters: Iterable[Parameter]) -> list[str]:
    rows = [f"| `{one.name}` | {one.kind} | {_default(one)} | {one.doc} |" for one in parameters]
    return ["", "| argument | type | default | |", "|---|---|---|---|", *rows] if rows else []


def _default(parameter: Parameter) -> str:
    if parameter.default is REQUIRED:
        return "required"
    return "" if parameter.default is None else f"`{json.dumps(parameter.default, ensure_ascii=False)}`"


def _example(example: Example) -> str:
    return f"\n```coffee\n{example.mapping}\n# {example.input}\n# → {example.output}\n```"


def _remap_section() -> str:
    """What each name of VRL is: a method of the language, or a function of its own with its declaration."""
    parts = [_REMAP_HEAD]
    parts += [
        f"| `{name}({', '.join(same.parameters)})` | `{_as_method(same.method)}` |"
        for name, same in SAME.items() if name not in remap_table()
    ]  # fmt: skip
    parts.append("")
    own = sorted(remap_table().items())
    parts += [_section(function) for _, function in own if function.alias_of is None]
    return "\n".join(parts)


def _as_method(name: str) -> str:
    return "value[start:end]" if name == "[:]" else f".{name}()"


def main() -> None:
    """Writes the page to the file that is given, or to standard output."""
    if len(sys.argv) > 1:
        Path(sys.argv[1]).write_text(page(), encoding="utf-8")
    else:
        sys.stdout.write(page())


if __name__ == "__main__":
    main()
