"""Sample: a share of the records."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from conduix.engine.catalog import Entry
from conduix.mapping.steps import OnError, SampleStep, Step
from conduix.mapping.tree import Expr
from conduix.spec.options import Options


class SampleOptions(Options):
    """Options of sample."""

    rate: float = Field(ge=0, le=1, description="The share of records that stays, 0 to 1.", examples=[0.1])
    seed: int | None = Field(
        None,
        description="The same records in every run: chosen by a hash of seed, shard and position. Unset: at random.",
        examples=[42],
    )


def _lower(options: SampleOptions, node: str, when: Expr | None, on_error: OnError) -> Sequence[Step]:
    return [SampleStep(node, options.rate, options.seed, when, on_error)]


def _seeded(options: SampleOptions) -> bool:
    return options.seed is not None


SAMPLE = Entry("sample", "stage", SampleOptions, "Keeps a share of the records.", lower=_lower, deterministic=_seeded)
