"""What a server refuses: what, where, what to do instead, and how the command ends."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.cli.operator import Operator

IDLE = """\
name: idle-orders
mode: realtime
source: {type: generate, interval: 1s}
sink: {type: drop}
"""
BROKEN = """\
name: broken
source: {type: generate, count: 3}
stages:
  - {id: a, type: fitler, config: {condition: 'this.index > 1'}}
sink: {type: drop}
"""


@pytest.fixture
def idle(operator: Operator) -> Iterator[str]:
    operator.do("apply", "-f", operator.write("idle.yaml", IDLE))
    yield "idle-orders"
    operator.run("stop", "idle-orders")
    operator.run("delete", "pipeline", "idle-orders", "--yes")


@pytest.mark.parametrize(
    "command",
    [
        ("get", "pipeline", "idle-ordres"),
        ("describe", "pipeline", "idle-ordres"),
        ("start", "idle-ordres"),
        ("scale", "idle-ordres", "2"),
        ("logs", "idle-ordres"),
        ("tap", "idle-ordres", "source"),
        ("wait", "pipeline", "idle-ordres", "--for", "running"),
        ("delete", "pipeline", "idle-ordres", "--yes"),
        ("get", "runs", "idle-ordres"),
        ("get", "pipeline", "idle-ordres", "--watch"),
    ],
    ids=lambda command: " ".join(command[:2]),
)
def test_an_unknown_pipeline_is_answered_with_the_nearest_name(
    operator: Operator, idle: str, command: tuple[str, ...]
) -> None:
    said = operator.refused(*command, exit_status=1)
    assert "(PIPELINE_NOT_FOUND)" in said
    assert f"did you mean {idle}?" in said


def test_a_wrong_document_is_told_by_line_and_column(operator: Operator) -> None:
    file = operator.write("broken.yaml", BROKEN)
    for command in (("apply", "-f", file), ("diff", "-f", file), ("apply", "-f", file, "--dry-run")):
        said = operator.refused(*command, exit_status=2)
        assert f"{file}:4:" in said
        assert "UNKNOWN_TYPE" in said
        assert "write filter" in said


def test_of_several_documents_none_is_applied_where_one_is_wrong(operator: Operator) -> None:
    good = operator.write("good.yaml", IDLE.replace("idle-orders", "good-one"))
    broken = operator.write("broken.yaml", BROKEN)
    said = operator.refused("apply", "-f", good, "-f", broken, exit_status=2)
    assert "nothing was changed" in said
    assert operator.data("get", "pipelines", "--filter", "name=good-one") == []


def test_a_document_comes_from_standard_input(operator: Operator) -> None:
    said = operator.refused("apply", "-f", "-", stdin=BROKEN, exit_status=2)
    assert "<stdin>:4:" in said


def test_a_stale_etag_deletes_nothing(operator: Operator, idle: str) -> None:
    before = operator.data("get", "pipeline", idle)["etag"]
    operator.do("apply", "-f", operator.write("idle.yaml", IDLE.replace("1s", "2s")))
    said = operator.refused("delete", "pipeline", idle, "--etag", before, "--yes", exit_status=1)
    assert "(ETAG_STALE)" in said
    assert operator.data("get", "pipeline", idle)["revision"] == 2


def test_a_running_pipeline_is_not_deleted(operator: Operator, idle: str) -> None:
    operator.do("start", idle)
    said = operator.refused("delete", "pipeline", idle, "--yes", exit_status=1)
    assert "(PIPELINE_ACTIVE)" in said
    assert "stop" in said


def test_deleting_wants_a_word(operator: Operator, idle: str) -> None:
    assert "give --yes" in operator.refused("delete", "pipeline", idle, exit_status=2)
    assert operator.data("get", "pipeline", idle)["name"] == idle


def test_waiting_for_what_cannot_come_ends_at_once(operator: Operator, idle: str) -> None:
    said = operator.refused("wait", "pipeline", idle, "--for", "running", exit_status=1)
    assert "is not running: STOPPED" in said


def test_waiting_has_an_end(operator: Operator, idle: str) -> None:
    operator.do("start", idle)
    said = operator.refused("wait", "pipeline", idle, "--for", "completed", "--timeout", "200ms", exit_status=1)
    assert "is not completed after 200ms" in said


def test_scaling_needs_a_path_for_each_shard(operator: Operator) -> None:
    document = IDLE.replace("idle-orders", "one-file").replace("{type: drop}", "{type: file, path: out/one.jsonl}")
    operator.do("apply", "-f", operator.write("one-file.yaml", document))
    said = operator.refused("scale", "one-file", "2", exit_status=1)
    assert "{shard}" in said
    operator.do("delete", "pipeline", "one-file", "--yes")


def test_an_unknown_node_is_answered_with_the_nodes_that_there_are(operator: Operator, idle: str) -> None:
    operator.do("start", idle)
    said = operator.refused("tap", idle, "sorce", exit_status=1)
    assert "(NODE_NOT_FOUND)" in said


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("get", "pipelines", "--filter", "colour=red"), "colour"),
        (("get", "pipelines", "--sort", "colour"), "colour"),
    ],
)
def test_what_a_list_cannot_do_is_a_matter_of_usage(operator: Operator, command: tuple[str, ...], said: str) -> None:
    assert said in operator.refused(*command, exit_status=2)


@pytest.mark.parametrize(
    ("command", "remedy"),
    [
        (("get", "users", "ada"), "conduix get users"),
        (("get", "revisions"), "conduix get revisions NAME"),
        (("get", "users", "--watch"), "leave --watch away"),
        (("get", "pipelines", "--watch", "--limit", "3"), "leave --sort and --limit away"),
        (("describe", "run", "idle/x"), "orders/3"),
        (("agents", "adopt", "local"), "conduix agents list"),
    ],
)
def test_what_makes_no_sense_says_what_does(operator: Operator, command: tuple[str, ...], remedy: str) -> None:
    assert remedy in operator.refused(*command, exit_status=2)


def test_an_unknown_agent(operator: Operator) -> None:
    for command in (
        ("describe", "agent", "loacl"),
        ("agents", "show", "loacl"),
        ("agents", "remove", "loacl", "--yes"),
    ):
        said = operator.refused(*command, exit_status=1)
        assert "(AGENT_NOT_FOUND)" in said
        assert "did you mean local?" in said
