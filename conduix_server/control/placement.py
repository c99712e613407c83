"""Where a pipeline runs: on an agent that can, the one with the least to do. Reads and writes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from conduix.errors import AgentIncapable, AgentOffline, AgentRequired, FailedPrecondition

REMEDY = "start one: conduix-agent run --servers HOST:PORT --join-token-file FILE (conduix agents join-token NAME)"


@dataclass(frozen=True, slots=True)
class Candidate:
    """An agent that is enrolled. `load`: how many replicas it has that shall not stand still."""

    id: str
    name: str
    online: bool
    cordoned: bool
    capabilities: frozenset[str]
    labels: Mapping[str, str] = field(default_factory=dict)
    load: int = 0


def choose(candidates: Sequence[Candidate], needs: Sequence[str], labels: Mapping[str, str] | None = None) -> Candidate:
    """The agent that shall run all replicas of a new run; of equals the first by name. It has all of `labels`.

    Raises AgentRequired, AgentOffline or AgentIncapable, each with what is missing.
    """
    if not candidates:
        raise AgentRequired("there is no agent that could run it", remedy=REMEDY)
    wanted = labels or {}
    candidates = [each for each in candidates if wanted.items() <= each.labels.items()]
    if not candidates:
        shown = ", ".join(f"{key}={value}" for key, value in sorted(wanted.items()))
        raise AgentIncapable(
            f"no agent has the labels that its placement names: {shown}",
            remedy="start an agent with these labels (--label KEY=VALUE), or change placement in the document",
        )
    online = [each for each in candidates if each.online]
    if not online:
        names = ", ".join(sorted(each.name for each in candidates)[:5])
        raise AgentOffline(
            f"no agent is connected; there are {names}", remedy="start one of them, or see why it is away"
        )
    able = [each for each in online if each.capabilities.issuperset(needs)]
    if not able:
        raise AgentIncapable(
            "; ".join(
                f"agent {each.name} has no {', '.join(_missing(each, needs))}" for each in _nearest(online, needs)
            ),
            remedy="install what is missing where an agent runs, or start an agent that has it",
        )
    free = [each for each in able if not each.cordoned]
    if not free:
        names = ", ".join(sorted(each.name for each in able)[:5])
        raise FailedPrecondition(f"agents that could run it take nothing new: {names}", remedy="uncordon one of them")
    return min(free, key=lambda each: (each.load, each.name))


def _missing(agent: Candidate, needs: Sequence[str]) -> list[str]:
    return [need for need in needs if need not in agent.capabilities]


def _nearest(agents: Sequence[Candidate], needs: Sequence[str]) -> list[Candidate]:
    return sorted(agents, key=lambda each: (len(_missing(each, needs)), each.name))[:3]
