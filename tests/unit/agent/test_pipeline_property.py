"""The machine of one pipeline under drawn histories: nothing that must never be, and in the end what is wanted."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from conduix_agent.host.actions import Aim, Deal, Prepare, Refusal, Want
from tests.unit.agent.worlds import World, want

REACHED = {Aim.RUN: {"RUNNING", "COMPLETED", "FAILED"}, Aim.PAUSE: {"PAUSED", "COMPLETED", "FAILED"}, Aim.STOP: None}


class History(RuleBasedStateMachine):
    """`World` asserts at each action what must never be."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.epoch = self.run_seq = 1
        self.aim, self.replicas = Aim.RUN, 1
        self.world.want(self._want())

    @rule(aim=st.sampled_from(Aim))
    def aims(self, aim: Aim) -> None:
        self.aim = aim
        self.world.want(self._want())

    @rule(replicas=st.integers(1, 4))
    def scales(self, replicas: int) -> None:
        self.replicas = replicas
        self.epoch += 1
        self.world.want(self._want())

    @rule()
    def begins_another_run(self) -> None:
        self.epoch += 1
        self.run_seq += 1
        self.world.want(self._want())

    @rule()
    def withdraws(self) -> None:
        self.world.want(None)

    @rule()
    def is_told_the_same_again(self) -> None:
        if self.world.machine.wanted is not None:
            self.world.want(self._want())

    @precondition(lambda self: self.world.pending)
    @rule(how=st.sampled_from(["well", "for now", "badly"]))
    def answers(self, how: str) -> None:
        fails = how != "well" and isinstance(self.world.pending[0], Deal | Prepare)
        self.world.answer(refusal=Refusal("CODE", "it failed") if fails else None, again=how == "for now")

    @precondition(lambda self: self.world.processes)
    @rule(data=st.data(), state=st.sampled_from(["STARTING", "RUNNING", "PAUSED", "DRAINING"]))
    def says(self, data: st.DataObject, state: str) -> None:
        self.world.say(data.draw(st.sampled_from(sorted(self.world.processes))), state)

    @precondition(lambda self: self.world.processes)
    @rule(data=st.data(), last=st.sampled_from(["", "", "STOPPED", "COMPLETED", "FAILED"]))
    def ends(self, data: st.DataObject, last: str) -> None:
        self.world.exit(data.draw(st.sampled_from(sorted(self.world.processes))), last)

    @precondition(lambda self: self.world.processes)
    @rule(data=st.data())
    def is_to_be_restarted(self, data: st.DataObject) -> None:
        self.world.machine.ask_restart(data.draw(st.sampled_from(sorted(self.world.processes))))
        self.world.go()

    @rule(seconds=st.sampled_from([0.1, 1.0, 20.0, 60.0]))
    def waits(self, seconds: float) -> None:
        self.world.now += seconds
        self.world.go()

    @rule()
    def agent_dies(self) -> None:
        self.world.restart()

    def teardown(self) -> None:
        self.world.settle()
        if self.world.machine.wanted is None:
            assert not self.world.processes
            assert self.world.forgotten
            return
        states = set(self.world.states())
        assert len(self.world.states()) == self.replicas
        if self.aim is Aim.STOP:
            assert not self.world.processes
            assert states <= {"STOPPED", "COMPLETED", "FAILED"}
        else:
            assert states <= (REACHED[self.aim] or set())

    def _want(self) -> Want:
        return want(self.aim, epoch=self.epoch, replicas=self.replicas, run_seq=self.run_seq)


TestHistory = History.TestCase
TestHistory.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
