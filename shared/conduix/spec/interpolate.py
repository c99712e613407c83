"""`${VAR}`, `${VAR:default}`, `${file:PATH}` inside scalar values, after the YAML has been read.

A value can therefore never add keys or change the document's shape. What is put in is text; an option that wants a
number or a boolean reads it from the text. Left alone: `${! … }` (mapping interpolation), a `$` without a brace (a
mapping's `$name`, the end of a pattern), and names that a source binds while it runs. `$${` stands for `${`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path as FilePath

from conduix.spec.diagnostics import Code, Problems, nearest
from conduix.spec.embedded import locate
from conduix.spec.nodes import Edit, Entry, Items, Mark, Node, Path, Scalar, Table, short
from conduix.spec.yamltext import MAX_BYTES

_TOKEN = re.compile(r"\$\$\{(?!!)|\$\{(?![!{])(?:(?P<body>[^{}]*)\})?")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LOOKS_SECRET = re.compile(r"PASS|SECRET|TOKEN|CREDENTIAL|PRIVATE|(?:^|_)(?:KEY|PWD|DSN|AUTH)(?:_|$)", re.IGNORECASE)
_MAX_FILE = 64 * 1024
_COST = 100
"""Characters that a reference counts at least: work is bounded where it puts in little or nothing, too."""
BOUND_WHILE_RUNNING = frozenset({"LAST_SYNC_TIME"})
"""Bound by `incremental` sources, for each run anew."""


def interpolate(root: Node, env: Mapping[str, str] | None, secrets: dict[str, str], problems: Problems) -> Node:
    """The tree with every reference replaced.

    `secrets` is given those that were put in: value → how it is written. Secret is what comes from a file, and
    variables whose names say so (`…PASSWORD`, `…TOKEN`, `…_KEY` and the like).

    Without `env` they are bound elsewhere: defaults are put in, what has none stays and is marked, no file is read.
    """
    return _Interpolation(env, secrets, problems).node(root, ())


@dataclass(frozen=True, slots=True)
class _Reference:
    """A `${…}` as written, and where: its place is only worked out when something is wrong with it."""

    written: str
    offset: int
    scalar: Scalar
    path: Path

    def mark(self) -> Mark:
        text = self.scalar.text
        line_start = text.rfind("\n", 0, self.offset) + 1
        return locate(self.scalar, text.count("\n", 0, self.offset) + 1, self.offset - line_start + 1)


class _Interpolation:
    def __init__(self, env: Mapping[str, str] | None, secrets: dict[str, str], problems: Problems) -> None:
        self._elsewhere = env is None
        self._env = env or {}
        self._is_open = False
        self._problems = problems
        self._secrets = secrets
        self._files: dict[str, str] = {}
        self._room = MAX_BYTES

    def node(self, node: Node, path: Path) -> Node:
        """The node with its scalars replaced; what has none is the same object."""
        if isinstance(node, Scalar):
            return self._scalar(node, path) if "${" in node.text else node
        if isinstance(node, Items):
            return replace(node, values=[self.node(value, (*path, i)) for i, value in enumerate(node.values)])
        entries = {key: Entry(each.key, self.node(each.value, (*path, key))) for key, each in node.entries.items()}
        return Table(node.mark, entries)

    def _scalar(self, scalar: Scalar, path: Path) -> Scalar:
        parts: list[str] = []
        edits: list[Edit] = []
        at = length = 0
        self._is_open = False
        for match in _TOKEN.finditer(scalar.text):
            kept = scalar.text[at : match.start()]
            put = self._replacement(match["body"], _Reference(match[0], match.start(), scalar, path))
            self._room -= len(put) + _COST
            if self._room < 0:
                message = f"with its variables replaced the document would be longer than {MAX_BYTES:,} characters"
                self._problems.error(Code.YAML_TOO_LARGE, scalar.mark, path, message)
                return scalar
            edits.append(Edit(length + len(kept), len(match[0]), len(put)))
            parts += (kept, put)
            length += len(kept) + len(put)
            at = match.end()
        text = "".join((*parts, scalar.text[at:]))
        if not edits:
            return scalar
        bound = replace(scalar, value=text, text=text, edits=tuple(edits))
        return replace(bound, written=scalar.text, is_open=self._is_open) if self._elsewhere else bound

    def _replacement(self, body: str | None, reference: _Reference) -> str:
        if reference.written == "$${":
            return "${"
        name, colon, argument = (body or "").partition(":")
        if body is None or not _NAME.fullmatch(name):
            what = "a brace is missing after ${" if body is None else f"{short(reference.written)} is not a variable"
            return self._wrong(Code.VARIABLE_SYNTAX, reference, what, "${NAME}, or $${ for a plain ${")
        if name in BOUND_WHILE_RUNNING:
            return reference.written
        if name == "file" and colon:
            return self._file(argument, reference)
        if name == "secret" and colon:
            instead = "${NAME} for a variable, or ${file:/run/secrets/NAME}"
            message = f"there is no secret store here that could know {argument!r}"
            return self._wrong(Code.SECRET_STORE_MISSING, reference, message, instead)
        return self._variable(name, argument if colon else None, reference)

    def _wrong(self, code: Code, reference: _Reference, message: str, suggestion: str = "") -> str:
        self._problems.error(code, reference.mark(), reference.path, message, suggestion)
        return reference.written

    def _variable(self, name: str, default: str | None, reference: _Reference) -> str:
        value = self._env.get(name, default)
        if value is None and self._elsewhere:
            return self._open(reference)
        if value is None:
            meant = nearest(name, self._env)
            instead = f"${{{meant}}}" if meant else f"${{{name}:a default}}"
            return self._wrong(Code.VARIABLE_UNSET, reference, f"the variable {name} is not set", instead)
        if name in self._env and value and _LOOKS_SECRET.search(name):
            self._secrets[value] = reference.written
        return value

    def _open(self, reference: _Reference) -> str:
        self._is_open = True
        return reference.written

    def _file(self, name: str, reference: _Reference) -> str:
        if self._elsewhere:
            return self._open(reference)
        if name not in self._files:
            try:
                self._files[name] = _read(name)
            except (OSError, ValueError) as error:
                reason = (error.strerror or str(error)) if isinstance(error, OSError) else "it is not UTF-8 text"
                return self._wrong(Code.FILE_UNREADABLE, reference, f"cannot read {short(name)}: {reason}")
        value = self._files[name]
        if value:
            self._secrets[value] = reference.written
        return value


def _read(name: str) -> str:
    """A file's text without the newline at its end.

    Raises:
        OSError: it cannot be read, is no file (a pipe would block), or is too large.
        ValueError: it is not UTF-8, or its name is no file name.
    """
    file = FilePath(name)
    if file.exists() and not file.is_file():
        raise OSError(0, "it is not a file")
    with file.open("rb") as opened:
        content = opened.read(_MAX_FILE + 1)
    if len(content) > _MAX_FILE:
        raise OSError(0, "it is larger than 64 KiB")
    return content.decode().removesuffix("\n").removesuffix("\r")
