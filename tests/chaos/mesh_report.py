"""The results of the chaos runs through the mesh as a page of the documentation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from tests.chaos import mesh_kills, mesh_outages
from tests.chaos.report import machine

_KILLS = (
    "replicas",
    "kills of worker",
    "agent",
    "server",
    "worker processes",
    "lost",
    "doubled",
    "commands",
    "succeeded",
    "failed",
    "interrupted",
    "expired",
    "unanswered",
    "run twice",
    "seconds",
)
_OUTAGES = (
    "agents",
    "pipelines",
    "kill -9",
    "SIGTERM",
    "started again",
    "reports stored",
    "reports lost",
    "longest return of all",
    "seconds",
)

_ABOUT_KILLS = """\
# Chaos, part 2: through server and agent

`make chaos-mesh SEED={seed}`, {when}, on {machine}.

## Kills

{records:,} orders, 1 % of them bad, are filtered, mapped and fanned out by a pipeline that a server keeps and an agent
runs in worker processes, with a checkpoint every {interval}. Worker, agent and server are killed with SIGKILL, in turn
and together, each time a further part of the output is written, three times of four not before server and agent have
found each other again; worker processes are started by the agent, the two programs after a moment of up to half a
second. All the while a checkpoint is asked for every {every:.2f} s, also of a server that is away.

Passed means: the output of one replica is byte-identical to that of an undisturbed `conduix run`, that of three
replicas, a file for each shard, has the same lines; every operation ended and every command that the server gave out
has an answer; no command was begun twice, by the agent's journal.

"""

_ABOUT_OUTAGES = """
Failed commands found a pipeline that was not running, or a replica between two processes; interrupted ones were begun
when the agent was killed, and are not begun again; expired ones came after their minute. {refused}

## Outages of the server

A server on MariaDB is restarted under agents with a pipeline each, by SIGKILL and by SIGTERM in turn, away for half a
second to three. Passed means: no pipeline was started again (same run, same epoch, same number of process starts, no
restart), and when all are stopped in the end, whatever an agent ever had to report is with the server: nothing waits in
a spool, nothing was dropped, both ends name the same last number.

"""


def write_report(
    path: Path,
    kills: Sequence[mesh_kills.Verdict],
    outages: Sequence[mesh_outages.Verdict],
    *,
    records: int,
    interval: str,
    seed: int,
) -> None:
    """Write the page."""
    text = _ABOUT_KILLS.format(
        seed=seed,
        when=datetime.now(UTC).date().isoformat(),
        machine=machine(),
        records=records,
        interval=interval,
        every=mesh_kills.COMMAND_EVERY,
    )
    text += _table(_KILLS, map(_kills, kills))
    text += _ABOUT_OUTAGES.format(refused=_refused(kills))
    text += _table(_OUTAGES, map(_outages, outages))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def _kills(verdict: mesh_kills.Verdict) -> str:
    killed, commands = verdict.killed, verdict.commands
    cells = [verdict.plan.replicas, killed["worker"], killed["agent"], killed["server"], verdict.starts]
    cells += [verdict.different.lost, verdict.different.doubled, commands.total()]
    cells += [commands[outcome] for outcome in ("SUCCEEDED", "FAILED", "INTERRUPTED", "EXPIRED")]
    cells += [verdict.unanswered, verdict.twice, round(verdict.seconds)]
    return _row(cells)


def _refused(kills: Sequence[mesh_kills.Verdict]) -> str:
    refused = sum((verdict.refused for verdict in kills), Counter[str]())
    told = ", ".join(f"{count:,} {code}" for code, count in refused.items())
    return f"Calls that were refused, and so gave out no command: {told}." if told else "No call was refused."


def _outages(verdict: mesh_outages.Verdict) -> str:
    lost = verdict.unsent + verdict.dropped
    cells = [verdict.plan.agents, verdict.plan.agents, verdict.kills, verdict.stops, verdict.changed, verdict.reports]
    return _row([*cells, lost, f"{verdict.back_seconds:.1f} s", round(verdict.seconds)])


def _table(head: Sequence[str], lines: Iterable[str]) -> str:
    return _row(head) + _row(["---"] * len(head)) + "".join(lines)


def _row(cells: Sequence[int | str]) -> str:
    return f"| {' | '.join(cell if isinstance(cell, str) else f'{cell:,}' for cell in cells)} |\n"
