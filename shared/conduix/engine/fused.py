"""What a stretch does with a batch: bodies to programs, and what they made to bodies, letters and counts."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec

from conduix.engine.api import JSONL, TEXT, Batch, Counts, Letter, Lines, Output, Rows, record_offsets
from conduix.engine.expanding import Piece, pieces
from conduix.mapping.compiler.bridge import json_text
from conduix.mapping.compiler.order import PortKind
from conduix.mapping.inputs import CsvInput, Input, JsonInput, RowsInput, TextInput
from conduix.mapping.parts import index_of
from conduix.mapping.program import Made, Program
from conduix.mapping.steps import MapStep, Step, step_is_deterministic

_INPUTS: Mapping[str, type[Input]] = {"jsonl": JsonInput, "lines": TextInput, "csv": CsvInput, "rows": RowsInput}
"""The kind of input for each form of body."""

_encode = msgspec.json.Encoder()


class Fused:
    """The steps of a stretch, with a program for each form of input that comes."""

    def __init__(self, steps: Sequence[Step], ports: Mapping[str, PortKind], *, offsets: bool) -> None:
        self._steps = steps
        self._ports = ports
        self._offsets = offsets
        last = steps[-1] if steps else None
        self._many = isinstance(last, MapStep) and last.many
        self._programs: dict[object, Program] = {}

    @property
    def deterministic(self) -> bool:
        """Does the same batch always give the same output?"""
        return all(map(step_is_deterministic, self._steps))

    def apply(self, batch: Batch) -> Output:
        """The batches of the connected ports, letters for what failed, and each node's counts.

        Raises:
            MappingError: a step with `on_error: fail` failed.
        """
        with _without_collector():
            return self._apply(batch)

    def _apply(self, batch: Batch) -> Output:
        given = _input(batch)
        program = self._program(batch, given)
        made = program.run(given, batch.shard)
        try:
            batches = self._batches(program, batch, made)
        except (ValueError, TypeError, RecursionError):
            # something in the batch cannot be written: each record alone tells which
            made = program.run_carefully(given, batch.shard, _written)
            batches = self._batches(program, batch, made)
        counts = self._counts(given.count, made)
        if self._many:
            self._count_items(counts, made)
        return Output(batches, self._letters(batch, given, made), counts)

    def source(self, form: str, columns: tuple[str, ...]) -> str:
        """The projection and the code for one form of input, for people."""
        return self._made(_INPUTS[form], columns, meta=False).source()

    # programs

    def _program(self, batch: Batch, given: Input) -> Program:
        body = batch.body
        columns = body.format.columns if isinstance(body, Lines) else ()
        key = (type(given), columns, batch.meta is not None)
        program = self._programs.get(key)
        if program is None:
            program = self._programs[key] = self._made(type(given), columns, meta=batch.meta is not None)
        return program

    def _made(self, kind: type[Input], columns: tuple[str, ...], *, meta: bool) -> Program:
        ports = self._ports
        if self._many:
            # arrays come out of it: a text among their items is no line yet
            ports = {name: "jsonl" if form == "lines" else form for name, form in ports.items()}
        return Program(self._steps, ports, kind, columns, offsets=self._offsets, meta=meta)

    # results

    def _batches(self, program: Program, batch: Batch, made: Made) -> list[tuple[str, Batch]]:
        batches: list[tuple[str, Batch]] = []
        for index, (port, kind) in enumerate(self._ports.items()):
            whole = Piece(made.outs[index], made.offsets[index], made.metas[index])
            form = program.out_form(kind)
            batches += [
                (port, self._batch(program, batch, _BODIES[form](piece.items), piece))
                for piece in (_items(whole, kind) if self._many else (whole,))
                if piece.items
            ]
        return batches

    def _batch(self, program: Program, batch: Batch, body: Lines | Rows, piece: Piece) -> Batch:
        return Batch(
            batch.shard,
            batch.first,
            batch.next,
            body,
            len(piece.items),
            offsets=piece.offsets if self._offsets else None,
            meta=piece.metas if program.gives_meta else None,
        )

    def _letters(self, batch: Batch, given: Input, made: Made) -> list[Letter]:
        if not made.failed:
            return []
        nodes = [step.node for step in self._steps] or [""]
        return [
            Letter(
                nodes[failure.step],
                batch.shard,
                {"offset": int(given.offsets[index])},
                index_of(given.offsets[index]),
                failure.payload,
                failure.code,
                failure.message,
            )
            for index, failure in made.failed
        ]

    def _counts(self, arrived: int, made: Made) -> dict[str, Counts]:
        dead = [0] * len(self._steps)
        if self._steps:
            for _, failure in made.failed:
                dead[failure.step] += 1
        counts: dict[str, Counts] = {}
        for index, step in enumerate(self._steps):
            arrived -= made.filtered[index] + dead[index]
            before = counts.get(step.node, Counts(0))
            counts[step.node] = Counts(arrived, before.filtered + made.filtered[index], before.dead + dead[index])
        return counts

    def _count_items(self, counts: dict[str, Counts], made: Made) -> None:
        """Count for the last node the items of the arrays that it made instead of the arrays."""
        arrays = made.outs[0] if made.outs else []
        items, filled = sum(map(len, arrays)), sum(map(bool, arrays))
        node = self._steps[-1].node
        counted = counts[node]
        counts[node] = Counts(items, counted.filtered + len(arrays) - filled, counted.dead, items - filled)


def _items(arrays: Piece, kind: PortKind) -> Iterator[Piece]:
    """The items of arrays, as a port of this kind wants them."""
    for piece in pieces(arrays.items, arrays.offsets, arrays.metas):
        if kind == "lines":
            piece.items = [item if isinstance(item, str) else json_text(item) for item in piece.items]
        yield piece


@contextmanager
def _without_collector() -> Iterator[None]:
    """Keeps Python from looking for cycles meanwhile.

    Records are trees, which are freed without it; it would go over all that are alive every 700 objects, which took a
    fifth of the time where records are decoded whole.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _input(batch: Batch) -> Input:
    """The records of a batch."""
    body = batch.body
    metas = batch.meta or ()

    def offsets() -> Sequence[int]:
        return record_offsets(batch)

    if isinstance(body, Rows):
        return RowsInput(body.values, offsets, metas)
    if body.format.name == "csv":
        return CsvInput(body.data, body.format.columns, offsets, metas, delimiter=body.format.delimiter)
    return (JsonInput if body.format.name == "jsonl" else TextInput)(body.data, offsets, metas)


def _joined(lines: list[bytes]) -> bytes:
    return b"\n".join(lines) + b"\n" if lines else b""


_BODIES: Mapping[str, Callable[[list[Any]], Lines | Rows]] = {
    "jsonl": lambda out: Lines(_encode.encode_lines(out), JSONL),
    "jsonl as read": lambda out: Lines(_joined(out), JSONL),
    "lines": lambda out: Lines("".join(f"{line}\n" for line in out).encode(), TEXT),
    "lines as read": lambda out: Lines(_joined(out), TEXT),
    "rows": Rows,
}
"""What writes the list of a port, by `Program.out_form`."""


def _written(kind: PortKind, value: Any) -> None:
    """Raises a ValueError where the value cannot be written."""
    try:
        if kind == "jsonl":
            _encode.encode(value)
        elif kind == "lines" and isinstance(value, str):
            value.encode()
    except (TypeError, RecursionError) as error:
        raise ValueError(str(error)) from error
