"""Live taps and log lines: from an agent that runs the pipeline to whoever watches, bounded, losses counted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from conduix.v1 import mesh_service_pb2 as pb
from conduix_server.mesh.hub import Heard, Hub
from tests.eventually import eventually
from tests.integration.mesh.serving import Served
from tests.integration.mesh.test_sessions import assign, connected


def tapped(tap_id: str, record: str, *, pipeline_id: str = "", dropped: int = 0) -> pb.StreamTelemetryRequest:
    tap = pb.TapRecord(tap_id=tap_id, pipeline_id=pipeline_id, record=record, dropped=dropped)
    return pb.StreamTelemetryRequest(tap=tap)


def logged(pipeline_id: str, message: str) -> pb.StreamTelemetryRequest:
    return pb.StreamTelemetryRequest(log=pb.LogLine(pipeline_id=pipeline_id, message=message, level="INFO"))


async def test_what_an_agent_streams_reaches_those_who_watch(served: Served) -> None:
    agent = await connected(served)
    pipeline_id = await assign(served.store, agent)
    go_on = asyncio.Event()

    async def items() -> AsyncIterator[pb.StreamTelemetryRequest]:
        yield tapped("t1", "1", pipeline_id=pipeline_id)
        yield tapped("t2", "2", pipeline_id=pipeline_id)
        yield logged(pipeline_id, "hello")
        await go_on.wait()
        yield logged(pipeline_id, "again")

    with served.hub.tap("t1") as records, served.hub.logs(pipeline_id) as one, served.hub.logs(pipeline_id) as other:
        call = served.service.StreamTelemetry(items(), metadata=agent.metadata)
        heard = await anext(records)
        assert (heard.item.record, heard.agent_id) == ("1", agent.disk.identity.agent_id)
        assert [(await anext(lines)).item.message for lines in (one, other)] == ["hello", "hello"]
        go_on.set()
        assert (await anext(one)).item.message == "again"
    assert await call == pb.StreamTelemetryResponse()
    assert served.count("telemetry_total", watched="no") == 1
    await agent.hang_up()


async def test_of_a_pipeline_that_is_not_its_own_an_agent_tells_nobody(served: Served) -> None:
    agent, other = await connected(served, "a1"), await connected(served, "a2")
    theirs = await assign(served.store, other)

    async def items() -> AsyncIterator[pb.StreamTelemetryRequest]:
        yield logged(theirs, "forged")

    with served.hub.logs(theirs) as lines:
        await served.service.StreamTelemetry(items(), metadata=agent.metadata)
        assert served.count("telemetry_total", watched="yes") == 1
        assert lines.waiting == 0
    for one in (agent, other):
        await one.hang_up()


async def test_a_watcher_that_is_slow_loses_the_oldest_and_knows_how_many() -> None:
    hub = Hub(waiting=2)
    with hub.tap("t") as records:
        for number in range(5):
            hub.publish("a", tapped("t", str(number), dropped=1 if number == 1 else 0))
        first, second = await anext(records), await anext(records)
    assert [(each.item.record, each.item.dropped) for each in (first, second)] == [("3", 4), ("4", 0)]
    assert isinstance(first, Heard)


async def test_nobody_is_kept_after_the_last_has_gone() -> None:
    hub = Hub()
    with hub.tap("t") as one:
        assert hub.wants(tapped("t", ""))
        with hub.tap("t"):
            pass
        assert hub.wants(tapped("t", ""))
        one.close()
    assert not hub.wants(tapped("t", ""))
    assert not hub.wants(logged("p", ""))
    assert not hub.wants(pb.StreamTelemetryRequest())


async def test_waiting_for_a_record_can_be_given_up() -> None:
    with Hub().tap("t") as records:
        waiting = asyncio.ensure_future(anext(records))
        await eventually(lambda: not waiting.done())
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
