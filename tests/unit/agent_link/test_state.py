"""The state directory: whole after every power cut, held by one, and honest about what is damaged."""

from __future__ import annotations

import os
from pathlib import Path
from random import Random

import msgspec
import pytest

from conduix.engine.files import Files
from conduix.errors import StateBusy, StateDamaged, UsageError
from conduix.v1 import mesh_service_pb2 as pb
from conduix_agent.link.state import Enrolment, Identity, Process, StateDirectory
from tests.chaos.crashfs import Disk, Recorder, materialise

IDENTITY = Identity("agent-1", 100.0, 200.0, token="secret", enrolled_with="f")  # noqa: S106 - of nobody


def opened(path: Path, files: Files | None = None) -> StateDirectory:
    return StateDirectory(path, spool_bytes=1 << 20, files=files)


def result(command_id: str) -> pb.CommandResult:
    return pb.CommandResult(command_id=command_id, outcome=pb.COMMAND_OUTCOME_SUCCEEDED, result='{"n": 1}')


def test_what_is_saved_is_there_for_the_next_process(tmp_path: Path) -> None:
    update = pb.DesiredStateUpdate(version=7, assignments=[pb.Assignment(pipeline_id="p")])
    with opened(tmp_path) as state:
        assert (state.identity(), state.enrolment(), state.process()) == (None, None, Process())
        assert state.desired() == pb.DesiredStateUpdate()
        state.save_identity(IDENTITY)
        state.save_enrolment(Enrolment("r", "key", "csr"))
        state.save_process(Process("i", 3))
        state.save_desired(update)
    with opened(tmp_path) as state:
        assert state.identity() == IDENTITY
        assert state.enrolment() == Enrolment("r", "key", "csr")
        assert state.process() == Process("i", 3)
        assert state.desired() == update


def test_secrets_are_for_their_owner_only_and_not_for_logs(tmp_path: Path) -> None:
    with opened(tmp_path / "state") as state:
        state.save_identity(IDENTITY)
    assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "state" / "identity").stat().st_mode & 0o777 == 0o600
    assert "secret" not in repr(IDENTITY)


def test_one_process_holds_it_and_the_other_is_told_which(tmp_path: Path) -> None:
    with opened(tmp_path), pytest.raises(StateBusy, match=f"pid {os.getpid()}"):
        opened(tmp_path)
    with opened(tmp_path):
        pass  # it was given back


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match=str(tmp_path / "file" / "state")):
        opened(tmp_path / "file" / "state")


@pytest.mark.parametrize("damage", [b"", b"conduix-state 1 ", b"something else\n{}"])
def test_an_identity_that_is_damaged_is_not_taken_for_none(tmp_path: Path, damage: bytes) -> None:
    with opened(tmp_path) as state:
        state.save_identity(IDENTITY)
        (tmp_path / "identity").write_bytes(damage)
        with pytest.raises(StateDamaged, match="identity"):
            state.identity()


def test_one_wrong_bit_is_found(tmp_path: Path) -> None:
    with opened(tmp_path) as state:
        state.save_identity(IDENTITY)
        whole = (tmp_path / "identity").read_bytes()
        for at in range(len(whole)):
            torn = bytearray(whole)
            torn[at] ^= 1
            (tmp_path / "identity").write_bytes(torn)
            with pytest.raises(StateDamaged):
                state.identity()


def test_what_a_newer_version_wrote_is_said_to_be_that(tmp_path: Path) -> None:
    with opened(tmp_path) as state:
        state.save_enrolment(Enrolment("r", "k", "c"))
        (tmp_path / "enrolment").rename(tmp_path / "identity")  # whole, but of another form
        with pytest.raises(StateDamaged, match="another version"):
            state.identity()


def test_a_damaged_desired_state_does_not_keep_the_agent_from_its_server(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with opened(tmp_path) as state:
        state.save_desired(pb.DesiredStateUpdate(version=7))
        (tmp_path / "desired").write_bytes(b"torn")
        assert state.desired() == pb.DesiredStateUpdate()
        assert "does not verify" in caplog.text
        assert (tmp_path / "desired.damaged").read_bytes() == b"torn", "kept for whoever looks into it"
        state.save_desired(pb.DesiredStateUpdate(version=8))
        assert state.desired().version == 8


def test_after_its_removal_the_agent_is_nobody(tmp_path: Path) -> None:
    with opened(tmp_path) as state:
        state.save_identity(IDENTITY)
        state.save_enrolment(Enrolment("r", "k", "c"))
        state.forget_identity()
        assert (state.identity(), state.enrolment()) == (None, None)


def test_power_may_fail_at_every_operation(tmp_path: Path) -> None:
    """Whatever a method has returned for is there; nothing is ever torn."""
    root = tmp_path / "state"
    root.mkdir()
    recorder = Recorder(root, tmp_path / "pool")
    promised: list[tuple[int, int]] = []
    with opened(root, Files(recorder)) as state:
        for i in range(1, 5):
            _write_all(state, i)
            promised.append((len(recorder.log), i))
    disk = Disk(root, recorder.before)
    for prefix in range(len(recorder.log) + 1):
        if prefix:
            disk.play(recorder.log[prefix - 1])
        least = max((i for length, i in promised if length <= prefix), default=0)
        for image in (disk.worst(), disk.some(Random(prefix))):
            materialise(image, root, recorder.pool)
            with opened(root) as state:
                assert least <= _read_all(state) <= least + 1, f"after {prefix} operations"


def _write_all(state: StateDirectory, i: int) -> None:
    state.journal.started(f"c{i}", float(i))
    state.journal.result(result(f"c{i}"), float(i))
    state.save_process(Process("i", i))
    state.save_desired(pb.DesiredStateUpdate(version=i))
    state.save_identity(msgspec.structs.replace(IDENTITY, obtained_at=float(i)))


def _read_all(state: StateDirectory) -> int:
    """How far it came: what comes later is never newer than what comes before."""
    identity = state.identity()
    reached = [
        len(state.journal.entries()),
        sum(entry.result is not None for entry in state.journal.entries()),
        state.process().session_seen,
        state.desired().version,
        int(identity.obtained_at) if identity else 0,
    ]
    assert reached == sorted(reached, reverse=True), reached
    assert reached[0] - reached[-1] <= 1
    return reached[-1]
