"""Runs steps over lines in every way there is, and holds them against the interpreter, byte by byte."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec

from conduix.mapping.compiler.order import PortKind
from conduix.mapping.inputs import CsvInput, Input, JsonInput, RowsInput, Unreadable, payload_of
from conduix.mapping.program import Made, Program
from conduix.mapping.steps import Step
from tests.fuzz.target import Fault

OUT: Mapping[str, PortKind] = {"out": "jsonl"}
SHARD = "shard"
_POSITIONS = range(10**6)

Told = tuple[list[list[bytes]], list[int], list[tuple[int, int, str, str, bytes]]]
"""What left by port, what each step filtered, what failed: place, step, code, message, payload."""


def of_lines(data: bytes, first: int = 0) -> JsonInput:
    """Lines of JSON, of which the first is at that position."""
    return JsonInput(data, lambda: _POSITIONS[first:])


def data_of(lines: Sequence[str]) -> bytes:
    """The bytes of a case's lines."""
    return b"".join(line.encode("latin-1").replace(b"\n", b" ") + b"\n" for line in lines)


def told(made: Made) -> Told:
    """What a program made, comparable: bytes, because to Python 1, 1.0 and true are equal."""
    outs = [[value if isinstance(value, bytes) else payload_of(value) for value in out] for out in made.outs]
    return outs, made.filtered, [(at, f.step, f.code, f.message, f.payload) for at, f in made.failed]


def _fits(_kind: PortKind, _value: object) -> None:
    """Nothing is refused."""


def held(steps: Sequence[Step], data: bytes, ports: Mapping[str, PortKind] = OUT) -> Told:
    """The interpreter's results for lines of JSON, which every other way must give too."""
    program = Program(steps, ports, JsonInput)
    data = looked_at(program, data)
    expected = told(Program(steps, ports, JsonInput).run_carefully(of_lines(data), SHARD, _fits))
    same("by the projection", told(program.run(of_lines(data), SHARD)), expected, program.source)
    program._by_whole = False
    same("in batches of one", _one_by_one(program, data), expected, program.source)
    program._by_whole = True
    same("by whole records", told(program.run(of_lines(data), SHARD)), expected, lambda: program.whole.source)
    _held_rows(steps, ports, data, expected)
    count = data.count(b"\n")
    if ports is OUT and len(expected[0][0]) + sum(expected[1]) + len(expected[2]) != count:
        raise Fault("records are lost or doubled", f"{count} lines: {expected}")
    return expected


def looked_at(program: Program, data: bytes) -> bytes:
    """The lines that can be held against the interpreter: where nobody looks into them, only those that are records."""
    if "record" in program.fast.takes:
        return data
    given = of_lines(data)
    return b"".join(line + b"\n" for index, line in enumerate(given.items) if _readable(given, index))


def _readable(given: JsonInput, index: int) -> bool:
    try:
        given.whole(index)
    except Unreadable:
        return False
    return True


def held_csv(steps: Sequence[Step], data: bytes, columns: tuple[str, ...]) -> Told:
    """The same for rows of csv."""

    def given() -> Input:
        return CsvInput(data, columns, lambda: _POSITIONS)

    expected = told(Program(steps, OUT, CsvInput, columns).run_carefully(given(), SHARD, _fits))
    program = Program(steps, OUT, CsvInput, columns)
    same("of csv", told(program.run(given(), SHARD)), expected, program.source)
    return expected


def _one_by_one(program: Program, data: bytes) -> Told:
    outs: list[list[bytes]] = [[] for _ in program.ports]
    filtered = [0] * max(len(program.steps), 1)
    failed: list[tuple[int, int, str, str, bytes]] = []
    for index, line in enumerate(data.split(b"\n")[:-1]):
        out, gone, dead = told(program.run(of_lines(line + b"\n", index), SHARD))
        outs = [before + now for before, now in zip(outs, out, strict=True)]
        filtered = [before + now for before, now in zip(filtered, gone, strict=True)]
        failed += [(index, *rest) for _, *rest in dead]  # type: ignore[misc]  # a tuple without its first
    return outs, filtered, failed


def _held_rows(steps: Sequence[Step], ports: Mapping[str, PortKind], data: bytes, expected: Told) -> None:
    """The records as rows, which a program must leave as they are; only where all can be read."""
    given = of_lines(data)
    try:
        rows = [given.whole(index) for index in range(given.count)]
    except Unreadable:
        return
    before = payload_of(rows)
    program = Program(steps, ports, RowsInput)
    made = told(program.run(RowsInput(rows, lambda: _POSITIONS), SHARD))
    same("of rows", _as_rows(made), _as_rows(expected), program.source)
    if payload_of(rows) != before:
        raise Fault("rows are changed, which others share", f"before {before!r}\nafter {payload_of(rows)!r}")


def _as_rows(results: Told) -> Told:
    """Without the spelling that lines have: what no step changes leaves as it was read."""
    outs, filtered, failed = results
    respelled = [[payload_of(_decode(line)) for line in out] for out in outs]
    return respelled, filtered, [(at, step, code, message, b"") for at, step, code, message, _ in failed]


def _decode(line: bytes) -> object:
    try:
        return msgspec.json.decode(line)
    except msgspec.DecodeError:
        return line.decode("latin-1")  # lone surrogates, which are written but not read


def same(way: str, found: Told, expected: Told, source: Callable[[], str]) -> None:
    """A Fault where the results differ."""
    if found != expected:
        raise Fault(f"differs {way}", f"interpreter: {expected}\n{way}: {found}\n{source()}")
