"""Envelopes: ids that a sender never repeats within a session, and the memory that drops what came twice."""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

from conduix.v1 import mesh_service_pb2 as pb

VERSION = 1
"""The newest version of the protocol that this code speaks."""
VERSION_MIN = 1
"""The oldest; always at least the one before the newest, once there is one."""

_WINDOW = 4096
_FULL = (1 << _WINDOW) - 1
_DIGITS = 15
_REMEMBERED = 1000


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
    """Remembers which ids came, in half a kilobyte: a server keeps one of these for each of 10,000 sessions.

    Of a sender's numbered ids the last 4,096 are told apart; older ones count as seen, which is a message lost.
    """

    def __init__(self) -> None:
        self._prefix: str | None = None
        self._highest = 0
        self._window = 0
        """Bit n: the number `highest - n` came."""
        self._others: OrderedDict[str, None] = OrderedDict()

    def again(self, message_id: str) -> bool:
        """Whether it came before; remembers it."""
        prefix, _, digits = message_id.rpartition(".")
        if self._prefix is None and prefix:
            self._prefix = prefix
        if prefix and prefix == self._prefix and digits.isascii() and digits.isdigit() and len(digits) <= _DIGITS:
            return self._number_again(int(digits))
        return self._other_again(message_id)

    def _number_again(self, number: int) -> bool:
        ahead = number - self._highest
        if ahead > 0:
            self._window = (self._window << min(ahead, _WINDOW) | 1) & _FULL
            self._highest = number
            return False
        if -ahead >= _WINDOW:
            return True
        bit = 1 << -ahead
        seen = bool(self._window & bit)
        self._window |= bit
        return seen

    def _other_again(self, message_id: str) -> bool:
        """Of a sender that does not number its messages as we do."""
        if message_id in self._others:
            return True
        self._others[message_id] = None
        if len(self._others) > _REMEMBERED:
            self._others.popitem(last=False)
        return False


def negotiate(lowest: int, highest: int) -> int | None:
    """The newest version that both ends speak; None: there is none."""
    version = min(highest, VERSION)
    return version if version >= max(lowest, VERSION_MIN) else None
