"""Waiting and watching: which state is waited for in vain, which row is shown for which change."""

from __future__ import annotations

import argparse
import json

import pytest

from conduix.errors import NotFound
from conduix.rpc.errors import RemoteError
from conduix.v1 import pipeline_service_pb2 as pb
from conduix.v1.common_pb2 import (
    CHANGE_KIND_ADDED,
    CHANGE_KIND_REMOVED,
    CHANGE_KIND_SNAPSHOT,
    CHANGE_KIND_UPDATED,
    ChangeKind,
)
from conduix_tui.cli.server import wait
from conduix_tui.cli.server.kinds import KINDS
from conduix_tui.cli.server.watching import _View, conditions_of, interruptions
from conduix_tui.client.watch import Snapshot
from tests.unit.cli.terminals import Screen

ORDERS = pb.Pipeline(id="1", name="orders", state=pb.PIPELINE_STATE_RUNNING)


def change(kind: ChangeKind, pipeline: pb.Pipeline) -> pb.WatchPipelinesResponse:
    return pb.WatchPipelinesResponse(kind=kind, pipeline=pipeline)


def snapshot(*pipelines: pb.Pipeline) -> Snapshot[pb.WatchPipelinesResponse]:
    return Snapshot(tuple(change(CHANGE_KIND_SNAPSHOT, each) for each in pipelines))


def test_the_pipeline_is_found_in_snapshots_and_changes() -> None:
    other = pb.Pipeline(id="2", name="other")
    assert wait._of(snapshot(other, ORDERS), ORDERS) == ORDERS
    assert wait._of(change(CHANGE_KIND_UPDATED, ORDERS), ORDERS) == ORDERS


@pytest.mark.parametrize(
    "update",
    [
        snapshot(),
        change(CHANGE_KIND_REMOVED, pb.Pipeline(id="1")),
        change(CHANGE_KIND_ADDED, pb.Pipeline(id="3", name="orders")),
    ],
    ids=["gone-in-between", "removed", "another-of-that-name"],
)
def test_who_waits_for_what_was_deleted_is_told(
    update: Snapshot[pb.WatchPipelinesResponse] | pb.WatchPipelinesResponse,
) -> None:
    with pytest.raises(NotFound) as gone:
        wait._of(update, ORDERS)
    assert "deleted" in gone.value.remedy


@pytest.mark.parametrize(
    ("state", "desired", "stuck"),
    [
        (pb.PIPELINE_STATE_RUNNING, pb.DESIRED_STATE_RUNNING, False),
        (pb.PIPELINE_STATE_PAUSED, pb.DESIRED_STATE_PAUSED, False),
        (pb.PIPELINE_STATE_WAITING_FOR_AGENT, pb.DESIRED_STATE_RUNNING, False),
        (pb.PIPELINE_STATE_STOPPED, pb.DESIRED_STATE_RUNNING, False),
        (pb.PIPELINE_STATE_STOPPED, pb.DESIRED_STATE_STOPPED, True),
        (pb.PIPELINE_STATE_COMPLETED, pb.DESIRED_STATE_RUNNING, True),
        (pb.PIPELINE_STATE_FAILED, pb.DESIRED_STATE_RUNNING, True),
    ],
)
def test_what_does_not_change_by_itself(state: pb.PipelineState, desired: pb.DesiredState, stuck: bool) -> None:
    assert wait._stuck(pb.Pipeline(state=state, desired_state=desired)) is stuck


@pytest.mark.parametrize(
    ("state", "dead", "wanted", "status"),
    [
        (pb.PIPELINE_STATE_COMPLETED, 0, pb.PIPELINE_STATE_COMPLETED, 0),
        (pb.PIPELINE_STATE_COMPLETED, 2, pb.PIPELINE_STATE_COMPLETED, 3),
        (pb.PIPELINE_STATE_RUNNING, 2, pb.PIPELINE_STATE_RUNNING, 0),
        (pb.PIPELINE_STATE_FAILED, 0, pb.PIPELINE_STATE_COMPLETED, 1),
        (pb.PIPELINE_STATE_FAILED, 0, pb.PIPELINE_STATE_FAILED, 0),
    ],
)
def test_exit_codes_of_waiting(state: pb.PipelineState, dead: int, wanted: int, status: int) -> None:
    screen = Screen()
    pipeline = pb.Pipeline(name="orders", state=state, records_dead=dead, detail="because", remedy="mend it")
    args = argparse.Namespace(state="completed", timeout=None, output="text")
    assert wait._outcome(pipeline, wanted, args, screen.terminal) == status
    if status == 1:
        assert "orders is not completed: FAILED  because" in screen.err
        assert "mend it" in screen.err


def test_a_watched_table_keeps_its_columns_and_the_names_of_what_goes() -> None:
    screen = Screen()
    view = _View(KINDS["pipelines"], "text", screen.terminal)
    view.show(snapshot(ORDERS, pb.Pipeline(id="2", name="a-longer-name")))
    view.show(change(CHANGE_KIND_UPDATED, pb.Pipeline(id="1", name="orders", state=pb.PIPELINE_STATE_PAUSED)))
    view.show(change(CHANGE_KIND_REMOVED, pb.Pipeline(id="2")))
    head, first, _, updated, removed = screen.out.splitlines()
    assert head.index("STATE") == first.index("RUNNING") == updated.index("PAUSED")
    assert removed.startswith("a-longer-name")
    assert removed.endswith("(removed)")


def test_a_watched_list_as_json_is_a_line_a_change() -> None:
    screen = Screen()
    view = _View(KINDS["pipelines"], "json", screen.terminal)
    view.show(snapshot(ORDERS))
    view.show(change(CHANGE_KIND_REMOVED, pb.Pipeline(id="1")))
    told = [json.loads(line) for line in screen.out.splitlines()]
    assert [(each["change"], each["pipeline"]["name"]) for each in told] == [
        ("SNAPSHOT", "orders"), ("REMOVED", "orders"),
    ]  # fmt: skip


def test_an_empty_list_that_is_watched_shows_its_head_with_the_first_row() -> None:
    screen = Screen()
    view = _View(KINDS["pipelines"], "text", screen.terminal)
    view.show(snapshot())
    assert screen.out == ""
    view.show(change(CHANGE_KIND_ADDED, ORDERS))
    assert len(screen.out.splitlines()) == 2


def test_each_filter_is_one_condition() -> None:
    assert conditions_of(["state=FAILED", "label.team=data and more"]) == ["state=FAILED", "'label.team=data and more'"]


def test_an_interruption_says_when_it_is_tried_again() -> None:
    screen = Screen()
    interruptions(screen.terminal)(RemoteError("gone\x1b", code="UNAVAILABLE", status="UNAVAILABLE"), 0.52)
    assert screen.err == "interrupted: gone\\x1b; again in 500ms\n"
