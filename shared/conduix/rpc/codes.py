"""Writes the table of all error codes: `python -m conduix.rpc.codes [FILE]`.

Everything in it comes from the error classes: code, gRPC status, and the first line of the docstring.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import conduix
from conduix.errors import ConduixError, ResourceError
from conduix.rpc.errors import RemoteError

HEAD = """# Error codes

`python -m conduix.rpc.codes docs/reference/errors.md` makes this page from the code; `make docs` runs it.

Codes are stable: scripts may rely on them. A server sends one as `reason` of `google.rpc.ErrorInfo` (domain
`conduix.dev`) beside the gRPC status, with `BadRequest` where fields are wrong, `RetryInfo` where trying again helps,
and `ResourceInfo` where something is missing or there already. A failure without our code (a server that is not there,
a deadline that passed) has the gRPC status' own name as its code.
The codes of a document's problems are those of its [diagnostics](document.md).

| code | gRPC status | when |
|---|---|---|
"""


@dataclass(frozen=True, slots=True, order=True)
class Row:
    """One code: how it is sent, and what it means."""

    code: str
    status: str
    meaning: str


def rows() -> list[Row]:
    """Every code that the library can raise or send, sorted; imports the whole library."""
    for module in pkgutil.walk_packages(conduix.__path__, "conduix."):
        if not module.name.endswith("__main__") and not module.name.startswith("conduix.v1"):
            importlib.import_module(module.name)
    return sorted({row for error in _classes(ConduixError) for row in _rows(error)})


def page() -> str:
    """The page in Markdown."""
    lines = [f"| `{row.code}` | {row.status} | {row.meaning} |" for row in rows()]
    return HEAD + "\n".join(lines) + "\n"


def _classes(root: type[ConduixError]) -> Iterator[type[ConduixError]]:
    yield root
    for child in root.__subclasses__():
        # what tests derive is not ours, and what is remote has the server's code
        if child.__module__.startswith("conduix.") and child is not RemoteError:
            yield from _classes(child)


def _rows(error: type[ConduixError]) -> Iterator[Row]:
    meaning = inspect.cleandoc(error.__doc__ or "").partition("\n")[0]
    if "code" in vars(error):
        yield Row(error.code, error.status, "A fault of Conduix itself." if error is ConduixError else meaning)
    elif issubclass(error, ResourceError) and "suffix" in vars(error):
        yield from (Row(f"{kind.name}_{error.suffix}", error.status, meaning) for kind in error.kinds)


def main() -> None:
    """Write the page into the file that is named, else to standard output."""
    if len(sys.argv) > 1:
        Path(sys.argv[1]).write_text(page(), encoding="utf-8")
    else:
        sys.stdout.write(page())


if __name__ == "__main__":
    main()
