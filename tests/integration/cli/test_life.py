"""The whole life of pipelines by the command line: applied, started, looked at, paused, scaled, stopped, deleted."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.eventually import eventually_sync
from tests.integration.cli.operator import Operator

TICKS = """\
name: ticks
mode: realtime
source: {type: generate, interval: 5ms, mapping: 'root = {"n": this.index}'}
stages:
  - id: square
    type: mapping
    config:
      mapping: |
        root = this
        root.square = this.n * this.n
sink: {type: file, path: out/ticks.jsonl, format: jsonl, mkdir: true}
"""
SHARDED = """\
name: sharded
source: {type: file, path: "numbers-*.jsonl", format: jsonl}
stages:
  - {id: doubled, type: mapping, config: {mapping: 'root.twice = this.n * 2'}}
sink: {type: file, path: 'out/doubled-{shard}.jsonl', format: jsonl, mkdir: true}
"""


@pytest.fixture
def ticks(operator: Operator) -> Iterator[str]:
    """A pipeline that never ends, applied and not started; gone in the end."""
    operator.do("apply", "-f", operator.write("ticks.yaml", TICKS))
    yield "ticks"
    operator.run("stop", "ticks")
    operator.run("delete", "pipeline", "ticks", "--yes")


def lines(process: subprocess.Popen[str]) -> Iterator[str]:
    assert process.stdout is not None
    yield from process.stdout


def test_an_example_from_apply_to_delete(operator: Operator) -> None:
    document = "examples/clean-airports.yaml"
    (would,) = operator.data("apply", "-f", document, "--dry-run")
    assert (would["action"], operator.data("get", "pipelines", "--filter", "name=clean-airports")) == ("CREATED", [])
    assert "a new pipeline" in operator.do("diff", "-f", document)
    assert operator.run("diff", "-f", document, "--exit-code").returncode == 1
    assert operator.do("apply", "-f", document) == "clean-airports created, revision 1\n"
    assert operator.do("apply", "-f", document) == "clean-airports unchanged, revision 1\n"
    assert operator.run("diff", "-f", document, "--exit-code").returncode == 0

    assert operator.do("start", "clean-airports").startswith("clean-airports: start done")
    done = operator.do("wait", "pipeline", "clean-airports", "--for", "completed", "--timeout", "60s")
    assert done.startswith("clean-airports: COMPLETED")
    pipeline = operator.data("get", "pipeline", "clean-airports")
    assert (pipeline["state"], pipeline["records_in"], pipeline["records_dead"]) == ("COMPLETED", 3376, 0)
    assert pipeline["document"] == (operator.folder / document).read_text(encoding="utf-8")
    (run,) = operator.data("runs", "list", "clean-airports")
    assert (run["state"], run["run_seq"], run["records_in"], run["records_filtered"]) == ("COMPLETED", 1, 3376, 1348)
    shown = operator.do("describe", "run", "clean-airports/1")
    assert "clean-airports/1" in shown
    assert "3,376 in" in shown
    (operation,) = operator.data("get", "operations", "clean-airports")
    assert (operation["kind"], operation["state"], operation["created_by"]) == ("start", "SUCCEEDED", "admin")
    assert "COMPLETED" in operator.do("describe", "pipeline", "clean-airports")

    assert "deleted" in operator.run("delete", "pipeline", "clean-airports", "--yes").stderr
    assert "(PIPELINE_NOT_FOUND)" in operator.refused("get", "pipeline", "clean-airports", exit_status=1)


def test_what_it_writes_is_what_a_run_without_a_server_writes(operator: Operator) -> None:
    document = "examples/stocks-by-quarter.yaml"
    alone = operator.run("run", document, "--output", "json")
    assert alone.returncode in (0, 3)
    written = [Path(sink["where"]) for sink in json.loads(alone.stdout)["out"].values()]
    expected = [(operator.folder / path).read_bytes() for path in written]
    for path in written:
        (operator.folder / path).unlink()
    operator.do("apply", "-f", document)
    operator.do("start", "stocks-by-quarter")
    done = operator.run("wait", "pipeline", "stocks-by-quarter", "--for", "completed", "--timeout", "60s")
    assert done.returncode == alone.returncode
    assert [(operator.folder / path).read_bytes() for path in written] == expected
    operator.do("delete", "pipeline", "stocks-by-quarter", "--yes")


def test_tapped_paused_resumed_stopped_and_started_again(operator: Operator, ticks: str) -> None:
    operator.do("start", ticks)
    operator.do("wait", "pipeline", ticks, "--for", "running", "--timeout", "30s")
    tapped = [json.loads(line) for line in operator.do("tap", ticks, "square", "--limit", "5").splitlines()]
    assert len(tapped) == 5
    assert all(record["square"] == record["n"] ** 2 for record in tapped)
    told = [json.loads(line) for line in operator.do("tap", ticks, "square", "--limit", "2", "-o", "json").splitlines()]
    assert [each["node"] for each in told] == ["square", "square"]

    assert operator.do("pause", ticks).startswith("ticks: pause done, PAUSED")
    paused = operator.data("get", "pipeline", ticks)
    assert (paused["state"], paused["desired_state"], paused["reason"]) == ("PAUSED", "PAUSED", "OPERATOR")
    assert operator.do("resume", ticks).startswith("ticks: resume done, RUNNING")
    eventually_sync(lambda: operator.data("get", "pipeline", ticks)["records_in"] > paused["records_in"])
    assert operator.do("checkpoint", ticks).startswith("ticks: checkpoint done")

    stopped = operator.data("stop", ticks)
    assert stopped["operation"]["state"] == "SUCCEEDED"
    assert stopped["pipeline"]["state"] == "STOPPED"
    operator.do("start", ticks)
    eventually_sync(lambda: operator.data("get", "pipeline", ticks)["records_in"] > stopped["pipeline"]["records_in"])
    operator.do("stop", ticks)
    (run,) = operator.data("runs", "list", ticks)
    numbers = [json.loads(line)["n"] for line in (operator.folder / "out/ticks.jsonl").read_text().splitlines()]
    assert numbers == list(range(len(numbers)))
    assert run["run_seq"] == 1


def test_a_list_is_watched_while_things_happen(operator: Operator, ticks: str) -> None:
    watching = operator.spawn("get", "pipelines", "--watch", "--output", "json", "--filter", f"name={ticks}")
    try:
        told = map(json.loads, lines(watching))
        first = next(told)
        assert (first["change"], first["pipeline"]["state"]) == ("SNAPSHOT", "STOPPED")
        operator.do("start", ticks)
        running = next(each for each in told if each["pipeline"]["state"] == "RUNNING")
        assert running["change"] == "UPDATED"
        assert running["pipeline"]["name"] == ticks
    finally:
        watching.send_signal(signal.SIGINT)
        _, said = watching.communicate()
    assert watching.returncode == 130
    assert "Traceback" not in said


def test_logs_come_from_before_and_live(operator: Operator, ticks: str) -> None:
    assert "(PIPELINE_INACTIVE)" in operator.refused("logs", ticks, exit_status=1)
    operator.do("start", ticks)
    before = [json.loads(each) for each in operator.do("logs", ticks, "-o", "json", "--lines", "5").splitlines()]
    assert 0 < len(before) <= 5
    assert all(line["message"] and line["level"] and line["agent_id"] for line in before)
    assert operator.do("logs", ticks)
    following = operator.spawn("logs", ticks, "--follow", "--output", "json", "--lines", "1")
    try:
        told = map(json.loads, lines(following))
        last = next(told)
        operator.do("pause", ticks)
        operator.do("resume", ticks)
        assert next(told)["at"] > last["at"]
    finally:
        following.send_signal(signal.SIGINT)
        following.communicate()
    assert following.returncode == 130


def test_a_sharded_pipeline_is_scaled(operator: Operator) -> None:
    for shard in range(4):
        rows = "".join(f'{{"n": {shard * 50_000 + i}}}\n' for i in range(50_000))
        (operator.folder / f"numbers-{shard}.jsonl").write_text(rows)
    operator.do("apply", "-f", operator.write("sharded.yaml", SHARDED))
    operator.do("scale", "sharded", "2")
    assert operator.data("get", "pipeline", "sharded")["replicas"] == 2
    operator.do("start", "sharded")
    operator.run("pause", "sharded")  # it may be done already
    operator.run("scale", "sharded", "3")
    operator.run("resume", "sharded")
    operator.do("wait", "pipeline", "sharded", "--for", "completed", "--timeout", "60s")
    found = [
        json.loads(line)["twice"]
        for path in sorted(operator.folder.glob("out/doubled-*.jsonl"))
        for line in path.read_text().splitlines()
    ]
    assert sorted(found) == [n * 2 for n in range(200_000)]
    assert operator.data("get", "pipeline", "sharded")["records_in"] == 200_000
    operator.do("delete", "pipeline", "sharded", "--yes")


def test_a_changed_document_is_a_revision_that_waits_for_a_fresh_start(operator: Operator, ticks: str) -> None:
    operator.do("start", ticks)
    operator.do("stop", ticks)
    changed = operator.write("ticks.yaml", TICKS.replace("this.n * this.n", "this.n * 2"))
    shown = operator.do("apply", "-f", changed)
    assert shown.startswith("ticks updated, revision 2\n")
    assert any(line.startswith("+") and "this.n * 2" in line for line in shown.splitlines())
    assert [each["number"] for each in operator.data("get", "revisions", ticks, "--sort", "number")] == [1, 2]
    assert "(DOCUMENT_CHANGED)" in operator.refused("start", ticks, exit_status=1)
    operator.do("start", ticks, "--fresh")
    runs = operator.data("runs", "list", ticks, "--sort", "started_at")
    assert [(run["run_seq"], run["revision"]) for run in runs] == [(1, 1), (2, 2)]


def test_no_wait_returns_at_once_and_the_outcome_is_found_later(operator: Operator, ticks: str) -> None:
    answer = operator.data("start", ticks, "--no-wait")
    assert answer["operation"]["kind"] == "start"

    def settled() -> bool:
        listed = operator.data("get", "operations", ticks)
        return [each["state"] for each in listed if each["id"] == answer["operation"]["id"]] == ["SUCCEEDED"]

    eventually_sync(settled)


def test_streams_end_quietly_when_their_reader_goes(operator: Operator, ticks: str) -> None:
    operator.do("start", ticks)
    tapping = operator.spawn("tap", ticks, "square")
    next(lines(tapping))
    assert tapping.stdout is not None
    tapping.stdout.close()
    assert tapping.wait(30) == 141
    assert tapping.stderr is not None
    assert "Traceback" not in tapping.stderr.read()
    tapping.stderr.close()
