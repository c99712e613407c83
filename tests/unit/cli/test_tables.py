"""Tables and pages of what a server has."""

from __future__ import annotations

import time

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from conduix.v1 import agent_service_pb2 as agent_pb
from conduix.v1 import pipeline_service_pb2 as pb
from conduix.v1 import run_service_pb2 as run_pb
from conduix_tui.cli.server import described
from conduix_tui.cli.server.columns import Table, ago, short
from conduix_tui.cli.server.kinds import KINDS, REVISION_COLUMNS
from conduix_tui.cli.server.show import emit_line, show_list
from tests.unit.cli.terminals import Screen

ORDERS = pb.Pipeline(
    name="orders", state=pb.PIPELINE_STATE_RUNNING, desired_state=pb.DESIRED_STATE_RUNNING, replicas=2, revision=3,
    records_in=1234567, records_out=1234000, records_per_second=12_400.0,
)  # fmt: skip


def since(seconds: float) -> Timestamp:
    return Timestamp(seconds=int(time.time() - seconds))


def test_a_table_has_heads_and_rows_below_them() -> None:
    screen = Screen()
    other = pb.Pipeline(name="a-longer-name", state=pb.PIPELINE_STATE_STOPPED)
    show_list(screen.terminal, [ORDERS, other], KINDS["pipelines"].columns, "text", of="pipelines")
    head, first, second = screen.out.splitlines()
    assert head.split()[:3] == ["NAME", "STATE", "WANTED"]
    assert first.index("RUNNING") == head.index("STATE") == second.index("STOPPED")
    assert "1,234,567" in first
    assert "12.4k/s" in first
    assert "k/s" not in second


def test_nothing_is_said_to_the_person_and_is_an_empty_list_for_scripts() -> None:
    screen = Screen()
    show_list(screen.terminal, [], KINDS["agents"].columns, "text", of="agents")
    assert (screen.out, screen.err) == ("", "no agents\n")
    screen = Screen()
    show_list(screen.terminal, [], KINDS["agents"].columns, "json", of="agents")
    assert screen.out == "[]\n"


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_every_kind_shows_what_is_empty(kind: object) -> None:
    screen = Screen()
    empty = {
        "pipelines": pb.Pipeline(), "agents": agent_pb.Agent(), "runs": run_pb.Run(),
    }.get(kind.name)  # type: ignore[attr-defined]  # fmt: skip
    if empty is not None:
        show_list(screen.terminal, [empty], kind.columns, "text", of="x")  # type: ignore[attr-defined]
        assert len(screen.out.splitlines()) == 2


def test_names_of_others_do_not_steer_the_terminal() -> None:
    screen = Screen()
    show_list(screen.terminal, [pb.Pipeline(name="a\x1b[31m")], KINDS["pipelines"].columns, "text", of="x")
    assert "\x1b" not in screen.out


def test_states_have_colours_on_a_terminal_and_nothing_moves() -> None:
    plain, coloured = Screen(), Screen(tty=True)
    for screen in (plain, coloured):
        table = Table(KINDS["pipelines"].columns, screen.terminal)
        table.fit([ORDERS])
        screen.terminal.emit(table.row(ORDERS))
    assert "\x1b[32mRUNNING\x1b[0m" in coloured.out
    assert coloured.out.replace("\x1b[32m", "").replace("\x1b[0m", "") == plain.out


def test_streams_are_a_line_or_a_document_each() -> None:
    screen = Screen()
    emit_line(screen.terminal, {"a": 1}, "json")
    emit_line(screen.terminal, {"a": 2}, "yaml")
    assert screen.out == '{"a":1}\n---\na: 2\n'


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0s"), (59, "59s"), (61, "1m1s"), (3661, "1h1m"), (90_061, "1d1h"), (10 * 86_400, "10d")],
)
def test_ages_have_two_units(seconds: int, shown: str) -> None:
    assert short(seconds) == shown


def test_times_before_and_after_now() -> None:
    assert ago(pb.Revision(created_at=since(3600)), "created_at") in ("1h", "59m59s", "1h1m")
    assert ago(pb.Revision(created_at=since(-7300)), "created_at").startswith("in 2h")
    assert ago(pb.Revision(), "created_at") == "-"
    assert next(column.head for column in REVISION_COLUMNS) == "REVISION"


def test_a_pipeline_is_described_with_sums_over_its_replicas() -> None:
    nodes = [pb.NodeCounts(node="source", passed=10), pb.NodeCounts(node="sink", passed=9, dead=1)]
    status = pb.GetPipelineStatusResponse(
        pipeline=pb.Pipeline(name="orders", state=pb.PIPELINE_STATE_PAUSED, reason=pb.PAUSE_REASON_DISK,
                             detail="the disk is full", remedy="free space", updated_at=since(5)),
        replicas=[pb.ReplicaStatus(replica=i, nodes=nodes, outputs={"sink": f"out-{i}"}) for i in range(2)],
    )  # fmt: skip
    page = described.pipeline(status, [run_pb.Run(run_seq=4)], Screen().terminal)
    assert "PAUSED (DISK)" in page
    assert "free space" in page
    (source,) = [line for line in page.splitlines() if line.lstrip().startswith("source")]
    assert source.split()[2] == "20"
    assert "newest runs:" in page


def test_an_agent_is_described_with_its_machine() -> None:
    status = agent_pb.GetAgentStatusResponse(
        agent=agent_pb.Agent(
            name="host-7", state=agent_pb.AGENT_STATE_OFFLINE, seen_at=since(120), adoption_pending=True
        ),
        host=agent_pb.HostFacts(cores=8, memory_bytes=16 << 30, disk_free_bytes=1 << 30, load=0.5, platform="Linux"),
    )
    page = described.agent(status, Screen().terminal)
    assert "OFFLINE, heard of 2m ago" in page
    assert "16.0 GiB memory" in page
    assert "conduix agents adopt" in page


def test_a_run_is_described_with_its_nodes() -> None:
    run = run_pb.Run(
        pipeline_name="orders", run_seq=3, state=pb.PIPELINE_STATE_COMPLETED, records_in=5, started_at=since(60),
        nodes=[pb.NodeCounts(node="typed", passed=5)],
    )  # fmt: skip
    page = described.run(run, Screen().terminal)
    assert "orders/3" in page
    assert "typed" in page
