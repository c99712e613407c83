"""What is ordered from the compiler, and what it delivers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from conduix.mapping.compiler.project import Shape
from conduix.mapping.steps import Step

InputForm = Literal["struct", "kept", "value", "text", "columns"]
"""What a record is for the generated function: a projection, the whole as Structs, a plain value, a line, a csv row."""
PortKind = Literal["jsonl", "lines", "rows"]


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be generated."""

    steps: Sequence[Step]
    ports: Mapping[str, PortKind]
    form: InputForm
    columns: tuple[str, ...] = ()
    own: bool = False
    """Records are decoded for this function alone, so that it may change them."""
    offsets: bool = False
    """Give the positions of what leaves?"""
    raw: PortKind | None = None
    """Ports of this kind get the lines themselves: no step changes records, and the input is written like that."""
    meta: bool = False


@dataclass(frozen=True, slots=True)
class BatchFunction:
    """A generated function: `run(records, outs, offs, metas, tally, shard)`.

    `records` gives what `takes` lists, as a tuple where that is more than one thing. `outs`, `offs`, `metas` are the
    lists of each port. `tally[k]` is increased by what step k filtered. It raises at a record that it does not cover
    and goes on behind it when it is called again with the same iterator.
    """

    run: Callable[..., None]
    takes: tuple[str, ...]
    """Some of `offset`, `line`, `meta`, `record`, in this order."""
    shape: Shape
    """For the form `struct`: what is decoded of a record."""
    source: str
    """The generated code, for people."""
    projection: str
    interpreted: tuple[str, ...] = ()
    """Why parts of it are left to the interpreter; empty: all of it is compiled."""
