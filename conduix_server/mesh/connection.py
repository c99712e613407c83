"""One stream of an agent: its session, what waits to be written, and the effects that are carried out in order.

Nothing here waits: a write of the database calls back when it is committed, and goes on with the effects after it. What
the agent says meanwhile is parked, as the session takes no message before the effects of the one before are done; only
heartbeats are answered at once, from memory. More than may be parked is dropped: the agent says it again.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable
from typing import Any, Final, Protocol, TypeVar

from conduix.errors import ConduixError, InvalidArgument
from conduix.mesh import effects as fx
from conduix.mesh.admission import AgentRow
from conduix.mesh.lanes import LaneFull, MessageTooLarge, Outbox
from conduix.mesh.server_session import Phase, ServerSession, Terms
from conduix.v1 import mesh_service_pb2 as pb
from conduix_server.mesh import writes
from conduix_server.mesh.group import GroupCommit
from conduix_server.mesh.heartbeats import Heartbeats
from conduix_server.mesh.metrics import MeshMetrics
from conduix_server.store.transaction import Transaction

PARKED: Final = 512
PARKED_BYTES: Final = 16 << 20
"""What one agent may have said while its session waits for the database."""
HIGHEST: Final = 1 << 53
"""Of a counter that an agent may have seen: no number of ours comes near."""
WRITTEN_WITHIN: Final = 3.0
"""Seconds in which an agent must take the last words of a stream that is ended here."""

T = TypeVar("T")
log = logging.getLogger(__name__)


class Switchboard(Protocol):
    """What a connection wants of the server that holds it."""

    group: GroupCommit
    heartbeats: Heartbeats
    metrics: MeshMetrics
    terms: Terms

    def now(self) -> fx.Now:
        """This moment."""

    def opened(self, connection: Connection) -> None:
        """Its session is open."""

    def probe(self, asking: Connection, session: int) -> None:
        """Does the session that is there answer? Told by `probed`."""

    def answered(self, connection: Connection) -> None:
        """The agent of this connection answered a probe."""


class Connection:
    """See the module. `name` is never used again; `address` is the agent's, without port."""

    def __init__(self, board: Switchboard, agent_id: str, name: str, address: str) -> None:
        self._board = board
        self.agent_id = agent_id
        self.name = name
        self.address = address
        now = board.now()
        self.session = ServerSession(board.terms, agent_id, name, now)
        self.heard_at = now.mono
        self.holder = ""
        """The server that held the agent when it greeted."""
        self.stale = False
        """Something of the agent changed while its row was being read."""
        self.quiet_until = now.mono
        """No ticks before: another server is asked for longer than the session would wait."""
        self.failure: ConduixError | None = None
        """What the stream ends with; None: without error."""
        self._hello = pb.Hello()
        self._version = 0
        """Of the desired state, when the agent was found."""
        self._outbox: Outbox[pb.ServerMessage] = Outbox()
        self._woken = asyncio.Event()
        self._todo: deque[fx.ServerEffect] = deque()
        self._write: asyncio.Future[Any] | None = None
        self._parked: deque[pb.AgentMessage] = deque()
        self._parked_bytes = 0
        self._closing_at: float | None = None
        self._accepted = False
        self._farewell: fx.Left | None = None
        self._writer: asyncio.Task[object] | None = None
        self._ended_as = ""

    @property
    def open(self) -> bool:
        """Its agent is welcome, and nobody ended it."""
        return self.session.phase is Phase.OPEN and self._closing_at is None

    # what comes

    async def read(self, messages: AsyncIterator[pb.AgentMessage]) -> None:
        """The task that reads, until the stream ends, whichever way: all of them look alike."""
        try:
            async for message in messages:
                self.receive(message)
        except ConduixError as error:  # a message that breaks the rules of the contract
            self.fail(error)
        except Exception:
            log.exception("the session of agent %s has broken", self.agent_id)
            self.fail(ConduixError("internal error of the session", remedy="the server's log has the cause"))
        self.close("STREAM_ENDED")

    def receive(self, message: pb.AgentMessage) -> None:
        """A message came."""
        if self._closing_at is not None:
            return
        kind = message.WhichOneof("kind")
        self._board.metrics.messages.labels(kind or "unknown").inc()
        now = self._board.now()
        self.heard_at = now.mono
        if kind == "hello" and not self._greets_well(message.hello):
            return
        if kind == "heartbeat":
            self._board.metrics.heartbeats.inc()
            if self._write is not None and self.session.phase is Phase.OPEN:
                self._answer_at_once(self.session.receive(message, now))
                return
        if self._write is None:
            self.do(self.session.receive(message, now))
        elif len(self._parked) < PARKED and self._parked_bytes < PARKED_BYTES:
            self._parked.append(message)
            self._parked_bytes += message.ByteSize()
        else:
            self._board.metrics.dropped.inc()

    def _answer_at_once(self, effects: Iterable[fx.ServerEffect]) -> None:
        """To a heartbeat: an agent's lease must not end with our database."""
        for effect in effects:
            if isinstance(effect, fx.Alive | fx.ToAgent | fx.Answered):
                self._carry_out(effect)
            else:
                self._todo.append(effect)

    def _greets_well(self, hello: pb.Hello) -> bool:
        seen = (hello.session_seen, hello.desired_version, hello.report_acked, *hello.epochs_seen.values())
        if min(seen) < 0 or max(seen) > HIGHEST:
            self.fail(InvalidArgument("hello: a counter that no server has handed out"))
            return False
        if self.session.phase is Phase.AWAIT_HELLO:
            self._hello = hello
        return True

    def tick(self) -> None:
        """Time went by."""
        now = self._board.now()
        if self._closing_at is not None:
            if now.mono - self._closing_at > WRITTEN_WITHIN and self._writer is not None:
                self._writer.cancel()  # it waits for an agent that does not read
        elif self._write is None and now.mono >= self.quiet_until:
            self.do(self.session.tick(now))

    # effects

    def do(self, effects: Iterable[fx.ServerEffect]) -> None:
        """Carry effects out, after those that wait already."""
        self._todo.extend(effects)
        self._go_on()

    def _go_on(self) -> None:
        while self._write is None and self._closing_at is None:
            if self._todo:
                self._carry_out(self._todo.popleft())
            elif self._parked:
                message = self._parked.popleft()
                self._parked_bytes -= message.ByteSize()
                self._todo.extend(self.session.receive(message, self._board.now()))
            else:
                return

    def _carry_out(self, effect: fx.ServerEffect) -> None:
        match effect:
            case fx.ToAgent():
                self._push(effect)
            case fx.Alive():
                self._board.heartbeats.heard(self.agent_id, effect.session, effect.heartbeat)
            case fx.Close():
                self.close(effect.code)
            case fx.Find():
                self._submit(lambda tx: writes.find(tx, self.agent_id), self._found, patient=False)
            case fx.Probe():
                self._board.probe(self, effect.session)
            case fx.Answered():
                self._board.answered(self)
            case fx.Claim():
                self._submit(lambda tx: self._claim(tx, effect), self._claimed, patient=False)
            case fx.Alert():
                self._alert(effect)
            case _:
                self._submit(writes.write_of(effect, self.agent_id), lambda held: self._stored(effect, held))

    def _push(self, effect: fx.ToAgent) -> None:
        try:
            self._outbox.push(effect.message, effect.lane)
        except (LaneFull, MessageTooLarge) as error:
            log.warning("agent %s is cut off: %s", self.agent_id, error)
            self.close(error.code)
        self._woken.set()

    def _submit(
        self, work: Callable[[Transaction], Awaitable[T]], then: Callable[[T], None], *, patient: bool = True
    ) -> None:
        def committed(done: asyncio.Future[T]) -> None:
            if done is not self._write:
                return
            self._write = None
            if self._closing_at is not None:
                return
            error = done.exception()
            if error is None:
                then(done.result())
                self._go_on()
            elif isinstance(error, ConduixError):
                self.fail(error)
            else:
                log.error("what agent %s said cannot be stored", self.agent_id, exc_info=error)
                self.fail(ConduixError("the server cannot store what the agent said; its log has the cause"))

        write = self._board.group.submit(work, patient=patient)
        self._write = write
        write.add_done_callback(committed)

    def _next(self, effects: Iterable[fx.ServerEffect]) -> None:
        """Before everything that waits."""
        self._todo.extendleft(reversed(list(effects)))

    def _found(self, found: tuple[AgentRow | None, str]) -> None:
        row, self.holder = found
        self._version = row.desired.version if row is not None else 0
        self._next(self.session.found(row, self._board.now()))

    async def _claim(self, tx: Transaction, claim: fx.Claim) -> AgentRow | None:
        here = {"server_id": self._board.terms.server_id, "address": self.address}
        return await writes.claim(tx, claim, self._hello, version=self._version, **here)

    def _claimed(self, row: AgentRow | None) -> None:
        self._next(self.session.claimed(row, self._board.now()))
        if row is not None:
            self._accepted = True
            self._hello = pb.Hello()
            self._board.metrics.accepted.inc()
            self._board.opened(self)

    def _alert(self, alert: fx.Alert) -> None:
        log.warning("%s: %s (agent %s)", alert.code, alert.message, alert.agent_id)
        self._board.metrics.alerts.labels(alert.code).inc()
        self._submit(lambda tx: writes.alert(tx, alert), lambda _: None, patient=False)

    def _stored(self, effect: writes.Store, held: bool) -> None:
        if not held:
            self.superseded()
            return
        if isinstance(effect, fx.StoreReport):
            self._board.metrics.reports.labels(effect.report.WhichOneof("body") or "unknown").inc()
        elif isinstance(effect, fx.StoreResult):
            outcome = pb.CommandOutcome.Name(effect.result.outcome).removeprefix("COMMAND_OUTCOME_").lower()
            self._board.metrics.commands.labels(outcome).inc()

    # what others say of it

    def probed(self, *, answering: bool) -> None:
        """What came of the question whether the session that is there answers."""
        self.do(self.session.probed(answering, self._board.now()))

    def superseded(self) -> None:
        """The agent has a newer session."""
        self._end(self.session.superseded())

    def revoked(self) -> None:
        """The agent was removed."""
        self._end(self.session.revoked())

    def _end(self, effects: Iterable[fx.ServerEffect]) -> None:
        self._todo.clear()
        self._parked.clear()
        self._abandon_write()
        self.do(effects)

    def fail(self, error: ConduixError) -> None:
        """End the stream with an error."""
        self.failure = self.failure or error
        self.close(error.code)

    def close(self, code: str) -> None:
        """Write what was said before, then end the stream."""
        if self._closing_at is None:
            self._closing_at = self._board.now().mono
            self._ended_as = code
            self._farewell = self._last_words()
            self._todo.clear()
            self._parked.clear()
            self._woken.set()

    def _last_words(self) -> fx.Left | None:
        """A goodbye that was not carried out yet: nothing but it would tell that the agent left of its own will."""
        left = [effect for effect in self._todo if isinstance(effect, fx.Left)]
        said = [message.goodbye for message in self._parked if message.WhichOneof("kind") == "goodbye"]
        left += [fx.Left(self.session.session, goodbye.reason) for goodbye in said if self._accepted]
        return left[0] if left else None

    # what is said

    async def written(self) -> AsyncGenerator[pb.ServerMessage, None]:
        """What is to be written, until the stream is to end. Raises the `failure`, if there is one."""
        self._writer = asyncio.current_task()
        while True:
            message = self._outbox.pop()
            if message is not None:
                message.sent_at.GetCurrentTime()
                yield message
            elif self._closing_at is not None:
                break
            else:
                self._woken.clear()
                await self._woken.wait()
        self._writer = None
        if self.failure is not None:
            raise self.failure

    def ended(self) -> None:
        """The stream is over. What is being written is written to its end, and a goodbye; nothing else is begun."""
        self.close("STREAM_ENDED")
        if not self._accepted:
            self._abandon_write()
        if self._farewell is not None:
            self._board.group.submit(writes.write_of(self._farewell, self.agent_id))
        ended = self._board.metrics.ended if self._accepted else self._board.metrics.refused
        ended.labels(self._ended_as).inc()

    def _abandon_write(self) -> None:
        write, self._write = self._write, None
        if write is not None:
            write.cancel()
