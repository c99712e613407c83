"""Deals the shards of a run among replicas: a short-lived worker that does it, or leaves no trace."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from conduix.errors import DiskError, FailedPrecondition, TransientError
from conduix.v1 import worker_pb2 as pb
from conduix_agent.host.actions import Refusal, Want
from conduix_agent.host.disk import PipelineDir
from conduix_agent.host.logs import LEVELS, PipelineLog
from conduix_agent.host.process import Ears, WorkerProcess

_PASSING = frozenset({DiskError.code, TransientError.code})
"""Codes of what may be gone the next time."""


class Dealer:
    """One deal. `again` tells whether a refusal may be gone the next time."""

    def __init__(
        self,
        directory: PipelineDir,
        log: PipelineLog,
        command: Sequence[str],
        environment: Mapping[str, str] | None,
    ) -> None:
        self._directory = directory
        self._log = log
        self._command = command
        self._environment = environment
        self._process: WorkerProcess | None = None
        self._answer: pb.WorkerDone | None = None
        self.again = False

    async def deal(self, want: Want, document: str, lock: int) -> Refusal | None:
        """Deal to `want.replicas`; why it was not done, None: it is done and durable.

        Raises:
            ConnectorError: the disk does not take what is to be written before.
            OSError: no process could be started.
        """
        place = await asyncio.to_thread(self._directory.next_deal, want.run_seq)
        g, _ = await asyncio.to_thread(self._directory.next_start, want.run_seq, None)
        ears = Ears(self._hear, lambda stream, line: self._log.printed(0, LEVELS[stream], line))
        self._process = await WorkerProcess.start(ears, lock, self._command, self._environment)
        deal = pb.WorkerDeal(
            document=document,
            previous=str(place.previous or ""),
            next=str(place.next),
            replicas=want.replicas,
            run_seq=want.run_seq,
            g=g,
            dead_letters=str(self._directory.dead_letters(want.run_seq)),
        )
        self._process.send(pb.WorkerRequest(deal=deal))
        return await self._outcome(want, await self._process.wait())

    async def _outcome(self, want: Want, cause: str) -> Refusal | None:
        if await asyncio.to_thread(self._directory.dealt, want.run_seq) == want.replicas:
            await asyncio.to_thread(self._directory.forget_deals, want.run_seq)
            return None
        answer = self._answer
        if answer is not None and answer.code:
            self.again = answer.code in _PASSING
            return Refusal(answer.code, answer.message, answer.remedy)
        self.again = True
        return Refusal(FailedPrecondition.code, f"the shards were not dealt: {cause}")

    def kill(self) -> None:
        """End it: the deal is complete, or not there."""
        if self._process is not None:
            self._process.kill()

    def _hear(self, event: pb.WorkerEvent) -> None:
        if event.HasField("done"):
            self._answer = event.done
        elif event.HasField("log"):
            self._log.add(event.log)
