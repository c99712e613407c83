"""Named places where a test may kill, fail or starve the process: `CONDUIX_FAILPOINT=NAME[:k][=kill|raise|ENOSPC|EIO]`.

Nothing happens unless `CONDUIX_TESTING=1` stands beside it. `k` counts the passes through the point (1: the first).
Several of them, joined by commas, fire one after the other: each is armed when the one before it has fired, so that
a test can kill the process while it recovers from what was raised.
`CONDUIX_SLOW=NAME:seconds` makes a point take its time, so that races with what runs beside it become wide.
"""

from __future__ import annotations

import errno
import os
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass

NAMES: Mapping[str, str] = {
    "source.read": "a batch was read, nothing was sent yet",
    "source.barrier": "the source noted its positions for a barrier, the barrier was not sent yet",
    "stage.applied": "a stage made its output, nothing was sent yet",
    "stage.snapshot": "a stage is about to take its snapshot",
    "sink.write": "a sink is about to write a batch",
    "sink.half_written": "half of a batch's bytes are in the file",
    "sink.before_fsync": "a sink is about to make what it wrote durable",
    "sink.after_fsync": "what a sink wrote is durable, the barrier is not acknowledged",
    "barrier.ack": "an actor is about to acknowledge a barrier",
    "checkpoint.claimed": "the fence is written, nothing was loaded",
    "checkpoint.zero": "checkpoint 0 is durable, nothing was read or written",
    "checkpoint.written": "a checkpoint's bytes are written, not yet fsynced",
    "checkpoint.fsynced": "a checkpoint's temporary file is durable, not yet renamed",
    "checkpoint.renamed": "a checkpoint has its name, the directory is not fsynced",
    "checkpoint.prepared": "the prepared record is durable, no sink has committed",
    "commit.renamed": "a sink's output has its final name, the directory is not fsynced",
    "commit.done": "all sinks have committed, the record is not complete",
    "checkpoint.complete": "the checkpoint is complete, the source does not know",
}

OF_A_DEAL: Mapping[str, str] = {
    "deal.gathered": "every replica's last checkpoint is recovered, nothing of the next deal is written",
    "deal.replica": "the directory of one replica is written, others may follow",
    "deal.written": "the next deal is durable under its temporary name",
    "deal.renamed": "the next deal has its name, the directory is not fsynced",
}
"""What only a worker passes that deals shards."""

TESTING = os.environ.get("CONDUIX_TESTING") == "1"
"""Tests run with it: failpoints work, invariants are asserted at every barrier, reads may be traced."""


class InjectedError(RuntimeError):
    """Raised at a failpoint with the action `raise`."""


@dataclass(slots=True)
class _Armed:
    name: str
    countdown: int
    action: str


def _armed_from(environment: Mapping[str, str]) -> list[_Armed]:
    """In the order in which they fire."""
    text = environment.get("CONDUIX_FAILPOINT", "")
    if not text or environment.get("CONDUIX_TESTING") != "1":
        return []
    return [_one_armed(part, text) for part in text.split(",")]


def _one_armed(part: str, text: str) -> _Armed:
    point, _, action = part.partition("=")
    name, _, count = point.partition(":")
    if not _known(name) or action not in {"", "kill", "raise", "ENOSPC", "EIO"}:
        raise ValueError(
            f"CONDUIX_FAILPOINT={text}: write NAME[:k][=kill|raise|ENOSPC|EIO] with one of "
            f"{', '.join([*NAMES, *OF_A_DEAL])}"
        )
    return _Armed(name, int(count or 1), action or "kill")


def _known(name: str) -> bool:
    return name in NAMES or name in OF_A_DEAL


def _slow_from(environment: Mapping[str, str]) -> tuple[str, float] | None:
    text = environment.get("CONDUIX_SLOW", "")
    if not text or environment.get("CONDUIX_TESTING") != "1":
        return None
    name, _, seconds = text.partition(":")
    return name, float(seconds)


_armed = _armed_from(os.environ)
_slow = _slow_from(os.environ)


def armed(name: str) -> bool:
    """Is this very point armed? For places that behave alike but must be cut in two to be interrupted."""
    return bool(_armed) and _armed[0].name == name


def failpoint(name: str) -> None:
    """Pass through the point `name`; costs one comparison unless a test armed something."""
    if _armed or _slow is not None:
        _pass(name)


def _pass(name: str) -> None:
    if not _known(name):
        raise ValueError(f"failpoint {name!r} is not in the registry")
    if _slow is not None and _slow[0] == name:
        time.sleep(_slow[1])
    if not armed(name):
        return
    point = _armed[0]
    point.countdown -= 1
    if point.countdown == 0:
        _armed.pop(0)
        _fire(point)


def _fire(point: _Armed) -> None:
    if point.action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if point.action == "raise":
        raise InjectedError(f"injected at {point.name}")
    code = errno.ENOSPC if point.action == "ENOSPC" else errno.EIO
    raise OSError(code, os.strerror(code))
