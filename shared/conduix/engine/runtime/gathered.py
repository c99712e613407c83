"""What the replicas of a run know together, once they stand still: the start of its next deal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from conduix.engine.api import CommittingSink, Fence, Handle
from conduix.engine.files import Files
from conduix.engine.runtime.checkpoint import Checkpoint, Cut, LocalStore, ShardRecord, expand
from conduix.engine.runtime.commits import Commits
from conduix.engine.runtime.ledger import Line, merge
from conduix.errors import CheckpointDamaged


@dataclass(slots=True)
class Gathered:
    """A whole run, between two deals."""

    cut: Cut
    n: int = -1
    """The highest that was ever named by any replica."""
    shards: dict[str, ShardRecord] = field(default_factory=dict)
    finished: set[str] = field(default_factory=set)
    totals: Mapping[str, Line] = field(default_factory=dict)
    """Of the finished shards of all replicas."""
    handles: dict[str, list[Handle]] = field(default_factory=dict)
    """sink → its handle in each replica whose last barrier is not committed yet."""
    blobs: dict[str, LocalStore] = field(default_factory=dict)
    """Key → where it is."""
    complete: bool = False
    """Has every replica come to its end?"""

    def take(self, cut: Cut, record: Checkpoint, store: LocalStore) -> None:
        """Add what one replica knows."""
        order = cut.order()
        self.finished |= {order[index] for index in expand(record.finished)}
        self.shards |= record.shards
        self.totals = merge([self.totals, record.totals])
        if not record.final:
            for node, handle in record.nodes.items():
                self.handles.setdefault(node, []).append(handle)
        for shard in record.shards.values():
            self.blobs |= {key: store for keys in shard.state.values() for key in keys}


async def gather(deal: Path, files: Files, fence: Fence, sinks: Mapping[str, CommittingSink]) -> Gathered | None:
    """Bring every replica of a deal to its newest checkpoint, commits repeated, and whatever came later cut off.

    None: nothing was started. From here on `fence` owns all of it: a replica of a lower one that still lives cannot
    store anything more.

    Raises:
        FenceLost: somebody with a higher one was here.
        CheckpointDamaged: a replica's state is gone, or the replicas do not have all shards among them.
        ActorFailed: a sink cannot be brought there.
    """
    stores = [LocalStore(path, files) for path in replicas_of(deal)]
    cuts = []
    for store in stores:
        await store.claim(fence)
        cuts.append(await store.load_cut() if await store.newest_n() is not None else None)
    known = [cut for cut in cuts if cut is not None]
    whole = await LocalStore(deal, files).load_cut()
    if whole is None and not known:
        return None
    together = Gathered(_whole(whole, cuts, deal))
    records = []
    for store, cut in zip(stores, known, strict=True):
        records.append(await Commits(store, fence, sinks).recover(cut.order()))
        together.take(cut, records[-1], store)
        together.n = max(together.n, await store.newest_n() or 0)
        for sink in sinks.values():
            await sink.close()
    together.complete = all(record.final for record in records)
    return together


def replicas_of(deal: Path) -> list[Path]:
    """The directories of a deal's replicas, in their order."""
    return sorted(deal.glob("replica-*"))


def _whole(whole: Cut | None, cuts: Sequence[Cut | None], deal: Path) -> Cut:
    """What the run is about; its shards must be those that the replicas have."""
    known = [cut for cut in cuts if cut is not None]
    if whole is None and len(cuts) == len(known) == 1:
        return known[0]  # one that cut for itself
    held = sorted(shard for cut in known for shard in cut.order())
    if whole is None or held != sorted(whole.order()) or len(known) != len(cuts):
        raise CheckpointDamaged(
            f"the replicas in {deal} do not have all shards of the run among them",
            remedy="restore the state directory, or start the run afresh",
        )
    return whole
