"""Streams that the server ends by itself: what breaks before is asked for again."""

from __future__ import annotations

import pytest

from conduix.errors import FailedPrecondition, Unavailable
from conduix.rpc.errors import RemoteError
from conduix.v1 import pipeline_service_pb2 as pb
from conduix.v1.common_pb2 import CHANGE_KIND_UPDATED
from conduix_tui.client.client import Client
from conduix_tui.client.credentials import FixedToken
from conduix_tui.client.watch import follow
from tests.unit.client.served import Script, served

FIRST = pb.WatchPipelinesRequest(filter="first")
AGAIN = pb.WatchPipelinesRequest(filter="again")


def message(name: str) -> pb.WatchPipelinesResponse:
    return pb.WatchPipelinesResponse(kind=CHANGE_KIND_UPDATED, pipeline=pb.Pipeline(name=name))


async def told(script: Script) -> list[str]:
    async with served(script) as address, Client(address, None, FixedToken("good")) as client:
        return [each.pipeline.name async for each in follow(client, client.pipelines.WatchPipelines, FIRST, AGAIN)]


async def test_it_ends_where_the_server_ends_it() -> None:
    script = Script()
    script.on("WatchPipelines", [message("a"), message("b")])
    assert await told(script) == ["a", "b"]
    assert len(script.asked) == 1


async def test_what_breaks_is_asked_for_in_the_other_way() -> None:
    script = Script()
    script.on("WatchPipelines", [message("a"), Unavailable("going")], Unavailable("not yet"), [message("b")])
    assert await told(script) == ["a", "b"]
    assert [each.filter for each in script.asked] == ["first", "again", "again"]


@pytest.mark.parametrize("answers", [[Unavailable("nobody")], [[message("a"), FailedPrecondition("no")]]])
async def test_what_does_not_pass_is_told(answers: list[object]) -> None:
    script = Script()
    script.on("WatchPipelines", *answers)
    with pytest.raises(RemoteError):
        await told(script)


async def test_whoever_stops_reading_ends_the_call() -> None:
    script = Script()
    script.on("WatchPipelines", [message("a"), message("b")])
    async with served(script) as address, Client(address, None, FixedToken("good")) as client:
        stream = follow(client, client.pipelines.WatchPipelines, FIRST, AGAIN)
        async for each in stream:
            assert each.pipeline.name == "a"
            break
        await stream.aclose()  # type: ignore[attr-defined]  # a generator, by another name
    assert len(script.asked) == 1
