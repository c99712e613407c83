"""Documents for the server: of files, folders and standard input."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

from conduix.errors import UsageError
from conduix.v1 import pipeline_service_pb2 as pb
from conduix_tui.cli.document import read_document
from conduix_tui.cli.terminal import Terminal

_MOST_BYTES = 1 << 20


def add_files(parser: argparse.ArgumentParser) -> None:
    """`-f FILE|DIR|-`, once or more."""
    parser.add_argument(
        "-f", "--file", metavar="FILE", action="append", required=True, dest="files",
        help="a document, a folder (its *.yaml and *.yml), or - for standard input; repeatable",
    )  # fmt: skip


def read_documents(files: Sequence[str], terminal: Terminal) -> list[pb.ApplyDocument]:
    """All of them, in the order of the command line, those of a folder by name.

    Raises:
        UsageError: one cannot be read, is too large or no text, or a folder has none.
    """
    return [_read(file, terminal) for named in files for file in _files(named)]


def _files(named: str) -> Iterator[str]:
    folder = Path(named)
    if named == "-" or not folder.is_dir():
        yield named
        return
    found = sorted(path for path in folder.iterdir() if path.suffix in (".yaml", ".yml") and path.is_file())
    if not found:
        raise UsageError(f"the folder {named} has no *.yaml or *.yml", remedy="name a folder with documents, or a file")
    yield from map(str, found)


def _read(file: str, terminal: Terminal) -> pb.ApplyDocument:
    data, name = read_document(file, terminal)
    if len(data) > _MOST_BYTES:
        raise UsageError(
            f"{name} is larger than 1 MiB", remedy="a document may have 1 MiB; keep data in files of its own"
        )
    try:
        return pb.ApplyDocument(file=name, document=data.decode())
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - (data.rfind(b"\n", 0, error.start) + 1) + 1
        raise UsageError(
            f"{name}:{line}:{column}: YAML_ENCODING: the document is not UTF-8", remedy="save it as UTF-8"
        ) from error
