"""The worker's end of the line to its agent: two threads, so that nothing on the line ever waits for or stops the flow.

Answers are kept until they are sent. Of statuses and checkpoint copies only the newest is kept, of logs and tapped
records as many as a full line leaves room for: what is dropped is counted by whoever gave it.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import TypeVar

from google.protobuf.message import DecodeError

from conduix.engine.worker.frames import frame, read_frame
from conduix.engine.worker.lifeline import ORPHANED, end_at_once
from conduix.v1 import mesh_service_pb2 as pb_mesh
from conduix.v1 import pipeline_service_pb2 as pb_pipeline
from conduix.v1 import worker_pb2 as pb

STATUS_GAP = 0.25
"""Seconds between two statuses of the same state."""
_LOSSY = 512
"""So many logs, and as many tapped records, wait for a line that is full."""
_T = TypeVar("_T")
_log = logging.getLogger(__name__)


class Channel:
    """Takes events from any thread."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self._outcome = ORPHANED
        self._turn = threading.Condition()
        self._closing = False
        self._done: deque[pb.WorkerDone] = deque()
        self._copy: pb.WorkerCheckpoint | None = None
        self._logs: deque[pb_mesh.LogLine] = deque()
        self._taps: deque[pb_mesh.TapRecord] = deque()
        self._status: pb_pipeline.ReplicaStatus | None = None
        self._sent_state: tuple[int, int, str] | None = None
        self._sent_at = float("-inf")
        self._writer = threading.Thread(target=self._write, name="to the agent", daemon=True)
        self._writer.start()

    # from the agent

    def first(self) -> pb.WorkerRequest:
        """The first message; waits for it. Ends the process if the line ends."""
        return self._next_request()

    def listen(self, deliver: Callable[[pb.WorkerRequest], object]) -> None:
        """From now on give every message to `deliver`, in a thread; the end of the line is the end of the process."""

        def read() -> None:
            while True:
                deliver(self._next_request())

        threading.Thread(target=read, name="from the agent", daemon=True).start()

    def _next_request(self) -> pb.WorkerRequest:
        try:
            body = read_frame(self._line.recv)
            if body is None:
                end_at_once(self._outcome)
            return pb.WorkerRequest.FromString(body)
        except (OSError, ValueError, DecodeError):
            _log.exception("what the agent says cannot be understood")
            end_at_once(self._outcome)

    # to the agent

    def status(self, status: pb_pipeline.ReplicaStatus) -> None:
        """Only the newest counts."""
        with self._turn:
            self._status = status
            self._turn.notify()

    def done(self, answer: pb.WorkerDone) -> None:
        """Is kept until it is sent."""
        with self._turn:
            self._done.append(answer)
            self._turn.notify()

    def checkpoint(self, copy: pb.WorkerCheckpoint) -> None:
        """Only the newest counts."""
        with self._turn:
            self._copy = copy
            self._turn.notify()

    @property
    def full(self) -> bool:
        """Would a log be dropped? For those who would only make one then."""
        return len(self._logs) >= _LOSSY

    def log(self, line: pb_mesh.LogLine) -> bool:
        """False: the line is full, it was dropped."""
        with self._turn:
            if len(self._logs) >= _LOSSY:
                return False
            self._logs.append(line)
            self._turn.notify()
            return True

    def tap(self, record: pb_mesh.TapRecord) -> bool:
        """False: the line is full, it was dropped."""
        with self._turn:
            if len(self._taps) >= _LOSSY:
                return False
            self._taps.append(record)
            self._turn.notify()
            return True

    def close(self, outcome: int, patience: float) -> bool:
        """Send everything, the status last; False if the agent did not read it within `patience` seconds.

        `outcome` is the process's exit status, even if the agent closes the line as soon as it knows it.
        """
        self._outcome = outcome
        with self._turn:
            self._closing = True
            self._turn.notify()
        self._writer.join(patience)
        return not self._writer.is_alive()

    # the writer

    def _write(self) -> None:
        try:
            for events in self._rounds():
                self._line.sendall(b"".join(map(frame, events)))
        except OSError:
            return  # the agent is gone: the reader sees it too, and ends the process

    def _rounds(self) -> Iterator[list[pb.WorkerEvent]]:
        """What is to be sent, as soon as there is something; ends when all of it was sent after `close`."""
        while True:
            with self._turn:
                while not (taken := self._take()) and not self._closing:
                    self._turn.wait(self._status_due())
            if not taken:
                return
            yield taken

    def _take(self) -> list[pb.WorkerEvent]:
        """One round: nothing that comes in a flood keeps the rest from being sent."""
        taken = [pb.WorkerEvent(done=each) for each in _emptied(self._done)]
        if self._copy is not None:
            taken.append(pb.WorkerEvent(checkpoint=self._copy))
            self._copy = None
        taken += [pb.WorkerEvent(log=each) for each in _emptied(self._logs)]
        taken += [pb.WorkerEvent(tap=each) for each in _emptied(self._taps)]
        if self._status is not None and (self._closing or self._status_due() == 0.0):
            taken.append(pb.WorkerEvent(status=self._status))
            self._sent_state, self._sent_at = _state_of(self._status), time.monotonic()
            self._status = None
        return taken

    def _status_due(self) -> float | None:
        """Seconds until the newest status is to be sent; None: there is none."""
        if self._status is None:
            return None
        if _state_of(self._status) != self._sent_state:
            return 0.0
        return max(0.0, self._sent_at + STATUS_GAP - time.monotonic())


def _emptied(lane: deque[_T]) -> list[_T]:
    items = list(lane)
    lane.clear()
    return items


def _state_of(status: pb_pipeline.ReplicaStatus) -> tuple[int, int, str]:
    return status.state, status.reason, status.code
