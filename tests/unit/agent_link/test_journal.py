"""The journal of commands: nothing that was begun is forgotten, whatever happens to its file."""

from __future__ import annotations

from pathlib import Path

from conduix.engine.files import Files
from conduix.mesh.commands import JournalEntry
from conduix.v1 import mesh_service_pb2 as pb
from conduix_agent.link.journal import Journal


def opened(path: Path) -> Journal:
    return Journal(path / "journal", Files())


def result(command_id: str, text: str = "") -> pb.CommandResult:
    return pb.CommandResult(command_id=command_id, outcome=pb.COMMAND_OUTCOME_FAILED, code="X", message=text)


def test_entries_are_what_was_written_last_of_each_command(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    journal.started("a", 10.0)
    journal.started("b", 20.0)
    journal.result(result("a"), 10.0)
    journal.started("c", 30.0)
    journal.forget("c")
    for each in (journal, opened(tmp_path)):
        assert each.entries() == [JournalEntry("a", 10.0, result("a")), JournalEntry("b", 20.0)]


def test_a_torn_tail_costs_only_what_was_never_promised(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    journal.started("a", 10.0)
    whole = (tmp_path / "journal").read_bytes()
    journal.result(result("a"), 10.0)
    longer = (tmp_path / "journal").read_bytes()
    for length in range(len(whole), len(longer)):
        (tmp_path / "journal").write_bytes(longer[:length])
        assert opened(tmp_path).entries() == [JournalEntry("a", 10.0)], "begun: it is not run again"


def test_what_is_forgotten_leaves_the_disk_in_the_end(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    journal.started("kept", 1.0)
    text = "x" * 10_000
    for i in range(1000):
        journal.started(f"c{i}", float(i))
        journal.result(result(f"c{i}", text), float(i))
        journal.forget(f"c{i}")
    assert (tmp_path / "journal").stat().st_size < 2 << 20, "ten megabytes were written"
    assert opened(tmp_path).entries() == [JournalEntry("kept", 1.0)]


def test_a_journal_that_is_full_of_what_lives_is_not_rewritten_at_each_command(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    inodes = set()
    for i in range(300):
        journal.result(result(f"c{i}", "x" * 10_000), float(i))
        inodes.add((tmp_path / "journal").stat().st_ino)
    assert len(inodes) <= 4
    assert len(opened(tmp_path).entries()) == 300


def test_what_a_server_has_is_known_to_the_next_process_and_only_of_what_ended(tmp_path: Path) -> None:
    answer = pb.CommandResult(command_id="told", outcome=pb.COMMAND_OUTCOME_SUCCEEDED)
    journal = Journal(tmp_path / "journal", Files())
    journal.started("begun", 9.0)
    journal.stored("begun")  # there is no result that a server could have
    journal.started("told", 9.0)
    journal.result(answer, 9.0)
    journal.stored("told")
    journal.close()
    again = Journal(tmp_path / "journal", Files())
    assert again.entries() == [JournalEntry("begun", 9.0), JournalEntry("told", 9.0, answer, stored=True)]
    again.close()
