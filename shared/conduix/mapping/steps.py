"""What pure stages lower to: steps over records, fused by the compiler into one function a batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from conduix.mapping import is_deterministic
from conduix.mapping.tree import Assign, Expr, Mapping, Statement

OnError = Literal["dlq", "drop", "fail", "pass"]


@dataclass(frozen=True, slots=True)
class MapStep:
    """Replaces the record by what the mapping makes of it; a deleted root filters it.

    `many`: it makes an array, whose items are the records that go on; always the last step of a stretch, with neither
    `when` nor the policy `pass`, which would let a record pass that is no such array.
    """

    node: str
    mapping: Mapping
    when: Expr | None = None
    on_error: OnError = "dlq"
    many: bool = False


@dataclass(frozen=True, slots=True)
class FilterStep:
    """Keeps the records for which the condition is true; anything but a bool is a mapping error."""

    node: str
    condition: Expr
    when: Expr | None = None
    on_error: OnError = "dlq"


@dataclass(frozen=True, slots=True)
class SampleStep:
    """Keeps a share of the records: by a hash of seed, shard and position if seeded, else at random."""

    node: str
    rate: float
    seed: int | None
    when: Expr | None = None
    on_error: OnError = "dlq"


@dataclass(frozen=True, slots=True)
class RouteStep:
    """Sends records to ports; always the last step of a stretch.

    `fan_out` copies to every route; `condition` takes the first whose condition is true; `filter` every such one.
    A route without condition always matches. No match: the port `default` if it is connected, else filtered
    (or a dead letter with code NO_ROUTE if `no_match` is dlq).
    """

    node: str
    mode: Literal["fan_out", "condition", "filter"]
    routes: tuple[tuple[str, Expr | None], ...]
    default: str | None = None
    no_match: Literal["drop", "dlq"] = "drop"
    on_error: OnError = "dlq"


Step = MapStep | FilterStep | SampleStep | RouteStep


def sets_meta(mapping: Mapping) -> bool:
    """Does the mapping write metadata?"""
    blocks = [mapping.statements, *(declared.statements for declared in mapping.maps)]
    return any(_sets_meta(statement) for block in blocks for statement in block)


def _sets_meta(statement: Statement) -> bool:
    if isinstance(statement, Assign):
        return statement.target.kind == "meta"
    inner = [*(body for _, body in statement.branches), statement.otherwise]
    return any(_sets_meta(part) for body in inner for part in body)


def step_is_deterministic(step: Step) -> bool:
    """Does the step do the same to the same record each time?"""
    if isinstance(step, SampleStep):
        return step.seed is not None and (step.when is None or is_deterministic(step.when))
    if isinstance(step, RouteStep):
        return all(condition is None or is_deterministic(condition) for _, condition in step.routes)
    body = step.mapping if isinstance(step, MapStep) else step.condition
    return is_deterministic(body) and (step.when is None or is_deterministic(step.when))
