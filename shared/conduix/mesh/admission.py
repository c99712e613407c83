"""Who is let in: one incarnation of an agent at a time, by what the database and the newcomer say."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto

from conduix.mesh.dispatch import Outstanding
from conduix.v1 import mesh_service_pb2 as pb


@dataclass(frozen=True, slots=True)
class AgentRow:
    """What the database knows of an agent when it connects."""

    agent_id: str
    session: int = 0
    incarnation: str = ""
    """Of the last process that was heard after its welcome; empty: none ever was."""
    accepted: tuple[str, ...] = ()
    """Those that were accepted since and not heard yet, oldest first."""
    adopting: bool = False
    """A person said that the next one who comes is the one."""
    revoked: bool = False
    desired: pb.DesiredStateUpdate = field(default_factory=pb.DesiredStateUpdate)
    report_acked: int = 0
    commands: tuple[Outstanding, ...] = ()
    """Those without a result."""


class Verdict(Enum):
    """What to do with a Hello."""

    ACCEPT = auto()
    PROBE = auto()
    """It may be the one that follows: only if the session that there is keeps silent."""
    UNKNOWN = auto()


def judge(row: AgentRow, hello: pb.Hello) -> Verdict:
    """The rule of incarnations.

    A process writes its incarnation down when it is welcomed, before it says anything more. So what the next one names
    as its predecessor was either heard, or accepted after that: a welcome may be lost, and a Hello of a process that
    is dead by then may come late. Only the one that was accepted last comes in without a question.
    """
    known = (row.incarnation, *row.accepted)
    if known == ("",) or row.adopting or hello.incarnation == known[-1]:
        return Verdict.ACCEPT
    if hello.predecessor in known or hello.incarnation in known:
        return Verdict.PROBE
    return Verdict.UNKNOWN
