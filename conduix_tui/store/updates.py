"""What streams in, whichever way it comes: from a server now, or from a recording of one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from google.protobuf.message import Message

from conduix.v1 import agent_service_pb2 as agent_pb
from conduix.v1 import event_service_pb2 as event_pb
from conduix.v1 import pipeline_service_pb2 as pipeline_pb
from conduix.v1 import run_service_pb2 as run_pb

Kind = Literal["pipeline", "agent", "run", "event"]
KINDS: Mapping[Kind, type[Message]] = {
    "pipeline": pipeline_pb.Pipeline,
    "agent": agent_pb.Agent,
    "run": run_pb.Run,
    "event": event_pb.Event,
}
"""What is watched all the time, whatever is on the screen."""


@dataclass(frozen=True, slots=True)
class All:
    """Everything there is of a kind; what was known before and is not in it is gone."""

    kind: Kind
    items: Mapping[str, Message]
    """By id."""


@dataclass(frozen=True, slots=True)
class Put:
    """One is new, or has changed."""

    kind: Kind
    key: str
    item: Message


@dataclass(frozen=True, slots=True)
class Removed:
    """One is gone."""

    kind: Kind
    key: str


@dataclass(frozen=True, slots=True)
class Interrupted:
    """The line to the server is broken: what is shown gets old."""

    kind: Kind
    cause: str
    retry_in: float
    """Seconds."""


@dataclass(frozen=True, slots=True)
class Resumed:
    """The line is back, and nothing was missed: what is shown is true."""

    kind: Kind


@dataclass(frozen=True, slots=True)
class Ended:
    """Nothing more comes: trying again is of no use until a person acts."""

    kind: Kind
    code: str
    message: str
    remedy: str


Update = All | Put | Removed | Interrupted | Resumed | Ended


class Origin(Protocol):
    """Where updates come from."""

    def updates(self) -> AsyncIterator[Update]:
        """All kinds mixed, in the order in which they came; ends when nothing more can come."""
