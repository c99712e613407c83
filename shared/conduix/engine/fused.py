"""What a stretch does with a batch: bodies to programs, and what they made to bodies, letters and counts."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec

from conduix.engine.api import JSONL, TEXT, Batch, Counts, Letter, Lines, Output, Rows, record_offsets
from conduix.mapping.compiler.order import PortKind
from conduix.mapping.inputs import CsvInput, Input, JsonInput, RowsInput, TextInput
from conduix.mapping.program import Made, Program, step_is_deterministic
from conduix.mapping.steps import Step

_INPUTS: Mapping[str, type[Input]] = {"jsonl": JsonInput, "lines": TextInput, "csv": CsvInput, "rows": RowsInput}
"""The kind of input for each form of body."""

_encode = msgspec.json.Encoder()


class Fused:
    """The steps of a stretch, with a program for each form of input that comes."""

    def __init__(self, steps: Sequence[Step], ports: Mapping[str, PortKind], *, offsets: bool) -> None:
        self._steps = steps
        self._ports = ports
        self._offsets = offsets
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
            bodies = self._bodies(program, made)
        except (ValueError, TypeError, RecursionError):
            # something in the batch cannot be written: each record alone tells which
            made = program.run_carefully(given, batch.shard, _written)
            bodies = self._bodies(program, made)
        batches = [
            (port, self._batch(program, batch, index, body, made))
            for index, (port, body) in enumerate(bodies.items())
            if made.outs[index]
        ]
        return Output(batches, self._letters(batch, given, made), self._counts(given.count, made))

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
        return Program(self._steps, self._ports, kind, columns, offsets=self._offsets, meta=meta)

    # results

    def _bodies(self, program: Program, made: Made) -> dict[str, Lines | Rows]:
        pairs = zip(self._ports.items(), made.outs, strict=True)
        return {name: _BODIES[program.out_form(kind)](out) for (name, kind), out in pairs}

    def _batch(self, program: Program, batch: Batch, index: int, body: Lines | Rows, made: Made) -> Batch:
        return Batch(
            batch.shard,
            batch.first,
            batch.next,
            body,
            len(made.outs[index]),
            offsets=made.offsets[index] if self._offsets else None,
            meta=made.metas[index] if program.gives_meta else None,
        )

    def _letters(self, batch: Batch, given: Input, made: Made) -> list[Letter]:
        if not made.failed:
            return []
        nodes = [step.node for step in self._steps] or [""]
        return [
            Letter(
                nodes[failure.step],
                batch.shard,
                {"offset": given.offsets[index]},
                0,
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
