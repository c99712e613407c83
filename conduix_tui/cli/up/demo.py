"""The pipelines of `conduix up --demo`: brought to a new server once, then left to whoever plays with them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from pathlib import Path

from conduix.v1 import pipeline_service_pb2 as pb
from conduix_tui.cli import words
from conduix_tui.cli.server.columns import state_word
from conduix_tui.cli.terminal import Exit, Terminal
from conduix_tui.client.client import Client
from conduix_tui.client.watch import messages_of, watch

LABEL = "demo"
BROKEN = "fails-on-purpose"
"""Value of the label on what is there to be mended."""
_SETTLED_WITHIN = 150.0
_PROGRAM = Path(__file__).resolve().parents[2]
_ENDED = frozenset({pb.PIPELINE_STATE_COMPLETED, pb.PIPELINE_STATE_FAILED, pb.PIPELINE_STATE_STOPPED})


def documents() -> list[Path]:
    """Those that the program brings; in its repository also the examples on real data, once the data is there."""
    examples = _PROGRAM.parent / "examples"
    here = (examples / "data").is_dir() and Path("examples").resolve() == examples  # their paths are relative
    return [*sorted((_PROGRAM / "demo").glob("*.yaml")), *(sorted(examples.glob("*.yaml")) if here else ())]


async def begin(client: Client) -> list[str]:
    """Create what is not there yet, start what never ran; returns the names of all.

    What somebody has changed, stopped or mended stays as it is.

    Raises:
        RemoteError: the server refuses.
    """
    all_of_them = [pb.ApplyDocument(file=path.name, document=path.read_text(encoding="utf-8")) for path in documents()]
    tried = await _apply(client, all_of_them, dry_run=True)
    missing = [
        document
        for document, applied in zip(all_of_them, tried, strict=True)
        if applied.action == pb.APPLY_ACTION_CREATED
    ]
    created = await _apply(client, missing) if missing else []
    known = [applied.pipeline for applied in tried if applied.action != pb.APPLY_ACTION_CREATED]
    for pipeline in [*(applied.pipeline for applied in created), *known]:
        if not pipeline.run_id and pipeline.desired_state != pb.DESIRED_STATE_RUNNING:
            request = pb.StartPipelineRequest(pipeline=pb.PipelineRef(id=pipeline.id))
            await client.call(client.pipelines.StartPipeline, request)
    return [applied.pipeline.name for applied in tried]


async def _apply(client: Client, some: Iterable[pb.ApplyDocument], *, dry_run: bool = False) -> list[pb.Applied]:
    request = pb.ApplyPipelinesRequest(documents=some, dry_run=dry_run)
    return list((await client.call(client.pipelines.ApplyPipelines, request)).applied)


async def report(client: Client, names: Iterable[str], terminal: Terminal) -> int:
    """Wait until each of them has come to where it stays, and print how they are; the exit status.

    1: one failed that should not, or did not settle in time.

    Raises:
        RemoteError: the server refuses.
    """
    pipelines: dict[str, pb.Pipeline] = dict.fromkeys(names, pb.Pipeline())
    terminal.say(f"waiting until {words.plural(len(pipelines), 'pipeline')} run, or are done …")
    try:
        async with asyncio.timeout(_SETTLED_WITHIN):
            await _settle(client, pipelines)
    except TimeoutError:
        open_ones = ", ".join(name for name, pipeline in pipelines.items() if not settled(pipeline))
        terminal.error(f"not settled after {words.duration(_SETTLED_WITHIN)}: {open_ones}")
        terminal.remedy("see the logs of server and agent, whose folder the first line names")
    for line in table(pipelines):
        terminal.emit(line)
    return Exit.DONE if all(map(_as_meant, pipelines.values())) else Exit.FAILED


async def _settle(client: Client, pipelines: dict[str, pb.Pipeline]) -> None:
    async for update in watch(client, client.pipelines.WatchPipelines, pb.WatchPipelinesRequest()):
        for message in messages_of(update):
            if message.pipeline.name in pipelines:
                pipelines[message.pipeline.name] = message.pipeline
        if all(map(settled, pipelines.values())):
            return


def settled(pipeline: pb.Pipeline) -> bool:
    """Is it where it stays by itself: at its end, at work without an end, or waiting for a person?"""
    if pipeline.state == pb.PIPELINE_STATE_RUNNING:
        return pipeline.mode == pb.PIPELINE_MODE_REALTIME and pipeline.records_out > 0
    return pipeline.state in _ENDED or pipeline.state == pb.PIPELINE_STATE_PAUSED


def _as_meant(pipeline: pb.Pipeline) -> bool:
    broken = pipeline.labels.get(LABEL) == BROKEN
    return settled(pipeline) and (broken or pipeline.state != pb.PIPELINE_STATE_FAILED)


def table(pipelines: Mapping[str, pb.Pipeline]) -> list[str]:
    """A line each: state, records in, out and dead, what to do."""
    rows = [(name, *_cells(pipeline)) for name, pipeline in pipelines.items()]
    return words.table([("PIPELINE", "STATE", "IN", "OUT", "DEAD", "WHAT TO DO"), *rows], right=(2, 3, 4))


def _cells(pipeline: pb.Pipeline) -> tuple[str, ...]:
    counts = (pipeline.records_in, pipeline.records_out, pipeline.records_dead)
    return (state_word(pipeline, "state") or "-", *map(words.count, counts), _advice(pipeline))


def _advice(pipeline: pb.Pipeline) -> str:
    if pipeline.state == pb.PIPELINE_STATE_COMPLETED:
        return "look at its dead letters" if pipeline.records_dead else "nothing: it is done"
    if pipeline.detail or pipeline.remedy:
        return words.visible("; ".join(part for part in (pipeline.detail, pipeline.remedy) if part))
    return f"conduix tap {pipeline.name} NODE" if pipeline.state == pb.PIPELINE_STATE_RUNNING else ""
