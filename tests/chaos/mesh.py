"""`make chaos-mesh`: kills and outages through a real server and real agents, and the page of results."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

from tests.chaos import mesh_kills, mesh_outages
from tests.chaos.driver import Scale, make_reference
from tests.chaos.mesh_report import write_report

ROOT = Path(__file__).resolve().parents[2]
KILLS = {1: 20, 3: 20}
"""Replicas → kills."""


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make chaos-mesh", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--records", type=int, default=500_000)
    parser.add_argument("--replicas", type=int, choices=tuple(KILLS), help="only that many, instead of each in turn")
    parser.add_argument("--agents", type=int, default=20)
    parser.add_argument("--restarts", type=int, default=5)
    parser.add_argument("--slow", type=float, default=0.08, help="seconds that each batch takes longer")
    parser.add_argument("--only", choices=("kills", "outages"))
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "chaos-mesh")
    parser.add_argument("--report", type=Path, help="where to write the results (Markdown)")
    return parser.parse_args()


def main() -> int:
    """Run everything; 1 if a promise was broken."""
    args = _arguments()
    scale = Scale(args.records, split="4MiB", interval="50ms")
    kills = [] if args.only == "outages" else _kills(args, scale)
    outages = [] if args.only == "kills" else _outages(args)
    if args.report:
        write_report(args.report, kills, outages, records=args.records, interval=scale.interval, seed=args.seed)
    broken = 0
    verdicts: list[mesh_kills.Verdict | mesh_outages.Verdict] = [*kills, *outages]
    for verdict in verdicts:
        try:
            verdict.check()
        except AssertionError as error:
            broken += 1
            print(f"FAILED {verdict.plan}: {error}")  # noqa: T201 - what a program found
    return 1 if broken else 0


def _kills(args: argparse.Namespace, scale: Scale) -> list[mesh_kills.Verdict]:
    reference = make_reference(scale, args.seed, args.work)
    verdicts = []
    for replicas, count in KILLS.items():
        if args.replicas not in {None, replicas}:
            continue
        plan = mesh_kills.Plan(replicas, count, args.seed, args.slow, scale.split)
        verdicts.append(asyncio.run(mesh_kills.run(plan, reference, args.work / f"replicas-{replicas}")))
        print(verdicts[-1], flush=True)  # noqa: T201 - progress of a program
    return verdicts


def _outages(args: argparse.Namespace) -> list[mesh_outages.Verdict]:
    plan = mesh_outages.Plan(args.agents, args.restarts, args.seed)
    verdict = asyncio.run(mesh_outages.run(plan, args.work / "outages"))
    print(verdict, flush=True)  # noqa: T201 - progress of a program
    return [verdict]


if __name__ == "__main__":
    sys.exit(main())
