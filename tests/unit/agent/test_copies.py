"""Copies of checkpoints, and the lines that are kept."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from conduix.errors import ConduixError, FenceLost, PermissionDenied, Unavailable
from conduix.v1 import mesh_service_pb2 as pb
from conduix_agent.host.copies import MOST_PART, RETRY_MOST, Copies
from conduix_agent.host.tail import MOST_ANSWER, MOST_BYTES, MOST_LINES, Tail
from tests.eventually import eventually
from tests.integration.agent.hosts import Uplink


class Desk:
    """Copies with an uplink; pauses end when a test says so."""

    def __init__(self) -> None:
        self.uplink = Uplink()
        self.pauses: list[float] = []
        self.may_go_on = asyncio.Semaphore(0)
        """So many pauses end."""
        self.copies = Copies(self.uplink, self.pause)

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        await self.may_go_on.acquire()

    def offer(self, n: int, replica: int = 0, record: bytes = b"") -> None:
        self.copies.offer(pb.SaveCheckpointRequest(pipeline_id="p", replica=replica, n=n, record=record))

    def sent(self, replica: int = 0) -> list[int]:
        return [copy.n for copy in self.uplink.copies["p", replica]]


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    one = Desk()
    task = asyncio.create_task(one.copies.run())
    yield one
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_of_each_replica_only_the_newest_waits(desk: Desk) -> None:
    desk.uplink.away = Unavailable("no server")
    desk.offer(1)
    await eventually(lambda: bool(desk.pauses))
    for n in (2, 3):
        desk.offer(n)
    desk.offer(7, replica=1)
    assert not await desk.copies.sent(0.0)
    desk.uplink.away = None
    desk.may_go_on.release()
    assert await desk.copies.sent(10)
    assert (desk.sent(), desk.sent(1)) == ([3], [7])


async def test_pauses_double_up_to_a_bound_and_begin_anew(desk: Desk) -> None:
    desk.uplink.away = Unavailable("no server")
    desk.offer(1)
    for _ in range(10):
        desk.may_go_on.release()
    await eventually(lambda: len(desk.pauses) > 10)
    assert desk.pauses[:4] == [0.5, 1.0, 2.0, 4.0]
    assert max(desk.pauses) == RETRY_MOST
    desk.uplink.away = None
    desk.may_go_on.release()
    assert await desk.copies.sent(10)
    desk.uplink.away = Unavailable("no server")
    desk.offer(2)
    await eventually(lambda: len(desk.pauses) > 11)
    assert desk.pauses[-1] == desk.pauses[0]


@pytest.mark.parametrize(
    ("error", "events"),
    [(FenceLost("run 2 has written"), ["checkpoint_refused"]), (PermissionDenied("not yours"), [])],
)
async def test_what_a_server_refuses_is_not_offered_again(desk: Desk, error: ConduixError, events: list[str]) -> None:
    desk.uplink.away = error
    desk.offer(1)
    assert await desk.copies.sent(10)
    assert [event.kind for event in desk.uplink.events] == events
    desk.uplink.away = None
    desk.offer(2)
    assert await desk.copies.sent(10)
    assert (desk.sent(), desk.pauses) == ([2], [])


async def test_one_that_no_message_carries_is_an_event(desk: Desk) -> None:
    desk.offer(1, record=bytes(MOST_PART + 1))
    assert await desk.copies.sent(0.0)
    assert [event.kind for event in desk.uplink.events] == ["checkpoint_not_copied"]


def line(message: str, replica: int = 0) -> pb.LogLine:
    return pb.LogLine(replica=replica, level="INFO", logger="x", message=message)


def test_the_last_lines_of_a_replica_the_oldest_first() -> None:
    tail = Tail()
    for number in range(6):
        tail.add(line(str(number), number % 2))
    assert [each["message"] for each in json.loads(tail.last(2, 1))] == ["3", "5"]
    assert [each["message"] for each in json.loads(tail.last(100, 0))] == ["0", "2", "4"]
    assert tail.last(10, 2) == "[]"


def test_only_so_many_lines_and_bytes_are_kept() -> None:
    tail = Tail()
    for number in range(MOST_LINES + 5):
        tail.add(line(str(number)))
    assert json.loads(tail.last(MOST_LINES + 5, 0))[0]["message"] == "5"
    tail.add(line("x" * MOST_BYTES))
    assert len(json.loads(tail.last(10, 0))) == 0, "it alone would not fit into an answer"
    tail.add(line("y"))
    assert [each["message"] for each in json.loads(tail.last(10, 0))] == ["y"]


def test_an_answer_fits_into_a_message() -> None:
    tail = Tail()
    for _ in range(600):
        tail.add(line("ü" * 8000))
    answer = tail.last(10_000, 0)
    assert len(answer.encode()) <= MOST_ANSWER + 2
    assert 100 < len(json.loads(answer)) < 600
