"""A stretch's program: its generated functions, and what happens to the records that they do not cover.

The generated function runs over an iterator; where it raises, the record is done again: by the function for whole
records, then by the reference, step by step, which gives the exact result or the exact error. Then the function goes
on behind that record. So errors cost what they cost, and records without errors pay nothing for them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import repeat
from typing import Any

import msgspec

from conduix.errors import MappingError
from conduix.mapping.compiler.batch import compile_batch, compile_kept
from conduix.mapping.compiler.bridge import json_text
from conduix.mapping.compiler.keep import keepable
from conduix.mapping.compiler.order import BatchFunction, Order, PortKind
from conduix.mapping.inputs import Input, Unreadable
from conduix.mapping.keeping import Keeper
from conduix.mapping.projecting import Projector
from conduix.mapping.reference import DECODE_FAILED, Failure, Outcome, Reference
from conduix.mapping.steps import MapStep, Step, sets_meta, step_is_deterministic

_NO_META: Mapping[str, Any] = {}

_MISFITS = 0.25
"""Where more of a batch than this does not fit the projection, later batches are decoded whole."""


@dataclass(slots=True)
class Made:
    """What a program made of a batch; `outs`, `offsets` and `metas` by port, in the order of the ports."""

    outs: list[list[Any]]
    """What the encoder takes: Structs and JSON values, lines, texts, or rows."""
    offsets: list[list[int]]
    metas: list[list[Mapping[str, Any]]]
    filtered: list[int]
    """By step; lines of white space count for the first."""
    failed: list[tuple[int, Failure]] = field(default_factory=list)
    """(place in the batch, failure), in order."""


class Program:
    """Steps over batches of one kind of input. Its methods are called by one thread.

    Args:
        steps: the steps; none of them: only the form of the records changes.
        ports: what each connected port carries.
        source: the kind of input that it is for.
        offsets: give the positions of what leaves.
        meta: the batches have metadata (else it begins empty, where a mapping sets some).
    """

    def __init__(
        self,
        steps: Sequence[Step],
        ports: Mapping[str, PortKind],
        source: type[Input],
        columns: tuple[str, ...] = (),
        *,
        offsets: bool = False,
        meta: bool = False,
    ) -> None:
        self.steps = steps
        self.ports = ports
        self._source = source
        untouched = not any(isinstance(step, MapStep) for step in steps)
        raw = source.port_kind if untouched and source.port_kind in ports.values() else None
        self.gives_meta = meta or any(isinstance(step, MapStep) and sets_meta(step.mapping) for step in steps)
        """Do the records that leave have metadata?"""
        own = source.form == "struct"
        self._order = Order(steps, ports, source.form, columns, own, offsets, raw, self.gives_meta)
        self._reference = Reference(steps, list(ports))
        self._by_whole = False
        self._keeper = Keeper(self._order)
        self._projector = Projector()

    # functions

    @cached_property
    def fast(self) -> BatchFunction:
        """The function for the records of this input, with its projection if it has one."""
        made = compile_batch(self._order)
        return self.whole if self._order.form == "struct" and made.shape.whole else made

    @cached_property
    def whole(self) -> BatchFunction:
        """The function for whole records, which can take what the projection of lines of JSON cannot."""
        return compile_batch(replace(self._order, form="value"))

    @cached_property
    def projects(self) -> bool:
        """Are records decoded by a projection?"""
        return self._order.form == "struct" and self.fast is not self.whole

    @cached_property
    def learns(self) -> bool:
        """Are whole records decoded by a shape that is learned from those of the first batch?"""
        return keepable(self._order)

    def kept(self, samples: Sequence[Mapping[str, Any]]) -> BatchFunction | None:
        """The function for whole records like these samples; None: it is `whole`."""
        return compile_kept(self._order, samples) if self.learns else None

    def decode_line(self, given: Input) -> Callable[[bytes], Any]:
        """Decodes a line by the projection."""
        return self._projector.decoder(self.fast.shape, given).decode

    def source(self) -> str:
        """The projection and the generated code, for people."""
        function = self.fast
        what = f"decodes only\n{function.projection}\n\n" if function.projection else ""
        return f"{what}{function.source}"

    @property
    def deterministic(self) -> bool:
        """Does the same input always give the same output?"""
        return all(map(step_is_deterministic, self.steps))

    def out_form(self, kind: PortKind) -> str:
        """How what a port of this kind is given is to be written: `jsonl`, `lines`, `rows`, or a line `as read`."""
        return f"{kind} as read" if kind == self._order.raw else kind

    # running

    def run(self, given: Input, shard: str) -> Made:
        """Run over one batch.

        Raises:
            MappingError: a step with `on_error: fail` failed.
        """
        run = _Run(self, given, shard)
        kept = None if self._by_whole else self._keeper.records(given)
        if kept is not None:
            self._run_kept(run, kept)
        elif self._by_whole or not self.projects:
            self._go(run, self.whole if self._by_whole else self.fast, given.items, given.decoder(None))
        else:
            self._run_projected(run)
        return run.made

    def _run_kept(self, run: _Run, records: list[Any]) -> None:
        assert self._keeper.function is not None  # noqa: S101 - the records are made for it
        self._go(run, self._keeper.function, records, None, projected=True)
        if run.misfits > _MISFITS * run.given.count:
            self._keeper.missed()

    def _run_projected(self, run: _Run) -> None:
        function, given = self.fast, run.given
        records = self._projector.records(function.shape, given) if "record" in function.takes else None
        if records is not None:
            self._go(run, function, records, None, projected=True)
        else:
            self._go(run, function, given.items, given.decoder(self.decode_line(given)), projected=True)
        if run.misfits > _MISFITS * given.count:
            self._by_whole = True

    def _go(
        self,
        run: _Run,
        function: BatchFunction,
        items: Sequence[Any],
        decode: Callable[[Any], Any] | None,
        *,
        projected: bool = False,
    ) -> None:
        """Run the function over the items, and the general way over those that it does not cover."""
        given = run.given
        feed, records = _records(function, given, items, decode)
        while True:
            try:
                function.run(records, run.outs, run.offsets, run.metas, run.made.filtered, run.shard)
                return
            except Exception:  # noqa: BLE001 - whatever it is: the reference gives the exact result or error
                run.again(given.count - 1 - feed.__length_hint__(), projected=projected)

    def run_carefully(self, given: Input, shard: str, fits: Callable[[PortKind, Any], None]) -> Made:
        """Every record by the reference, and `fits` called with what leaves: for batches that cannot be encoded.

        `fits` raises a ValueError for what cannot be written; that record fails at the last step.
        """
        run = _Run(self, given, shard)
        for index in range(given.count):
            run.by_reference(index, fits)
        return run.made


def _records(
    function: BatchFunction, given: Input, items: Sequence[Any], decode: Callable[[Any], Any] | None
) -> tuple[Any, Iterator[Any]]:
    """The iterator that the function runs over, and the one whose length tells how far it is."""
    feed = iter(items)
    parts: list[Iterator[Any]] = []
    for part in function.takes:
        if part == "offset":
            parts.append(iter(given.offsets))
        elif part == "meta":
            parts.append(iter(given.metas) if given.metas else repeat(_NO_META))
        elif part == "line":
            parts.append(iter(given.items) if "record" in function.takes else feed)
        else:
            parts.append(feed if decode is None else map(decode, feed))
    # zip takes from the left: where decoding, the last one, fails, all have gone on by one
    return feed, parts[0] if len(parts) == 1 else zip(*parts, strict=False)


class _Run:
    """One batch on its way."""

    def __init__(self, program: Program, given: Input, shard: str) -> None:
        ports = program.ports
        self.program = program
        self.given = given
        self.shard = shard
        self.made = Made(
            [[] for _ in ports], [[] for _ in ports], [[] for _ in ports], [0] * max(len(program.steps), 1)
        )
        self.outs, self.offsets, self.metas = self.made.outs, self.made.offsets, self.made.metas
        self.misfits = 0

    def again(self, index: int, *, projected: bool) -> None:
        """Do one record again that the function did not cover."""
        try:
            value = self.given.whole(index)
        except Unreadable as unreadable:
            if projected or not self._by_projection(index):
                self._unreadable(index, unreadable)
            return
        if projected and self._by(self.program.whole, index, value):
            self.misfits += 1
            return
        self.by_reference(index)

    def _by_projection(self, index: int) -> bool:
        """A record of which only parts that nobody reads are unreadable counts as read, whichever function runs."""
        program = self.program
        if not program.projects or not self.given.is_text(index):
            return False
        try:
            record = program.decode_line(self.given)(self.given.items[index])
        except (msgspec.DecodeError, ValueError, RecursionError):
            return False
        return self._by(program.fast, index, record)

    def _by(self, function: BatchFunction, index: int, record: Any) -> bool:
        beside = {"offset": self._position, "meta": self._meta, "line": self._item}
        taken = [record if part == "record" else beside[part](index) for part in function.takes]
        one = taken[0] if len(taken) == 1 else tuple(taken)
        try:
            function.run(iter([one]), self.outs, self.offsets, self.metas, self.made.filtered, self.shard)
        except Exception:  # noqa: BLE001 - the reference says what is wrong
            return False
        return True

    def _position(self, index: int) -> int:
        return self.given.offsets[index]

    def _item(self, index: int) -> Any:
        return self.given.items[index]

    def _meta(self, index: int) -> Mapping[str, Any]:
        return self.given.metas[index] if self.given.metas else _NO_META

    def by_reference(self, index: int, fits: Callable[[PortKind, Any], None] | None = None) -> None:
        """Do one record by the reference."""
        try:
            value = self.given.whole(index)
        except Unreadable as unreadable:
            if not self._by_projection(index):
                self._unreadable(index, unreadable)
            return
        try:
            self._by_steps(index, value, fits)
        except RecursionError:
            # it was just not too deep to be decoded: nothing of it has left
            self._unreadable(index, Unreadable("nested too deep"))

    def _by_steps(self, index: int, value: Any, fits: Callable[[PortKind, Any], None] | None) -> None:
        program = self.program
        outcome = program._reference.run(value, self._meta(index), self.shard, self._position(index))  # noqa: SLF001
        if outcome.failure is not None:
            self.made.failed.append((index, outcome.failure))
        elif outcome.filtered is not None:
            self.made.filtered[outcome.filtered] += 1
        else:
            self._leave(index, outcome, fits)

    def _unreadable(self, index: int, unreadable: Unreadable) -> None:
        step = self.program.steps[0] if self.program.steps else None
        if unreadable.blank or (step is not None and step.on_error == "drop"):
            self.made.filtered[0] += 1
            return
        failure = Failure(0, DECODE_FAILED, unreadable.message, self.given.raw(index))
        if step is not None and step.on_error == "fail":
            raise unreadable
        self.made.failed.append((index, failure))

    def _leave(self, index: int, outcome: Outcome, fits: Callable[[PortKind, Any], None] | None) -> None:
        ports = list(self.program.ports)
        order = self.program._order  # noqa: SLF001
        leaving = {port: self._form(self.program.ports[port], outcome.value, index) for port in outcome.ports}
        if fits is not None:
            try:
                for port, value in leaving.items():
                    fits(self.program.ports[port], value)
            except ValueError as error:
                self._unwritable(index, error)
                return
        for port, value in leaving.items():
            at = ports.index(port)
            self.outs[at].append(value)
            if order.offsets:
                self.offsets[at].append(self._position(index))
            if order.meta:
                self.metas[at].append(outcome.meta)

    def _unwritable(self, index: int, error: ValueError) -> None:
        """The last step made what no encoder takes: text with lone surrogates."""
        last = max(len(self.program.steps) - 1, 0)
        policy = self.program.steps[last].on_error if self.program.steps else "dlq"
        message = f"the record cannot be written: {error}"
        if policy == "fail":
            raise MappingError(message) from error
        if policy == "drop":
            self.made.filtered[last] += 1
        else:
            self.made.failed.append((index, Failure(last, MappingError.code, message, self.given.raw(index))))

    def _form(self, kind: PortKind, value: Any, index: int) -> Any:
        if kind == self.program._order.raw:  # noqa: SLF001
            return self.given.items[index]
        if kind == "lines":
            return value if isinstance(value, str) else json_text(value)
        return value
