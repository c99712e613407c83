"""What can be done to a pipeline, an agent or a run: whether now, how dangerous it is, and the same as a command."""

from __future__ import annotations

import shlex
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any

from conduix.v1 import agent_service_pb2 as agent_pb
from conduix.v1 import common_pb2
from conduix.v1 import pipeline_service_pb2 as pb
from conduix.v1 import run_service_pb2 as run_pb
from conduix_tui.client.client import Client
from conduix_tui.store.updates import Kind

Call = Callable[[Client, Any], Awaitable[Any]]

_ENDED = frozenset(
    {
        pb.PIPELINE_STATE_UNSPECIFIED,
        pb.PIPELINE_STATE_STOPPED,
        pb.PIPELINE_STATE_COMPLETED,
        pb.PIPELINE_STATE_FAILED,
    }
)


class Grade(IntEnum):
    """How dangerous an action is."""

    REVERSIBLE = 1
    """Done at once; can be undone for ten seconds."""
    DISRUPTIVE = 2
    """A dialog tells the effect; its default is Cancel."""
    IRREVERSIBLE = 3
    """The name must be typed."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A number that an action must be told before it is done."""

    question: str
    low: int
    high: int
    now: Callable[[Any], int]
    """What it is for this one."""
    call: Callable[[Client, Any, int], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Action:
    """Something that can be done to one resource; to several, it is done to each."""

    id: str
    kind: Kind
    label: str
    key: str
    grade: Grade
    effect: str
    """What it means, one sentence."""
    why_not: Callable[[Any], str]
    """Why it cannot be done to this one now; empty: it can."""
    method: str
    call: Call
    cli: str
    """The same as a command; `{name}` stands for the resource, `{number}` for what is asked."""
    undo: str = ""
    """Id of the action that takes it back."""
    needs: common_pb2.Role = common_pb2.ROLE_OPERATOR
    """The role that a server asks for."""
    asks: Ask | None = None
    """It cannot be called before it was told this."""
    before: Callable[[Any], Action] | None = None
    """For what was told a number: the same with the number from before."""

    def command(self, name: str) -> str:
        """The command for the resource of this name."""
        return self.cli.format(name=shlex.quote(name))

    def grade_for(self, count: int, *, protected: bool = False) -> Grade:
        """Done to many at once, what disrupts one is a matter of typing; on a protected server all is one grade up."""
        grade = Grade.IRREVERSIBLE if count > 1 and self.grade is not Grade.REVERSIBLE else self.grade
        return Grade(min(grade + 1, Grade.IRREVERSIBLE)) if protected else grade

    def told(self, number: int) -> Action:
        """The same, with the number that it asks for."""
        ask = self.asks
        if ask is None:
            raise ValueError(f"{self.id} asks for nothing")
        return replace(
            self,
            label=f"{self.label} to {number}",
            call=lambda client, item: ask.call(client, item, number),
            cli=self.cli.replace("{number}", str(number)),
            asks=None,
            before=lambda item: self.told(ask.now(item)),
        )

    def opposite(self, item: Any) -> Action | None:
        """What takes it back from this one; None: nothing does."""
        if self.before is not None:
            return self.before(item)
        return by_id(self.kind, self.undo) if self.undo else None


def _ref(pipeline: pb.Pipeline) -> pb.PipelineRef:
    return pb.PipelineRef(id=pipeline.id)


async def _start(client: Client, pipeline: pb.Pipeline) -> object:
    return await client.call(client.pipelines.StartPipeline, pb.StartPipelineRequest(pipeline=_ref(pipeline)))


async def _start_fresh(client: Client, pipeline: pb.Pipeline) -> object:
    request = pb.StartPipelineRequest(pipeline=_ref(pipeline), fresh=True)
    return await client.call(client.pipelines.StartPipeline, request)


async def _stop(client: Client, pipeline: pb.Pipeline) -> object:
    return await client.call(client.pipelines.StopPipeline, pb.StopPipelineRequest(pipeline=_ref(pipeline)))


async def _pause(client: Client, pipeline: pb.Pipeline) -> object:
    return await client.call(client.pipelines.PausePipeline, pb.PausePipelineRequest(pipeline=_ref(pipeline)))


async def _resume(client: Client, pipeline: pb.Pipeline) -> object:
    return await client.call(client.pipelines.ResumePipeline, pb.ResumePipelineRequest(pipeline=_ref(pipeline)))


async def _checkpoint(client: Client, pipeline: pb.Pipeline) -> object:
    return await client.call(client.pipelines.TriggerCheckpoint, pb.TriggerCheckpointRequest(pipeline=_ref(pipeline)))


async def _scale(client: Client, pipeline: pb.Pipeline, replicas: int) -> object:
    request = pb.ScalePipelineRequest(pipeline=_ref(pipeline), replicas=replicas)
    return await client.call(client.pipelines.ScalePipeline, request)


async def _untold(_client: Client, item: Any) -> object:
    raise ValueError(f"nothing was told about {item}")


async def _delete(client: Client, pipeline: pb.Pipeline) -> object:
    request = pb.DeletePipelineRequest(pipeline=_ref(pipeline), etag=pipeline.etag)
    return await client.call(client.pipelines.DeletePipeline, request)


async def _retry(client: Client, run: run_pb.Run) -> object:
    return await client.call(client.runs.RetryRun, run_pb.RetryRunRequest(id=run.id))


async def _adopt(client: Client, agent: agent_pb.Agent) -> object:
    return await client.call(client.agents.AdoptAgent, agent_pb.AdoptAgentRequest(id=agent.id))


async def _remove(client: Client, agent: agent_pb.Agent) -> object:
    return await client.call(client.agents.RemoveAgent, agent_pb.RemoveAgentRequest(id=agent.id))


def _ended(pipeline: pb.Pipeline) -> bool:
    return pipeline.state in _ENDED


def _when(holds: Callable[[Any], bool], otherwise: str) -> Callable[[Any], str]:
    return lambda item: "" if holds(item) else otherwise


def _paused(pipeline: pb.Pipeline) -> bool:
    return pipeline.desired_state == pb.DESIRED_STATE_PAUSED or pipeline.state == pb.PIPELINE_STATE_PAUSED


ACTIONS: Sequence[Action] = (
    Action("start", "pipeline", "Start", "r", Grade.REVERSIBLE, "A run begins, or the unfinished one goes on.",
           _when(_ended, "it runs already"), "StartPipeline", _start, "conduix start {name}", undo="stop"),
    Action("pause", "pipeline", "Pause", "p", Grade.REVERSIBLE,
           "Sources stop, a checkpoint is made, everything is kept in place.",
           _when(lambda p: not _ended(p) and not _paused(p), "it does not run"),
           "PausePipeline", _pause, "conduix pause {name}", undo="resume"),
    Action("resume", "pipeline", "Resume", "u", Grade.REVERSIBLE, "The pipeline goes on where it was paused.",
           _when(_paused, "it is not paused"), "ResumePipeline", _resume, "conduix resume {name}", undo="pause"),
    Action("checkpoint", "pipeline", "Checkpoint", "c", Grade.REVERSIBLE, "A checkpoint is made now.",
           _when(lambda p: p.state == pb.PIPELINE_STATE_RUNNING, "it does not run"),
           "TriggerCheckpoint", _checkpoint, "conduix checkpoint {name}"),
    Action("scale", "pipeline", "Scale", "n", Grade.REVERSIBLE,
           "What runs stands still for a moment at a checkpoint; what is left of its sources is dealt anew.",
           lambda _p: "", "ScalePipeline", _untold, "conduix scale {name} {number}",
           asks=Ask("replicas", 1, 256, lambda p: int(p.replicas), _scale)),
    Action("stop", "pipeline", "Stop", "x", Grade.DISRUPTIVE,
           "Sources stop, a last checkpoint is made, the workers end. A start goes on from there.",
           _when(lambda p: not _ended(p), "it does not run"), "StopPipeline", _stop, "conduix stop {name}"),
    Action("fresh", "pipeline", "Start afresh", "R", Grade.IRREVERSIBLE,
           "A new run begins at the start of its sources; the unfinished one is given up.",
           _when(_ended, "stop it first"), "StartPipeline", _start_fresh, "conduix start {name} --fresh"),
    Action("delete", "pipeline", "Delete", "D", Grade.IRREVERSIBLE,
           "The document, its revisions, its runs and its checkpoints are gone for good.",
           _when(_ended, "stop it first"), "DeletePipeline", _delete, "conduix delete pipeline {name} --yes"),
    Action("retry", "run", "Go on with it", "r", Grade.DISRUPTIVE,
           "The run goes on from its last checkpoint, at its own revision.",
           _when(lambda r: r.state in {pb.PIPELINE_STATE_FAILED, pb.PIPELINE_STATE_STOPPED},
                 "it neither failed nor was stopped"), "RetryRun", _retry, "conduix runs retry {name}"),
    Action("adopt", "agent", "Adopt", "a", Grade.DISRUPTIVE,
           "The next process that comes with this identity takes the place of the one that was here.",
           _when(lambda a: a.adoption_pending, "no newcomer waits for it"), "AdoptAgent", _adopt,
           "conduix agents adopt {name}", needs=common_pb2.ROLE_ADMIN),
    Action("remove", "agent", "Remove", "D", Grade.IRREVERSIBLE,
           "Its identity is refused from now on; pipelines that have their state there cannot go on elsewhere.",
           _when(lambda a: a.state != agent_pb.AGENT_STATE_REVOKED, "it is removed already"), "RemoveAgent", _remove,
           "conduix agents remove {name} --yes", needs=common_pb2.ROLE_ADMIN),
)  # fmt: skip


def of_kind(kind: Kind) -> list[Action]:
    """The actions on resources of this kind."""
    return [action for action in ACTIONS if action.kind == kind]


def by_id(kind: Kind, action_id: str) -> Action:
    """One action. Raises LookupError."""
    return next(action for action in ACTIONS if (action.kind, action.id) == (kind, action_id))


def name_of(kind: Kind, item: Any) -> str:
    """How people call a resource: what `{name}` of a command stands for."""
    return f"{item.pipeline_name}/{item.run_seq}" if kind == "run" else str(item.name or item.id)
