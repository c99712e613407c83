"""Envelopes: ids that a sender never repeats within a session, and the memory that drops what came twice."""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

from conduix.v1 import mesh_service_pb2 as pb

VERSION = 1
"""The newest version of the protocol that this code speaks."""
VERSION_MIN = 1
"""The oldest; always at least the one before the newest, once there is one."""

_REMEMBERED = 10_000


M = TypeVar("M", pb.AgentMessage, pb.ServerMessage)


class Envelopes(Generic[M]):
    """Wraps what one end says. `prefix` is new for each connection, so ids of two never meet."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._count = 0

    def wrap(self, message: M, in_reply_to: str = "") -> M:
        """Give it an id. The time of sending is the writer's to add."""
        self._count += 1
        message.id = f"{self._prefix}.{self._count}"
        message.in_reply_to = in_reply_to
        return message


class Seen:
    """Remembers the last 10,000 ids."""

    def __init__(self) -> None:
        self._ids: OrderedDict[str, None] = OrderedDict()

    def again(self, message_id: str) -> bool:
        """Whether it came before; remembers it."""
        if message_id in self._ids:
            return True
        self._ids[message_id] = None
        if len(self._ids) > _REMEMBERED:
            self._ids.popitem(last=False)
        return False


def negotiate(lowest: int, highest: int) -> int | None:
    """The newest version that both ends speak; None: there is none."""
    version = min(highest, VERSION)
    return version if version >= max(lowest, VERSION_MIN) else None
