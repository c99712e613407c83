"""Owns the session: everything that happens is one turn of one task, and its effects are carried out in their order.

What takes long runs beside it and comes back as a turn: `Apply` and `Execute`, and the ways to a server. A disk that
refuses a write ends the driver, and the process with it: started again, it goes on from what is durable.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable, Coroutine
from typing import Any

from conduix.errors import ConduixError, from_os_error
from conduix.mesh import effects as fx
from conduix.mesh.agent_session import AgentSession, Phase
from conduix.v1 import agent_service_pb2 as pb_agent
from conduix.v1 import mesh_service_pb2 as pb
from conduix_agent.link.dial import Dialler
from conduix_agent.link.line import Line
from conduix_agent.link.modes import Modes
from conduix_agent.link.state import Process, StateDirectory
from conduix_agent.link.work import Turn, Work

log = logging.getLogger(__name__)

TICK = 0.25
INBOX = 256
"""Turns that wait; then whoever reads from the network does."""
FACTS_EVERY = 60.0
LEAVE_WITHIN = 3.0
"""Seconds for the last reports to be acknowledged."""


class Driver:
    """See the module. `session_of` makes the session of an agent id; `facts` is what every Hello says."""

    def __init__(
        self,
        session_of: Callable[[str], AgentSession],
        agent_id: str,
        *,
        state: StateDirectory,
        dialler: Dialler,
        modes: Modes,
        facts: pb.Hello,
        host_facts: Callable[[], pb_agent.HostFacts],
    ) -> None:
        self._session_of = session_of
        self._agent_id = agent_id
        self._session = session_of(agent_id)
        self._state = state
        self._dialler = dialler
        self._modes = modes
        self._facts = facts
        self._host_facts = host_facts
        self._facts_due = 0.0
        self._inbox: asyncio.Queue[Turn] = asyncio.Queue(INBOX)
        self._tick_due = 0.0
        self._poked = False
        self._fault: Exception | None = None
        self._line: Line | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._holds: set[asyncio.Task[None]] = set()
        """Of them: one for each connection that is not over."""
        self._work: Work | None = None
        self._leaving: tuple[str, float] | None = None
        self._left = False

    # from outside, in the same loop

    async def run(self, work: Work) -> None:
        """Until `leave` is done. Raises ConduixError: the disk refuses a write, or nobody lets this agent enrol."""
        self._work = work
        try:
            await self._carry_out(self._session.start())
            self._spawn_dial(at_once=True)
            while not self._left:
                await self._carry_out((await self._next_turn())(self._session, _now()))
                if not self._left:
                    self._modes.look(self._session, self._line)
        finally:
            await self._end_tasks()

    def spawn(self, coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run a task for as long as the driver; its failure is the driver's."""
        task = asyncio.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._task_ended)
        return task

    async def post(self, turn: Turn) -> None:
        """Something happened; waits while many others wait."""
        await self._inbox.put(turn)

    def poke(self) -> None:
        """There is something to report."""
        self._poked = True
        self._wake()

    def failed(self, error: Exception) -> None:
        """Nothing can go on: the driver ends with this error."""
        if isinstance(error, OSError):
            error = from_os_error(error, "write", str(self._state.path))
        self._fault = self._fault or error
        self._wake()

    def leave(self, reason: str) -> None:
        """Let the last reports be acknowledged, for three seconds at most, say goodbye and end."""
        self._leaving = (reason, time.monotonic() + LEAVE_WITHIN)
        self._wake()

    async def reconnect(self) -> None:
        """Take another connection to the same server, with the identity of now, then end the one that there is."""
        line = self._line
        if line is not None:
            await self._move_to(line, await self._dialler.again(line.address))

    # turns

    async def _next_turn(self) -> Turn:
        while True:
            if self._fault is not None:
                raise self._fault
            now = time.monotonic()
            if self._may_leave(now):
                return self._leave
            if now >= self._tick_due:
                self._tick_due = now + TICK
                return self._tick
            if self._poked:
                self._poked = False
                return lambda session, now: session.reported(now)
            try:
                async with asyncio.timeout(self._tick_due - now):
                    return await self._inbox.get()
            except TimeoutError:
                continue

    def _wake(self) -> None:
        if self._inbox.empty():
            self._inbox.put_nowait(lambda _session, _now: [])

    def _tick(self, session: AgentSession, now: fx.Now) -> list[fx.AgentEffect]:
        if session.phase is not Phase.OPEN:
            self._facts_due = now.mono
        elif now.mono >= self._facts_due:
            self._facts_due = now.mono + FACTS_EVERY
            session.host(self._host_facts())
        return session.tick(now)

    def _may_leave(self, now: float) -> bool:
        if self._leaving is None:
            return False
        return self._session.phase is not Phase.OPEN or self._session.settled or now >= self._leaving[1]

    def _leave(self, session: AgentSession, _now: fx.Now) -> list[fx.AgentEffect]:
        reason = self._leaving[0] if self._leaving else ""
        self._left = True
        return session.leave(reason)

    # connections

    def _spawn_dial(self, *, at_once: bool = False) -> None:
        async def dial() -> None:
            line = await self._dialler.connect(at_once=at_once)
            await self.post(lambda _session, now: self._opened(line, now))

        self.spawn(dial())

    def _opened(self, line: Line, now: fx.Now) -> list[fx.AgentEffect]:
        """A connection stands. The one before, if there is one, ends once this one is in use."""
        agent_id = line.channel.identity.agent_id
        self._session.lost()
        if agent_id != self._agent_id:  # enrolled anew
            self._agent_id, self._session = agent_id, self._session_of(agent_id)
        before, self._line = self._line, line
        if before is not None:
            before.finish()
        self._holds.add(self.spawn(self._hold(line)))
        return self._session.connected(self._facts, line.name, now)

    async def _hold(self, line: Line) -> None:
        async def receive(message: pb.ServerMessage) -> None:
            await self.post(lambda session, now: session.receive(message, now) if line is self._line else [])

        cause: ConduixError | None = None
        try:
            await line.run(receive)
        except ConduixError as error:
            cause = error
        await self.post(lambda session, _now: self._ended(session, line, cause))

    def _ended(self, session: AgentSession, line: Line, cause: ConduixError | None) -> list[fx.AgentEffect]:
        if line is not self._line:
            return []
        self._line = None
        text = f"{cause.message} ({cause.code})" if cause else "the server ended the stream"
        self._modes.status.cause = text
        log.warning("the connection to %s ended: %s", line.address, text)
        if cause is not None:
            self._dialler.failed(line.address, cause)
        self._spawn_dial()
        return session.lost()

    async def _move(self, line: Line, move: fx.Move) -> None:
        """The server leaves: be elsewhere before, but not all at the same moment."""
        await asyncio.sleep(random.uniform(0.0, move.delay / 2))  # noqa: S311 - spreads load, hides nothing
        await self._move_to(line, await self._dialler.elsewhere(line.address, move.alternatives))

    async def _move_to(self, line: Line, other: Line | None) -> None:
        if other is None:
            return

        def turn(_session: AgentSession, now: fx.Now) -> list[fx.AgentEffect]:
            if self._line is line:
                return self._opened(other, now)
            other.finish()  # the old one ended meanwhile, and another way was taken
            self._holds.add(self.spawn(self._hold(other)))
            return []

        await self.post(turn)

    # effects

    async def _carry_out(self, effects: list[fx.AgentEffect]) -> None:
        for effect in effects:
            if isinstance(effect, fx.ToServer):
                self._send(effect)
            elif isinstance(effect, fx.Close):
                self._close(effect)
            elif isinstance(effect, fx.Apply):
                self._at_work().apply(effect.update)
            elif isinstance(effect, fx.Execute):
                self._modes.status.commands += 1
                self._at_work().execute(effect.command)
            elif isinstance(effect, fx.Move):
                if self._line is not None:
                    self.spawn(self._move(self._line, effect))
            else:
                await self._write(effect)

    def _send(self, effect: fx.ToServer) -> None:
        if self._line is None:
            return
        try:
            self._line.push(effect.message, effect.lane)
        except ConduixError as error:  # MessageTooLarge, LaneFull
            line, self._line = self._line, None
            log.error("the connection to %s is given up: %s", line.address, error.message)  # noqa: TRY400 - no trace wanted
            line.abort()
            self._modes.status.cause = error.message
            self._session.lost()
            self._dialler.failed(line.address, error)
            self._spawn_dial()

    def _close(self, close: fx.Close) -> None:
        line, self._line = self._line, None
        if line is None:
            return
        line.finish()
        if close.code == "LEFT":
            return
        self._modes.status.refused += 1
        self._modes.status.cause = f"{close.message} ({close.code})"
        log.warning("%s: %s (%s)", line.address, close.message, close.code)
        self._dialler.refused(line.address, close.code, close.retry_after)
        self._spawn_dial()

    async def _write(self, effect: fx.Write) -> None:
        try:
            await asyncio.to_thread(self._write_now, effect)
        except OSError as error:
            raise from_os_error(error, "write", str(self._state.path)) from error

    def _write_now(self, effect: fx.Write) -> None:
        if isinstance(effect, fx.SaveIdentity):
            self._state.save_process(Process(effect.incarnation, effect.session_seen))
        elif isinstance(effect, fx.SaveDesired):
            self._state.save_desired(effect.update)
            self._modes.status.desired_version = effect.update.version
        elif isinstance(effect, fx.JournalStarted):
            self._state.journal.started(effect.command_id, effect.deadline)
        elif isinstance(effect, fx.JournalResult):
            self._state.journal.result(effect.result, effect.deadline)
        elif isinstance(effect, fx.JournalStored):
            self._state.journal.stored(effect.command_id)
        else:
            self._state.journal.forget(effect.command_id)

    def _at_work(self) -> Work:
        if self._work is None:
            raise LookupError("the driver does not run")
        return self._work

    # tasks

    def _task_ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._holds.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.failed(error if isinstance(error, Exception) else RuntimeError(repr(error)))

    async def _end_tasks(self) -> None:
        if self._left and self._holds:  # the goodbye is on its way
            await asyncio.wait(self._holds, timeout=LEAVE_WITHIN)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def _now() -> fx.Now:
    return fx.Now(time.monotonic(), time.time())
