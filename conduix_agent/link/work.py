"""What a server wants done, beside the driver: one desired state after the other, commands at the same time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from conduix.errors import ConduixError
from conduix.mesh.agent_session import AgentSession
from conduix.mesh.effects import AgentEffect, Now
from conduix.v1 import mesh_service_pb2 as pb
from conduix_agent.seam import Host

log = logging.getLogger(__name__)

Turn = Callable[[AgentSession, Now], list[AgentEffect]]
Post = Callable[[Turn], Awaitable[None]]
Spawn = Callable[[Coroutine[Any, Any, None]], object]


class Work:
    """Calls the host. `post` brings what came of it to the driver, `spawn` starts a task that the driver owns."""

    def __init__(self, host: Host, *, post: Post, spawn: Spawn) -> None:
        self._host = host
        self._post = post
        self._spawn = spawn
        self._waiting: tuple[pb.DesiredStateUpdate, bool] | None = None
        self._wake = asyncio.Event()
        self.under_way = asyncio.Event()
        """Whatever was on disk at the start is under way."""
        self._draining = False

    def begin(self, saved: pb.DesiredStateUpdate) -> None:
        """What the agent starts from alone; no server waits for an answer."""
        self._waiting = (saved, False)
        self._spawn(self._applying())
        self._wake.set()

    def apply(self, update: pb.DesiredStateUpdate) -> None:
        """Make it so after what is being made so; one that waits is overtaken."""
        self._waiting = (update, True)
        self._wake.set()

    def execute(self, command: pb.Command) -> None:
        """Run it, beside all others."""
        self._spawn(self._executing(command))

    def drain(self) -> None:
        """The agent ends: nothing new is begun, what the host is told from now on would be in its way."""
        self._draining = True

    async def _applying(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            if self._waiting is None or self._draining:
                continue
            (update, asked), self._waiting = self._waiting, None
            answer = await self._applied(update)
            self.under_way.set()
            if asked:
                await self._post(answer)

    async def _applied(self, update: pb.DesiredStateUpdate) -> Turn:
        version = update.version
        try:
            await self._host.apply(update)
        except ConduixError as error:
            code, text = error.code, error.message
        except Exception:
            log.exception("desired state %d could not be applied", version)
            code, text = "INTERNAL", "a fault of the agent; its log says more"
        else:
            return lambda session, now: session.applied(version, now)
        log.error("desired state %d cannot be applied, the one before stays in force: %s", version, text)
        return lambda session, now: session.rejected(version, code, text, now)

    async def _executing(self, command: pb.Command) -> None:
        result = await self._result(command)
        result.command_id = command.command_id
        await self._post(lambda session, now: session.finished(result, now))

    async def _result(self, command: pb.Command) -> pb.CommandResult:
        if self._draining:
            return _failed("AGENT_DRAINING", "the agent is about to end; the command was not run")
        try:
            return await self._host.execute(command)
        except Exception:
            log.exception("command %s failed", command.command_id)
            return _failed("INTERNAL", "a fault of the agent; its log says more")


def _failed(code: str, message: str) -> pb.CommandResult:
    return pb.CommandResult(outcome=pb.COMMAND_OUTCOME_FAILED, code=code, message=message)
