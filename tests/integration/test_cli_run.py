"""`conduix run` as a process: exit codes, state, signals, the progress bar, the streams."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.integration.command import CONDUIX, PATIENCE, conduix, environment, start

DOCUMENT = """\
name: orders
source: {type: file, path: orders.jsonl}
stages:
  - {id: active, type: filter, config: {condition: 'this.status == "active"'}}
  - {id: shape, type: mapping, config: {mapping: 'root.id = this.id.uppercase()'}}
sink: {type: file, path: out/orders.jsonl}
"""
GOOD = ['{"id":"a","status":"active"}', '{"id":"b","status":"new"}', '{"id":"c","status":"active"}']
BAD = '{"id":7,"status":"active"}'
ENDLESS = """\
name: ticks
source: {type: generate, interval: 5ms, mapping: 'root.n = 1'}
sink: {type: stdout}
"""
SLOW = """\
name: slow
source: {type: generate, interval: 5ms, count: 100000, mapping: 'root.n = 1'}
sink: {type: stdout}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "orders.yaml").write_text(DOCUMENT, encoding="utf-8")
    (tmp_path / "endless.yaml").write_text(ENDLESS, encoding="utf-8")
    (tmp_path / "slow.yaml").write_text(SLOW, encoding="utf-8")
    write(tmp_path, GOOD)
    (tmp_path / "out").mkdir()
    return tmp_path


def write(folder: Path, lines: list[str]) -> None:
    (folder / "orders.jsonl").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def output(folder: Path) -> list[str]:
    return (folder / "out" / "orders.jsonl").read_text(encoding="utf-8").splitlines()


# to the end


def test_a_run_to_its_end(folder: Path) -> None:
    done = conduix("run", "orders.yaml", cwd=folder)
    assert (done.returncode, done.stdout) == (0, "")
    assert output(folder) == ['{"id":"A"}', '{"id":"C"}']
    lines = done.stderr.splitlines()
    assert lines[0].startswith("orders is done in ")
    assert [re.split(r"\s{2,}", line.strip())[:2] for line in lines[1:5]] == [
        ["in", "3"],
        ["out file", "2"],
        ["filtered", "1"],
        ["dead", "0"],
    ]
    assert "out/orders.jsonl" in lines[2]


def test_dead_letters_end_with_3_and_the_summary_says_where_they_are(folder: Path) -> None:
    write(folder, [*GOOD, BAD])
    done = conduix("run", "orders.yaml", cwd=folder)
    assert done.returncode == 3
    assert output(folder) == ['{"id":"A"}', '{"id":"C"}']
    (dead,) = re.findall(r"^  dead +1  (\S+)$", done.stderr, re.MULTILINE)
    (letter,) = [json.loads(line) for line in Path(dead).read_text(encoding="utf-8").splitlines()]
    assert (letter["payload"], letter["stage"]) == (BAD, "shape")


def test_the_summary_as_json(folder: Path) -> None:
    write(folder, [*GOOD, BAD])
    done = conduix("run", "orders.yaml", "--output", "json", cwd=folder)
    summary = json.loads(done.stdout)
    assert (summary["in"], summary["filtered"], summary["dead"]) == (4, 1, 1)
    assert summary["out"]["file"]["records"] == 2
    assert Path(summary["out"]["file"]["where"]).name == "orders.jsonl"
    assert (summary["state"], summary["exit"], summary["restarts"]) == ("COMPLETED", 3, 0)
    assert Path(summary["dead_letters"]).is_file()


def test_a_finished_run_can_be_run_again(folder: Path) -> None:
    assert conduix("run", "orders.yaml", cwd=folder).returncode == 0
    write(folder, GOOD[:1])
    assert conduix("run", "orders.yaml", cwd=folder).returncode == 0
    assert output(folder) == ['{"id":"A"}']


def test_state_is_kept_where_the_xdg_variable_says(folder: Path) -> None:
    conduix("run", "orders.yaml", cwd=folder)
    assert (folder / "state" / "conduix" / "run" / "orders" / "lock").is_file()


def test_a_limit(folder: Path) -> None:
    done = conduix("run", "orders.yaml", "--limit", "2", "--output", "json", cwd=folder)
    assert done.returncode == 0
    assert json.loads(done.stdout)["in"] == 2


def test_a_dry_run_writes_nothing(folder: Path) -> None:
    write(folder, [*GOOD, BAD])
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    done = conduix("run", "orders.yaml", "--dry-run", "--output", "json", cwd=folder)
    summary = json.loads(done.stdout)
    assert done.returncode == 3
    assert (summary["in"], summary["filtered"], summary["dead"], summary["dry_run"]) == (4, 1, 1, True)
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


def test_records_on_standard_output_are_alone_there(folder: Path) -> None:
    done = conduix("run", "orders.yaml", "--set", "sink={type: stdout}", cwd=folder)
    assert done.returncode == 0
    assert done.stdout == '{"id":"A"}\n{"id":"C"}\n'


def test_a_summary_would_not_be_mixed_with_records(folder: Path) -> None:
    done = conduix("run", "orders.yaml", "--set", "sink={type: stdout}", "--output", "json", cwd=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert "would mix" in done.stderr


def test_records_from_standard_input(folder: Path) -> None:
    records = "".join(f"{line}\n" for line in GOOD)
    done = conduix("run", "orders.yaml", "--set", "source={type: stdin, format: jsonl}", cwd=folder, stdin=records)
    assert done.returncode == 0
    assert output(folder) == ['{"id":"A"}', '{"id":"C"}']


def test_document_and_records_cannot_both_come_from_standard_input(folder: Path) -> None:
    done = conduix("run", "-", cwd=folder, stdin=DOCUMENT.replace("{type: file, path: orders.jsonl}", "{type: stdin}"))
    assert done.returncode == 2
    assert "both" in done.stderr


def test_logs_as_json_are_json_to_the_last_line(folder: Path) -> None:
    done = conduix("run", "orders.yaml", "--log-format", "json", cwd=folder)
    last = json.loads(done.stderr.splitlines()[-1])
    assert (last["message"], last["in"], last["state"]) == ("run ended", 3, "COMPLETED")
    for line in done.stderr.splitlines():
        json.loads(line)


# what cannot be run


def test_a_missing_source_says_what_and_where(folder: Path) -> None:
    (folder / "orders.jsonl").unlink()
    done = conduix("run", "orders.yaml", cwd=folder)
    assert done.returncode == 1
    assert "orders.jsonl: No such file or directory" in done.stderr
    assert "remedy: check the path" in done.stderr
    assert not (folder / "out" / "orders.jsonl").exists()


def test_a_state_directory_that_cannot_be_made(folder: Path) -> None:
    done = conduix("run", "orders.yaml", "--state-dir", "orders.jsonl/state", cwd=folder)
    assert done.returncode == 1
    assert "orders.jsonl" in done.stderr
    assert "Traceback" not in done.stderr


def test_nothing_to_resume(folder: Path) -> None:
    done = conduix("run", "orders.yaml", "--resume", cwd=folder)
    assert done.returncode == 2
    assert "nothing to resume" in done.stderr


# interrupted


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_drains_and_says_how_to_go_on(folder: Path, number: signal.Signals) -> None:
    with start("run", "slow.yaml", cwd=folder) as process:
        assert first_line(process) == '{"n":1}\n'
        process.send_signal(number)
        _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert "slow was interrupted" in err
    assert "go on with: conduix run slow.yaml --resume" in err


def test_unfinished_state_wants_a_decision_and_is_left_as_it_is(folder: Path) -> None:
    with start("run", "slow.yaml", cwd=folder) as process:
        first_line(process)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE)
    state = folder / "state" / "conduix" / "run" / "slow"
    before = {path.name: path.read_bytes() for path in state.rglob("*") if path.is_file() and path.name != "lock"}
    done = conduix("run", "slow.yaml", cwd=folder)
    assert done.returncode == 2
    assert "--resume" in done.stderr
    assert "--fresh" in done.stderr
    assert {p.name: p.read_bytes() for p in state.rglob("*") if p.is_file() and p.name != "lock"} == before


def test_what_was_interrupted_goes_on_and_every_record_is_there_once(folder: Path) -> None:
    document = SLOW.replace("100000", "400").replace("root.n = 1", "root.n = this.index")
    sinks = "sinks:\n  - {type: stdout}\n  - {id: numbers, type: file, path: out/n.jsonl}\n"
    (folder / "slow.yaml").write_text(document.replace("sink: {type: stdout}\n", sinks), encoding="utf-8")
    with start("run", "slow.yaml", cwd=folder) as process:
        first_line(process)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert not (folder / "out" / "n.jsonl").exists(), "an output that is not complete does not have its name"
    done = conduix("run", "slow.yaml", "--resume", cwd=folder)
    assert done.returncode == 0, done.stderr
    lines = (folder / "out" / "n.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["n"] for line in lines] == list(range(400))


def test_a_second_run_is_refused_with_the_pid_of_the_first(folder: Path) -> None:
    with start("run", "endless.yaml", cwd=folder) as process:
        first_line(process)
        second = conduix("run", "endless.yaml", cwd=folder)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE)
    assert second.returncode == 1
    assert f"pid {process.pid}" in second.stderr
    assert "--state-dir" in second.stderr


def test_the_second_ctrl_c_ends_at_once_even_while_a_write_blocks(folder: Path) -> None:
    fast = ENDLESS.replace("interval: 5ms, ", "")
    (folder / "endless.yaml").write_text(fast, encoding="utf-8")
    with start("run", "endless.yaml", cwd=folder) as process:
        # nobody reads on: the pipe fills, the sink's write blocks, and the drain cannot end
        first_line(process)
        assert process.stderr is not None
        process.send_signal(signal.SIGINT)
        select.select([process.stderr], [], [], 1.0)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=PATIENCE) == 130
        assert "ended at once" in process.stderr.read()


# while it runs


def on_a_terminal(folder: Path, *argv: str, records_too: bool = False) -> tuple[int, str]:
    """Run with standard error (and output) on a pseudo-terminal; the exit status and all that was shown there."""
    master, slave = pty.openpty()
    env = {**environment(folder), "TERM": "xterm-256color", "COLUMNS": "120"}
    with subprocess.Popen(
        [CONDUIX, "run", "slow.yaml", *argv],
        cwd=folder,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=slave if records_too else subprocess.DEVNULL,
        stderr=slave,
    ) as process:
        os.close(slave)
        seen = read_all(master)
    return process.returncode, seen


def test_a_terminal_gets_a_progress_bar_and_the_summary_replaces_it(folder: Path) -> None:
    status, seen = on_a_terminal(folder, "--set", "source.count=200", "--set", "sink={type: drop}")
    assert status == 0
    assert re.search(r"slow .*\d+%  \d+ in  \d+/s", seen)
    assert "slow is done in " in seen.rpartition("\r")[0]
    assert "\x1b[?25h" in seen, "the cursor is shown again"


def test_records_on_the_same_terminal_are_not_torn_by_a_bar(folder: Path) -> None:
    status, seen = on_a_terminal(folder, "--set", "source.count=50", records_too=True)
    assert status == 0
    assert seen.startswith('{"n":1}\r\n' * 50)
    assert "%" not in seen


def read_all(master: int) -> str:
    """Everything written to a pseudo-terminal until its other end is closed."""
    parts: list[bytes] = []
    while True:
        try:
            part = os.read(master, 65536)
        except OSError:  # Linux: the other end was closed
            part = b""
        if not part:
            os.close(master)
            return b"".join(parts).decode()
        parts.append(part)


def fetch(url: str) -> str:
    host, _, path = url.removeprefix("http://").partition("/")
    connection = HTTPConnection(host, timeout=PATIENCE)
    connection.request("GET", f"/{path}")
    return connection.getresponse().read().decode()


def test_metrics_are_served_and_the_port_is_said(folder: Path) -> None:
    with start("run", "endless.yaml", "--metrics-port", "0", cwd=folder) as process:
        assert process.stderr is not None
        url = re.search(r"http://\S+/metrics", process.stderr.readline())
        assert url is not None
        first_line(process)
        text = fetch(url[0])
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE)
    assert 'conduix_records_total{node="source",pipeline="ticks",result="passed"}' in text
