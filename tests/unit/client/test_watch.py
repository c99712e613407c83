"""Watched lists go on where a server ends."""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import islice
from typing import Any

import pytest

from conduix.errors import FailedPrecondition, ResumeTokenExpired, TokenExpired, Unavailable
from conduix.rpc.errors import RemoteError
from conduix.v1 import pipeline_service_pb2 as pb
from conduix.v1.common_pb2 import (
    CHANGE_KIND_ADDED,
    CHANGE_KIND_SNAPSHOT,
    CHANGE_KIND_SYNCED,
    CHANGE_KIND_UPDATED,
    ChangeKind,
)
from conduix_tui.client.client import Client
from conduix_tui.client.credentials import FixedToken
from conduix_tui.client.watch import Snapshot, watch
from tests.unit.client.served import Script, served


def message(kind: ChangeKind, name: str, token: str = "") -> pb.WatchPipelinesResponse:
    return pb.WatchPipelinesResponse(kind=kind, pipeline=pb.Pipeline(name=name), resume_token=token)


SYNCED_1 = message(CHANGE_KIND_SYNCED, "", "1")
A = message(CHANGE_KIND_SNAPSHOT, "a")


async def seen(
    script: Script, number: int, breaks: list[tuple[str, float]] | None = None, resumed: list[str] | None = None
) -> list[list[str] | str]:
    """The first updates: a snapshot as the list of its names, a change as its name."""
    noted, back = [] if breaks is None else breaks, [] if resumed is None else resumed
    async with served(script) as address, Client(address, None, FixedToken("good")) as client:
        updates = watch(
            client, client.pipelines.WatchPipelines, pb.WatchPipelinesRequest(filter="mode=BATCH"),
            interrupted=lambda error, wait: noted.append((error.code, wait)), resumed=lambda: back.append("resumed"),
        )  # fmt: skip
        return [_names(update) async for update in _first(updates, number)]


async def _first(updates: AsyncIterator[Any], number: int) -> AsyncIterator[Any]:
    for _ in islice(range(number), number):
        yield await anext(updates)


def _names(update: Snapshot[pb.WatchPipelinesResponse] | pb.WatchPipelinesResponse) -> list[str] | str:
    if isinstance(update, Snapshot):
        return [each.pipeline.name for each in update.messages]
    return update.pipeline.name


async def test_a_snapshot_as_a_whole_then_changes() -> None:
    script = Script()
    changed = message(CHANGE_KIND_UPDATED, "b", "2")
    script.on("WatchPipelines", [A, message(CHANGE_KIND_SNAPSHOT, "b"), SYNCED_1, changed])
    assert await seen(script, 2) == [["a", "b"], "b"]


async def test_an_empty_list_is_an_empty_snapshot() -> None:
    script = Script()
    script.on("WatchPipelines", [SYNCED_1, message(CHANGE_KIND_ADDED, "a", "2")])
    assert await seen(script, 2) == [[], "a"]


@pytest.mark.parametrize("end", [[], [Unavailable("going")]])
async def test_after_a_break_it_goes_on_with_the_last_token(end: list[Unavailable]) -> None:
    script = Script()
    script.on(
        "WatchPipelines",
        [A, SYNCED_1, message(CHANGE_KIND_UPDATED, "a", "7"), *end],
        [message(CHANGE_KIND_SYNCED, "", "7"), message(CHANGE_KIND_UPDATED, "b", "8")],
    )
    breaks: list[tuple[str, float]] = []
    resumed: list[str] = []
    assert await seen(script, 3, breaks, resumed) == [["a"], "a", "b"]
    assert resumed == ["resumed"]
    assert [asked.resume_token for asked in script.asked] == ["", "7"]
    assert [code for code, _ in breaks] == ["UNAVAILABLE"]


async def test_changes_that_are_not_kept_any_more_become_a_new_snapshot() -> None:
    script = Script()
    script.on(
        "WatchPipelines",
        [A, SYNCED_1],
        ResumeTokenExpired("too old"),
        [message(CHANGE_KIND_SNAPSHOT, "c"), message(CHANGE_KIND_SYNCED, "", "90")],
    )
    breaks: list[tuple[str, float]] = []
    assert await seen(script, 2, breaks) == [["a"], ["c"]]
    assert [asked.resume_token for asked in script.asked] == ["", "1", ""]
    assert len(breaks) == 1


async def test_an_expired_token_and_nothing_left_is_an_empty_snapshot() -> None:
    script = Script()
    script.on("WatchPipelines", [A, SYNCED_1], ResumeTokenExpired("too old"), [message(CHANGE_KIND_SYNCED, "", "90")])
    assert await seen(script, 2) == [["a"], []]


async def test_half_a_snapshot_is_never_seen() -> None:
    script = Script()
    script.on(
        "WatchPipelines",
        [message(CHANGE_KIND_SNAPSHOT, "gone", "1"), Unavailable("going")],
        [A, SYNCED_1],
    )
    assert await seen(script, 1) == [["a"]]
    assert [asked.resume_token for asked in script.asked] == ["", ""]


@pytest.mark.parametrize("error", [Unavailable("not yet"), FailedPrecondition("no")])
async def test_the_first_refusal_is_told(error: Unavailable | FailedPrecondition) -> None:
    script = Script()
    script.on("WatchPipelines", error)
    with pytest.raises(RemoteError, match=error.message):
        await seen(script, 1)
    assert len(script.asked) == 1


async def test_a_refusal_in_between_that_does_not_pass_is_told() -> None:
    script = Script()
    script.on("WatchPipelines", [A, SYNCED_1], FailedPrecondition("no"))
    with pytest.raises(RemoteError, match="no"):
        await seen(script, 2)


async def test_the_server_says_when_to_come_back() -> None:
    script = Script()
    script.on(
        "WatchPipelines", [A, SYNCED_1, Unavailable("restarting", retry_after=0.03)], [message(CHANGE_KIND_ADDED, "b")]
    )
    breaks: list[tuple[str, float]] = []
    assert await seen(script, 2, breaks) == [["a"], "b"]
    assert breaks == [("UNAVAILABLE", 0.03)]


async def test_a_token_that_ends_in_the_middle_is_tried_once_more_only() -> None:
    script = Script()
    script.on("WatchPipelines", [A, SYNCED_1, TokenExpired("over")], TokenExpired("over"))
    with pytest.raises(RemoteError, match="over"):
        await seen(script, 2)
    assert len(script.asked) == 2
