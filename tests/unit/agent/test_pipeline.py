"""The machine of one pipeline: single stories, one a rule."""

from __future__ import annotations

import math

import pytest

from conduix.v1 import pipeline_service_pb2 as pb
from conduix_agent.host.actions import Aim, Kill, Look, Refusal, Spawn, Tell
from conduix_agent.host.pipeline import BACKOFF_MOST, CALM, GRACE, SILENCE
from tests.unit.agent.worlds import World, want


def running(replicas: int = 1) -> World:
    world = World()
    world.want(want(replicas=replicas))
    world.settle()
    assert world.states() == ["RUNNING"] * replicas
    return world


def detail(world: World, replica: int = 0) -> str:
    status = world.machine.status(replica)
    assert status is not None
    return status.detail


def test_one_replica_cuts_for_itself() -> None:
    world = running()
    assert world.kinds() == ["Look", "Prepare", "Spawn"]


def test_three_replicas_are_dealt_to_first() -> None:
    world = running(3)
    assert world.kinds() == ["Look", "Prepare", "Deal", "Look", "Spawn", "Spawn", "Spawn"]


def test_scaling_drains_deals_and_starts_under_the_new_epoch() -> None:
    world = running(3)
    world.done.clear()
    world.want(want(epoch=2, replicas=2))
    assert world.kinds() == ["Tell"] * 3
    assert world.states() == ["STARTING"] * 2
    assert "last checkpoint" in detail(world)
    world.settle()
    assert world.kinds()[3:] == ["Look", "Prepare", "Deal", "Look", "Spawn", "Spawn"]
    assert [process.want.epoch for process in world.processes.values()] == [2, 2]


def test_pausing_tells_the_worker_and_resuming_too() -> None:
    world = running()
    world.done.clear()
    world.want(want(Aim.PAUSE))
    world.settle()
    assert world.states() == ["PAUSED"]
    world.want(want(Aim.RUN))
    world.settle()
    assert world.states() == ["RUNNING"]
    assert [action.aim for action in world.done if isinstance(action, Tell)] == [Aim.PAUSE, Aim.RUN]
    assert "Spawn" not in world.kinds()


def test_a_paused_pipeline_gets_no_worker_until_it_is_resumed() -> None:
    world = World()
    world.want(want(Aim.PAUSE))
    world.settle()
    assert (world.states(), world.processes) == (["PAUSED"], {})
    world.want(want(Aim.RUN))
    world.settle()
    assert world.states() == ["RUNNING"]


def test_a_worker_that_dies_while_paused_is_missed_by_nobody() -> None:
    world = running()
    world.want(want(Aim.PAUSE))
    world.settle()
    world.exit(0)
    world.settle()
    assert (world.states(), world.processes) == (["PAUSED"], {})


def test_stopping_is_reported_when_it_is_on_disk() -> None:
    world = running()
    world.want(want(Aim.STOP))
    world.machine.said(0, pb.ReplicaStatus(state=pb.PIPELINE_STATE_STOPPED, checkpoint=7), world.now)
    assert world.states() == ["DRAINING"]
    world.exit(0)
    assert world.states() == ["STOPPED"]
    assert world.records[1, 1][0].checkpoint == 7


def test_a_stopped_pipeline_started_in_the_same_epoch_goes_on() -> None:
    """The server had not heard of the stop when it was taken back."""
    world = running()
    world.want(want(Aim.STOP))
    world.settle()
    world.want(want(Aim.RUN))
    world.settle()
    assert world.states() == ["RUNNING"]


def test_stopping_what_never_ran_needs_neither_document_nor_worker() -> None:
    world = World()
    world.want(want(Aim.STOP))
    world.settle()
    assert world.states() == ["STOPPED"]
    assert world.kinds() == ["Look", "Keep"]


@pytest.mark.parametrize("last", ["COMPLETED", "FAILED"])
def test_an_ended_run_is_reported_after_a_restart_and_not_run_again(last: str) -> None:
    world = running()
    world.exit(0, last)
    assert world.states() == [last]
    world.restart()
    world.settle()
    assert (world.states(), world.processes) == ([last], {})
    world.want(want(epoch=2))
    world.settle()
    assert world.states() == ["RUNNING"]


def test_a_crash_is_followed_by_another_worker_after_a_pause_that_doubles() -> None:
    world = running()
    pauses = []
    for _ in range(12):
        world.exit(0)
        assert detail(world) == "worker ended by SIGKILL; started again"
        due = world.machine.due(world.now)
        pauses.append(due - world.now)
        world.now = math.nextafter(due, 0)
        world.go()
        assert not world.processes
        world.now = due
        world.go()
        assert world.processes
    assert pauses[:4] == pytest.approx([0.1, 0.2, 0.4, 0.8])
    assert pauses[-1] == pytest.approx(BACKOFF_MOST)
    status = world.machine.status(0)
    assert status is not None
    assert status.starts == 13


def test_a_worker_that_ran_for_a_minute_has_no_history() -> None:
    world = running()
    for _ in range(5):
        world.exit(0)
        world.now = world.machine.due(world.now)
        world.go()
    world.now += CALM
    world.say(0, "RUNNING")
    assert detail(world) == ""
    world.exit(0)
    assert world.machine.due(world.now) == pytest.approx(world.now + 0.1)


def test_the_crash_is_told_while_the_next_worker_runs() -> None:
    world = running()
    world.exit(0)
    world.now = world.machine.due(world.now)
    world.go()
    world.say(0, "RUNNING")
    assert (world.states(), detail(world)) == (["RUNNING"], "worker ended by SIGKILL; started again")


def test_a_worker_that_does_not_stop_is_killed_and_the_stop_stands() -> None:
    world = running()
    world.want(want(Aim.STOP))
    world.now += 15.0 + GRACE
    world.go()
    assert world.done[-1] == Kill(0)
    world.exit(0)
    assert world.states() == ["STOPPED"]


def test_a_worker_that_said_its_last_word_and_stays_is_killed() -> None:
    world = running()
    world.say(0, "COMPLETED")
    assert world.states() == ["DRAINING"]
    world.now += GRACE
    world.go()
    assert world.done[-1] == Kill(0)
    world.exit(0)
    assert world.states() == ["COMPLETED"]


def test_a_document_that_cannot_be_run_fails_the_replicas_once() -> None:
    world = World()
    world.want(want(replicas=2))
    world.answer()
    world.answer(refusal=Refusal("VARIABLE_UNSET", "the variable IN is not set", "set it"))
    assert world.states() == ["FAILED", "FAILED"]
    status = world.machine.status(1)
    assert status is not None
    assert (status.code, status.detail, status.remedy) == ("VARIABLE_UNSET", "the variable IN is not set", "set it")
    world.restart()
    world.settle()
    assert (world.states(), world.starts) == (["FAILED", "FAILED"], {})


def test_a_deal_that_fails_for_now_is_tried_again_and_one_that_fails_for_good_is_not() -> None:
    world = World()
    world.want(want(replicas=2))
    world.answer()
    world.answer()
    world.answer(refusal=Refusal("DISK", "the disk is full"), again=True)
    assert (world.states(), detail(world)) == (["STARTING"] * 2, "the disk is full")
    world.answer()
    assert not world.pending
    world.now = world.machine.due(world.now)
    world.go()
    world.answer(refusal=Refusal("CHECKPOINT_DAMAGED", "cut does not verify"))
    world.settle()
    assert world.states() == ["FAILED", "FAILED"]


def test_a_deal_that_was_overtaken_is_looked_at_before_anything_follows() -> None:
    world = World()
    world.want(want(replicas=3))
    world.answer()
    world.answer()
    assert world.kinds()[-1] == "Deal"
    world.want(want(epoch=2, replicas=2))
    assert world.kinds()[-1] == "Deal", "one change at a time"
    world.settle()
    assert world.dealt == {1: 2}
    assert world.states() == ["RUNNING", "RUNNING"]


def test_what_was_found_of_another_run_counts_for_nothing() -> None:
    world = World(dealt={1: 3})
    world.want(want(replicas=3))
    world.want(want(epoch=2, replicas=3, run_seq=2))
    world.settle()
    assert world.dealt == {1: 3, 2: 3}


def test_a_refusal_that_comes_late_counts_for_nothing() -> None:
    world = World()
    world.want(want())
    world.answer()
    world.want(want(epoch=2))
    world.machine.refused(want(), Refusal("VARIABLE_UNSET", "of the epoch before"))
    world.settle()
    assert world.states() == ["RUNNING"]


def test_a_withdrawn_pipeline_is_drained_and_forgotten() -> None:
    world = running(2)
    world.want(None)
    assert not world.forgotten
    world.settle()
    assert world.forgotten
    assert world.machine.status(0) is None


def test_what_is_wanted_again_while_it_drains_waits_for_its_worker() -> None:
    world = running()
    world.want(None)
    world.want(want())
    assert world.done[-1] == Tell(0, Aim.STOP), "nobody looks at its disk while it writes there"
    world.exit(0, "STOPPED")
    assert isinstance(world.done[-1], Look)
    world.settle()
    assert world.states() == ["RUNNING"]


def test_a_restart_that_is_asked_for_is_no_crash() -> None:
    world = running()
    assert world.machine.ask_restart(0)
    world.go()
    assert world.done[-1] == Tell(0, Aim.STOP)
    world.exit(0, "STOPPED")
    assert isinstance(world.done[-1], Spawn)
    assert detail(world) == ""
    assert not World().machine.ask_restart(0)


def test_a_restart_that_is_asked_for_does_not_wait_until_a_crash_is_forgotten() -> None:
    world = running()
    for _ in range(9):
        world.exit(0)
        world.now = world.machine.due(world.now)
        world.go()
    world.exit(0)
    assert not world.processes
    assert world.machine.ask_restart(0)
    world.go()
    assert world.processes


@pytest.mark.parametrize("aim", [Aim.PAUSE, Aim.STOP])
def test_what_is_not_to_run_is_not_restarted(aim: Aim) -> None:
    world = World()
    world.want(want(aim))
    world.settle()
    assert not world.machine.ask_restart(0)


def test_leaving_ends_the_workers_and_what_was_wanted_stays_wanted() -> None:
    world = running(2)
    world.machine.leave()
    world.go()
    assert not world.machine.idle
    assert [process.told for process in world.processes.values()] == [Aim.STOP, Aim.STOP]
    world.exit(0, "STOPPED")
    world.exit(1, "STOPPED")
    assert world.machine.idle
    assert world.states() == ["STARTING", "STARTING"]
    world.restart()
    world.settle()
    assert world.states() == ["RUNNING", "RUNNING"]


def test_a_worker_that_falls_silent_is_told_of_until_it_speaks_again() -> None:
    world = running()
    world.say(0, "RUNNING")
    assert world.machine.due(world.now) == world.now + SILENCE
    world.now += SILENCE
    world.go()
    assert (world.states(), "said nothing" in detail(world)) == (["RUNNING"], True)
    assert world.machine.due(world.now) == math.inf
    world.say(0, "RUNNING")
    assert detail(world) == ""


def test_a_worker_that_is_starting_is_not_silent() -> None:
    world = World()
    world.want(want())
    world.answer()
    world.answer()
    world.now += 10 * SILENCE
    world.go()
    assert (world.states(), detail(world)) == (["STARTING"], "")


def test_what_the_disk_refused_is_asked_for_again() -> None:
    world = World()
    world.want(want())
    look = world.pending.pop()
    world.machine.failed(look, None, "cannot read", world.now)
    assert (detail(world), world.machine.decide(world.now)) == ("cannot read", [look])
    world.machine.failed(look, Refusal("CHECKPOINT_DAMAGED", "it does not verify"), "it does not verify", world.now)
    world.settle()
    assert world.states() == ["FAILED"]
