"""A disk and worker processes that exist in memory only, for the machine of a pipeline; it holds what must never be."""

from __future__ import annotations

from dataclasses import dataclass, field

from conduix.v1 import pipeline_service_pb2 as pb
from conduix_agent.host.actions import (
    Action,
    Aim,
    Deal,
    Forget,
    Found,
    Keep,
    Kill,
    Look,
    Prepare,
    Refusal,
    Spawn,
    Tell,
    Want,
)
from conduix_agent.host.pipeline import Pipeline
from conduix_agent.host.replica import ENDS, FOR_GOOD

STATES = {
    name: pb.PipelineState.Value(f"PIPELINE_STATE_{name}")
    for name in ("STARTING", "RUNNING", "PAUSED", "DRAINING", "COMPLETED", "STOPPED", "FAILED")
}


def want(aim: Aim = Aim.RUN, *, epoch: int = 1, replicas: int = 1, run_seq: int = 1) -> Want:
    return Want("orders", 1, "digest", f"run-{run_seq}", run_seq, epoch, replicas, aim)


def status(state: str, **fields: object) -> pb.ReplicaStatus:
    return pb.ReplicaStatus(state=STATES[state], **fields)  # type: ignore[arg-type]


@dataclass
class Process:
    """A worker."""

    want: Want
    told: Aim = Aim.RUN


@dataclass
class World:
    """Carries out actions at once, except those that take long: they wait in `pending` until `answer`."""

    machine: Pipeline = field(default_factory=Pipeline)
    now: float = 100.0
    dealt: dict[int, int] = field(default_factory=dict)
    records: dict[tuple[int, int], dict[int, pb.ReplicaStatus]] = field(default_factory=dict)
    starts: dict[int, int] = field(default_factory=dict)
    processes: dict[int, Process] = field(default_factory=dict)
    pending: list[Look | Prepare | Deal] = field(default_factory=list)
    done: list[Action] = field(default_factory=list)
    forgotten: bool = False

    def want(self, wanted: Want | None) -> None:
        """Another desired state."""
        self.forgotten = False
        self.machine.want(wanted)
        self.go()

    def go(self) -> None:
        """Carry out whatever the machine decides until it has nothing to say."""
        for _ in range(100):
            actions = self.machine.decide(self.now)
            if not actions:
                return
            for action in actions:
                self._do(action)
            if self.forgotten:
                return
        raise AssertionError(f"it never comes to rest: {actions}")

    def answer(self, *, refusal: Refusal | None = None, again: bool = False) -> None:
        """What is pending longest is done; a Prepare that was overtaken is given up."""
        action = self.pending.pop(0)
        if isinstance(action, Look):
            run, epoch = action.want.run_seq, action.want.epoch
            self.machine.found(Found(self.dealt.get(run, 0), dict(self.records.get((run, epoch), {})), self.starts))
        elif isinstance(action, Deal):
            if refusal is None:
                self.dealt[action.want.run_seq] = action.want.replicas
            self.machine.dealt(refusal, self.now, again=again)
        elif refusal is None:
            self.machine.prepared(action.want, 15.0)
        else:
            self.machine.refused(action.want, refusal)
        self.go()

    def say(self, replica: int, state: str) -> None:
        """A worker tells its state."""
        self.machine.said(replica, status(state), self.now)
        self.go()

    def exit(self, replica: int, last: str = "") -> None:
        """A worker ends, after its last words."""
        if last:
            self.machine.said(replica, status(last), self.now)
        del self.processes[replica]
        self.machine.exited(replica, "worker ended by SIGKILL", self.now)
        self.go()

    def restart(self) -> None:
        """The agent is killed and started again; its workers end with it, what it asked for is gone."""
        wanted = self.machine.wanted
        self.processes.clear()
        self.pending.clear()
        self.machine = Pipeline()
        self.want(wanted)

    def settle(self) -> None:
        """Everything that is asked for succeeds, and every worker does as it is told."""
        for _ in range(200):
            if self.forgotten:
                return
            if self.pending:
                self.answer()
            elif stopping := [n for n, p in self.processes.items() if p.told is Aim.STOP]:
                self.exit(stopping[0], "STOPPED")
            else:
                for replica, process in list(self.processes.items()):
                    self.say(replica, "PAUSED" if process.told is Aim.PAUSE else "RUNNING")
                before = len(self.done)
                self.now += 31.0
                self.go()
                if len(self.done) == before:
                    return
        raise AssertionError("it never settles")

    def states(self) -> list[str]:
        """What is reported of the replicas."""
        statuses = [self.machine.status(n) for n in range(self.machine.wanted.replicas if self.machine.wanted else 0)]
        return [pb.PipelineState.Name(s.state).removeprefix("PIPELINE_STATE_") for s in statuses if s is not None]

    def kinds(self) -> list[str]:
        """What was done so far, in order."""
        return [type(action).__name__ for action in self.done]

    def _do(self, action: Action) -> None:
        self.done.append(action)
        if isinstance(action, Look | Deal):
            assert not any(isinstance(other, Look | Deal) for other in self.pending), "two at a time"
            assert not self.processes, "a deal meets workers"
            self.pending.append(action)
        elif isinstance(action, Prepare):
            self.pending = [other for other in self.pending if not isinstance(other, Prepare)] + [action]
        elif isinstance(action, Spawn):
            self._spawn(action)
        elif isinstance(action, Tell):
            self.processes[action.replica].told = action.aim
        elif isinstance(action, Keep):
            reported = self.machine.status(action.replica)
            assert reported is None or reported.state not in ENDS, "an end is told before it is on disk"
            key = (action.want.run_seq, action.want.epoch)
            self.records.setdefault(key, {})[action.replica] = action.status
            self.machine.kept(action.replica)
        elif isinstance(action, Kill):
            pass  # its end comes by `exit`
        else:
            assert isinstance(action, Forget)
            assert not self.processes, "forgotten while workers live"
            self.forgotten = True

    def _spawn(self, action: Spawn) -> None:
        wanted, replica = action.want, action.replica
        assert replica not in self.processes, "two workers of one replica"
        assert not any(isinstance(other, Look | Deal) for other in self.pending), "a worker meets a deal"
        assert all(p.want.same_epoch(wanted) for p in self.processes.values()), "workers of two epochs"
        if self.dealt.setdefault(wanted.run_seq, 1) != wanted.replicas:
            raise AssertionError(f"dealt to {self.dealt[wanted.run_seq]}, run by {wanted.replicas}")
        ended = self.records.get((wanted.run_seq, wanted.epoch), {}).get(replica)
        assert ended is None or ended.state not in FOR_GOOD, "an ended run is run again"
        assert self.machine.wanted is not None
        assert self.machine.wanted.aim is Aim.RUN, "a worker that nobody wants"
        self.processes[replica] = Process(wanted)
        self.starts[replica] = self.starts.get(replica, 0) + 1
        self.machine.spawned(replica, self.starts[replica])
