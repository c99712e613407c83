"""Which records a sample keeps."""

from __future__ import annotations

import random
from collections.abc import Callable
from hashlib import blake2b

from conduix.mapping.parts import Part


def sampler(rate: float, seed: int | None) -> Callable[[str], Callable[..., bool]]:
    """A function of the shard that gives the choice: of a position if seeded, of nothing (random) if not."""
    if seed is None:
        rng = random.Random()  # noqa: S311 - a sample is no secret
        return lambda _shard: lambda: rng.random() < rate
    limit = int(rate * 2**64)

    def of_shard(shard: str) -> Callable[[int], bool]:
        base = blake2b(f"{seed}\0{shard}\0".encode(), digest_size=8)

        def keep(position: int) -> bool:
            hashed = base.copy()
            hashed.update(b"%d" % position)
            if isinstance(position, Part):
                hashed.update(b".%d" % position.index)
            return int.from_bytes(hashed.digest(), "big") < limit

        return keep

    return of_shard
