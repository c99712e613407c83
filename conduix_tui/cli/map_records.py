"""`conduix map`: JSON lines through a mapping to standard output; on a terminal, mappings that are entered."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

from conduix.errors import UsageError
from conduix_tui.cli import words
from conduix_tui.cli.arguments import examples
from conduix_tui.cli.map_cases import run_cases
from conduix_tui.cli.map_forms import FORMS, read, step
from conduix_tui.cli.map_input import first_objects, open_input
from conduix_tui.cli.output import emit_data
from conduix_tui.cli.terminal import Exit, Terminal

if TYPE_CHECKING:
    from conduix.engine.api import Batch
    from conduix.mapping.tree import Expr, Mapping

DESCRIPTION = """Read JSON lines from standard input, map each record, and write the results as JSON lines to standard
output, as they come. A record that fails is reported with its line number and left out; the exit status is then 1.
On a terminal and without a mapping: enter mappings and see at once what each makes of a sample record."""
EXAMPLES = examples(
    "printf '{\"a\":1}\\n{\"a\":2}\\n' | conduix map 'root.b = this.a * 10'",
    "conduix map --file clean.blobl < orders.jsonl > clean.jsonl",
    "tail -f app.jsonl | conduix map --as condition 'this.level == \"error\"'",
    "conduix map --as remap '.name = upcase!(.name)' --input orders.jsonl",
    "conduix map --input orders.jsonl                  enter mappings; Tab completes, .help helps",
    "conduix map --explain 'root.total = this.items.map_each(i -> i.price * i.qty).sum()'",
    "conduix map --explain --input orders.jsonl 'root = this\nroot.total = this.price * 2'",
    "conduix map --cases bloblang_cases.jsonl --report json",
)
_CHUNK = 256 * 1024


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `conduix map`."""
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "mapping", metavar="EXPR", nargs="?", help="the mapping; without one, on a terminal: enter mappings"
    )
    what.add_argument("--file", metavar="FILE", help="a file that holds the mapping")
    what.add_argument("--cases", metavar="FILE", help="run a file of conformance cases; say what share agrees")
    parser.add_argument(
        "--as", dest="form", choices=FORMS, default="mapping",
        help="what EXPR is: a condition keeps the records for which it is true (default mapping)",
    )  # fmt: skip
    parser.add_argument("--input", metavar="FILE", help="read records from this file instead of standard input")
    parser.add_argument(
        "--explain", action="store_true",
        help="read no records; show the tree of EXPR, what it decodes of a record, and the code it is compiled to",
    )  # fmt: skip
    parser.add_argument(
        "-o", "--output", choices=("text", "json"), help="of --explain: how it is written (default text)"
    )
    parser.add_argument(
        "--report", choices=("text", "json"), default="text", help="of --cases: how it is written (default text)"
    )
    parser.set_defaults(refuse=parser.error)


def execute(args: argparse.Namespace, terminal: Terminal) -> Exit:
    """Map standard input, or explain the mapping, or enter mappings."""
    if args.cases is not None:
        return run_cases(args.cases, args.report, terminal)
    if args.output is not None and not args.explain:
        args.refuse("--output is of --explain: records are written as JSON lines")
    if args.mapping is None and args.file is None:
        return _enter(args, terminal)
    text, name = (args.mapping, "mapping") if args.file is None else (_read(args.file), args.file)
    parsed = read(text, args.form, name, terminal)
    if args.explain:
        return _explain(parsed, args, terminal)
    if args.input is None:
        return Exit.FAILED if _map(parsed, terminal.stdin, terminal) else Exit.DONE
    with open_input(args.input) as records:
        return Exit.FAILED if _map(parsed, records, terminal) else Exit.DONE


def _enter(args: argparse.Namespace, terminal: Terminal) -> Exit:
    if args.explain or not (terminal.stdin.isatty() and terminal.out.isatty()):
        args.refuse("one of EXPR, --file and --cases is required; only on a terminal mappings can be entered")
    from conduix_tui.cli.repl.shell import enter  # noqa: PLC0415 - prompt_toolkit, only for whoever enters something

    return enter(args.form, args.input, terminal)


def _explain(parsed: Mapping | Expr, args: argparse.Namespace, terminal: Terminal) -> Exit:
    from conduix_tui.cli.map_explain import Explanation  # noqa: PLC0415 - the language, not for `conduix --help`

    records = []
    if args.input is not None:
        with open_input(args.input) as lines:
            records = first_objects(lines)
    explanation = Explanation.of(parsed, args.form, records)
    if args.output == "json":
        emit_data(terminal, explanation.as_data(), "json")
    else:
        terminal.emit("\n".join(explanation.lines(terminal)))
    return Exit.DONE


def _read(file: str) -> str:
    try:
        with open(file, encoding="utf-8-sig") as stream:
            return stream.read()
    except OSError as error:
        raise UsageError(f"cannot read the mapping {file}: {error.strerror}", remedy="check the path") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{file}: byte {error.start} is not UTF-8", remedy="save the mapping as UTF-8") from error


def _map(parsed: Mapping | Expr, records: BinaryIO, terminal: Terminal) -> int:
    """Map everything there is; returns how many records failed."""
    from conduix.engine.api import Lines  # noqa: PLC0415
    from conduix.engine.stretch import Port, build_stretch  # noqa: PLC0415

    stretch = build_stretch([step(parsed)], {"out": Port("jsonl", offsets=False)})
    failed = 0
    for batch in _batches(records):
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


def _batches(records: BinaryIO) -> Iterator[Batch]:
    """What is there, as whole lines; the position of a record is the number of its line."""
    from conduix.engine.api import JSONL, Batch, Lines  # noqa: PLC0415

    first = 1
    for data in _whole_lines(records):
        after = first + data.count(b"\n")
        numbers = range(first, after)
        yield Batch("stdin", {"offset": first}, {"offset": after}, Lines(data, JSONL), len(numbers), numbers)
        first = after


def _whole_lines(records: BinaryIO) -> Iterator[bytes]:
    """Blocks that end with a newline, as soon as they can be read; a last line may lack its own."""
    begun: list[bytes] = []
    while block := records.read1(_CHUNK):  # type: ignore[attr-defined]  # BinaryIO does not name it, every buffer has it
        whole, newline, rest = block.rpartition(b"\n")
        if newline:
            yield b"".join([*begun, whole, newline])
            begun = [rest] if rest else []
        else:
            begun.append(block)
    if begun:
        yield b"".join([*begun, b"\n"])
