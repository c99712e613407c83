"""Reading a document for a verb: from a file or standard input, with `--set`, into the normal form."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from conduix.errors import UsageError
from conduix_tui.cli.terminal import Terminal
from conduix_tui.cli.words import plural

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conduix.engine.catalog import Catalog
    from conduix.spec.model import PipelineSpec

_MAX_BYTES = 1 << 20
"""What a document may have; one byte more is read, so that the loader sees that there is more."""


def add_document(parser: argparse.ArgumentParser) -> None:
    """`FILE` and `--set` for verbs that load one document."""
    parser.add_argument("file", metavar="FILE", help="the document; - is standard input")
    add_set(parser)


def add_set(parser: argparse.ArgumentParser) -> None:
    """`--set PATH=VALUE`."""
    parser.add_argument(
        "--set",
        metavar="PATH=VALUE",
        action="append",
        default=[],
        dest="settings",
        help="put a value into the document, e.g. --set source.path=data/other.jsonl; read as YAML; repeatable",
    )


def read_document(file: str, terminal: Terminal) -> tuple[bytes, str]:
    """The bytes of a document and the name that diagnostics give it; `-` is standard input.

    Raises:
        UsageError: the file cannot be read.
    """
    if file == "-":
        return terminal.stdin.read(_MAX_BYTES + 1), "<stdin>"
    try:
        with open(file, "rb") as stream:
            return stream.read(_MAX_BYTES + 1), file
    except OSError as error:
        raise UsageError(
            f"cannot read the document {file}: {error.strerror}", remedy="check the path; - reads standard input"
        ) from error


def load_document(file: str, terminal: Terminal, catalog: Catalog, settings: Sequence[str]) -> PipelineSpec:
    """The normal form of a document; its diagnostics go to standard error.

    Raises:
        UsageError: it cannot be read, or it has errors; those are shown already.
    """
    from conduix.spec import load  # noqa: PLC0415 - pydantic and YAML, not for `conduix --help`

    data, name = read_document(file, terminal)
    loaded = load(data, file=name, catalog=catalog, env=terminal.env, overrides=settings)
    if loaded.diagnostics:
        from conduix_tui.cli.diagnostics import render  # noqa: PLC0415

        terminal.say(render(loaded.diagnostics, name, data, terminal, out=False))
    if loaded.spec is None:
        errors = plural(len(loaded.errors), "error")
        raise UsageError(f"{name} has {errors}, nothing was run", remedy="correct it where the lines above point")
    return loaded.spec
