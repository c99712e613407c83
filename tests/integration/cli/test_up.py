"""`conduix up`: ready, ended, killed, started again; what it keeps is private."""

from __future__ import annotations

import json
import os
import signal
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.eventually import eventually_sync
from tests.integration.cli.operator import Operator, operator_of, up
from tests.programs import Program, children


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Program]:
    """One that a test may end."""
    program = up(tmp_path)
    try:
        yield program
    finally:
        program.remove()


def programs(own: Program) -> dict[str, int]:
    """Process ids of its server and agent."""
    found: dict[str, int] = {}
    for pid in children(own.pid):
        words = Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8").split("\0")
        found |= {name: pid for name in ("conduix_server", "conduix_agent") if name in words}
    return found


def gone(pid: int) -> bool:
    return not Path(f"/proc/{pid}").exists()


def agent_is_online(operator: Operator) -> bool:
    done = operator.run("get", "agents", "--filter", "state=ONLINE", "--output", "json")
    return done.returncode == 0 and '"local"' in done.stdout


def test_it_says_what_to_do_next_and_another_terminal_can_do_it(running: Program, operator: Operator) -> None:
    assert running.ready["agent"] == "local"
    (agent,) = operator.data("get", "agents")
    assert (agent["name"], agent["state"], agent["mode"]) == ("local", "ONLINE", "STREAM")
    assert operator.data("whoami")["role"] == "ADMIN"
    assert "conduix apply -f FILE" in running.log
    assert "authorization: Bearer cdx_" in running.log


def test_what_it_keeps_is_for_its_owner_only(running: Program) -> None:
    state = Path(running.ready["state"])
    for path in (state, *state.iterdir()):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_a_second_one_on_the_same_state_is_refused_and_named(running: Program, operator: Operator) -> None:
    said = operator.refused("up", exit_status=1)
    assert f"process {running.pid}" in said
    assert "--state-dir" in said


def test_ctrl_c_ends_everything_and_the_next_one_goes_on(own: Program) -> None:
    own.start()
    operator = operator_of(own)
    token = operator.do("tokens", "create", "kept").strip()
    before = programs(own)
    assert set(before) == {"conduix_server", "conduix_agent"}
    assert own.end(signal.SIGINT) == 0
    assert all(map(gone, before.values()))
    agent_log = (Path(own.ready["state"]) / "agent.log").read_text(encoding="utf-8")
    assert "draining" in agent_log
    address = own.ready["grpc"]

    own.command = [word if word != "0" else address.rpartition(":")[2] for word in own.command[:4]]
    own.start()
    assert own.ready["grpc"] == address
    assert operator.run("whoami", env={"CONDUIX_TOKEN": token}).returncode == 0
    assert len(operator.data("get", "agents")) == 1
    assert len(operator.data("get", "tokens")) == 2


@pytest.mark.parametrize("victim", ["conduix_server", "conduix_agent"])
def test_a_program_that_dies_is_started_again_and_told(own: Program, victim: str) -> None:
    own.start()
    operator = operator_of(own)
    address, pid = own.ready["grpc"], programs(own)[victim]
    os.kill(pid, signal.SIGKILL)
    name = victim.removeprefix("conduix_")
    eventually_sync(lambda: f"the {name} is back" in own.log, 60.0)
    assert f"the {name} ended (signal SIGKILL)" in own.log
    assert programs(own)[victim] != pid
    eventually_sync(lambda: agent_is_online(operator), 60.0)
    assert operator.data("whoami")["server"] == address


def test_a_watch_goes_on_when_the_server_was_killed_in_between(own: Program) -> None:
    own.start()
    operator = operator_of(own)
    document = "name: {}\nsource: {{type: generate, count: 1}}\nsink: {{type: drop}}\n"
    operator.do("apply", "-f", "-", stdin=document.format("first"))
    watching = operator.spawn("get", "pipelines", "--watch", "--output", "json")
    assert watching.stdout is not None
    told = map(json.loads, watching.stdout)
    try:
        assert (first := next(told))["change"] == "SNAPSHOT"
        os.kill(programs(own)["conduix_server"], signal.SIGKILL)
        eventually_sync(lambda: "the server is back" in own.log, 60.0)
        operator.do("apply", "-f", "-", stdin=document.format("second"))
        second = next(told)
    finally:
        watching.send_signal(signal.SIGINT)
        _, said = watching.communicate()
    assert (first["pipeline"]["name"], second["pipeline"]["name"]) == ("first", "second")
    assert second["change"] in ("ADDED", "UPDATED"), "by its resume token, not by another snapshot"
    assert "interrupted:" in said


def test_killed_it_takes_its_programs_along_and_the_next_one_starts(own: Program) -> None:
    own.start()
    left = programs(own)
    own.kill()
    own.start()
    assert all(map(gone, left.values()))
    assert agent_is_online(operator_of(own))


def test_a_taken_port_is_told_with_the_servers_own_words(own: Program, running: Program) -> None:
    taken = running.ready["grpc"].rpartition(":")[2]
    operator = operator_of(own)
    said = operator.refused("up", "--grpc-port", taken, "--http-port", "0", exit_status=1)
    assert "the server did not start" in said
    assert taken in said
    assert "server.log" in said


def test_the_load_test_is_the_agents_own_program(tmp_path: Path) -> None:
    operator = Operator(tmp_path, dict(os.environ))
    assert "--count" in operator.do("loadtest", "agents", "--help")
    assert "invalid choice" in operator.refused("loadtest", "servers", exit_status=2)
