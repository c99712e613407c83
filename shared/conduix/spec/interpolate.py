"""`${VAR}`, `${VAR:default}`, `${file:PATH}` inside scalar values, after the YAML has been read.

A value can therefore never add keys or change the document's shape. What is put in is text; an option that wants a
number or a boolean reads it from the text. Left alone: `${! … }` (mapping interpolation), a `$` without a brace (a
mapping's `$name`, the end of a pattern), and names that a source binds while it runs. `$${` stands for `${`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path as FilePath

from conduix.spec.diagnostics import Code, Problems, nearest
from conduix.spec.embedded import locate
from conduix.spec.nodes import Edit, Entry, Items, Mark, Node, Path, Scalar, Table

_TOKEN = re.compile(r"\$\$\{(?!!)|\$\{(?![!{])(?:(?P<body>[^{}]*)\})?")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LOOKS_SECRET = re.compile(r"PASS|SECRET|TOKEN|CREDENTIAL|PRIVATE|(?:^|_)(?:KEY|PWD|DSN|AUTH)(?:_|$)", re.IGNORECASE)
_MAX_FILE = 1024 * 1024
BOUND_WHILE_RUNNING = frozenset({"LAST_SYNC_TIME"})
"""Bound by `incremental` sources, for each run anew."""


def interpolate(root: Node, env: Mapping[str, str], problems: Problems) -> tuple[Node, Mapping[str, str]]:
    """The tree with every reference replaced, and the secrets that were put in: value → how it is written.

    Secret is what comes from a file, and variables whose names say so (`…PASSWORD`, `…TOKEN`, `…_KEY` and the like).
    """
    work = _Interpolation(env, problems)
    return work.node(root, ()), work.secrets


class _Interpolation:
    def __init__(self, env: Mapping[str, str], problems: Problems) -> None:
        self._env = env
        self._problems = problems
        self.secrets: dict[str, str] = {}

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
        for match in _TOKEN.finditer(scalar.text):
            kept = scalar.text[at : match.start()]
            put = self._replacement(match, scalar, path)
            edits.append(Edit(length + len(kept), len(match[0]), len(put)))
            parts += (kept, put)
            length += len(kept) + len(put)
            at = match.end()
        text = "".join((*parts, scalar.text[at:]))
        return replace(scalar, value=text, text=text, edits=tuple(edits)) if edits else scalar

    def _replacement(self, match: re.Match[str], scalar: Scalar, path: Path) -> str:
        if match[0] == "$${":
            return "${"
        line = scalar.text.count("\n", 0, match.start()) + 1
        column = match.start() - (scalar.text.rfind("\n", 0, match.start()) + 1) + 1
        mark = locate(scalar, line, column)
        body: str | None = match["body"]
        name, colon, default = (body or "").partition(":")
        if body is None or not _NAME.fullmatch(name):
            message = f"{match[0]} is not a variable" if body is not None else "a brace is missing after ${"
            self._problems.error(Code.VARIABLE_SYNTAX, mark, path, message, "${NAME}, or $${ for a plain ${")
        elif name == "file" and colon:
            return self._file(default, match[0], mark, path)
        elif name == "secret" and colon:
            message = f"there is no secret store here that knows {default}"
            instead = "${NAME} for a variable, or ${file:/run/secrets/NAME}"
            self._problems.error(Code.SECRET_STORE_MISSING, mark, path, message, instead)
        elif name not in BOUND_WHILE_RUNNING:
            return self._variable(name, default if colon else None, match[0], mark, path)
        return match[0]

    def _variable(self, name: str, default: str | None, written: str, mark: Mark, path: Path) -> str:
        value = self._env.get(name, default)
        if value is None:
            meant = nearest(name, self._env)
            message = f"the variable {name} is not set"
            self._problems.error(
                Code.VARIABLE_UNSET, mark, path, message, f"${{{meant}}}" if meant else f"${{{name}:a default}}"
            )
            return written
        if name in self._env and value and _LOOKS_SECRET.search(name):
            self.secrets[value] = written
        return value

    def _file(self, name: str, written: str, mark: Mark, path: Path) -> str:
        try:
            file = FilePath(name)
            if file.exists() and not file.is_file():
                raise IsADirectoryError(0, "it is not a file")
            with file.open("rb") as opened:
                content = opened.read(_MAX_FILE + 1)
            if len(content) > _MAX_FILE:
                raise OSError(0, "it is larger than 1 MiB")
            value = content.decode().removesuffix("\n").removesuffix("\r")
        except (OSError, ValueError) as error:
            reason = (error.strerror or str(error)) if isinstance(error, OSError) else "it is not UTF-8 text"
            self._problems.error(Code.FILE_UNREADABLE, mark, path, f"cannot read {name}: {reason}")
            return written
        if value:
            self.secrets[value] = written
        return value
