"""When an operation is done: by what is reported under its epoch, never by what was acknowledged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from conduix.v1.pipeline_service_pb2 import ReplicaStatus
from conduix_server.control.status import (
    COMPLETED,
    ENDED,
    FAILED,
    OPERATOR,
    PAUSED,
    RUNNING,
    STOPPED,
    reason_of,
    state_of,
)
from conduix_server.store.operations import FAILED as OPERATION_FAILED
from conduix_server.store.operations import SUCCEEDED

START, RETRY, STOP, PAUSE, RESUME, SCALE, CHECKPOINT = (
    "start",
    "retry",
    "stop",
    "pause",
    "resume",
    "scale",
    "checkpoint",
)
DESIRED: Final = frozenset({START, RETRY, STOP, PAUSE, RESUME, SCALE})
"""Kinds that change the desired state: of these a pipeline has one at a time, a newer one takes its place."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How an operation ends."""

    state: str
    message: str = ""
    code: str = ""


def settled(kind: str, replicas: int, reports: Sequence[ReplicaStatus], *, absent: bool = False) -> Ending | None:
    """How an operation of this kind ends, None as long as it goes on.

    `reports` are those of the operation's epoch. `absent`: the agent has applied what is wanted and has told all that
    it runs, so a replica without report is not there.
    """
    told = {status.replica: status for status in reports}
    present = [told[replica] for replica in sorted(told) if replica < replicas]
    if kind == STOP:
        return _stopped(present, complete=absent or len(present) == replicas)
    failed = next((status for status in present if state_of(status) == FAILED), None)
    if failed is not None:
        return Ending(OPERATION_FAILED, failed.detail, failed.code or "PIPELINE_FAILED")
    if len(present) < replicas:
        return None
    return _reached(kind, present)


def _stopped(present: Sequence[ReplicaStatus], *, complete: bool) -> Ending | None:
    if not complete or not all(state_of(status) in ENDED for status in present):
        return None
    if present and all(state_of(status) == COMPLETED for status in present):
        return Ending(SUCCEEDED, "it was complete before it was stopped")
    return Ending(SUCCEEDED)


def _reached(kind: str, present: Sequence[ReplicaStatus]) -> Ending | None:
    states = {state_of(status) for status in present}
    if kind == PAUSE:
        if states == {COMPLETED}:
            return Ending(SUCCEEDED, "it was complete before it was paused")
        return Ending(SUCCEEDED) if states <= {PAUSED, COMPLETED} else None
    if kind == RESUME:
        by_operator = any(state_of(each) == PAUSED and reason_of(each) in {"", OPERATOR} for each in present)
        return Ending(SUCCEEDED, _still_paused(present)) if states <= _UNDER_WAY and not by_operator else None
    if states == {STOPPED}:
        return Ending(OPERATION_FAILED, "it was stopped before it ran", "PIPELINE_STOPPED")
    return Ending(SUCCEEDED, _still_paused(present)) if states <= _UNDER_WAY else None


_UNDER_WAY = frozenset({RUNNING, PAUSED, COMPLETED})


def _still_paused(present: Sequence[ReplicaStatus]) -> str:
    paused = next(
        (each for each in present if state_of(each) == PAUSED and reason_of(each) not in {"", OPERATOR}), None
    )
    return f"it has paused: {paused.detail or reason_of(paused)}" if paused is not None else ""
