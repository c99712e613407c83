"""Cuts the text of a mapping into tokens and settles everything that white space means.

Line breaks separate statements and match cases; they mean nothing inside round or square brackets, after an operator,
a comma or an opening bracket, and before a closing one. `.`, `(` and `[` belong to what stands directly before them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from conduix.errors import MappingSyntaxError
from conduix.mapping.tree import Mark

Dialect = Literal["mapping", "condition", "remap"]

MAX_DEPTH = 200


@dataclass(frozen=True, slots=True)
class Token:
    """One token: its terminal, its decoded value, how it stood in the text, and where."""

    kind: str
    value: str
    text: str
    mark: Mark


_SPACE = re.compile(r"[ \t]+")
_COMMENT = re.compile(r"#[^\n]*")
_LINE_BREAK = re.compile(r"\r?\n")
_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?")
_WORD = re.compile(r"[A-Za-z0-9_]+")
_TRIPLE = re.compile(r'"""(.*?)"""', re.DOTALL)
_QUOTED = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
_RAW_QUOTED = re.compile(r"[rs]'((?:[^'\\\n]|\\.)*)'")
_ESCAPE = re.compile(r'\\(?:([abfnrtv\\"])|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3}))')
_SIMPLE_ESCAPES = {
    "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\", '"': '"'
}  # fmt: skip

_OPERATORS = {
    "->": "ARROW", "=>": "CASE", "==": "EQUAL", "!=": "UNEQUAL", "<=": "LESS_EQUAL", ">=": "GREATER_EQUAL",
    "&&": "AND", "||": "OR", "??": "RESCUE", "<": "LESS", ">": "GREATER", "+": "PLUS", "-": "MINUS", "*": "STAR",
    "/": "SLASH", "%": "PERCENT", "|": "PIPE", "!": "NOT", "=": "ASSIGN", ",": "COMMA", ":": "COLON",
    "(": "LPAREN", ")": "RPAREN", "[": "LBRACKET", "]": "RBRACKET", "{": "LBRACE", "}": "RBRACE", ";": "SEMICOLON",
}  # fmt: skip
_CLOSES = {"RPAREN": "LPAREN", "RBRACKET": "LBRACKET", "RBRACE": "LBRACE"}
_BRACKET_TEXT = {"LPAREN": "(", "LBRACKET": "[", "LBRACE": "{", "RPAREN": ")", "RBRACKET": "]", "RBRACE": "}"}
_WORDS = {"true": "TRUE", "false": "FALSE", "null": "NULL", "this": "THIS", "root": "ROOT"}

# after these an expression may be complete: a line break counts, `.` and `[` go on with it
_ENDS = frozenset(
    {
        "NAME", "STRING", "INTEGER", "FLOAT", "NULL", "TRUE", "FALSE", "THIS", "ROOT", "METADATA", "VARIABLE", "PATH",
        "RPAREN", "RBRACKET", "RBRACE",
    }
)  # fmt: skip
_SWALLOW_BREAK_BEFORE = frozenset({"RPAREN", "RBRACKET", "RBRACE", "COMMA", "NEWLINE", "ELSE", "END"})


def tokenize(text: str, dialect: Dialect = "mapping") -> Iterator[Token]:
    """The tokens of `text`, ending with one of kind `END`.

    Raises:
        MappingSyntaxError: a string without end, an unknown character, brackets that do not match.
    """
    pending: Token | None = None
    header_depth: list[int] = []
    for token, depth in _Scanner(text, dialect).scan():
        if token.kind in {"IF", "MATCH"}:
            header_depth.append(depth)
        opens_block = token.kind == "LBRACE" and bool(header_depth) and header_depth[-1] == depth - 1
        if opens_block:
            header_depth.pop()
        if pending is not None and not opens_block and token.kind not in _SWALLOW_BREAK_BEFORE:
            yield pending
        pending = None
        if token.kind == "NEWLINE":
            pending = token
        else:
            yield token


def unescape(content: str) -> str | None:
    """The text that a quoted string with this content stands for; None where an escape is wrong."""
    if "\\" not in content:
        return content
    parts: list[str] = []
    at = 0
    while (slash := content.find("\\", at)) >= 0:
        escape = _ESCAPE.match(content, slash)
        character = None if escape is None else _escaped(escape)
        if escape is None or character is None:
            return None
        parts += (content[at:slash], character)
        at = escape.end()
    return "".join((*parts, content[at:]))


def _escaped(escape: re.Match[str]) -> str | None:
    if escape[1]:
        return _SIMPLE_ESCAPES[escape[1]]
    code = int(escape[5], 8) if escape[5] else int(escape[2] or escape[3] or escape[4], 16)
    return None if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF else chr(code)


class _Scanner:
    """Walks through the text once; `scan` gives each token with the number of brackets open after it."""

    def __init__(self, text: str, dialect: Dialect) -> None:
        self._text = text
        self._dialect = dialect
        self._at = 0
        self._line = 1
        self._line_start = 0
        self._open: list[Token] = []
        self._last: Token | None = None
        self._last_end = -1

    def scan(self) -> Iterator[tuple[Token, int]]:
        while (token := self._next()) is not None:
            self._track_brackets(token)
            self._last = token
            self._last_end = self._at
            yield token, len(self._open)
        if self._open:
            bracket = self._open[-1]
            raise MappingSyntaxError(
                f"`{_BRACKET_TEXT[bracket.kind]}` opened at line {bracket.mark.line}, column {bracket.mark.column} "
                "is never closed: required: expected closing bracket, but reached end of input",
                line=self._mark().line,
                column=self._mark().column,
            )
        yield Token("END", "", "", self._mark()), 0

    def _mark(self) -> Mark:
        return Mark(self._line, self._at - self._line_start + 1)

    def _fail(self, message: str) -> MappingSyntaxError:
        mark = self._mark()
        return MappingSyntaxError(message, line=mark.line, column=mark.column)

    def _next(self) -> Token | None:
        broken = self._skip_blank()
        if broken is not None:
            return broken
        if self._at >= len(self._text):
            return None
        character = self._text[self._at]
        if character == '"':
            return self._string()
        if character.isascii() and (character.isalnum() or character == "_"):
            return self._word_or_number()
        if character in "$@":
            return self._sigil(character)
        if character == ".":
            return self._dot()
        return self._operator()

    def _skip_blank(self) -> Token | None:
        """Moves over blanks and comments; gives a NEWLINE token where a line break counts."""
        found: Token | None = None
        while self._at < len(self._text):
            if space := _SPACE.match(self._text, self._at):
                self._at = space.end()
                continue
            if comment := _COMMENT.match(self._text, self._at):
                self._comment(comment.end())
                continue
            end_of_line = _LINE_BREAK.match(self._text, self._at)
            if end_of_line is None:
                break
            if found is None and self._break_counts():
                found = Token("NEWLINE", "", "\n", self._mark())
            self._at = self._line_start = end_of_line.end()
            self._line += 1
        return found

    def _comment(self, end: int) -> None:
        if end == len(self._text) and self._dialect == "mapping":
            raise self._fail(
                "expected line break, but reached end of input: a comment must end with a line break; add one after it"
            )
        self._at = end

    def _break_counts(self) -> bool:
        if self._last is None or self._last.kind not in _ENDS:
            return False
        if not self._open:
            return self._dialect != "condition"
        return self._open[-1].kind == "LBRACE"

    def _track_brackets(self, token: Token) -> None:
        kind = "LBRACKET" if token.kind == "INDEX" else token.kind
        if kind in _CLOSES.values():
            self._open.append(Token(kind, token.value, token.text, token.mark))
            if len(self._open) > MAX_DEPTH:
                raise self._fail(f"brackets are nested deeper than {MAX_DEPTH}: take parts out into `let` or `map`")
        elif kind in _CLOSES and self._open:
            opened = self._open.pop()
            if opened.kind != _CLOSES[kind]:
                raise MappingSyntaxError(
                    f"found `{token.text}` where `{_BRACKET_TEXT[opened.kind]}` of line {opened.mark.line}, "
                    f"column {opened.mark.column} is still open",
                    line=token.mark.line,
                    column=token.mark.column,
                )

    def _take(self, kind: str, end: int, value: str | None = None) -> Token:
        text = self._text[self._at : end]
        token = Token(kind, text if value is None else value, text, self._mark())
        self._at = end
        return token

    def _string(self) -> Token:
        if triple := _TRIPLE.match(self._text, self._at):
            token = self._take("STRING", triple.end(), triple[1])
            if "\n" in token.text:
                self._line += token.text.count("\n")
                self._line_start = self._at - len(token.text) + token.text.rindex("\n") + 1
            return token
        if self._text.startswith('"""', self._at):
            raise self._fail('required: expected end triple-quote, but reached end of input: close the text with `"""`')
        quoted = _QUOTED.match(self._text, self._at)
        if quoted is None:
            raise self._fail(
                "required: expected end quote, but reached end of input: "
                'close the string with `"` on its line, or write a long text in `"""`'
            )
        return self._take("STRING", quoted.end(), self._unescape(quoted[1]))

    def _unescape(self, content: str) -> str:
        resolved = unescape(content)
        if resolved is None:
            raise self._fail(
                f'"{content}" has a wrong escape: write `\\\\` for a backslash, or put the text in `"""`, '
                "where nothing is escaped"
            )
        return resolved

    def _word_or_number(self) -> Token:
        after_dot = self._last is not None and self._last.kind in {"DOT", "PATH"} and self._last_end == self._at
        if not after_dot and (number := _NUMBER.match(self._text, self._at)):
            return self._number(number)
        if self._dialect == "remap" and (raw := _RAW_QUOTED.match(self._text, self._at)):
            return self._take("STRING", raw.end(), raw[1].replace("\\'", "'"))
        word = _WORD.match(self._text, self._at)
        if word is None:
            raise self._fail(f"found `{self._text[self._at]}`, which starts nothing")
        if called := self._called(word):
            return called
        keyword = None if after_dot or self._names_next() else self._keyword(word[0], word.end())
        return self._take(keyword or "NAME", word.end())

    def _number(self, number: re.Match[str]) -> Token:
        if _WORD.match(self._text, number.end()):
            raise self._fail(f"`{number[0]}` runs into a name: put a space or an operator between the two")
        if number[1]:
            return self._take("FLOAT", number.end())
        if len(number[0]) > len(str(2**63)) or int(number[0]) > 2**63 - 1:
            raise self._fail(f"`{number[0]}` does not fit into 64 bits: write it as a string")
        return self._take("INTEGER", number.end())

    def _called(self, word: re.Match[str]) -> Token | None:
        if self._text.startswith("(", word.end()):
            return self._take("FUNCTION", word.end())
        if self._dialect == "remap" and self._text.startswith("!(", word.end()):
            return self._take("FUNCTION", word.end() + 1, word[0])
        return None

    def _names_next(self) -> bool:
        return self._last is not None and self._last.kind in {"META", "LET", "MAP"}

    def _keyword(self, word: str, end: int) -> str | None:
        following = self._text[end : end + 1]
        if word in _WORDS:
            return _WORDS[word]
        if word == "else" and self._last is not None and self._last.kind in {"RBRACE", "NEWLINE"}:
            return "ELSE"
        if following not in {" ", "\t"}:
            return None
        if word in {"if", "match"}:
            return word.upper()
        if self._last is None or self._last.kind in {"NEWLINE", "LBRACE", "SEMICOLON"}:
            return self._statement(word, self._after_blank(end))
        return None

    def _statement(self, word: str, after: str) -> str | None:
        """The keyword that `word` is at the start of a statement; elsewhere it could be the name of a field."""
        named = after[:1] == '"' or (word != "import" and _WORD.match(after) is not None)
        if word == "meta" and (named or (after[:1] == "=" and after != "==")):
            return "META"
        if word == "from" and self._last is None and self._dialect == "mapping" and after[:1] == '"':
            return "FROM"
        certain = self._dialect == "mapping" and (self._last is None or self._last.kind == "NEWLINE")
        return word.upper() if word in {"let", "map", "import"} and (named or certain) else None

    def _after_blank(self, end: int) -> str:
        blank = _SPACE.match(self._text, end)
        start = blank.end() if blank else end
        return self._text[start : start + 2]

    def _sigil(self, sigil: str) -> Token:
        start = self._at + 1
        word = _WORD.match(self._text, start)
        if sigil == "$":
            if word is None:
                raise self._fail("found `$` without a name: write `$name` for a variable that a `let` set")
            return self._take("VARIABLE", word.end(), word[0])
        if word:
            return self._take("METADATA", word.end(), word[0])
        if quoted := _QUOTED.match(self._text, start):
            return self._take("METADATA", quoted.end(), self._unescape(quoted[1]))
        return self._take("METADATA", start, "")

    def _dot(self) -> Token:
        joined = self._last is not None and self._last.kind in _ENDS and self._last_end == self._at
        if joined and self._last is not None and self._last.kind != "PATH":
            return self._take("DOT", self._at + 1)
        if self._dialect == "mapping":
            raise self._fail(
                "expected line break, got: "
                f"{self._text[self._at : self._at + 5]}: `.` must follow directly what it reads from; "
                "to go on in the next line end this one with `.`, and write `this.field` for a field of the record"
            )
        return self._take("PATH", self._at + 1)

    def _operator(self) -> Token:
        for length in (2, 1):
            written = self._text[self._at : self._at + length]
            kind = _OPERATORS.get(written)
            if kind is None or (kind in {"RESCUE", "SEMICOLON"} and self._dialect != "remap"):
                continue
            if kind == "LBRACKET" and self._continues():
                kind = "INDEX"
            return self._take(kind, self._at + len(written))
        character = self._text[self._at]
        hint = ': write strings in double quotes, `"text"`' if character == "'" else ""
        raise self._fail(f"found `{character}`, which means nothing here{hint}")

    def _continues(self) -> bool:
        return self._last is not None and self._last.kind in _ENDS and self._last_end == self._at
