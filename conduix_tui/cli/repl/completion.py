"""What could stand at the end of a text: a pure function of the text and of what is known, without any terminal."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from conduix.mapping.check import signature
from conduix.mapping.functions import table
from conduix.mapping.functions.declare import REQUIRED, Function
from conduix.mapping.values import type_name
from conduix.mapping.vrl import names as remap_names
from conduix_tui.cli.map_forms import DOTTED, Form
from conduix_tui.cli.repl.calls import Called, called, first_sentence
from conduix_tui.cli.repl.reach import CHAIN, UNKNOWN, Reach
from conduix_tui.cli.repl.scan import Open, scan
from conduix_tui.cli.repl.words import COMMANDS, named_command

_TAIL = re.compile(r"(?P<sigil>[$@]?)(?P<word>\w*)\Z")
_DOTTED = re.compile(rf"(?P<chain>{CHAIN})?\.(?P<word>\w*)\Z")
_OF_TEXT = re.compile(r"(\w+)\(\s*\Z")
_STATEMENT = re.compile(r"(?:\A|\n|\{)\s*\w*\Z")
_BARE = re.compile(r"\w+")
_VALUES = ("this", "true", "false", "null", "if", "match")
_STATEMENTS = ("root", "let", "meta", "map", "if")
_FIRST = {
    "string": ("strings", "regexp", "time", "parsing", "coercion"),
    "array": ("arrays", "general"),
    "object": ("objects",),
    "number": ("numbers", "time", "coercion"),
}
"""Families of methods that come first, by the type of what they are called on."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A text that could stand in place of the last `replaces` characters; `detail` is a few words about it."""

    text: str
    replaces: int
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """What names there are besides those of the language."""

    form: Form = "mapping"
    record: Any = None
    meta: dict[str, Any] = field(default_factory=dict)
    variables: Sequence[str] = ()
    maps: Sequence[str] = ()


def complete(before: str, known: Known) -> list[Candidate]:
    """What could stand at the end of `before`: what begins with its last word; if nothing does, what contains it."""
    command = _command(before, known)
    if command is not None:
        word, offered = command
        return _ranked(word, offered)
    opened = scan(before)
    if opened.inside in {"comment", "text"}:
        return []
    if opened.inside == "string":
        word = before[opened.since + 1 :]
        return _ranked(word, _within_string(before[: opened.since], known))
    if dotted := _DOTTED.search(before):
        return _ranked(dotted["word"], _after_dot(before, dotted, known))
    tail = _TAIL.search(before)
    if tail is None or tail["word"][:1].isdigit():
        return []
    return _ranked(tail["word"], _names(before, tail, opened, known))


_Offer = tuple[str, str]


def _ranked(word: str, offered: Iterable[_Offer]) -> list[Candidate]:
    """Those that begin with the word, else those that contain it; each text once."""
    lower = word.lower()
    unique = list(dict(reversed(list(offered))).items())[::-1]
    begins = [pair for pair in unique if pair[0].lower().startswith(lower)]
    found = begins or [pair for pair in unique if lower in pair[0].lower()]
    return [Candidate(text, len(word), detail) for text, detail in found]


# commands


def _command(before: str, known: Known) -> tuple[str, Iterable[_Offer]] | None:
    """The word and the offers, where the text is a command or may become one; None: it is an entry."""
    if re.fullmatch(r"\.\w*", before):
        fields = [(f".{key}", kind) for key, kind in _keys(known.record)] if known.form in DOTTED else []
        return before, [*fields, *((f".{each.name}", each.text) for each in COMMANDS)]
    command, argument = named_command(before)
    if command is None or before == f".{command.name}":
        return None
    if command.name == "help":
        return argument, _help_topics(known)
    if command.name == "explain":
        return None
    return argument, []


def _help_topics(known: Known) -> Iterator[_Offer]:
    if known.form == "remap":
        yield from _remap_names()
        return
    for function in _functions():
        yield function.name, signature(function)


# names


def _remap_names() -> Iterator[_Offer]:
    for name in remap_names():
        call = called("function", name, "remap")
        yield name, "" if call is None else call.brief


def _functions() -> list[Function]:
    return [each for each in table().values() if each.name[0] != "["]


def _within_string(code: str, known: Known) -> Iterator[_Offer]:
    """What the string that begins after `code` may name: a map, a key of the metadata, a path of the record."""
    called = _OF_TEXT.search(code)
    name = called[1] if called else ""
    if name == "apply":
        yield from ((each, "map") for each in _defined("map", code, known.maps))
    elif name in {"meta", "metadata", "root_meta"}:
        yield from ((key, type_name(value)) for key, value in known.meta.items())
    elif name == "json":
        yield from _keys(known.record)


def _names(before: str, tail: re.Match[str], opened: Open, known: Known) -> Iterator[_Offer]:
    if tail["sigil"] == "$":
        yield from ((each, "variable") for each in _defined("let", before, known.variables))
        return
    if tail["sigil"] == "@":
        keys = {key: type_name(value) for key, value in known.meta.items()}
        yield from (keys | dict.fromkeys(_defined("meta", before, ()), "set here")).items()
        return
    if known.form == "remap":
        yield from ((f"{name}(", usage) for name, usage in _remap_names())
        yield from ((name, "variable") for name in known.variables)
        return
    yield from _arguments(_called(before, opened, known.form))
    if known.form != "condition" and _STATEMENT.search(before):
        yield from ((word, "statement") for word in _STATEMENTS)
    yield from ((name, "item") for name in Reach(known.record, known.meta).parameters(before))
    yield from ((word, "") for word in _VALUES)
    yield from _calls("function", UNKNOWN)


def _arguments(call: Called | None) -> Iterator[_Offer]:
    """Names of the arguments of the call whose bracket is open."""
    if call is not None and len(call.function.parameters) > 1 and not call.function.variadic:
        yield from ((f"{each.name}: ", f"{each.kind}: {each.doc}") for each in call.function.parameters)


def enclosing_call(before: str, form: Form) -> Called | None:
    """The call whose arguments the text ends in."""
    opened = scan(before)
    return None if opened.inside == "comment" else _called(before, opened, form)


def _called(before: str, opened: Open, form: Form) -> Called | None:
    if not opened.brackets or opened.brackets[-1][0] != "(":
        return None
    name = re.search(r"(\.?)(\w+)!?\Z", before[: opened.brackets[-1][1]])
    return None if name is None else called("method" if name[1] else "function", name[2], form)


def _defined(keyword: str, text: str, kept: Iterable[str]) -> list[str]:
    """Names that stand after `let`, `map` or `meta` in the text, after those that are kept."""
    return list(dict.fromkeys((*kept, *re.findall(rf"\b{keyword} (\w+)\s*[={{]", text))))


# after a dot


def _after_dot(before: str, dotted: re.Match[str], known: Known) -> Iterator[_Offer]:
    chain = dotted["chain"] or ""
    stem = before[: dotted.start()] + chain
    own = not chain and known.form in DOTTED and not re.search(r"[\w)\]}\"]\Z", stem)
    if own:
        yield from _keys(known.record)
        return
    value = Reach(known.record, known.meta).value(chain, before[: dotted.start()]) if chain else UNKNOWN
    yield from _keys(value)
    assigned = re.search(r"(?:\A|\n|\{)[ \t]*\Z", before[: dotted.start()]) and chain.split(".")[0] == "root"
    if known.form != "remap" and not assigned:
        yield from _calls("method", value)


def _keys(value: Any) -> Iterator[_Offer]:
    for key, each in value.items() if isinstance(value, dict) else ():
        yield (key if _BARE.fullmatch(key) else f'"{key}"'), type_name(each)


def _calls(kind: str, value: Any) -> Iterator[_Offer]:
    """Functions or methods; of those the families first that are made for a value of this type."""
    first = _FIRST.get("" if value is UNKNOWN else type_name(value), ())
    chosen = [each for each in _functions() if each.kind == kind]
    for function in sorted(chosen, key=lambda each: (each.family not in first, each.alias_of is not None, each.name)):
        needs = function.variadic or any(each.default is REQUIRED for each in function.parameters)
        yield f"{function.name}({'' if needs else ')'}", f"{signature(function)}  {first_sentence(function.doc)}"
