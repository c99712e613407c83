"""What is wanted of a pipeline, what is found of it, and what is to be done: the words of its machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TypeAlias

from conduix.v1 import pipeline_service_pb2 as pb


class Aim(Enum):
    """What is wanted of a pipeline."""

    RUN = auto()
    PAUSE = auto()
    STOP = auto()


@dataclass(frozen=True, slots=True)
class Want:
    """The assignments of one pipeline, all of whose replicas are here."""

    name: str
    revision: int
    digest: str
    run_id: str
    run_seq: int
    epoch: int
    replicas: int
    aim: Aim

    def same_epoch(self, other: Want | None) -> bool:
        """Is it the same work, perhaps with another aim?"""
        return other is not None and (self.epoch, self.run_seq) == (other.epoch, other.run_seq)


@dataclass(frozen=True, slots=True)
class Found:
    """What is on disk of a run."""

    dealt: int = 0
    """Among how many replicas its shards are dealt; 0: they are not cut yet."""
    records: Mapping[int, pb.ReplicaStatus] = field(default_factory=dict)
    """What was kept of this epoch."""
    starts: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a document cannot be run here, or its shards not be dealt."""

    code: str
    message: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Look:
    """See what is on disk of the wanted run."""

    want: Want


@dataclass(frozen=True, slots=True)
class Prepare:
    """Bring the document here and check it. The last one counts, one before it may be given up."""

    want: Want


@dataclass(frozen=True, slots=True)
class Deal:
    """Deal the shards anew. No worker of this pipeline lives meanwhile."""

    want: Want


@dataclass(frozen=True, slots=True)
class Spawn:
    """Start the worker of a replica."""

    want: Want
    replica: int


@dataclass(frozen=True, slots=True)
class Tell:
    """Send a worker the verb that leads to this aim."""

    replica: int
    aim: Aim


@dataclass(frozen=True, slots=True)
class Kill:
    """End a worker that did not end itself."""

    replica: int


@dataclass(frozen=True, slots=True)
class Keep:
    """Make durable how it stands with a replica, before it is reported."""

    want: Want
    replica: int
    status: pb.ReplicaStatus


@dataclass(frozen=True, slots=True)
class Forget:
    """Nothing of this pipeline runs here any more, or is to run."""


Action: TypeAlias = Look | Prepare | Deal | Spawn | Tell | Kill | Keep | Forget
