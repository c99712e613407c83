"""A worker process: runs what its agent asks for first, answers what it asks for then, and ends at once."""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
from collections.abc import Coroutine
from contextlib import suppress
from typing import NoReturn

from conduix.engine.worker.channel import Channel
from conduix.engine.worker.lifeline import end_at_once
from conduix.engine.worker.session import Session
from conduix.engine.worker.wire import ChannelHandler
from conduix.v1 import mesh_service_pb2 as pb_mesh
from conduix.v1 import worker_pb2 as pb

PATIENCE = 5.0
"""Seconds that the agent has to read the last words."""
DONE, FAILED, MISUSED = 0, 1, 2
"""Exit statuses: COMPLETED or STOPPED; FAILED; what came first was neither a start nor a deal."""
_log = logging.getLogger(__name__)


def serve(line: socket.socket) -> NoReturn:
    """Do what the first message says; the process ends with it."""
    channel = Channel(line)
    try:
        outcome = _do(channel.first(), channel)
    except Exception:  # noqa: BLE001 - the process must end, and somebody must know why
        _log.exception("the worker ended by a fault of Conduix")
        outcome = FAILED
    channel.close(outcome, PATIENCE)
    with suppress(OSError):  # what somebody has printed
        sys.stdout.flush()
    end_at_once(outcome)  # a thread that is stuck in an fsync must not keep the process


def _do(request: pb.WorkerRequest, channel: Channel) -> int:
    _send_logs(channel, request.start.assignment)
    if request.HasField("start"):
        return _run(Session(request.start, channel).run())
    if request.HasField("deal"):
        from conduix.engine.worker.dealing import deal  # noqa: PLC0415 - no replica needs it

        return _run(deal(request.deal, channel))
    channel.done(pb.WorkerDone(code="USAGE", message="the first message must be a start or a deal"))
    return MISUSED


def _run(work: Coroutine[object, object, bool]) -> int:
    # not asyncio.run: at its end it would wait for every thread
    return DONE if asyncio.new_event_loop().run_until_complete(work) else FAILED


def _send_logs(channel: Channel, assignment: pb_mesh.Assignment) -> None:
    root = logging.getLogger()
    root.handlers[:] = [ChannelHandler(channel, assignment)]
    root.setLevel(logging.INFO)
