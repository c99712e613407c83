"""What needs a person is found, and nothing else; the worst comes first, each with what mends it."""

from __future__ import annotations

import pytest

from conduix.v1 import agent_service_pb2 as agent_pb
from conduix.v1 import pipeline_service_pb2 as pb
from conduix_tui.store.actions import by_id
from conduix_tui.store.trouble import troubles


def pipeline(name: str, state: str, **fields: object) -> pb.Pipeline:
    return pb.Pipeline(name=name, state=f"PIPELINE_STATE_{state}", **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "item",
    [
        pipeline("a", "RUNNING", restarts=2, records_in=1000, records_dead=10),
        pipeline("a", "STOPPED"),
        pipeline("a", "COMPLETED"),
        pipeline("a", "PAUSED", reason=pb.PAUSE_REASON_OPERATOR),
        pipeline("a", "PAUSED"),
        pipeline("a", "STARTING", restarts=9),
    ],
)
def test_what_is_well_or_meant_so_is_no_trouble(item: pb.Pipeline) -> None:
    assert troubles([item], [agent_pb.Agent(state=agent_pb.AGENT_STATE_ONLINE)]) == []


@pytest.mark.parametrize(
    ("item", "severity", "what", "action"),
    [
        (pipeline("a", "FAILED"), "down", "failed", "start"),
        (pipeline("a", "WAITING_FOR_AGENT"), "down", "waits for its agent", ""),
        (pipeline("a", "PAUSED", reason=pb.PAUSE_REASON_DISK), "waits", "paused: DISK", ""),
        (pipeline("a", "PAUSED", reason=pb.PAUSE_REASON_DLQ_FLOOD), "waits", "paused: DLQ_FLOOD", "resume"),
        (pipeline("a", "REWINDING"), "waits", "rewinding", ""),
        (pipeline("a", "RUNNING", restarts=3), "odd", "3 restarts", ""),
        (pipeline("a", "RUNNING", records_in=100, records_dead=2), "odd", "2.0% dead letters", ""),
    ],
)
def test_what_is_not_well_is_told_with_what_mends_it(item: pb.Pipeline, severity: str, what: str, action: str) -> None:
    (found,) = troubles([item], [])
    assert (found.severity, found.what, found.action, found.name) == (severity, what, action, "a")
    if action:
        assert not by_id("pipeline", action).why_not(item)


def test_the_cause_and_the_remedy_are_the_server_s_own_where_it_has_some() -> None:
    said = pipeline("a", "FAILED", detail="the file is gone", remedy="put it back")
    (found,) = troubles([said], [])
    assert (found.cause, found.remedy) == ("the file is gone", "put it back")
    (other,) = troubles([pipeline("a", "FAILED")], [])
    assert other.remedy


def test_silent_agents_and_newcomers_need_somebody() -> None:
    gone = agent_pb.Agent(name="z", state=agent_pb.AGENT_STATE_OFFLINE, replicas=3)
    other = agent_pb.Agent(name="b", state=agent_pb.AGENT_STATE_ONLINE, adoption_pending=True)
    first, second = troubles([], [other, gone])
    assert (first.kind, first.name, first.severity, first.cause[:10]) == ("agent", "z", "down", "3 replicas")
    assert (second.name, second.severity, second.action) == ("b", "waits", "adopt")


def test_the_worst_comes_first_and_equals_by_name() -> None:
    found = troubles(
        [
            pipeline("odd", "RUNNING", restarts=5),
            pipeline("b", "FAILED"),
            pipeline("a", "FAILED", records_in=10, records_dead=5),
            pipeline("w", "PAUSED", reason=pb.PAUSE_REASON_DISK),
        ],
        [],
    )
    assert [(trouble.name, trouble.severity) for trouble in found] == [
        ("a", "down"),
        ("b", "down"),
        ("w", "waits"),
        ("a", "odd"),
        ("odd", "odd"),
    ]
