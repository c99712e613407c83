"""What follows from reports, and where pipelines are placed: tables of cases, and what holds for all."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conduix.errors import AgentIncapable, AgentOffline, AgentRequired, FailedPrecondition, RequestError
from conduix.v1.pipeline_service_pb2 import NodeCounts, ReplicaStatus
from conduix_server.control.placement import Candidate, choose
from conduix_server.control.settling import DESIRED, PAUSE, RESUME, SCALE, START, STOP, settled
from conduix_server.control.status import ENDED, Counts, Situation, combine, state_of, summarise

REPORTED = ["STARTING", "RUNNING", "REWINDING", "PAUSED", "DRAINING", "STOPPED", "COMPLETED", "FAILED"]
"""What agents say of a replica."""


def told(*states: str, reason: str = "", detail: str = "", code: str = "") -> list[ReplicaStatus]:
    """Replica 0, 1, …; `-` has not reported. A reason goes to those that are paused."""
    return [
        ReplicaStatus(
            replica=replica,
            state=f"PIPELINE_STATE_{state}",
            reason=f"PAUSE_REASON_{reason if reason and state == 'PAUSED' else 'UNSPECIFIED'}",
            detail=detail,
            code=code,
        )
        for replica, state in enumerate(states)
        if state != "-"
    ]


@pytest.mark.parametrize(
    ("states", "seen", "over"),
    [
        (["RUNNING"], "RUNNING", False),
        (["RUNNING", "-"], "STARTING", False),
        (["-", "-"], "PENDING", False),
        (["RUNNING", "COMPLETED"], "RUNNING", False),
        (["COMPLETED", "COMPLETED"], "COMPLETED", True),
        (["COMPLETED", "-"], "STARTING", False),
        (["COMPLETED", "STOPPED"], "STOPPED", True),
        (["FAILED", "RUNNING"], "FAILED", False),
        (["FAILED", "COMPLETED"], "FAILED", True),
        (["PAUSED", "RUNNING"], "PAUSED", False),
        (["DRAINING", "STOPPED"], "DRAINING", False),
        (["REWINDING", "RUNNING"], "REWINDING", False),
    ],
)
def test_of_several_replicas_the_one_that_matters_is_shown(states: Sequence[str], seen: str, over: bool) -> None:
    summary = combine(told(*states), len(states))
    assert (summary.state, summary.over) == (seen, over)


def test_the_cause_names_its_replica_where_there_are_several() -> None:
    assert combine(told("FAILED", detail="gone", code="DISK"), 1).detail == "gone"
    summary = combine([*told("RUNNING"), *told("-", "PAUSED", reason="DISK", detail="full")], 2)
    assert (summary.state, summary.reason, summary.detail) == ("PAUSED", "DISK", "replica 1: full")


@given(st.lists(st.sampled_from(REPORTED), min_size=1, max_size=6))
def test_a_run_is_over_exactly_when_every_replica_has_ended(states: list[str]) -> None:
    summary = combine(told(*states), len(states))
    assert summary.over == (set(states) <= ENDED)
    assert summary.state in states
    assert not combine(told(*states), len(states) + 1).over


@pytest.mark.parametrize(
    ("situation", "state"),
    [
        (Situation(), "STOPPED"),
        (Situation(run_state="PENDING", replicas=1, agent="a", agent_online=True), "PENDING"),
        (Situation(run_state="PENDING", replicas=1, agent="a"), "WAITING_FOR_AGENT"),
        (Situation(run_state="RUNNING", replicas=1, agent="a", reports=told("RUNNING")), "WAITING_FOR_AGENT"),
        (Situation(run_state="COMPLETED", run_ended=True, replicas=1, agent="a"), "COMPLETED"),
        (Situation(run_state="STOPPED", run_ended=True), "STOPPED"),
        (Situation(run_state="RUNNING", replicas=1, agent_online=True, reports=told("PAUSED")), "PAUSED"),
    ],
)
def test_what_a_pipeline_is_in(situation: Situation, state: str) -> None:
    assert summarise(situation).state == state


CASES = [
    (START, ["STARTING"], None),
    (START, ["RUNNING"], "SUCCEEDED"),
    (START, ["RUNNING", "-"], None),
    (START, ["COMPLETED", "RUNNING"], "SUCCEEDED"),
    (START, ["FAILED", "-"], "FAILED"),
    (START, ["STOPPED"], "FAILED"),
    (START, ["REWINDING"], None),
    (SCALE, ["RUNNING", "RUNNING", "COMPLETED"], "SUCCEEDED"),
    (SCALE, ["RUNNING", "DRAINING"], None),
    (PAUSE, ["RUNNING"], None),
    (PAUSE, ["PAUSED", "COMPLETED"], "SUCCEEDED"),
    (PAUSE, ["COMPLETED"], "SUCCEEDED"),
    (PAUSE, ["FAILED"], "FAILED"),
    (RESUME, ["PAUSED"], None),
    (RESUME, ["RUNNING"], "SUCCEEDED"),
    (STOP, ["DRAINING"], None),
    (STOP, ["STOPPED", "-"], None),
    (STOP, ["STOPPED", "FAILED"], "SUCCEEDED"),
    (STOP, ["COMPLETED"], "SUCCEEDED"),
    (STOP, ["-"], None),
]


@pytest.mark.parametrize(("kind", "states", "outcome"), CASES)
def test_how_an_operation_ends(kind: str, states: list[str], outcome: str | None) -> None:
    ending = settled(kind, len(states), told(*states))
    assert (ending.state if ending else None) == outcome


def test_a_replica_that_is_not_there_is_stopped() -> None:
    for states in (["-"], ["STOPPED", "-"]):
        ending = settled(STOP, len(states), told(*states), absent=True)
        assert ending is not None
        assert ending.state == "SUCCEEDED"
    assert settled(STOP, 2, told("RUNNING", "-"), absent=True) is None
    assert settled(START, 1, [], absent=True) is None


def test_a_resumed_pipeline_may_pause_for_a_reason_of_its_own() -> None:
    ending = settled(RESUME, 1, told("PAUSED", reason="OUTSIDE", detail="kafka is away"))
    assert ending is not None
    assert (ending.state, ending.message) == ("SUCCEEDED", "it has paused: kafka is away")
    assert settled(RESUME, 1, told("PAUSED", reason="OPERATOR")) is None


@given(st.sampled_from(sorted(DESIRED)), st.lists(st.sampled_from([*REPORTED, "-"]), min_size=1, max_size=4))
def test_no_operation_succeeds_while_a_replica_is_on_its_way(kind: str, states: list[str]) -> None:
    ending = settled(kind, len(states), told(*states))
    if ending is not None and ending.state == "SUCCEEDED":
        assert not {"STARTING", "DRAINING", "REWINDING", "-"} & set(states)
    if "FAILED" in states and kind != STOP:
        assert ending is not None
        assert ending.state == "FAILED"


def test_counts_add_up_over_replicas_and_letters_count_once() -> None:
    node = NodeCounts(node="in", role="NODE_ROLE_SOURCE", passed=5)
    letters = NodeCounts(node="dlq", role="NODE_ROLE_SINK", passed=1)
    out = NodeCounts(node="out", role="NODE_ROLE_SINK", passed=3, dead=1, filtered=1)
    statuses = [ReplicaStatus(replica=replica, nodes=[node, letters, out], restarts=1) for replica in range(2)]
    counts = Counts.of(statuses)
    assert (counts.read, counts.written, counts.filtered, counts.dead, counts.restarts) == (10, 6, 2, 2, 2)
    assert Counts.of(statuses[:1]).beside(counts) is counts
    assert counts.beside(Counts.of(statuses[:1])) is counts


def test_a_state_that_nobody_has_said_is_pending() -> None:
    assert state_of(ReplicaStatus()) == "PENDING"


def candidate(name: str, *, online: bool = True, cordoned: bool = False, able: str = "ab", load: int = 0) -> Candidate:
    return Candidate(name, name, online, cordoned, frozenset(able), load=load)


def test_the_agent_with_the_least_to_do_is_chosen() -> None:
    agents = [
        candidate("busy", load=3),
        candidate("away", online=False),
        candidate("closed", cordoned=True),
        candidate("poor", able="a"),
        candidate("z", load=1),
        candidate("y", load=1),
    ]
    assert choose(agents, ["a", "b"]).name == "y"


def test_only_agents_with_the_labels_are_chosen() -> None:
    north = Candidate("north", "north", True, False, frozenset("a"), {"zone": "north", "disk": "fast"}, load=9)
    agents = [candidate("south"), north]
    assert choose(agents, ["a"], {"zone": "north"}) is north
    assert choose(agents, ["a"], {}).name == "south"
    with pytest.raises(AgentIncapable, match="zone=west"):
        choose(agents, ["a"], {"zone": "west"})


@pytest.mark.parametrize(
    ("agents", "error", "text"),
    [
        ([], AgentRequired, "no agent"),
        ([candidate("away", online=False)], AgentOffline, "away"),
        ([candidate("poor", able="a"), candidate("none", able="")], AgentIncapable, "agent poor has no b; agent none"),
        ([candidate("closed", cordoned=True)], FailedPrecondition, "closed"),
    ],
)
def test_nobody_fits(agents: list[Candidate], error: type[RequestError], text: str) -> None:
    with pytest.raises(error, match=text) as raised:
        choose(agents, ["a", "b"])
    assert raised.value.remedy
