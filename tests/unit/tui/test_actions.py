"""Actions: when they can be done, how strictly they are asked about, what takes them back, their commands."""

from __future__ import annotations

import shlex

import pytest

from conduix.v1 import agent_service_pb2 as agent_pb
from conduix.v1 import pipeline_service_pb2 as pb
from conduix.v1 import run_service_pb2 as run_pb
from conduix.v1.common_pb2 import ROLE_ADMIN, ROLE_OPERATOR
from conduix_tui.cli.arguments import Parser
from conduix_tui.cli.verbs import verbs
from conduix_tui.store.actions import ACTIONS, Action, Grade, by_id, name_of, of_kind


def pipeline(state: str, **fields: object) -> pb.Pipeline:
    return pb.Pipeline(name="orders", state=f"PIPELINE_STATE_{state}", **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("state", "can"),
    [
        ("STOPPED", {"start", "fresh", "delete", "scale"}),
        ("FAILED", {"start", "fresh", "delete", "scale"}),
        ("COMPLETED", {"start", "fresh", "delete", "scale"}),
        ("RUNNING", {"pause", "checkpoint", "stop", "scale"}),
        ("PAUSED", {"resume", "stop", "scale"}),
        ("REWINDING", {"pause", "stop", "scale"}),
    ],
)
def test_of_each_state_only_what_makes_sense_can_be_done(state: str, can: set[str]) -> None:
    item = pipeline(state)
    assert {action.id for action in of_kind("pipeline") if not action.why_not(item)} == can


def test_what_is_about_to_be_paused_is_resumed_not_paused() -> None:
    item = pipeline("RUNNING", desired_state=pb.DESIRED_STATE_PAUSED)
    assert by_id("pipeline", "pause").why_not(item)
    assert not by_id("pipeline", "resume").why_not(item)


def test_runs_and_agents_say_why_not() -> None:
    assert by_id("run", "retry").why_not(run_pb.Run(state=pb.PIPELINE_STATE_RUNNING)).startswith("it neither")
    assert not by_id("run", "retry").why_not(run_pb.Run(state=pb.PIPELINE_STATE_FAILED))
    assert by_id("agent", "adopt").why_not(agent_pb.Agent()) == "no newcomer waits for it"
    assert not by_id("agent", "adopt").why_not(agent_pb.Agent(adoption_pending=True))
    assert by_id("agent", "remove").why_not(agent_pb.Agent(state=agent_pb.AGENT_STATE_REVOKED))


@pytest.mark.parametrize(
    ("action", "count", "protected", "grade"),
    [
        ("start", 1, False, Grade.REVERSIBLE),
        ("start", 9, False, Grade.REVERSIBLE),
        ("start", 1, True, Grade.DISRUPTIVE),
        ("stop", 1, False, Grade.DISRUPTIVE),
        ("stop", 2, False, Grade.IRREVERSIBLE),
        ("stop", 1, True, Grade.IRREVERSIBLE),
        ("delete", 1, False, Grade.IRREVERSIBLE),
        ("delete", 5, True, Grade.IRREVERSIBLE),
    ],
)
def test_many_and_protected_are_asked_about_more_strictly(
    action: str, count: int, protected: bool, grade: Grade
) -> None:
    assert by_id("pipeline", action).grade_for(count, protected=protected) is grade


def test_what_is_done_at_once_can_be_taken_back_or_changes_nothing() -> None:
    at_once = [action for action in ACTIONS if action.grade is Grade.REVERSIBLE and action.id != "checkpoint"]
    for action in at_once:
        told = action.told(4) if action.asks else action
        assert told.opposite(pipeline("RUNNING", replicas=2)) is not None, action.id


def test_an_action_that_asks_for_a_number_is_told_it_and_knows_the_one_before() -> None:
    scale = by_id("pipeline", "scale")
    told = scale.told(4)
    assert (told.label, told.command("orders"), told.asks) == ("Scale to 4", "conduix scale orders 4", None)
    back = told.opposite(pipeline("RUNNING", replicas=2))
    assert back is not None
    assert back.command("orders") == "conduix scale orders 2"
    with pytest.raises(ValueError, match="stop asks for nothing"):
        by_id("pipeline", "stop").told(1)


def test_names_in_commands_are_safe_to_paste() -> None:
    assert by_id("pipeline", "start").command("a; rm -rf /") == "conduix start 'a; rm -rf /'"


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: f"{action.kind}-{action.id}")
def test_every_action_has_a_command_that_the_command_line_understands(action: Action) -> None:
    told = action.told(3) if action.asks else action
    program, verb, *rest = shlex.split(told.command("orders/7" if action.kind == "run" else "orders"))
    assert program == "conduix"
    parser = Parser(prog=verb)
    next(each for each in verbs() if each.name == verb).declare(parser)
    parser.parse_args(rest)
    assert action.effect.endswith(".")


@pytest.mark.parametrize("kind", ["pipeline", "agent", "run"])
def test_keys_of_a_kind_are_all_different(kind: str) -> None:
    keys = [action.key for action in ACTIONS if action.kind == kind]
    assert len(set(keys)) == len(keys)


def test_who_decides_about_agents_is_an_admin() -> None:
    assert {action.needs for action in of_kind("agent")} == {ROLE_ADMIN}
    assert {action.needs for action in of_kind("pipeline")} == {ROLE_OPERATOR}


def test_resources_are_called_as_people_call_them() -> None:
    assert name_of("run", run_pb.Run(pipeline_name="orders", run_seq=7)) == "orders/7"
    assert name_of("agent", agent_pb.Agent(id="0190", name="alpha")) == "alpha"
    assert name_of("agent", agent_pb.Agent(id="0190")) == "0190"
    with pytest.raises(StopIteration):
        by_id("run", "start")
