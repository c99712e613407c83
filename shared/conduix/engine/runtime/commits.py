"""The order of durability: flush all → prepared → sink-held commit → handle-held commits → complete → source.

Recovery: n is the sink-held sink's own, else the newest valid record's; its handles are committed again, what lies
later is discarded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from conduix.engine.api import CommittingSink, Fence, Prepared, Shard
from conduix.engine.failpoints import failpoint
from conduix.engine.runtime.checkpoint import Checkpoint, CheckpointStore
from conduix.errors import CheckpointDamaged, WrittenDataGone


class Commits:
    """Ties the committing sinks of a region to its checkpoint store."""

    def __init__(self, store: CheckpointStore, fence: Fence, sinks: Mapping[str, CommittingSink]) -> None:
        held = [node for node, sink in sinks.items() if sink.truth == "sink"]
        if len(held) > 1:
            raise ValueError(f"at most one sink may hold the truth itself, here are {', '.join(held)}")
        self._store = store
        self._fence = fence
        self._sinks = sinks
        self._order = sorted(sinks, key=lambda node: sinks[node].truth != "sink")

    async def start(self, shards: Sequence[Shard]) -> dict[str, dict[str, object]]:
        """Every sink's handle for checkpoint 0: what stands there now."""
        return {node: dict(await sink.start(shards)) for node, sink in self._sinks.items()}

    async def complete(self, record: Checkpoint, prepared: Mapping[str, Prepared]) -> Checkpoint:
        """Make a barrier's record durable and its sinks' effects with it. `record.phase` is set here."""
        pending = [node for node in self._order if prepared[node].pending]
        if pending:
            await self._store.save(msgspec.structs.replace(record, phase="prepared"))
            failpoint("checkpoint.prepared")
            for node in pending:
                await self._sinks[node].commit(record.n, prepared[node].handle)
            failpoint("commit.done")
        done = msgspec.structs.replace(record, phase="complete")
        await self._store.save(done)
        failpoint("checkpoint.complete")
        return done

    async def recover(self, shards: Sequence[str]) -> Checkpoint | None:
        """The record to go on from, its commits repeated, its sinks opened; None: nothing was started."""
        at_most = None
        for sink in self._sinks.values():
            if sink.truth == "sink":
                at_most = await sink.recover(shards) or 0
        record = await self._store.load(at_most)
        if record is None:
            if self._store.damaged:
                raise CheckpointDamaged(
                    f"no checkpoint verifies ({', '.join(self._store.damaged)})",
                    remedy="restore the state directory, or start anew with --fresh",
                )
            return None
        await self._restore_sinks(record)
        if record.phase == "prepared":
            record = msgspec.structs.replace(record, phase="complete", fence=self._fence)
            await self._store.save(record)
        return record

    async def _restore_sinks(self, record: Checkpoint) -> None:
        try:
            for node in self._order:
                handle = record.nodes[node]
                if record.phase == "prepared":
                    await self._sinks[node].commit(record.n, handle)
                if not record.final:
                    await self._sinks[node].open(handle)
                    await self._sinks[node].discard_after(handle)
        except WrittenDataGone as error:
            if not self._store.damaged:
                raise
            names = ", ".join(self._store.damaged)
            raise CheckpointDamaged(
                f"{names} does not verify and its output was already committed: {error}",
                remedy="keep the output; start anew with --fresh",
            ) from error
