"""What needs a person: failing, waiting, flapping pipelines and silent agents, each with its cause and its remedy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from conduix.v1 import agent_service_pb2 as agent_pb
from conduix.v1 import pipeline_service_pb2 as pb
from conduix_tui.store.updates import Kind

FLAPPING = 3
"""Restarts from which on a running pipeline is no longer well."""
MOST_DEAD = 0.01
"""Share of dead letters from which on a pipeline is no longer well."""

Severity = Literal["down", "waits", "odd"]
_ORDER: Mapping[Severity, int] = {"down": 0, "waits": 1, "odd": 2}


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that needs a person."""

    kind: Kind
    item: Any
    severity: Severity
    what: str
    cause: str
    remedy: str
    action: str = ""
    """Id of the action that mends it by one key; empty: there is none."""

    @property
    def name(self) -> str:
        """Of the pipeline or agent."""
        return str(self.item.name)

    @property
    def rank(self) -> tuple[int, str]:
        """The worst first."""
        return (_ORDER[self.severity], self.name)


def troubles(pipelines: Iterable[pb.Pipeline], agents: Iterable[agent_pb.Agent]) -> list[Trouble]:
    """All that there is, the worst first."""
    found = [trouble for pipeline in pipelines for trouble in _of_pipeline(pipeline)]
    found += [trouble for agent in agents for trouble in _of_agent(agent)]
    return sorted(found, key=lambda trouble: trouble.rank)


def _of_pipeline(pipeline: pb.Pipeline) -> Iterator[Trouble]:
    state, detail, remedy = pipeline.state, pipeline.detail, pipeline.remedy
    if state == pb.PIPELINE_STATE_FAILED:
        yield Trouble(
            "pipeline", pipeline, "down", "failed", detail, remedy or "look at its logs, mend, start", "start"
        )
    elif state == pb.PIPELINE_STATE_WAITING_FOR_AGENT:
        hint = remedy or "bring its agent back: its state is there"
        yield Trouble("pipeline", pipeline, "down", "waits for its agent", detail, hint)
    elif state == pb.PIPELINE_STATE_PAUSED and pipeline.reason not in {
        pb.PAUSE_REASON_OPERATOR,
        pb.PAUSE_REASON_UNSPECIFIED,
    }:
        why = pb.PauseReason.Name(pipeline.reason).removeprefix("PAUSE_REASON_")
        mends = "resume" if pipeline.reason == pb.PAUSE_REASON_DLQ_FLOOD else ""
        yield Trouble("pipeline", pipeline, "waits", f"paused: {why}", detail, remedy, mends)
    elif state == pb.PIPELINE_STATE_REWINDING:
        yield Trouble("pipeline", pipeline, "waits", "rewinding", detail, remedy)
    elif state == pb.PIPELINE_STATE_RUNNING and pipeline.restarts >= FLAPPING:
        yield Trouble(
            "pipeline", pipeline, "odd", f"{pipeline.restarts} restarts", detail, remedy or "look at its logs"
        )
    if pipeline.records_in and pipeline.records_dead / pipeline.records_in > MOST_DEAD:
        share = f"{pipeline.records_dead / pipeline.records_in:.1%} dead letters"
        yield Trouble("pipeline", pipeline, "odd", share, "", "look at the dead letters: the document may be wrong")


def _of_agent(agent: agent_pb.Agent) -> Iterator[Trouble]:
    if agent.adoption_pending:
        hint = "adopt it if it is meant to take the place of the one that was here"
        yield Trouble("agent", agent, "waits", "a newcomer waits", "another state directory", hint, "adopt")
    if agent.state == agent_pb.AGENT_STATE_OFFLINE:
        cause = f"{agent.replicas} replicas are there; they may well go on" if agent.replicas else ""
        yield Trouble("agent", agent, "down", "offline", cause, "look at the machine: systemctl status conduix-agent@*")
