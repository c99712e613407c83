"""The catalogue: every source, stage and sink with its option model, guarantee and pip extra.

Importing it loads no outside client: connectors import theirs inside `open()`.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from conduix.engine.api import NodeContext, Sink, Source, Stage
from conduix.mapping.steps import OnError, Step
from conduix.mapping.tree import Expr
from conduix.spec.model import Role
from conduix.spec.options import Options

OptionsModel = type[Options]


def _one_port(_options: Any) -> tuple[str, ...]:
    return ("out",)


def _always(_options: Any) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Entry:
    """One kind of node. Sources, sinks and stateful stages have `build`; pure stages have `lower` and are fused."""

    type: str
    role: Role
    options: OptionsModel
    summary: str
    aliases: tuple[str, ...] = ()
    build: Callable[[Any, NodeContext], Source | Stage | Sink] | None = None
    lower: Callable[[Any, str, Expr | None, OnError], Sequence[Step]] | None = None
    """(options, node id, when, on_error) → steps."""
    port_names: Callable[[Any], Sequence[str]] = _one_port
    ends: Callable[[Any], bool] = _always
    """Sources: does it end by itself with these options?"""
    guarantee: str = ""
    """Sinks: `exactly once`, `at least once`, `none`; sources: `replayable` or `not replayable`."""
    deterministic: Callable[[Any], bool] = _always
    expands: bool = False
    """Pure stages: does it make several records of one? Then its last step is a `MapStep` with `many`."""
    extra: str | None = None
    needs: tuple[str, ...] = ()
    """Modules that the extra brings."""

    @property
    def missing(self) -> str | None:
        """The pip extra that is not installed, None if all is there."""
        if self.extra and any(importlib.util.find_spec(module) is None for module in self.needs):
            return self.extra
        return None

    def can_end(self, options: Options) -> bool:
        """Sources: does it come to an end by itself with these options?"""
        return self.ends(options)

    def ports(self, options: Options) -> Sequence[str]:
        """Output ports; more than `out` only for routers."""
        return self.port_names(options)


class Catalog:
    """Entries by role and name."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.entries: tuple[Entry, ...] = tuple(entries)
        self._by_name = {(e.role, name): e for e in self.entries for name in (e.type, *e.aliases)}

    def find(self, role: Role, name: str) -> Entry | None:
        """By canonical name or alias."""
        return self._by_name.get((role, name))

    def entry(self, role: Role, name: str) -> Entry:
        """By canonical name or alias, of a node that passed the document's check.

        Raises:
            LookupError: it is not there after all.
        """
        if (found := self.find(role, name)) is None:
            raise LookupError(f"the catalogue has no {role} {name!r}")
        return found

    def names(self, role: Role) -> Sequence[str]:
        """All names of a role, aliases too, sorted."""
        return sorted(name for (r, name) in self._by_name if r == role)

    def with_entries(self, entries: Iterable[Entry]) -> Catalog:
        """A catalogue with these entries beside ours (third parties, tests)."""
        return Catalog([*self.entries, *entries])


def default_catalog() -> Catalog:
    """What this installation has."""
    from conduix.engine import connectors, stages  # noqa: PLC0415 - they import the protocols from here

    return Catalog([*stages.ENTRIES, *connectors.ENTRIES])
