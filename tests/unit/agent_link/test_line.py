"""One connection: what is written, in which order, and how it ends. The transport is the test's: it can get stuck."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from conduix.errors import Unavailable
from conduix.mesh.lanes import QUEUE_LIMIT, Lane, LaneFull, MessageTooLarge
from conduix.mesh.transport import Mode, Transport
from conduix.rpc.channel import open_channel
from conduix.v1 import mesh_service_pb2 as pb
from conduix.v1.mesh_service_pb2_grpc import MeshServiceStub
from conduix_agent.link.channel import MeshChannel
from conduix_agent.link.line import Line
from conduix_agent.link.state import Identity
from tests.eventually import eventually


class Wire:
    """A transport that writes while `open_for_writing`, and delivers what the test puts in."""

    mode = Mode.STREAM

    def __init__(self) -> None:
        self.written: list[pb.AgentMessage] = []
        self.closed = False
        self.open_for_writing = asyncio.Event()
        self.open_for_writing.set()
        self.incoming: asyncio.Queue[pb.ServerMessage | Unavailable | None] = asyncio.Queue()

    async def send(self, message: pb.AgentMessage) -> None:
        await self.open_for_writing.wait()
        self.written.append(message)

    async def messages(self) -> AsyncIterator[pb.ServerMessage]:
        while (message := await self.incoming.get()) is not None:
            if isinstance(message, Unavailable):
                raise message
            yield message

    async def close(self) -> None:
        self.closed = True


class Connected:
    def __init__(self) -> None:
        self.wire = Wire()
        transport: Transport = self.wire
        channel = open_channel("127.0.0.1:1", tls=None)  # never used: it connects with the first call
        identity = Identity("a", 0.0, 9e9)
        self.line = Line("x", MeshChannel("127.0.0.1:1", identity, channel, MeshServiceStub(channel), ()), transport)
        self.received: list[str] = []
        self.task = asyncio.create_task(self.line.run(self._receive))

    async def _receive(self, message: pb.ServerMessage) -> None:
        self.received.append(message.id)


def message(name: str, size: int = 0) -> pb.AgentMessage:
    return pb.AgentMessage(id=name, report=pb.Report(event=pb.AgentEvent(message="x" * size)))


async def test_control_goes_before_data_and_each_message_tells_when_it_was_sent() -> None:
    there = Connected()
    there.wire.open_for_writing.clear()
    there.line.push(message("first"), Lane.DATA)
    await asyncio.sleep(0)  # the writer has taken it
    await asyncio.sleep(0)
    for name, lane in (("data", Lane.DATA), ("control", Lane.CONTROL)):
        there.line.push(message(name), lane)
    there.wire.open_for_writing.set()
    await eventually(lambda: len(there.wire.written) == 3)
    assert [each.id for each in there.wire.written] == ["first", "control", "data"]
    assert all(each.sent_at.seconds for each in there.wire.written)
    there.line.abort()
    await there.task


async def test_the_end_comes_after_what_was_handed_over() -> None:
    there = Connected()
    for i in range(50):
        there.line.push(message(str(i)), Lane.CONTROL)
    there.line.finish()
    await there.task
    assert [each.id for each in there.wire.written] == [str(i) for i in range(50)]
    assert there.wire.closed


async def test_a_peer_that_takes_nothing_does_not_keep_the_end_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conduix_agent.link.line.FINISH_WITHIN", 0.05)  # seconds: what is tested is that it ends
    there = Connected()
    there.wire.open_for_writing.clear()
    there.line.push(message("stuck"), Lane.CONTROL)
    there.line.finish()
    await asyncio.wait_for(there.task, 10)
    assert there.wire.written == []


async def test_the_cause_of_the_end_is_told() -> None:
    there = Connected()
    there.wire.incoming.put_nowait(pb.ServerMessage(id="1"))
    there.wire.incoming.put_nowait(Unavailable("the network is gone"))
    with pytest.raises(Unavailable, match="the network is gone"):
        await there.task
    assert there.received == ["1"]


async def test_a_server_that_just_ends_is_no_error() -> None:
    there = Connected()
    there.wire.incoming.put_nowait(None)
    await there.task


async def test_what_a_lane_does_not_carry_is_refused_before_it_is_sent() -> None:
    there = Connected()
    there.wire.open_for_writing.clear()
    with pytest.raises(MessageTooLarge):
        there.line.push(message("big", 5 << 20), Lane.CONTROL)
    for i in range(QUEUE_LIMIT[Lane.CONTROL]):
        there.line.push(message(str(i)), Lane.CONTROL)
    with pytest.raises(LaneFull):
        there.line.push(message("one more"), Lane.CONTROL)
    there.line.abort()
    await there.task
