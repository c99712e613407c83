"""What is wrong with a document: where, what, and what to write instead."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum, auto
from typing import Literal

from conduix.errors import ConduixError
from conduix.spec.nodes import Mark, Path, path_text

Severity = Literal["error", "warning"]


class Code(StrEnum):
    """Stable codes of diagnostics; `docs/reference/document.md` says what each one means."""

    @staticmethod
    def _generate_next_value_(name: str, _start: int, _count: int, _last: list[str]) -> str:
        return name

    YAML_SYNTAX = auto()
    YAML_ENCODING = auto()
    YAML_TOO_LARGE = auto()
    YAML_TOO_DEEP = auto()
    YAML_TOO_MANY_NODES = auto()
    YAML_ALIAS = auto()
    YAML_TAG = auto()
    YAML_DIRECTIVE = auto()
    YAML_MULTIPLE_DOCUMENTS = auto()
    YAML_KEY = auto()
    YAML_AMBIGUOUS = auto()
    YAML_NUMBER = auto()
    DUPLICATE_KEY = auto()
    DOCUMENT_EMPTY = auto()
    DIALECT_UNKNOWN = auto()
    DIALECT_MIXED = auto()
    VARIABLE_UNSET = auto()
    VARIABLE_SYNTAX = auto()
    FILE_UNREADABLE = auto()
    SECRET_STORE_MISSING = auto()
    OVERRIDE_INVALID = auto()
    UNKNOWN_KEY = auto()
    MISSING_KEY = auto()
    WRONG_TYPE = auto()
    INVALID_VALUE = auto()
    CONFLICTING_KEYS = auto()
    NOT_SUPPORTED_YET = auto()
    NO_EFFECT = auto()
    UNKNOWN_TYPE = auto()
    MISSING_EXTRA = auto()
    MODE_NOT_SUPPORTED = auto()
    INVALID_ID = auto()
    DUPLICATE_ID = auto()
    MISSING_INPUT = auto()
    UNKNOWN_INPUT = auto()
    UNKNOWN_PORT = auto()
    UNKNOWN_TARGET = auto()
    ROUTE_WITHOUT_TARGET = auto()
    SINK_IN_CHAIN = auto()
    CYCLE = auto()
    UNREACHABLE = auto()
    UNREAD_OUTPUT = auto()
    NO_SINK = auto()
    SAME_PATH = auto()
    SINK_NOT_SHARDED = auto()
    TERMINAL_ONLY = auto()
    MAPPING_SYNTAX = auto()


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One problem of a document. `line` and `column` count from 1; `path` is like `stages[1].config.mapping`."""

    file: str
    line: int
    column: int
    path: str
    code: str
    message: str
    suggestion: str = ""
    """What to write instead, ready to be pasted; empty if there is nothing better than the message."""
    severity: Severity = "error"

    def __str__(self) -> str:
        """`file:line:column: CODE: message (path) — write suggestion`."""
        warning = "warning: " if self.severity == "warning" else ""
        path = f" ({self.path})" if self.path else ""
        instead = f" — write {self.suggestion}" if self.suggestion else ""
        return f"{self.file}:{self.line}:{self.column}: {self.code}: {warning}{self.message}{path}{instead}"


class DocumentError(ConduixError):
    """The document does not validate; `diagnostics` has every problem, warnings too."""

    code = "DOCUMENT_INVALID"
    status = "INVALID_ARGUMENT"

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        super().__init__("\n".join(map(str, diagnostics)), remedy="correct the document where the diagnostics point")
        self.diagnostics = tuple(diagnostics)


def _at(mark: Mark, path: Path) -> tuple[str, int, int, str]:
    # at the end of a text the parser may point behind it, where no editor can go
    lines = mark.source.lines
    line = min(mark.line, len(lines))
    column = min(mark.column if line == mark.line else sys.maxsize, len(lines[line - 1]) + 1)
    return mark.source.file, line, column, path_text(path)


_UNREAD = frozenset(
    {
        Code.YAML_AMBIGUOUS,
        Code.YAML_NUMBER,
        Code.YAML_TAG,
        Code.YAML_ALIAS,
        Code.VARIABLE_UNSET,
        Code.FILE_UNREADABLE,
        Code.SECRET_STORE_MISSING,
    }
)
"""The value itself could not be read: what a later check says about what stands in its place is noise."""


MAX_PROBLEMS = 100


class Enough(Exception):
    """So many problems are found that nobody reads more, and an attacker could make them without end."""


class Problems:
    """Collects what is found, so that all of it is reported at once; raises `Enough` when there are 100."""

    def __init__(self) -> None:
        self.found: list[Diagnostic] = []
        self._seen: set[Diagnostic] = set()
        self._unread: set[tuple[str, int, int]] = set()

    @property
    def failed(self) -> bool:
        """Is there an error among them? Warnings do not count."""
        return any(diagnostic.severity == "error" for diagnostic in self.found)

    def error(self, code: Code, mark: Mark, path: Path, message: str, suggestion: str = "") -> None:
        """Note an error; the document will not load."""
        self._add(_at(mark, path), code, message, suggestion, "error")

    def warning(self, code: Code, mark: Mark, path: Path, message: str, suggestion: str = "") -> None:
        """Note something the user should know; the document loads."""
        self._add(_at(mark, path), code, message, suggestion, "warning")

    def _add(
        self, at: tuple[str, int, int, str], code: Code, message: str, suggestion: str, severity: Severity
    ) -> None:
        found = Diagnostic(*at, code.value, message, suggestion, severity)
        if at[:3] in self._unread or found in self._seen:
            return
        self._seen.add(found)
        if code in _UNREAD:
            self._unread.add(at[:3])
        self.found.append(found)
        if len(self.found) >= MAX_PROBLEMS:
            raise Enough

    def sorted(self) -> list[Diagnostic]:
        """In the order of the text, as a reader meets them."""
        return sorted(self.found, key=lambda each: (each.file, each.line, each.column))


_LONGEST_NAME = 64


def nearest(word: str, known: Iterable[str]) -> str:
    """The name that was probably meant, empty if none is near; case is no difference."""
    if len(word) > _LONGEST_NAME:
        return ""
    by_folded = {name.casefold(): name for name in known}
    match = difflib.get_close_matches(word.casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[match[0]] if match else ""
