"""The last lines that the workers of a pipeline logged or printed."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice

from conduix.v1 import mesh_service_pb2 as pb

MOST_LINES = 10_000
MOST_BYTES = 8 << 20
MOST_ANSWER = 3 << 20
"""Of one answer: it must fit into a control message of 4 MiB."""


class Tail:
    """A ring: what is over the bounds falls out at its old end."""

    def __init__(self) -> None:
        self._lines: deque[pb.LogLine] = deque()
        self._bytes = 0

    def add(self, line: pb.LogLine) -> None:
        """Keep a line."""
        self._lines.append(line)
        self._bytes += len(line.message)
        while len(self._lines) > MOST_LINES or self._bytes > MOST_BYTES:
            self._bytes -= len(self._lines.popleft().message)

    def last(self, count: int, replica: int) -> str:
        """A JSON array of a replica's last `count` lines, the oldest first; fewer where they are too long."""
        of_replica = (line for line in reversed(self._lines) if line.replica == replica)
        texts = [_json(line) for line in islice(of_replica, count)]
        return f"[{','.join(reversed(list(_fitting(texts))))}]"


def _json(line: pb.LogLine) -> str:
    what = {
        "at": line.at.ToJsonString(),
        "level": line.level,
        "logger": line.logger,
        "message": line.message,
        "replica": line.replica,
    }
    return json.dumps(what, ensure_ascii=False)


def _fitting(texts: Iterable[str]) -> Iterator[str]:
    room = MOST_ANSWER
    for text in texts:
        room -= len(text.encode()) + 1
        if room < 0:
            return
        yield text
