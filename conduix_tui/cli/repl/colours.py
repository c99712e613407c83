"""Colours of what is being entered: texts, comments, numbers, calls, names of variables and metadata, words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.lexers import Lexer

_PIECE = re.compile(
    r'(?P<text>"""(?:.*?"""|.*\Z)|"(?:[^"\\\n]|\\.)*"?|(?<![A-Za-z0-9_])[rs]\'(?:[^\'\\\n]|\\.)*\'?)'
    r"|(?P<comment>#[^\n]*)"
    r"|(?P<number>(?<![\w.])\d+(?:\.\d+)?\b)"
    r"|(?P<call>\w+(?=!?\())"
    r"|(?P<name>[$@]\w*)"
    r"|(?P<word>(?<![\w.])(?:root|this|if|else|match|let|map|meta|import|from|true|false|null)\b)",
    re.DOTALL,
)
_STYLES = {
    "text": "ansigreen", "comment": "ansibrightblack", "number": "ansiyellow", "call": "ansicyan",
    "name": "ansimagenta", "word": "bold",
}  # fmt: skip


def coloured(text: str) -> Iterator[tuple[str, str]]:
    """The text in pieces: style and characters."""
    at = 0
    for piece in _PIECE.finditer(text):
        yield "", text[at : piece.start()]
        yield _STYLES[piece.lastgroup or ""], piece[0]
        at = piece.end()
    yield "", text[at:]


class Colours(Lexer):
    """For the prompt."""

    def lex_document(self, document: Document) -> Callable[[int], StyleAndTextTuples]:
        """A function of the number of a line."""
        lines: list[StyleAndTextTuples] = [[]]
        for style, part in coloured(document.text):
            first, *more = part.split("\n")
            lines[-1].append((style, first))
            lines += [[(style, line)] for line in more]
        return lambda number: lines[number] if number < len(lines) else []
