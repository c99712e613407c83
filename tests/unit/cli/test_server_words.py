"""What the verbs of a server read and say: secrets, documents, errors, outcomes, the live line."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from conduix.errors import FieldViolation, UsageError
from conduix.rpc.errors import RemoteError
from conduix.spec.diagnostics import Diagnostic
from conduix.v1 import operation_service_pb2 as operation_pb
from conduix.v1 import pipeline_service_pb2 as pb
from conduix_tui.cli.server import operation as operations
from conduix_tui.cli.server.apply import _groups, coloured_diff
from conduix_tui.cli.server.connection import tell
from conduix_tui.cli.server.documents import read_documents
from conduix_tui.cli.server.get import order_by
from conduix_tui.cli.server.live import LiveLine
from conduix_tui.cli.server.secrets import confirm, read_secret
from tests.unit.cli.terminals import Screen


def test_a_secret_is_the_first_line_of_a_file_or_of_standard_input(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("correct horse\nsomething else\n")
    assert read_secret(str(file), "password", Screen().terminal, option="--x") == "correct horse"
    assert read_secret("-", "password", Screen(stdin=b"piped\r\nmore").terminal, option="--x") == "piped"


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe\n"])
def test_no_secret_in_a_file_says_which_option(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "secret"
    file.write_bytes(content)
    with pytest.raises(UsageError, match="has no password") as refused:
        read_secret(str(file), "password", Screen().terminal, option="--password-file")
    assert "--password-file" in refused.value.remedy


def test_without_a_terminal_nobody_is_asked() -> None:
    with pytest.raises(UsageError, match="no terminal to ask") as refused:
        read_secret(None, "password", Screen().terminal, option="--password-file")
    assert "--password-file -" in refused.value.remedy
    with pytest.raises(UsageError) as refused:
        confirm("Delete it?", Screen().terminal, yes=False)
    assert refused.value.remedy == "give --yes"
    assert confirm("Delete it?", Screen().terminal, yes=True)


def test_documents_of_files_folders_and_standard_input(tmp_path: Path) -> None:
    (tmp_path / "b.yml").write_text("name: b")
    (tmp_path / "a.yaml").write_text("name: a")
    (tmp_path / "notes.txt").write_text("no document")
    found = read_documents([str(tmp_path), "-"], Screen(stdin=b"name: c").terminal)
    assert [(Path(each.file).name, each.document) for each in found] == [
        ("a.yaml", "name: a"), ("b.yml", "name: b"), ("<stdin>", "name: c"),
    ]  # fmt: skip


def test_documents_that_cannot_be_sent_say_why(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read"):
        read_documents([str(tmp_path / "missing.yaml")], Screen().terminal)
    with pytest.raises(UsageError, match=r"has no \*.yaml"):
        read_documents([str(tmp_path)], Screen().terminal)
    (tmp_path / "large.yaml").write_bytes(b"#" * ((1 << 20) + 1))
    with pytest.raises(UsageError, match="larger than 1 MiB"):
        read_documents([str(tmp_path / "large.yaml")], Screen().terminal)
    (tmp_path / "latin.yaml").write_bytes(b"name: a\nx: caf\xe9\n")
    with pytest.raises(UsageError, match=r"latin.yaml:2:7: YAML_ENCODING"):
        read_documents([str(tmp_path / "latin.yaml")], Screen().terminal)


def test_many_documents_go_in_groups_that_a_request_can_have() -> None:
    small = [pb.ApplyDocument(file=str(i), document="x") for i in range(250)]
    assert [len(group) for group in _groups(small)] == [100, 100, 50]
    large = [pb.ApplyDocument(file=str(i), document="x" * (1 << 20)) for i in range(12)]
    groups = list(_groups(large))
    assert sum(len(group) for group in groups) == 12
    assert all(sum(each.ByteSize() for each in group) <= 6 << 20 for group in groups)


def test_a_diff_is_coloured_on_a_terminal_only() -> None:
    diff = "--- a\n+++ b\n@@ -1 +1 @@\n-old\n+new\n same\n"
    assert coloured_diff(diff, Screen().terminal) == diff.rstrip("\n")
    assert "\x1b[32m+new\x1b[0m" in coloured_diff(diff, Screen(tty=True).terminal)


def test_sorting_backwards() -> None:
    assert order_by(None) == ""
    assert order_by("name") == "name"
    assert order_by("-created_at") == "created_at desc"


def test_no_server_is_told_with_what_to_do() -> None:
    screen = Screen()
    error = RemoteError("failed to connect: x: Connection refused", code="UNAVAILABLE", status="UNAVAILABLE")
    assert tell(error, "127.0.0.1:1", screen.terminal) == 1
    assert "no Conduix server answers at 127.0.0.1:1: Connection refused (UNAVAILABLE)" in screen.err
    assert "conduix up" in screen.err


def test_a_certificate_that_is_not_trusted_is_told_as_that() -> None:
    screen = Screen()
    error = RemoteError("SSL: CERTIFICATE_VERIFY_FAILED: self signed", code="UNAVAILABLE", status="UNAVAILABLE")
    assert tell(error, "host:1", screen.terminal) == 1
    assert "the certificate of host:1 is not trusted: self signed" in screen.err
    assert "--ca FILE" in screen.err


def test_a_server_that_has_no_time_is_not_called_missing() -> None:
    screen = Screen()
    error = RemoteError("the database is away", code="DATABASE_UNAVAILABLE", status="UNAVAILABLE", remedy="wait")
    tell(error, "127.0.0.1:1", screen.terminal)
    assert screen.err == "error: the database is away (DATABASE_UNAVAILABLE)\nremedy: wait\n"


def test_wrong_fields_are_named_and_end_with_2() -> None:
    screen = Screen()
    error = RemoteError("paging.filter: no such column", code="INVALID_ARGUMENT", status="INVALID_ARGUMENT")
    error.violations = (FieldViolation("paging.filter", "no such column"),)
    assert tell(error, "x:1", screen.terminal) == 2
    assert "  paging.filter: no such column\n" in screen.err


def test_diagnostics_are_lines_with_their_place_and_end_with_2() -> None:
    screen = Screen()
    error = RemoteError("…", code="DOCUMENT_INVALID", status="INVALID_ARGUMENT")
    error.diagnostics = (
        Diagnostic("orders.yaml", 3, 7, "source.type", "UNKNOWN_TYPE", "there is no source 'fil'", "file"),
    )
    error.omitted = 4
    assert tell(error, "x:1", screen.terminal) == 2
    assert "orders.yaml:3:7: UNKNOWN_TYPE: there is no source 'fil' (source.type) — write file\n" in screen.err
    assert "and 4 more" in screen.err
    assert "nothing was changed" in screen.err


def args(**settings: object) -> argparse.Namespace:
    return argparse.Namespace(**{"output": "text", "no_wait": False, "timeout": 5.0, "name": "orders", **settings})


def outcome(state: int, screen: Screen, *, code: str = "", **settings: object) -> int:
    done = operation_pb.Operation(id="1", kind="start", state=state, code=code, message="because")  # type: ignore[arg-type]
    pipeline = pb.Pipeline(name="orders", state=pb.PIPELINE_STATE_RUNNING, remedy="mend it")
    return operations._outcome(done, pipeline, args(**settings), screen.terminal)


def test_outcomes_of_operations() -> None:
    screen = Screen()
    assert outcome(operation_pb.OPERATION_STATE_SUCCEEDED, screen) == 0
    assert screen.out == "orders: start done, RUNNING\n"
    screen = Screen()
    assert outcome(operation_pb.OPERATION_STATE_FAILED, screen, code="OUTSIDE_REFUSED") == 1
    assert "start failed: because" in screen.err
    assert "OUTSIDE_REFUSED" in screen.err
    assert "mend it" in screen.err
    screen = Screen()
    assert outcome(operation_pb.OPERATION_STATE_QUEUED, screen) == 1
    assert "is not done after 5s" in screen.err
    screen = Screen()
    assert outcome(operation_pb.OPERATION_STATE_QUEUED, screen, no_wait=True) == 0
    assert "start queued" in screen.out


def test_the_live_line_is_redrawn_and_gone_in_the_end() -> None:
    screen = Screen(tty=True)
    with LiveLine(screen.terminal) as line:
        line.head = "start queued"
        line.show("PENDING")
        screen.terminal.say("a word in between")
    assert "\r\x1b[2Kstart queued  PENDING" in screen.err
    assert "\r\x1b[2Ka word in between\n\r\x1b[2Kstart queued  PENDING" in screen.err
    assert screen.err.endswith("\r\x1b[2K")
    assert screen.terminal.above is None


def test_where_nobody_looks_there_is_no_live_line() -> None:
    screen = Screen()
    with LiveLine(screen.terminal) as line:
        line.head = "start queued"
        line.show("PENDING")
    assert screen.err == ""
