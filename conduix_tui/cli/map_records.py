"""`conduix map`: JSON lines on standard input through a mapping to standard output."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

from conduix.errors import MappingSyntaxError, UsageError
from conduix_tui.cli import words
from conduix_tui.cli.arguments import examples
from conduix_tui.cli.map_cases import run_cases
from conduix_tui.cli.terminal import Exit, Terminal

if TYPE_CHECKING:
    from conduix.engine.api import Batch
    from conduix.mapping.tree import Mapping

DESCRIPTION = """Read JSON lines from standard input, map each record, and write the results as JSON lines to standard
output, as they come. A record that fails is reported with its line number and left out; the exit status is then 1."""
EXAMPLES = examples(
    "printf '{\"a\":1}\\n{\"a\":2}\\n' | conduix map 'root.b = this.a * 10'",
    "conduix map --file clean.blobl < orders.jsonl > clean.jsonl",
    "tail -f app.jsonl | conduix map 'root = if this.level == \"error\" { this } else { deleted() }'",
    "conduix map --cases bloblang_cases.jsonl --report json",
    "conduix map --explain 'root.total = this.items.map_each(i -> i.price * i.qty).sum()'",
)
_CHUNK = 256 * 1024


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `conduix map`."""
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("mapping", metavar="EXPR", nargs="?", help="the mapping")
    what.add_argument("--file", metavar="FILE", help="a file that holds the mapping")
    what.add_argument("--cases", metavar="FILE", help="run a file of conformance cases; say what share agrees")
    parser.add_argument(
        "--report", choices=("text", "json"), default="text", help="of --cases: how it is written (default text)"
    )
    parser.add_argument(
        "--explain", action="store_true", help="read nothing; show what the mapping reads and what it is compiled to"
    )


def execute(args: argparse.Namespace, terminal: Terminal) -> Exit:
    """Map standard input, or explain the mapping."""
    if args.cases is not None:
        return run_cases(args.cases, args.report, terminal)
    mapping = _parse(args, terminal)
    if args.explain:
        terminal.emit(_explain(mapping))
        return Exit.DONE
    return Exit.FAILED if _map(mapping, terminal) else Exit.DONE


def _explain(mapping: Mapping) -> str:
    from conduix.mapping import is_deterministic  # noqa: PLC0415 - the language, not for `conduix --help`
    from conduix.mapping.inputs import JsonInput  # noqa: PLC0415
    from conduix.mapping.program import Program  # noqa: PLC0415
    from conduix.mapping.steps import MapStep  # noqa: PLC0415

    stable = (
        "deterministic" if is_deterministic(mapping) else "not deterministic: the same record may come out different"
    )
    return f"{stable}\n\n{Program([MapStep('map', mapping)], {'out': 'jsonl'}, JsonInput).source()}"


def _parse(args: argparse.Namespace, terminal: Terminal) -> Mapping:
    from conduix.mapping import parse_mapping  # noqa: PLC0415 - the language, not for `conduix --help`

    text, name = (args.mapping, "mapping") if args.file is None else (_read(args.file), args.file)
    try:
        return parse_mapping(text)
    except MappingSyntaxError as error:
        lines = text.splitlines()
        if 0 < error.line <= len(lines):
            terminal.say(f"{lines[error.line - 1]}\n{' ' * (error.column - 1)}{terminal.styled('^', 'bold', 'green')}")
        raise UsageError(f"{name}:{error.line}:{error.column}: {error.message}", remedy=error.remedy) from error


def _read(file: str) -> str:
    try:
        with open(file, encoding="utf-8-sig") as stream:
            return stream.read()
    except OSError as error:
        raise UsageError(f"cannot read the mapping {file}: {error.strerror}", remedy="check the path") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{file}: byte {error.start} is not UTF-8", remedy="save the mapping as UTF-8") from error


def _map(mapping: Mapping, terminal: Terminal) -> int:
    """Map everything on standard input; returns how many records failed."""
    from conduix.engine.api import Lines  # noqa: PLC0415
    from conduix.engine.stretch import Port, build_stretch  # noqa: PLC0415
    from conduix.mapping.steps import MapStep  # noqa: PLC0415

    stretch = build_stretch([MapStep("map", mapping)], {"out": Port("jsonl", offsets=False)})
    failed = 0
    for batch in _batches(terminal.stdin):
        output = stretch.apply(batch)
        for _, mapped in output.batches:
            assert isinstance(mapped.body, Lines)  # noqa: S101 - the port asks for lines
            terminal.out.buffer.write(mapped.body.data)
        terminal.out.flush()
        for letter in output.dead:
            failed += 1
            terminal.error(f"line {letter.position['offset']}: {letter.message} ({letter.code})")
    if failed:
        terminal.say(f"{words.plural(failed, 'record')} failed")
    return failed


def _batches(stdin: BinaryIO) -> Iterator[Batch]:
    """What is there, as whole lines; the position of a record is the number of its line."""
    from conduix.engine.api import JSONL, Batch, Lines  # noqa: PLC0415

    first = 1
    for data in _whole_lines(stdin):
        after = first + data.count(b"\n")
        numbers = range(first, after)
        yield Batch("stdin", {"offset": first}, {"offset": after}, Lines(data, JSONL), len(numbers), numbers)
        first = after


def _whole_lines(stdin: BinaryIO) -> Iterator[bytes]:
    """Blocks that end with a newline, as soon as they can be read; a last line may lack its own."""
    begun: list[bytes] = []
    while block := stdin.read1(_CHUNK):  # type: ignore[attr-defined]  # BinaryIO does not name it, every buffer has it
        whole, newline, rest = block.rpartition(b"\n")
        if newline:
            yield b"".join([*begun, whole, newline])
            begun = [rest] if rest else []
        else:
            begun.append(block)
    if begun:
        yield b"".join([*begun, b"\n"])
