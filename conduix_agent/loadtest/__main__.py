"""`python -m conduix_agent.loadtest agents`: what so many agents cost a server, on their streams and in its process."""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import resource
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from conduix.errors import ConduixError, UsageError
from conduix.spec.units import parse_duration
from conduix_agent.loadtest.figures import Figures, Spread, Usage, usage
from conduix_agent.loadtest.fleet import Fleet, Target, enrol


def main() -> int:
    """Measure and print; 1 where agents were not connected in the end, 2 for wrong arguments."""
    args = _parser().parse_args()
    try:
        figures = asyncio.run(_measure(args))
    except ConduixError as error:
        remedy = f"; {error.remedy}" if error.remedy else ""
        print(f"error: {error.message} ({error.code}){remedy}", file=sys.stderr)  # noqa: T201 - a program
        return 2 if isinstance(error, UsageError) else 1
    except KeyboardInterrupt:
        return 130
    if args.output == "json":
        print(json.dumps(_without_nan(asdict(figures))))  # noqa: T201 - what was asked for
    else:
        Console().print(_table(figures))
    return 0 if figures.online_at_end == figures.agents else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m conduix_agent.loadtest", description=__doc__)
    kinds = parser.add_subparsers(metavar="KIND", required=True)
    agents = kinds.add_parser(
        "agents",
        help="so many agents, connected, sending heartbeats",
        description="Enrols agents by a join token for so many uses, connects each over a stream of its own, and "
        "measures for a while. Remove them afterwards with their label: load=test.",
    )
    agents.add_argument("--server", required=True, metavar="HOST:PORT", help="where agents enrol")
    agents.add_argument("--token-file", required=True, type=Path, help="holds a join token for --count uses")
    agents.add_argument("--count", type=_positive, default=100, help="agents (100)")
    agents.add_argument("--seconds", type=_positive, default=30, help="how long to measure once all are connected (30)")
    agents.add_argument("--metrics-url", help="the server's /metrics: its cores and memory are told too")
    agents.add_argument("--connect-within", type=parse_duration, default=120.0, help="until all are connected (120s)")
    agents.add_argument("--tls-authority", type=Path, metavar="FILE", help="PEM, where the server's is not well known")
    agents.add_argument("--output", choices=("text", "json"), default="text")
    return parser


async def _measure(args: argparse.Namespace) -> Figures:
    target = Target(args.server, _token(args.token_file), args.tls_authority)
    columns = (TextColumn("{task.description:<12}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bars:

        def bar(name: str, total: int) -> Any:
            task = bars.add_task(name, total=total)
            return lambda done: bars.update(task, completed=done)

        fleet = Fleet(target, await enrol(target, args.count, bar("enrolled", args.count)))
        async with fleet.running():
            connected = await fleet.connected(args.connect_within, bar("connected", args.count))
            return await _steady(fleet, args, connected, bar("seconds", args.seconds))


async def _steady(fleet: Fleet, args: argparse.Namespace, connected: float, bar: Any) -> Figures:
    """Everybody is connected: what that costs."""
    fleet.tally.round_trips.clear()
    before, own = await _usage(args.metrics_url), _own_cpu()
    loop = asyncio.get_running_loop()
    began = loop.time()
    while (elapsed := loop.time() - began) < args.seconds:
        bar(elapsed)
        await asyncio.sleep(0.2)
    bar(args.seconds)
    after = await _usage(args.metrics_url)
    return Figures(
        agents=len(fleet.agents),
        seconds=round(elapsed, 3),
        all_connected_seconds=round(connected, 3),
        connect_ms=Spread.of(fleet.tally.connects),
        heartbeat_ms=Spread.of(fleet.tally.round_trips),
        online_at_end=fleet.online,
        refused=dict(fleet.tally.refused),
        server_cores=(after.cpu - before.cpu) / elapsed if after and before else None,
        server_memory_bytes=int(after.memory) if after else None,
        own_cores=(_own_cpu() - own) / elapsed,
    )


async def _usage(url: str | None) -> Usage | None:
    return None if url is None else await usage(url)


def _own_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _table(figures: Figures) -> Table:
    table = Table(
        title=f"{figures.agents:,} agents for {figures.seconds:.0f} s", title_justify="left", show_header=False
    )
    table.add_row("all connected after", f"{figures.all_connected_seconds:.1f} s")
    table.add_row("connect", _spread(figures.connect_ms))
    table.add_row("heartbeat, round trip", _spread(figures.heartbeat_ms))
    table.add_row("connected at the end", f"{figures.online_at_end:,}")
    for code, count in figures.refused.items():
        table.add_row(f"refused: {code}", f"{count:,}")
    if figures.server_cores is not None and figures.server_memory_bytes is not None:
        table.add_row("server", f"{figures.server_cores:.2f} cores, {figures.server_memory_bytes / 2**20:.0f} MiB")
    table.add_row("this load test", f"{figures.own_cores:.2f} cores")
    return table


def _spread(of: Spread) -> str:
    return f"p50 {of.p50:.1f} ms, p99 {of.p99:.1f} ms, most {of.most:.1f} ms ({of.count:,})"


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(inner) for key, inner in value.items()}
    return None if isinstance(value, float) and math.isnan(value) else value


def _token(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise UsageError(
            f"cannot read {file}: {error.strerror or error}", remedy="write a join token into it"
        ) from error


def _positive(text: str) -> int:
    if not text.isdigit() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
