"""YAML text to a marked tree: the guards around the parser, and its errors in words for a person.

The text is untrusted: size, encoding and directives are looked at first, everything else while it is read.
"""

from __future__ import annotations

import re

import yaml

from conduix.spec.compose import Refused, compose
from conduix.spec.diagnostics import Code, Problems
from conduix.spec.nodes import Mark, Node, Source

MAX_BYTES = 1024 * 1024

_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# libyaml compares every %TAG with every other: 50,000 of them took it 8 s
_VARIABLE = re.compile(r"(?<![\"'\w$])\$\{[^{}]*\}")
_DIRECTIVE = re.compile(r"^%[A-Z]", re.MULTILINE)


def parse(text: str | bytes, file: str, problems: Problems) -> Node | None:
    """The tree of a document; None if its text could not be read to the end, with the reason in `problems`."""
    size = len(text) if isinstance(text, bytes) or text.isascii() else len(text.encode(errors="replace"))
    if size > MAX_BYTES:
        message = f"the document has {size:,} bytes, the limit is {MAX_BYTES:,}"
        problems.error(Code.YAML_TOO_LARGE, Mark(Source(file, ""), 1, 1), (), message)
        return None
    decoded = _decode(text, file, problems)
    if decoded is None:
        return None
    source = Source(file, decoded.removeprefix("\ufeff"))
    if not _readable(source, problems):
        return None
    try:
        return compose(source, problems)
    except Refused:
        return None
    except yaml.YAMLError as error:
        _explain(error, source, problems)
        return None


def place(source: Source, offset: int) -> Mark:
    """The line and column of a character, found by its index."""
    before = source.text[:offset]
    lines = Source(source.file, before).lines
    return Mark(source, len(lines), len(lines[-1]) + 1)


def _decode(text: str | bytes, file: str, problems: Problems) -> str | None:
    if isinstance(text, str):
        return text
    try:
        return text.decode()
    except UnicodeDecodeError as error:
        mark = place(Source(file, text[: error.start].decode(errors="replace")), error.start)
        what = "it begins like UTF-16" if text[:2] in {b"\xff\xfe", b"\xfe\xff"} else f"byte 0x{text[error.start]:02x}"
        problems.error(Code.YAML_ENCODING, mark, (), f"the document is not UTF-8: {what}; save it as UTF-8")
        return None


def _readable(source: Source, problems: Problems) -> bool:
    if found := _UNPRINTABLE.search(source.text):
        mark = place(source, found.start())
        problems.error(
            Code.YAML_ENCODING,
            mark,
            (),
            f"the character U+{ord(found[0]):04X} cannot stand in a document",
            f'"\\x{ord(found[0]):02x}" in double quotes' if ord(found[0]) < 256 else "",
        )
    elif "%" in source.text and (found := _DIRECTIVE.search(source.text)):
        message = "directives (%YAML, %TAG) are not allowed; remove the line"
        problems.error(Code.YAML_DIRECTIVE, place(source, found.start()), (), message)
    return found is None


def _explain(error: yaml.YAMLError, source: Source, problems: Problems) -> None:
    """A syntax error in words for a person, at the place where something is to be changed."""
    if not isinstance(error, yaml.MarkedYAMLError):
        problems.error(Code.YAML_SYNTAX, Mark(source, 1, 1), (), str(error))
        return
    at = error.problem_mark or error.context_mark
    line, column = (at.line, at.column) if at else (0, 0)
    text = source.lines[line] if line < len(source.lines) else ""
    mark = Mark(source, line + 1, column + 1)
    message, suggestion = _words(error.problem or str(error), error.context or "", text, column)
    if error.context and error.context_mark and error.context_mark.line != line:
        message += f" ({error.context} that begins in line {error.context_mark.line + 1})"
    problems.error(Code.YAML_SYNTAX, mark, (), message, suggestion)


def _words(problem: str, context: str, line: str, column: int) -> tuple[str, str]:
    if "\t" in line[: column + 1] and not line[:column].strip():
        return "a tab cannot indent; YAML wants spaces", "spaces instead of the tab"
    if "mapping values are not allowed" in problem:
        return "a second ': ' in one line", "the value in quotes, or the key on a line of its own"
    if "cannot start any token" in problem and column < len(line):
        return f"{line[column]!r} cannot begin a value", f"the value in quotes, like '{line[column:].strip()[:40]}'"
    if "flow mapping" in context and (variable := _VARIABLE.search(line)):
        return f"a {variable[0]} inside {{ }} must be in quotes", f'"{variable[0]}"'
    if "unexpected end of stream" in problem:
        return "the text ends inside a quoted value; a closing quote is missing", ""
    return problem, ""
