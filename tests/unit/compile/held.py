"""Runs a program in every way it can run, and holds the results against the reference's."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from conduix.mapping.compiler.order import PortKind
from conduix.mapping.inputs import CsvInput, Input, JsonInput, RowsInput, Unreadable, payload_of
from conduix.mapping.program import Made, Program
from conduix.mapping.steps import Step

OUT: Mapping[str, PortKind] = {"out": "jsonl"}
_POSITIONS = range(10**9)

Results = tuple[list[list[Any]], list[int], list[tuple[int, int, str, str]]]


class Watched:
    """A program that counts how many records its reference is asked for."""

    def __init__(
        self, steps: Sequence[Step], ports: Mapping[str, PortKind] = OUT, kind: type[Input] = JsonInput,
        columns: tuple[str, ...] = (),
    ) -> None:  # fmt: skip
        self.program = Program(steps, ports, kind, columns)
        self.asked = 0
        original = self.program._reference.run

        def counted(*arguments: Any) -> Any:
            self.asked += 1
            return original(*arguments)

        self.program._reference.run = counted  # type: ignore[method-assign, assignment] # the only seam where it can be seen


def json_input(data: bytes) -> JsonInput:
    """Lines of JSON, at positions 0, 1, 2, …"""
    return JsonInput(data, lambda: _POSITIONS)


def csv_input(data: bytes, columns: tuple[str, ...]) -> CsvInput:
    """Rows of csv, at positions 0, 1, 2, …"""
    return CsvInput(data, columns, lambda: _POSITIONS)


def results(made: Made) -> Results:
    """What came out, as JSON; what was filtered; what failed."""
    outs = [[json.loads(text) for text in out] for out in _texts(made)]
    return outs, made.filtered, [(index, f.step, f.code, f.message) for index, f in made.failed]


def _texts(made: Made) -> list[list[bytes]]:
    """What came out, byte for byte: equal values may have other keys first, and other digits."""
    return [[v if isinstance(v, bytes) else payload_of(v) for v in out] for out in made.outs]


def _fits_all(_kind: PortKind, _value: Any) -> None:
    """Nothing is refused."""


def check(steps: Sequence[Step], data: bytes, ports: Mapping[str, PortKind] = OUT) -> Results:
    """The reference's results for lines of JSON; every other way of running must give them too."""
    reference = Program(steps, ports, JsonInput).run_carefully(json_input(data), "s", _fits_all)
    texts, expected = _texts(reference), results(reference)
    program = Program(steps, ports, JsonInput)
    made = program.run(json_input(data), "s")
    assert results(made) == expected, f"by the projection:\n{program.source()}"
    assert _texts(made) == texts, f"by the projection:\n{program.source()}"
    whole = Program(steps, ports, JsonInput)
    whole._by_whole = True
    assert results(whole.run(json_input(data), "s")) == expected, f"by whole records:\n{whole.whole.source}"
    assert _one_by_one(program, data) == expected, "in batches of one record"
    _check_rows(steps, ports, data, expected)
    return expected


def _one_by_one(program: Program, data: bytes) -> Results:
    outs: list[list[Any]] = [[] for _ in program.ports]
    filtered = [0] * max(len(program.steps), 1)
    failed: list[tuple[int, int, str, str]] = []
    for index, line in enumerate(data.split(b"\n")[:-1]):
        out, gone, dead = results(program.run(JsonInput(line + b"\n", lambda: _POSITIONS), "s"))
        outs = [before + now for before, now in zip(outs, out, strict=True)]
        filtered = [before + now for before, now in zip(filtered, gone, strict=True)]
        failed += [(index, step, code, message) for _, step, code, message in dead]
    return outs, filtered, failed


def _check_rows(steps: Sequence[Step], ports: Mapping[str, PortKind], data: bytes, expected: Results) -> None:
    """The records that can be read, as rows, which the program must leave as they are."""
    given = json_input(data)
    rows: list[Any] = []
    for index in range(given.count):
        try:
            rows.append(given.whole(index))
        except Unreadable:
            return
    before = payload_of(rows)
    found = results(Program(steps, ports, RowsInput).run(RowsInput(rows, lambda: _POSITIONS), "s"))
    assert found == expected, "of rows"
    assert payload_of(rows) == before, "rows are shared with others"
