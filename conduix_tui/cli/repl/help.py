"""What `.help` shows: the commands, a family, or everything that the declaration of a function says."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable

from conduix.errors import UsageError
from conduix.mapping.check import signature
from conduix.mapping.docs import TITLES
from conduix.mapping.functions import registry, table
from conduix.mapping.functions.declare import REQUIRED, Function, Kind, Parameter
from conduix.mapping.vrl import names as remap_names
from conduix.spec.diagnostics import nearest
from conduix_tui.cli import words
from conduix_tui.cli.map_forms import Form
from conduix_tui.cli.repl.calls import Called, called, first_sentence, named
from conduix_tui.cli.repl.words import COMMANDS

_ENTRIES = {
    "mapping": ("root.total = this.price * this.qty", "a whole mapping"),
    "mutation": ("root.total = this.price * this.qty", "a mutation: a mapping that changes a copy of the record"),
    "condition": ('this.status == "active"', "a condition; .status is short for this.status"),
    "remap": (".total = .price * .qty", "a remap, in VRL's spelling"),
}
_KEYS = (
    ("Tab", "what could stand here: fields of the record, functions, variables"),
    ("Enter", "runs the entry, or begins another line while it is not complete; an empty line ends it"),
    ("Alt-Enter", "begins another line in any case"),
    ("Up, Ctrl-R", "earlier entries"),
)
_STATEMENTS = {
    "abort": (("abort", "Drops the record; nothing after it is done."),),
    "del": (("del(.path)", "Removes a field."), ("name = del(.path)", "Removes it and keeps its value.")),
    "exists": (("exists(.path)", "Whether there is such a field, be it null."),),
}
"""What a remap says that is no function."""


def overview(form: Form) -> list[str]:
    """How entries are written, the commands, the keys, the families."""
    example, what = _ENTRIES[form]
    commands = [(f".{each.name} {each.argument}".rstrip(), each.text) for each in COMMANDS]
    return [
        f"Every entry is {what}; it is run against the current record, which it does not change:",
        f"  {example}",
        *("", "commands", *words.table(commands, indent=2)),
        *("", "keys", *words.table(_KEYS, indent=2)),
        *("", *_functions(form)),
    ]


def _functions(form: Form) -> list[str]:
    """Their names where there are not too many, else their families."""
    if form == "remap":
        names = textwrap.wrap(", ".join(remap_names()), 100, initial_indent="  ", subsequent_indent="  ")
        return ["functions (.help NAME explains one)", *names]
    families = [(family, f"{TITLES.get(family, family)}, {len(names)}") for family, names in _families().items()]
    return ["functions (.help FAMILY lists one)", *words.table(families, indent=2)]


def about(topic: str, form: Form) -> list[str]:
    """All about a function, a method, both of that name, or a family. Raises UsageError for anything else."""
    name = topic.removesuffix("()").removesuffix("(").lstrip(".").lower()
    if form == "remap" and name in _STATEMENTS:
        return [f"{usage}  {what}" for usage, what in _STATEMENTS[name]]
    kinds: tuple[Kind, ...] = ("function",) if form == "remap" else ("function", "method")
    found = [each for kind in kinds if (each := called(kind, name, form)) is not None]
    if found:
        return [line for each in found for line in (*_function(each), "")][:-1]
    if name in _families() and form != "remap":
        return [TITLES.get(name, name), *_summaries(_families()[name])]
    return _mentioned(name, form)


def _families() -> dict[str, list[Function]]:
    families: dict[str, list[Function]] = {family: [] for family in TITLES}
    for function in registry():
        families.setdefault(function.family, []).append(function)
    return {family: functions for family, functions in families.items() if functions}


def _summaries(functions: Iterable[Function]) -> list[str]:
    return _briefly(Called(each, signature(each)) for each in functions)


def _briefly(calls: Iterable[Called]) -> list[str]:
    return words.table(((each.usage, first_sentence(each.function.doc)) for each in calls), indent=2)


def _mentioned(name: str, form: Form) -> list[str]:
    """What has the word in its name or its description."""
    if form == "remap":
        known = [each for one in remap_names() if (each := called("function", one, form)) is not None]
        names = list(remap_names())
    else:
        known = [Called(each, signature(each)) for each in registry()]
        names = [each for _, each in table()]
    found = [each for each in known if name in each.usage.partition("(")[0] or name in each.function.doc.lower()]
    if not name or not found:
        near = nearest(name, names)
        raise UsageError(
            f"there is no function or method {name}", remedy=f"write .help {near}" if near else "write .help"
        )
    return [f"nothing is called {name}; these mention it:", *_briefly(found)]


def _function(call: Called) -> list[str]:
    function = call.function
    itself = named(function)
    as_method = f"Is {signature(function)}." if call.usage != signature(function) else ""
    older = f"Another name of {signature(itself)}." if itself is not function else ""
    changing = "" if function.deterministic else "Gives another result each time."
    shown = [call.usage, *(f"  {text}" for text in (function.doc, as_method, older, changing) if text)]
    if function.parameters:
        shown += ["", *words.table(map(_parameter, function.parameters), indent=2)]
    for example in itself.examples:
        shown += ["", *(f"  {line}" for line in example.mapping.split("\n"))]
        shown += [f"    {example.input}", f"  → {example.output}"]
    return shown


def _parameter(parameter: Parameter) -> tuple[str, str, str]:
    default = parameter.default
    given = "" if default in (REQUIRED, None) else f" (default {json.dumps(default, ensure_ascii=False)})"
    optional = "" if default is REQUIRED else "?"
    return f"{parameter.name}{optional}", parameter.kind, f"{parameter.doc}{given}"
