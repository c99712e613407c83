"""One replica of a pipeline as its machine knows it: the worker that it has, and what is left of those before."""

from __future__ import annotations

import math
from dataclasses import dataclass

from conduix.v1 import pipeline_service_pb2 as pb
from conduix_agent.host.actions import Aim, Want

ENDS = frozenset({pb.PIPELINE_STATE_COMPLETED, pb.PIPELINE_STATE_FAILED, pb.PIPELINE_STATE_STOPPED})
FOR_GOOD = ENDS - {pb.PIPELINE_STATE_STOPPED}
"""Within an epoch nothing follows them; a stopped run goes on."""


@dataclass(slots=True)
class Live:
    """A worker process, from the order to start it to its end."""

    want: Want
    """Under which it was started."""
    since: float
    status: pb.ReplicaStatus | None = None
    """What it said last."""
    heard: float = math.inf
    """When; infinity: not yet, it is starting."""
    silent: bool = False
    """Has it said nothing for so long that people want to know?"""
    told: Aim = Aim.RUN
    kill_at: float = math.inf
    killed: bool = False

    @property
    def ended(self) -> bool:
        """Did it say its last word?"""
        return self.status is not None and self.status.state in ENDS


@dataclass(slots=True)
class Replica:
    """One replica of the wanted epoch, or what is left of one before."""

    live: Live | None = None
    last: pb.ReplicaStatus | None = None
    """The newest that was said in this epoch by a worker that is gone."""
    end: pb.ReplicaStatus | None = None
    """COMPLETED, FAILED or STOPPED: no worker is to be started."""
    kept: bool = True
    """Is `end`, or `last`, on disk?"""
    starts: int = 0
    crashes: int = 0
    """In a row."""
    not_before: float = -math.inf
    crash: str = ""
    """The last one's cause, while it is news."""
    restart: bool = False
    """Somebody asked for another process."""
