"""The state says what there is and how old that is, and a recording tells the same again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from conduix.errors import UsageError
from conduix.v1.agent_service_pb2 import Agent
from conduix.v1.pipeline_service_pb2 import PIPELINE_STATE_FAILED, PIPELINE_STATE_RUNNING, Pipeline
from conduix_tui.store.columns import Cell, Column
from conduix_tui.store.recording import Recorded, Recording, Replay
from conduix_tui.store.state import State
from conduix_tui.store.updates import All, Ended, Interrupted, Origin, Put, Removed, Resumed, Update
from conduix_tui.store.view import View

NAME: Column[Pipeline] = Column("name", "NAME", lambda p: p.name, lambda p: Cell(p.name))
TOLD: Sequence[Update] = (
    All("pipeline", {"1": Pipeline(id="1", name="orders", state=PIPELINE_STATE_RUNNING)}),
    All("agent", {"a": Agent(id="a", name="alpha", labels={"zone": "eu"})}),
    All("run", {}),
    Put("pipeline", "2", Pipeline(id="2", name="flights")),
    Put("pipeline", "1", Pipeline(id="1", name="orders", state=PIPELINE_STATE_FAILED, detail="disk full")),
    Interrupted("pipeline", "the server is leaving", 1.5),
    Resumed("pipeline"),
    Removed("agent", "a"),
    Ended("run", "TOKEN_REVOKED", "this token is no longer let in", "sign in again"),
)


@dataclass
class Clock:
    now: float = 100.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Told:
    """An origin that tells what it is given; a real one is a server or a recording."""

    updates_: Sequence[Update] = field(default=TOLD)

    async def updates(self) -> AsyncIterator[Update]:
        for update in self.updates_:
            yield update


def test_views_follow_what_comes_before_and_after_they_are_shown() -> None:
    state = State()
    early, late = View([NAME]), View([NAME])
    state.show("pipeline", early)
    for update in TOLD:
        state.take(update)
    state.show("pipeline", late)
    for view in (early, late):
        view.refresh()
        assert [view.row_at(at).name for at in range(len(view))] == ["flights", "orders"]
        assert view.row_at(1).detail == "disk full"
    state.hide("pipeline", early)
    state.take(Removed("pipeline", "1"))
    early.refresh()
    late.refresh()
    assert (len(early), len(late)) == (2, 1)
    assert state.items["agent"] == {}


def test_the_connection_is_that_of_the_kind_that_is_worst_off() -> None:
    clock = Clock()
    state = State(clock)
    assert not state.loaded
    for update in (*TOLD[:3], All("event", {})):
        state.take(update)
    assert state.loaded
    assert state.connection.live
    clock.now += 5
    state.take(Put("pipeline", "2", Pipeline(id="2")))
    state.take(Interrupted("agent", "connection refused", 3.0))
    clock.now += 1
    connection = state.connection
    assert not connection.live
    assert (connection.cause, connection.age, connection.retry_in) == ("connection refused", 1.0, 2.0)
    state.take(Interrupted("agent", "connection refused", 3.0))
    clock.now += 9
    assert (state.connection.age, state.connection.retry_in) == (10.0, 0.0)
    state.take(Resumed("agent"))
    assert state.connection.live
    state.take(Interrupted("agent", "the server is leaving", 0.0))
    state.take(Ended("run", "TOKEN_REVOKED", "no longer let in", "sign in again"))
    ended = state.connection.ended
    assert ended is not None
    assert ended.remedy == "sign in again"
    state.take(All("agent", {}))
    state.take(All("run", {}))
    state.take(All("event", {}))
    assert state.connection.live


async def test_a_recording_tells_what_was_told(tmp_path: Path) -> None:
    path = tmp_path / "night.jsonl"
    with Recording(path) as recording:
        assert [update async for update in Recorded(Told(), recording).updates()] == list(TOLD)
    assert [update async for update in Replay(path, speed=0).updates()] == list(TOLD)


async def test_what_is_no_recording_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read"):
        Replay(tmp_path / "nowhere")
    (tmp_path / "text").write_text("hello\n")
    with pytest.raises(UsageError, match="is no recording"):
        Replay(tmp_path / "text")
    path = tmp_path / "cut"
    with Recording(path) as recording:
        assert [update async for update in Recorded(Told(), recording).updates()]
    path.write_bytes(path.read_bytes()[:-20])
    heard: list[Update] = []
    with pytest.raises(UsageError, match=r"cut:10: broken"):
        await _hear(Replay(path, speed=0), heard)
    assert heard == list(TOLD[:-1])


async def _hear(origin: Origin, heard: list[Update]) -> None:
    async for update in origin.updates():
        heard.append(update)  # noqa: PERF401 - what came before an error counts


def test_a_recording_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot record into"):
        Recording(tmp_path / "missing" / "night.jsonl")
