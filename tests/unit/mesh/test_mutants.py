"""The tests can fail: each of these mistakes, which somebody might well make, is found by the histories."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator

import pytest

from conduix.mesh.commands import Commands, JournalEntry
from conduix.mesh.desired import Desired
from conduix.mesh.effects import AgentEffect, Execute, JournalStarted, Now
from conduix.mesh.intake import Intake, Place
from conduix.mesh.spool import Spool
from conduix.v1 import mesh_service_pb2 as pb
from tests.unit.mesh.histories import History
from tests.unit.mesh.world import Database

pytestmark = pytest.mark.slow

Patch = Callable[[pytest.MonkeyPatch], None]


def journal_after_execution(patch: pytest.MonkeyPatch) -> None:
    receive = Commands.receive

    def mutant(self: Commands, command: pb.Command, now: Now) -> list[AgentEffect]:
        effects = receive(self, command, now)
        return sorted(effects, key=lambda e: {Execute: 0, JournalStarted: 1}.get(type(e), 2))

    patch.setattr(Commands, "receive", mutant)


def interrupted_commands_run_again(patch: pytest.MonkeyPatch) -> None:
    init = Commands.__init__

    def mutant(self: Commands, journal: Iterable[JournalEntry] = ()) -> None:
        init(self, [entry for entry in journal if entry.result is not None])

    patch.setattr(Commands, "__init__", mutant)


def acknowledged_by_count(patch: pytest.MonkeyPatch) -> None:
    def mutant(self: Intake, _report: pb.Report) -> Place:
        self.stored += 1
        return Place.NEXT

    patch.setattr(Intake, "place", mutant)


def gaps_in_the_numbers_are_taken(patch: pytest.MonkeyPatch) -> None:
    def mutant(self: Intake, report: pb.Report) -> Place:
        if report.number <= self.stored:
            return Place.STORED
        self.stored = report.number
        return Place.NEXT

    patch.setattr(Intake, "place", mutant)


def a_lower_version_is_applied(patch: pytest.MonkeyPatch) -> None:
    receive = Desired.receive

    def mutant(self: Desired, update: pb.DesiredStateUpdate) -> list[AgentEffect]:
        if update.version < self.highest:
            self._pending = None
            self.in_force = pb.DesiredStateUpdate()
        return receive(self, update)

    patch.setattr(Desired, "receive", mutant)


def numbers_are_not_reserved(patch: pytest.MonkeyPatch) -> None:
    def mutant(self: Spool) -> int:
        self._next += 1
        return self._next - 1

    patch.setattr(Spool, "take", mutant)


def writes_go_on_after_the_session(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Database, "holds", lambda _self, _session: True)


@contextlib.contextmanager
def patched(mutate: Patch) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        mutate(patch)
        yield


def live_many() -> None:
    for seed in range(200):
        History(seed, clones=False).run()


@pytest.mark.parametrize(
    "mutate",
    [
        journal_after_execution,
        interrupted_commands_run_again,
        acknowledged_by_count,
        gaps_in_the_numbers_are_taken,
        a_lower_version_is_applied,
        numbers_are_not_reserved,
        writes_go_on_after_the_session,
    ],
)
def test_mutant_is_found(mutate: Patch) -> None:
    with patched(mutate), pytest.raises(AssertionError):
        live_many()
