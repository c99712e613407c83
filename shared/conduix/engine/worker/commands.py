"""Verbs from the agent: each is done, and answered once what it asks for is so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from conduix.engine.link import ENDS, Status
from conduix.engine.runtime.region import Region
from conduix.errors import FailedPrecondition
from conduix.v1 import worker_pb2 as pb

_WAITS = frozenset({"OUTSIDE", "DISK", "LEASE"})
"""Reasons of a pause in which records that were read are not in a checkpoint: it comes when the pause ends."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """A verb that is not answered yet."""

    command_id: str
    settled: Callable[[Status], bool]
    above: int = -1
    """A checkpoint: its number is higher than this."""


class Commands:
    """Hands verbs to a region; `send` takes the answers. `look` is to be called with every status."""

    def __init__(self, region: Region, send: Callable[[pb.WorkerDone], None]) -> None:
        self._region = region
        self._send = send
        self._asked: list[_Asked] = []

    def obey(self, verb: pb.WorkerVerb, status: Status) -> None:
        """Do it; `status` is how things are before."""
        region = self._region
        if verb.action == pb.WORKER_ACTION_STOP:
            region.stop()
            self._ask(_Asked(verb.command_id, lambda now: now.state in ENDS))
        elif verb.action == pb.WORKER_ACTION_PAUSE:
            region.pause()
            self._ask(_Asked(verb.command_id, lambda now: now.state == "PAUSED" or now.state in ENDS))
        elif verb.action == pb.WORKER_ACTION_RESUME:
            region.resume()
            self._ask(_Asked(verb.command_id, lambda _now: True))
        elif verb.action == pb.WORKER_ACTION_CHECKPOINT:
            above = region.begun
            if status.state != "PAUSED":  # there it is answered at once, and none is to be made when it goes on
                region.demand()
            self._ask(_Asked(verb.command_id, lambda now: _covered(now, above), above))
        else:
            self._send(pb.WorkerDone(command_id=verb.command_id, code="USAGE", message="no such action"))
        self.look(status)

    def _ask(self, asked: _Asked) -> None:
        if asked.command_id:
            self._asked.append(asked)

    def look(self, status: Status) -> None:
        """Answer what `status` settles."""
        settled = [asked for asked in self._asked if asked.settled(status)]
        if settled:
            self._asked = [asked for asked in self._asked if asked not in settled]
            for asked in settled:
                self._send(_answer(asked, status))


def _covered(status: Status, above: int) -> bool:
    """Is the checkpoint there, or will it not come for now?"""
    return status.n > above or status.state == "PAUSED" or status.state in ENDS


def _answer(asked: _Asked, status: Status) -> pb.WorkerDone:
    done = pb.WorkerDone(command_id=asked.command_id)
    waits = status.state == "PAUSED" and status.reason in _WAITS
    if asked.above >= 0 and (status.n > asked.above or (status.state == "PAUSED" and not waits)):
        done.message = str(status.n)  # a pause by somebody's will comes after a checkpoint: nothing is in flight
    elif status.state == "FAILED" or asked.above >= 0:
        done.code = status.code or FailedPrecondition.code
        done.message = f"{status.state}: {status.detail}" if status.detail else f"the replica is {status.state}"
        done.remedy = status.remedy
    else:
        done.message = status.detail
    return done
