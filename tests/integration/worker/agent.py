"""The agent's end of a worker process, for tests: starts it as an agent does, keeps what it says."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Self

from conduix.engine.worker.frames import frame, read_frame
from conduix.v1 import mesh_service_pb2 as pb_mesh
from conduix.v1 import pipeline_service_pb2 as pb_pipeline
from conduix.v1 import worker_pb2 as pb

PATIENCE = 30.0
"""Seconds that a worker has for anything that a test waits for."""


class Worker:
    """A worker process and everything that it has said. `reading=False`: nobody reads until `read` is called."""

    def __init__(self, environment: Mapping[str, str] | None = None, *, reading: bool = True) -> None:
        ours, theirs = socket.socketpair()
        self._line = ours
        self.events: list[pb.WorkerEvent] = []
        self._came = threading.Condition()
        self.closed = False
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "conduix.engine.worker"],
                stdin=subprocess.DEVNULL,
                pass_fds=(3,),
                preexec_fn=lambda: os.dup2(theirs.fileno(), 3),  # noqa: PLW1509 - tests start no threads before it
                env={**os.environ, "CONDUIX_TESTING": "1", **(environment or {})},
            )
        self._reader = threading.Thread(target=self._read, daemon=True)
        if reading:
            self.read()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait(PATIENCE)
        self._line.close()

    def read(self) -> None:
        """Begin to read what the worker says."""
        self._reader.start()

    def _read(self) -> None:
        try:
            while (body := read_frame(self._line.recv)) is not None:
                with self._came:
                    self.events.append(pb.WorkerEvent.FromString(body))
                    self._came.notify_all()
        except OSError:
            pass  # closed by the test
        with self._came:
            self.closed = True
            self._came.notify_all()

    def send(self, *requests: pb.WorkerRequest) -> None:
        """Several are written at once: the worker has all of them before it does the first."""
        self._line.sendall(b"".join(map(frame, requests)))

    def start(self, document: str, directory: Path, *, g: int = 1, **more: object) -> None:
        """Start replica 0 of a run; `more` are fields of the assignment."""
        fields: dict[str, object] = {"pipeline_id": "p-1", "pipeline_name": "p", "run_id": "r-1", "run_seq": 1, **more}
        assignment = pb_mesh.Assignment(**fields)  # type: ignore[arg-type]
        start = pb.WorkerStart(assignment=assignment, document=document, directory=str(directory), g=g)
        self.send(pb.WorkerRequest(start=start))

    def deal(self, document: str, following: Path, replicas: int, *, previous: Path | None = None, g: int = 1) -> None:
        """Deal the shards of run 1."""
        deal = pb.WorkerDeal(
            document=document,
            previous=str(previous or ""),
            next=str(following),
            replicas=replicas,
            run_seq=1,
            g=g,
        )
        self.send(pb.WorkerRequest(deal=deal))

    def tap(self, tap_id: str, node: str, **more: int) -> None:
        """`more` are fields of WorkerTap."""
        self.send(pb.WorkerRequest(tap=pb.WorkerTap(tap_id=tap_id, node=node, **more)))  # type: ignore[arg-type]

    def verb(self, action: pb.WorkerAction, command_id: str = "") -> None:
        self.send(pb.WorkerRequest(verb=pb.WorkerVerb(action=action, command_id=command_id)))

    def hang_up(self) -> None:
        self._line.shutdown(socket.SHUT_RDWR)

    def until(self, condition: Callable[[], object]) -> None:
        """Wait for a condition on what came; fails when the line ends without it."""
        with self._came:
            if not self._came.wait_for(lambda: condition() or self.closed, PATIENCE) or not condition():
                raise AssertionError(f"it never came; last: {self.events[-3:]}")

    def ended(self) -> int:
        """The exit status, once the process has ended and everything it said was read."""
        status = self.process.wait(PATIENCE)
        with self._came:
            self._came.wait_for(lambda: self.closed, PATIENCE)
        return status

    # what it said

    @property
    def statuses(self) -> list[pb_pipeline.ReplicaStatus]:
        return [event.status for event in self.events if event.HasField("status")]

    @property
    def state(self) -> str:
        """The newest state, without its prefix."""
        last = self.statuses[-1].state if self.statuses else pb_pipeline.PIPELINE_STATE_UNSPECIFIED
        return pb_pipeline.PipelineState.Name(last).removeprefix("PIPELINE_STATE_")

    @property
    def answers(self) -> dict[str, pb.WorkerDone]:
        return {event.done.command_id: event.done for event in self.events if event.HasField("done")}

    @property
    def copies(self) -> list[pb.WorkerCheckpoint]:
        return [event.checkpoint for event in self.events if event.HasField("checkpoint")]

    @property
    def taps(self) -> list[pb_mesh.TapRecord]:
        return [event.tap for event in self.events if event.HasField("tap")]

    @property
    def logs(self) -> list[pb_mesh.LogLine]:
        return [event.log for event in self.events if event.HasField("log")]
