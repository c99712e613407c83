"""The fused stretch: pure stages, one after the other, as one function over a whole batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from conduix.engine.api import Batch, Output, Snapshot
from conduix.mapping.steps import Step

if TYPE_CHECKING:
    from conduix.engine.fused import Fused


@dataclass(frozen=True, slots=True)
class Port:
    """What a stretch makes for one of its output ports."""

    kind: Literal["jsonl", "lines", "rows"]
    offsets: bool
    """Must its batches carry the position of every record?"""


def build_stretch(steps: Sequence[Step], ports: Mapping[str, Port]) -> Stretch:
    """The stage that runs these steps; without steps it only changes the form of the records.

    Without steps nothing is counted, and letters name no node: whoever converts says where.
    """
    return Stretch(steps, ports)


class Stretch:
    """Runs steps over batches; implements `api.Stage`, without state.

    Compiler and interpreter are imported with the first batch: a flow that only moves bytes never needs them.
    """

    def __init__(self, steps: Sequence[Step], ports: Mapping[str, Port]) -> None:
        self._steps = tuple(steps)
        self._ports = dict(ports)

    @cached_property
    def _fused(self) -> Fused:
        from conduix.engine.fused import Fused  # noqa: PLC0415 - see the class

        offsets = any(port.offsets for port in self._ports.values())
        return Fused(self._steps, {name: port.kind for name, port in self._ports.items()}, offsets=offsets)

    @cached_property
    def deterministic(self) -> bool:
        """Does the same batch always give the same output?"""
        return self._fused.deterministic

    def apply(self, batch: Batch) -> Output:
        """The batches of the connected ports, letters for what failed, and each node's counts.

        Raises:
            MappingError: a step with `on_error: fail` failed.
        """
        return self._fused.apply(batch)

    def snapshot(self, n: int) -> Mapping[str, Snapshot]:  # noqa: ARG002 - pure stages have no state
        """Nothing: pure stages have no state."""
        return {}

    def restore(self, state: Mapping[str, Sequence[bytes]]) -> None:
        """Nothing to restore."""

    def source(self, form: Literal["jsonl", "lines", "csv", "rows"], columns: Sequence[str] = ()) -> str:
        """The projection and the code for one form of input, for people."""
        return self._fused.source(form, tuple(columns))
