"""Before anything flows: the cut and checkpoint 0 of a run, and every node brought to the record to go on from."""

from __future__ import annotations

import time
from collections.abc import Mapping

from conduix.engine.api import CommittingSink, MeasuredSource, Source
from conduix.engine.failpoints import failpoint
from conduix.engine.runtime.attempt import Writes
from conduix.engine.runtime.checkpoint import Checkpoint, Cut
from conduix.engine.runtime.commits import Commits
from conduix.engine.runtime.failure import CHECKPOINT, failure_of
from conduix.engine.runtime.progress import Progress
from conduix.engine.runtime.setup import Setup
from conduix.errors import PipelineFailed


async def begin(setup: Setup, commits: Commits) -> tuple[Cut, int]:
    """Claim, then read: what the run is about, and the highest n so far. Both are made now if nothing was started.

    Raises:
        ActorFailed: a source cannot be cut, a sink cannot start, the store refuses. It may be tried again.
    """
    store = setup.store
    with failure_of(CHECKPOINT):
        await store.claim(setup.fence)
        cut, newest = await store.load_cut(), await store.newest_n()
        if cut is not None and newest is not None:
            return cut, newest
        cut = await cut_sources(setup.nodes.sources, setup.plan.spec.digest)
        await store.save_cut(cut)
        shards = [shard for source in cut.sources for shard in cut.shards(source)]
        handles = await commits.start(shards)
        await store.save(Checkpoint(0, setup.fence, cut.revision, "complete", {}, [], {}, handles, at=time.time()))
        failpoint("checkpoint.zero")
    return cut, 0


async def cut_sources(nodes: Mapping[str, Source], revision: str) -> Cut:
    """Cut every source. Raises ActorFailed, and PipelineFailed where two of them read the same."""
    sources: dict[str, list[tuple[str, dict[str, object]]]] = {}
    owners: dict[str, str] = {}
    for node, source in nodes.items():
        with failure_of(node):
            sources[node] = [(shard.id, dict(shard.spec)) for shard in await source.cut()]
        for shard, _ in sources[node]:
            if owners.setdefault(shard, node) != node:
                raise PipelineFailed(
                    f"the sources {owners[shard]} and {node} both read {shard}",
                    remedy="read it with one source and let every reader name that one in its inputs",
                )
    return Cut(revision, sources)


def finished_work(nodes: Mapping[str, Source], progress: Progress) -> dict[str, int]:
    """By source, how much the shards were that are finished: their source will hear nothing of them."""
    return {
        node: sum(source.left(shard, None) for shard in progress.finished(node))
        for node, source in nodes.items()
        if isinstance(source, MeasuredSource)
    }


async def open_nodes(setup: Setup, writes: Writes, progress: Progress) -> None:
    """Bring sinks that keep nothing, stages and sources to where `progress` stands; committing sinks are there already.

    Raises:
        ActorFailed: a node refuses, or stored state does not verify.
    """
    nodes = setup.nodes
    for node, sink in nodes.sinks.items():
        if not isinstance(sink, CommittingSink):
            with failure_of(node):
                await writes.run(sink.open(None))
    for node, stage in nodes.stages.items():
        with failure_of(CHECKPOINT):
            state = {s: [await setup.store.get_blob(k) for k in keys] for s, keys in progress.state(node).items()}
        with failure_of(node):
            stage.restore(state)
    for node, source in nodes.sources.items():
        with failure_of(node):
            await writes.run(source.open(*progress.held(node)))
