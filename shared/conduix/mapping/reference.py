"""What a stretch makes of one record, step by step, by the interpreter: the exact result or the exact error."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from conduix.errors import MappingError
from conduix.mapping.access import without_secrets
from conduix.mapping.compiler.bridge import strict_test
from conduix.mapping.compiler.sampling import sampler
from conduix.mapping.compiler.values import jsonable
from conduix.mapping.inputs import payload_of
from conduix.mapping.interpret import Interpreter
from conduix.mapping.steps import FilterStep, MapStep, RouteStep, SampleStep, Step
from conduix.mapping.values import DELETED, NOTHING

NO_ROUTE = "NO_ROUTE"
DECODE_FAILED = "DECODE_FAILED"


@dataclass(frozen=True, slots=True)
class Failure:
    """A record that failed, as it came to the step that failed."""

    step: int
    code: str
    message: str
    payload: bytes


@dataclass(slots=True)
class Outcome:
    """Where a record ended: on ports, filtered by a step, or failed."""

    value: Any = None
    meta: Mapping[str, Any] = field(default_factory=dict)
    ports: Sequence[str] = ()
    filtered: int | None = None
    """The step that filtered it."""
    failure: Failure | None = None


class _Filtered(Exception):
    """The step does not let the record pass."""


class Reference:
    """Runs steps over one record at a time."""

    def __init__(self, steps: Sequence[Step], ports: Sequence[str]) -> None:
        self._steps = steps
        self._ports = ports
        self._interpreters = {id(s): Interpreter(s.mapping) for s in steps if isinstance(s, MapStep)}
        self._samplers = {id(s): sampler(s.rate, s.seed) for s in steps if isinstance(s, SampleStep)}

    def run(self, value: Any, meta: Mapping[str, Any], shard: str, position: int) -> Outcome:
        """The outcome of a record.

        Raises:
            MappingError: a step with `on_error: fail` failed.
        """
        outcome = Outcome(value, meta, ["out"] if "out" in self._ports else ())
        for index, step in enumerate(self._steps):
            try:
                self._apply(step, outcome, shard, position)
            except _Filtered:
                outcome.filtered = index
                break
            except MappingError as error:
                error.message = without_secrets(error.message)
                error.args = (error.message,)
                if not self._recover(index, step, outcome, error):
                    break
        return outcome

    def _recover(self, index: int, step: Step, outcome: Outcome, error: MappingError) -> bool:
        """Does the record go on behind the failed step?"""
        if step.on_error == "fail":
            raise error
        if step.on_error == "drop":
            outcome.filtered = index
            return False
        if step.on_error == "dlq":
            code = error.code if not isinstance(error, _NoRoute) else NO_ROUTE
            outcome.failure = Failure(index, code, message_of(error), payload_of(outcome.value))
            return False
        if isinstance(step, RouteStep):
            outcome.ports = self._unmatched(step)
            if not outcome.ports:
                outcome.filtered = index
                return False
        return True

    def _apply(self, step: Step, outcome: Outcome, shard: str, position: int) -> None:
        if isinstance(step, RouteStep):
            outcome.ports = self._route(step, outcome)
            return
        if step.when is not None and not strict_test(step.when, outcome.value, outcome.meta):
            return
        if isinstance(step, FilterStep):
            if not strict_test(step.condition, outcome.value, outcome.meta):
                raise _Filtered
        elif isinstance(step, SampleStep):
            keep: Callable[..., bool] = self._samplers[id(step)](shard)
            if not (keep() if step.seed is None else keep(position)):
                raise _Filtered
        else:
            self._map(step, outcome)

    def _map(self, step: MapStep, outcome: Outcome) -> None:
        made = self._interpreters[id(step)].run(outcome.value, dict(outcome.meta))
        if made.value is DELETED:
            raise _Filtered
        try:
            value = outcome.value if made.value is NOTHING else jsonable(made.value)
        except RecursionError as error:
            raise MappingError("the new record is nested too deep") from error
        outcome.meta, outcome.value = made.meta, value

    def _route(self, step: RouteStep, outcome: Outcome) -> Sequence[str]:
        if step.mode == "fan_out":
            return [route for route, _ in step.routes if route in self._ports]
        taken: list[str] = []
        for route, condition in step.routes:
            if condition is None or strict_test(condition, outcome.value, outcome.meta):
                taken.append(route)
                if step.mode == "condition":
                    break
        if taken:
            return [route for route in taken if route in self._ports]
        ports = self._unmatched(step)
        if ports:
            return ports
        if step.no_match == "dlq":
            raise _NoRoute("no route takes this record")
        raise _Filtered

    def _unmatched(self, step: RouteStep) -> Sequence[str]:
        return [step.default] if step.default is not None and step.default in self._ports else []


class _NoRoute(MappingError):
    """A record that no route takes, where that is a failure."""


def message_of(error: MappingError) -> str:
    """What failed, and where in the mapping."""
    return f"{error.message} (line {error.line}, column {error.column})" if error.line else error.message
