"""What the reports of replicas mean for a pipeline and its run. Nothing here reads or writes anything."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from conduix.v1 import common_pb2
from conduix.v1.pipeline_service_pb2 import NodeCounts, PauseReason, PipelineState, ReplicaStatus

ENDED: Final = frozenset({"COMPLETED", "FAILED", "STOPPED"})
PENDING, STARTING, RUNNING, PAUSED = "PENDING", "STARTING", "RUNNING", "PAUSED"
COMPLETED, FAILED, STOPPED = "COMPLETED", "FAILED", "STOPPED"
WAITING_FOR_AGENT = "WAITING_FOR_AGENT"
OPERATOR = "OPERATOR"

# the first of these that any replica is in is what the pipeline is in
_FIRST: Final = (FAILED, "REWINDING", STARTING, PENDING, "DRAINING", PAUSED, RUNNING, STOPPED, COMPLETED)


def state_of(status: ReplicaStatus) -> str:
    """The word for it; PENDING where the agent has not said any."""
    return PipelineState.Name(status.state).removeprefix("PIPELINE_STATE_").replace("UNSPECIFIED", PENDING)


def reason_of(status: ReplicaStatus) -> str:
    """Why it is paused; empty where it is not."""
    return PauseReason.Name(status.reason).removeprefix("PAUSE_REASON_").replace("UNSPECIFIED", "")


@dataclass(frozen=True, slots=True)
class Summary:
    """What a pipeline is in, and why."""

    state: str
    reason: str = ""
    code: str = ""
    detail: str = ""
    remedy: str = ""
    over: bool = False
    """No replica does anything any more."""


@dataclass(frozen=True, slots=True)
class Situation:
    """All that the state of a pipeline follows from. `reports` are those of the current epoch."""

    run_state: str = ""
    """Empty: it never ran."""
    run_ended: bool = False
    run_detail: str = ""
    replicas: int = 0
    agent: str = ""
    agent_online: bool = False
    reports: Sequence[ReplicaStatus] = ()


def summarise(situation: Situation) -> Summary:
    """The state that is shown."""
    if not situation.run_state:
        return Summary(STOPPED, over=True)
    seen = combine(situation.reports, situation.replicas)
    if situation.run_ended:
        told = seen if seen.state == situation.run_state else Summary(situation.run_state)
        return Summary(situation.run_state, "", told.code, situation.run_detail, told.remedy, over=True)
    if not situation.replicas:
        return Summary(PENDING)
    if not situation.agent_online:
        text = f"agent {situation.agent} is not connected; what it runs goes on without the server"
        return Summary(WAITING_FOR_AGENT, detail=text, remedy=f"start agent {situation.agent} again")
    return seen


def combine(reports: Sequence[ReplicaStatus], replicas: int) -> Summary:
    """Of several replicas the one that matters most; those that have not reported are pending."""
    if not reports:
        return Summary(PENDING)
    told = {status.replica: status for status in reports}
    states = {replica: state_of(status) for replica, status in told.items()}
    missing = [STARTING] if len(told) < replicas else []
    state = min([*states.values(), *missing], key=_FIRST.index)
    over = not missing and ENDED.issuperset(states.values())
    speaker = next((told[replica] for replica in sorted(told) if states[replica] == state), None)
    if speaker is None:
        return Summary(state)
    name = f"replica {speaker.replica}: " if replicas > 1 and speaker.detail else ""
    return Summary(
        state,
        reason_of(speaker) if state == PAUSED else "",
        speaker.code,
        name + speaker.detail,
        speaker.remedy,
        over,
    )


@dataclass(frozen=True, slots=True)
class Counts:
    """Records since the run began, of all replicas."""

    read: int = 0
    written: int = 0
    filtered: int = 0
    dead: int = 0
    restarts: int = 0
    nodes: Mapping[str, NodeCounts] = field(default_factory=dict)

    @classmethod
    def of(cls, reports: Iterable[ReplicaStatus]) -> Counts:
        """Added up; each record that a dead-letter sink writes is counted as dead where it failed, and only there."""
        nodes: dict[str, NodeCounts] = {}
        restarts = 0
        for status in reports:
            restarts += status.restarts
            for each in status.nodes:
                _add(nodes.setdefault(each.node, NodeCounts(node=each.node, role=each.role)), each)
        return cls(
            read=sum(each.passed for each in nodes.values() if each.role == common_pb2.NODE_ROLE_SOURCE),
            written=sum(
                each.passed for each in nodes.values() if each.role == common_pb2.NODE_ROLE_SINK and each.node != "dlq"
            ),
            filtered=sum(each.filtered for each in nodes.values()),
            dead=sum(each.dead for each in nodes.values()),
            restarts=restarts,
            nodes=nodes,
        )

    def beside(self, stored: Counts) -> Counts:
        """These, or the stored ones where they are further: some replica has not reported since it was dealt anew."""
        return self if self.read >= stored.read and self.written >= stored.written else stored


def _add(sum_: NodeCounts, more: NodeCounts) -> None:
    sum_.passed += more.passed
    sum_.filtered += more.filtered
    sum_.dead += more.dead
    sum_.made += more.made
