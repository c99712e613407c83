"""Targets that read texts: whatever stands in them, they are read or refused with their place, and soon."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from random import Random

from conduix.errors import MappingError, MappingSyntaxError
from conduix.mapping import parse_condition, parse_mapping, parse_remap, registry
from conduix.mapping.interpret import Interpreter
from tests.fuzz import draw, language, remaps
from tests.fuzz.target import Case, Fault, Target

_PIECES = (
    "root", "this", ".", "..", "=", "==", "=>", "->", "(", ")", "[", "]", "{", "}", '"', '"""', "\\", "#", "\n", " ",
    ",", ":", "$", "@", "|", "||", "&&", "!", "-", "if ", "else", "match ", "map ", "let ", "meta ", "import ",
    "from ", "x", "_", "1", "1.5", "9" * 30, "1e999", "null", "true", ".a", "del(", "exists(", "f!(", "??", ";", "'",
    "r'", "é", "\ud800", "\x00", "\ufeff", "uppercase()", ".map_each(", "\r\n", "\t", "\\u0000", "\\x", "${!", "0x",
    ".0", "[1:", "root = ", "\U0001f600", "this.",
)  # fmt: skip

_PARSERS: Mapping[str, Callable[[str], object]] = {
    "mapping": parse_mapping,
    "condition": parse_condition,
    "remap": parse_remap,
}


@cache
def corpus() -> tuple[str, ...]:
    """The mappings of all examples in the reference."""
    return tuple(example.mapping for function in registry() for example in function.examples)


def _text(rng: Random) -> str:
    roll = rng.random()
    if roll < 0.15:
        return "".join(chr(rng.randrange(rng.choice((128, 128, 0x3000, 0x110000)))) for _ in range(rng.randrange(60)))
    if roll < 0.35:
        return "".join(rng.choice(_PIECES) for _ in range(rng.randrange(25)))
    if roll < 0.4:
        return rng.choice(_PIECES) * rng.choice((10, 100, 3000)) + rng.choice(_PIECES)
    maker = rng.choice((language.mapping, language.condition, remaps.remap, lambda each: each.choice(corpus())))
    return mutated(rng, maker(rng))


def mutated(rng: Random, text: str) -> str:
    """The text with a few places changed."""
    for _ in range(rng.randrange(4)):
        at = rng.randrange(len(text) + 1)
        to = min(len(text), at + rng.choice((0, 0, 1, 1, 3, 10)))
        roll = rng.random()
        piece = rng.choice(_PIECES) if roll < 0.6 else text[at : at + 12] if roll < 0.8 else draw.text(rng)
        text = text[:at] + piece + text[to:]
    return text


def _draw(rng: Random, _number: int) -> Case:
    return {"text": _text(rng)}


def _run(case: Case) -> str:
    text = case["text"]
    read = [kind for kind, parse in _PARSERS.items() if _reads(parse, kind, text)]
    return "read" if read else "refused"


def _reads(parse: Callable[[str], object], kind: str, text: str) -> bool:
    try:
        parse(text)
    except MappingSyntaxError as error:
        refused_well(error, kind, text)
        return False
    return True


def refused_well(error: MappingSyntaxError, kind: str, text: str) -> None:
    """A Fault where the error does not say what and where."""
    lines = text.split("\n")
    if not error.message or not 1 <= error.line <= len(lines) + 1:
        raise Fault(f"a {kind} is refused without its place", f"line {error.line}: {error.message!r}")
    # behind the end of a line, where something is missing, is a place too
    if not 1 <= error.column <= (len(lines[error.line - 1]) if error.line <= len(lines) else 0) + 2:
        raise Fault(
            f"a {kind} is refused beside its line", f"column {error.column} of line {error.line}: {error.message!r}"
        )


def _draw_any_mapping(rng: Random, _number: int) -> Case:
    """Texts that are nearly mappings, to be run where they can be read."""
    return {
        "text": mutated(rng, rng.choice(corpus()) if rng.random() < 0.5 else language.mapping(rng)),
        "lines": draw.lines(rng, 2),
    }


def _run_any_mapping(case: Case) -> str:
    from tests.fuzz.ways import data_of, of_lines

    try:
        interpreter = Interpreter(parse_mapping(case["text"]))
    except MappingSyntaxError:
        return "refused"
    given = of_lines(data_of(case["lines"]))
    ran = "failed"
    for index in range(given.count):
        try:
            interpreter.run(given.whole(index))
            ran = "ran"
        except MappingError as error:
            if not error.message:
                raise Fault("a record fails without a reason", repr(error)) from error
    return ran


TARGETS: Sequence[Target] = (
    Target("parser", "texts to mapping, condition and remap", _draw, _run, 3),
    Target("nearly", "mutated mappings and examples, run by the interpreter", _draw_any_mapping, _run_any_mapping, 2),
)
