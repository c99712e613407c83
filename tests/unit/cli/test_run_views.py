"""What is shown of a run: tallies, log lines at changes of state, the summary."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from msgspec.structs import replace

from conduix.engine.link import State, Status
from conduix_tui.cli import logs
from conduix_tui.cli.progress import Bar, StateLog
from conduix_tui.cli.summary import Summary
from conduix_tui.cli.tally import Tally
from conduix_tui.cli.terminal import Exit
from tests.unit.cli.specs import LEDGER, orders
from tests.unit.cli.terminals import Screen

RUNNING = Status("RUNNING", at=1000.0, n=3, checkpoint_at=999.0, ledger=LEDGER, progress=0.42)


def test_a_tally_counts_each_record_where_people_look_for_it() -> None:
    tally = Tally.of(orders(), RUNNING)
    assert (tally.read, tally.filtered, tally.dead) == (100, 8, 4)
    assert tally.written == {"good": 90, "audit": 89}


def test_a_tally_before_the_first_record_names_every_sink() -> None:
    assert Tally.of(orders(), Status("STARTING", 0.0)).written == {"good": 0, "audit": 0}


def said(screen: Screen, statuses: list[Status], *, form: str = "text") -> list[str]:
    view = StateLog("orders", logs.configure("info", form, screen.terminal))
    for status in statuses:
        view.show(status)
    return screen.err.splitlines()


def state(name: State, **more: object) -> Status:
    return replace(RUNNING, state=name, **more)


def test_a_pause_is_said_once_with_cause_and_remedy_and_its_end_too() -> None:
    paused = state("PAUSED", reason="DISK", detail="out/x: no space left", remedy="free space")
    lines = said(Screen(), [RUNNING, paused, replace(paused, at=1001.0), RUNNING])
    assert lines == ["warning: orders is paused (DISK): out/x: no space left; free space", "orders goes on"]


def test_each_restart_is_said_with_the_checkpoint_it_went_back_to() -> None:
    lines = said(
        Screen(), [RUNNING, state("REWINDING", restarts=1, detail="shape: boom"), replace(RUNNING, restarts=1)]
    )
    assert lines == ["warning: orders was restarted, from checkpoint 3: shape: boom"]


def test_draining_is_said() -> None:
    assert said(Screen(), [RUNNING, state("DRAINING"), state("DRAINING", at=1.0)]) == [
        "orders drains: what was read is made durable"
    ]


def test_json_logs_are_one_object_a_line_with_the_state() -> None:
    lines = said(Screen(), [RUNNING, state("PAUSED", reason="OUTSIDE", detail="away")], form="json")
    record = json.loads(lines[0])
    assert (record["level"], record["state"], record["reason"], record["checkpoint"]) == (
        "warning",
        "PAUSED",
        "OUTSIDE",
        3,
    )
    assert record["message"] == "orders is paused (OUTSIDE): away"
    assert record["time"].endswith("+00:00")


def test_below_the_level_nothing_is_said() -> None:
    screen = Screen()
    log = logs.configure("warning", "text", screen.terminal)
    log.info("not this")
    log.warning("this")
    assert screen.err == "warning: this\n"


def test_the_bar_shows_share_records_dead_letters_and_checkpoint() -> None:
    screen = Screen(tty=True, env={"TERM": "xterm"})
    with Bar(orders(), screen.terminal) as bar:
        bar.show(RUNNING)
        screen.terminal.say("a line [above]")
    assert "42%" in screen.err
    assert "100 in" in screen.err
    assert "4 dead" in screen.err
    assert "checkpoint 3" in screen.err
    assert "a line [above]" in screen.err
    assert screen.terminal.above is None


def test_the_rate_is_that_of_the_last_seconds() -> None:
    screen = Screen(tty=True, env={"TERM": "xterm"})
    with Bar(orders(), screen.terminal) as bar:
        for second in range(10):
            read = replace(LEDGER["source"], passed=second * 1000)
            bar.show(replace(RUNNING, at=1000.0 + second, ledger={**LEDGER, "source": read}))
    assert "1,000/s" in screen.err.split("\r")[-3]


def summary(outcome: Exit, **more: object) -> Summary:
    status = replace(RUNNING, outputs={"good": "out/good.jsonl", "audit": "out/audit.jsonl", "dlq": "out/dead.jsonl"})
    fields = {
        "spec": orders(),
        "status": status,
        "seconds": 2.0,
        "state_dir": Path("/state"),
        "resume": "",
        "exit": outcome,
    }
    return Summary(**{**fields, **more})  # type: ignore[arg-type]


def test_the_summary_says_what_went_where() -> None:
    screen = Screen()
    summary(Exit.DEAD_LETTERS).tell(screen.terminal)
    assert screen.err.splitlines() == [
        "orders is done, with dead letters in 2s",
        "  in          100  50/s",
        "  out good     90  out/good.jsonl",
        "  out audit    89  out/audit.jsonl",
        "  filtered      8",
        "  dead          4  out/dead.jsonl",
        "  checkpoint    3  /state",
    ]


def test_a_failed_run_says_cause_remedy_and_how_to_go_on() -> None:
    screen = Screen()
    status = replace(RUNNING, state="FAILED", detail="good: cannot write", remedy="make the directory")
    summary(Exit.FAILED, status=status, resume="conduix run x.yaml --resume").tell(screen.terminal)
    assert screen.err.splitlines()[-3:] == [
        "error: good: cannot write",
        "remedy: make the directory",
        "go on with: conduix run x.yaml --resume",
    ]


def test_a_run_that_failed_before_it_began_shows_no_table_of_zeros() -> None:
    screen = Screen()
    status = Status("FAILED", 0.0, detail="source: no such file", remedy="check the path")
    summary(Exit.FAILED, status=status).tell(screen.terminal)
    assert screen.err.splitlines() == ["orders failed in 2s", "error: source: no such file", "remedy: check the path"]


def test_of_a_resumed_run_no_rate_is_made_up() -> None:
    screen = Screen()
    summary(Exit.DONE, resumed=True).tell(screen.terminal)
    assert "100  since the run began" in screen.err
    assert "/s" not in screen.err.replace("/state", "")


def test_the_summary_as_data_has_every_number() -> None:
    data = summary(Exit.DEAD_LETTERS).as_data()
    assert (data["in"], data["filtered"], data["dead"], data["exit"], data["checkpoint"]) == (100, 8, 4, 3, 3)
    assert data["out"]["good"] == {"records": 90, "where": "out/good.jsonl"}
    assert data["dead_letters"] == "out/dead.jsonl"
    assert data["nodes"]["shape"] == {"passed": 90, "filtered": 8, "dead": 2, "made": 0}
    json.dumps(data)


def test_secrets_of_the_document_are_not_in_the_summary() -> None:
    spec = dataclasses.replace(orders(), secrets={"hunter22": "${file:/run/secrets/x}"})
    status = replace(RUNNING, state="FAILED", detail="refused for hunter22")
    data = summary(Exit.FAILED, spec=spec, status=status).as_data()
    assert "hunter22" not in json.dumps(data)
