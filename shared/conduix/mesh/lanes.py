"""Who goes first: bounded queues by lane, and the credits that bound what a peer must be ready to take."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from enum import IntEnum
from typing import Generic, Protocol, TypeVar

from conduix.errors import ConduixError
from conduix.v1 import mesh_service_pb2 as pb


class Lane(IntEnum):
    """Lanes in the order in which they are served."""

    CONTROL = 0
    """Sessions, heartbeats, desired state, commands and every acknowledgement; at most 4 MiB a message."""
    DATA = 1
    """Reports; at most 8 MiB a message, never more than there is credit for."""


SIZE_LIMIT = {Lane.CONTROL: 4 << 20, Lane.DATA: 8 << 20}
"""Bytes of one message: checked before it is sent, because a transport would cut the whole stream for it."""

CLASSES = (
    pb.TRAFFIC_CLASS_STATE,
    pb.TRAFFIC_CLASS_RESULT,
    pb.TRAFFIC_CLASS_EVENT,
    pb.TRAFFIC_CLASS_LOG,
    pb.TRAFFIC_CLASS_METRIC,
)
"""Of reports, each with credits of its own."""

QUEUE_LIMIT = {Lane.CONTROL: 1024, Lane.DATA: 256}
"""Messages that wait for the writer."""


class MessageTooLarge(ConduixError):
    """A message is larger than its lane carries; it was not sent."""

    code = "MESSAGE_TOO_LARGE"


class LaneFull(ConduixError):
    """A lane holds as many messages as it may: the peer reads too slowly and the connection is to be closed."""

    code = "LANE_FULL"


class Sized(Protocol):
    """A message that knows its encoded size."""

    def ByteSize(self) -> int:  # noqa: N802 — protobuf's name
        """Bytes when encoded."""


M = TypeVar("M", bound=Sized)


class Outbox(Generic[M]):
    """What waits for the one writer of a connection. Control always leaves first."""

    def __init__(self) -> None:
        self._waiting: dict[Lane, deque[M]] = {lane: deque() for lane in Lane}

    def push(self, message: M, lane: Lane) -> None:
        """Queue a message. Raises MessageTooLarge, LaneFull."""
        size = message.ByteSize()
        if size > SIZE_LIMIT[lane]:
            raise MessageTooLarge(
                f"a message of {size} bytes; the {lane.name.lower()} lane carries at most {SIZE_LIMIT[lane]}",
                remedy="split it: fewer replicas an agent, or shorter texts",
            )
        waiting = self._waiting[lane]
        if len(waiting) >= QUEUE_LIMIT[lane]:
            raise LaneFull(f"{len(waiting)} messages wait on the {lane.name.lower()} lane: the peer does not read")
        waiting.append(message)

    def pop(self) -> M | None:
        """The next message to write; None: nothing waits."""
        for waiting in self._waiting.values():
            if waiting:
                return waiting.popleft()
        return None

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))


def traffic(report: pb.Report) -> pb.TrafficClass:
    """The class that a report counts for: both ends must see it alike."""
    body = report.WhichOneof("body")
    if body == "gap":
        return report.gap.traffic
    return pb.TRAFFIC_CLASS_EVENT if body == "event" else pb.TRAFFIC_CLASS_STATE


class Credits:
    """How many reports of each class may still be sent. A class that nothing was granted for is not limited."""

    def __init__(self, granted: Iterable[pb.Credit] = ()) -> None:
        self._full = {credit.traffic: (credit.messages, credit.bytes) for credit in granted}
        self._left = dict(self._full)

    def take(self, report: pb.Report) -> bool:
        """Spend one report. One that is larger than all the credit goes when the credit is untouched."""
        of = traffic(report)
        if of not in self._full:
            return True
        messages, size = self._left[of]
        left = (messages - 1, size - report.ByteSize())
        if min(left) < 0 and self._left[of] != self._full[of]:
            return False
        self._left[of] = left
        return True

    def grant(self, credit: pb.Credit) -> None:
        """Give back; never beyond what was granted at first, so that a repeated grant does no harm."""
        if credit.traffic in self._full:
            full, left = self._full[credit.traffic], self._left[credit.traffic]
            self._left[credit.traffic] = (min(left[0] + credit.messages, full[0]), min(left[1] + credit.bytes, full[1]))

    def restore(self) -> None:
        """All of it again: what was in flight is taken for lost."""
        self._left = dict(self._full)


class Allowance:
    """The receiving end of credits: what was consumed and not yet given back. `messages`, `size`: of each class."""

    def __init__(self, messages: int, size: int) -> None:
        self._messages, self._bytes = messages, size
        self._used: dict[pb.TrafficClass, tuple[int, int]] = {}

    def granted(self) -> list[pb.Credit]:
        """What a session begins with."""
        return [pb.Credit(traffic=of, messages=self._messages, bytes=self._bytes) for of in CLASSES]

    def consumed(self, report: pb.Report) -> pb.Credit | None:
        """Count one report; what to grant once half of its class is used, else None."""
        of = traffic(report)
        messages, size = self._used.get(of, (0, 0))
        messages, size = messages + 1, size + report.ByteSize()
        if messages < self._messages // 2 and size < self._bytes // 2:
            self._used[of] = (messages, size)
            return None
        self._used[of] = (0, 0)
        return pb.Credit(traffic=of, messages=messages, bytes=size)
