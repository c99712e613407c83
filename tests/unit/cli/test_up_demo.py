"""The demo of `conduix up`: which documents, when they have settled, what the table says."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from conduix.v1 import pipeline_service_pb2 as pb
from conduix_tui.cli.__main__ import main
from conduix_tui.cli.terminal import Terminal
from conduix_tui.cli.up import console, demo
from examples.listing import ROOT
from tests.unit.cli.terminals import Stream

OWN = {"big-orders", "day-of-orders", "live-sensors", "live-shop"}


def test_its_documents_are_valid_and_named_as_their_files(capsys: pytest.CaptureFixture[str]) -> None:
    files = sorted((ROOT / "examples" / "demo").glob("*.yaml"))
    assert {file.stem for file in files} == OWN
    assert main(["validate", *map(str, files)]) == 0
    assert "warning" not in capsys.readouterr().out
    assert all(f"\nname: {file.stem}\n" in file.read_text(encoding="utf-8") for file in files)


def test_elsewhere_it_has_only_what_needs_no_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "examples").mkdir()
    (tmp_path / "examples" / "somebodys.yaml").write_text("name: somebodys\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert {path.stem for path in demo.documents()} == OWN


@pytest.mark.parametrize(
    ("pipeline", "settled"),
    [
        (pb.Pipeline(), False),
        (pb.Pipeline(state=pb.PIPELINE_STATE_STARTING, mode=pb.PIPELINE_MODE_REALTIME, records_out=1), False),
        (pb.Pipeline(state=pb.PIPELINE_STATE_RUNNING, mode=pb.PIPELINE_MODE_REALTIME), False),
        (pb.Pipeline(state=pb.PIPELINE_STATE_RUNNING, mode=pb.PIPELINE_MODE_REALTIME, records_out=1), True),
        (pb.Pipeline(state=pb.PIPELINE_STATE_RUNNING, mode=pb.PIPELINE_MODE_BATCH, records_out=1), False),
        (pb.Pipeline(state=pb.PIPELINE_STATE_COMPLETED, mode=pb.PIPELINE_MODE_BATCH), True),
        (pb.Pipeline(state=pb.PIPELINE_STATE_FAILED), True),
        (pb.Pipeline(state=pb.PIPELINE_STATE_PAUSED, reason=pb.PAUSE_REASON_DISK), True),
        (pb.Pipeline(state=pb.PIPELINE_STATE_STOPPED), True),
    ],
)
def test_settled_is_what_changes_no_more_or_has_no_end(pipeline: pb.Pipeline, settled: bool) -> None:
    assert demo.settled(pipeline) is settled


def test_the_table_says_how_each_is_and_what_to_do() -> None:
    pipelines = [
        pb.Pipeline(name="day", state=pb.PIPELINE_STATE_COMPLETED, records_in=20_000, records_out=20_000),
        pb.Pipeline(name="dead", state=pb.PIPELINE_STATE_COMPLETED, records_in=5, records_out=4, records_dead=1),
        pb.Pipeline(name="bad", state=pb.PIPELINE_STATE_FAILED, detail="no \x1bfile", remedy="correct the path"),
        pb.Pipeline(name="live", state=pb.PIPELINE_STATE_RUNNING, records_in=1, records_out=1),
        pb.Pipeline(name="new"),
    ]
    head, *rows = demo.table({pipeline.name: pipeline for pipeline in pipelines})
    assert head.split() == ["PIPELINE", "STATE", "IN", "OUT", "DEAD", "WHAT", "TO", "DO"]
    assert [" ".join(row.split()) for row in rows] == [
        "day COMPLETED 20,000 20,000 0 nothing: it is done",
        "dead COMPLETED 5 4 1 look at its dead letters",
        r"bad FAILED 0 0 0 no \x1bfile; correct the path",
        "live RUNNING 1 1 0 conduix tap live NODE",
        "new - 0 0 0",
    ]


class Keyboard(io.BytesIO):
    """Standard input that somebody types at."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stdin", "tty", "term", "shown"),
    [
        (Keyboard(), True, "xterm-256color", True),
        (Keyboard(), True, "dumb", False),
        (Keyboard(), False, "xterm-256color", False),
        (io.BytesIO(), True, "xterm-256color", False),
    ],
)
def test_only_who_sees_and_types_gets_a_console(stdin: io.BytesIO, tty: bool, term: str, shown: bool) -> None:
    terminal = Terminal(stdin, Stream(tty=tty), Stream(tty=tty), {"TERM": term})
    assert console.has_terminal(terminal) is shown
