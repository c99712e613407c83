"""Made-up records as a source, for demos, benchmarks and trying a pipeline out."""

from __future__ import annotations

from pydantic import Field

from conduix.engine.api import NodeContext, Source
from conduix.engine.catalog import Entry
from conduix.spec.options import Duration, MappingText, Options


class GenerateOptions(Options):
    """Options of the generate source."""

    count: int = Field(0, ge=0, description="So many records, then the source ends; 0: it never does.", examples=[1000])
    interval: Duration = Field(
        0.0, description="Time between records; unset: as fast as they are taken.", examples=["1s"]
    )
    mapping: MappingText | None = Field(
        None,
        description="Makes a record out of `this.index` (0, 1, 2, …) and `this.random` (a number from 0 up to 1 that "
        "depends on seed and index alone). Unset: the record is `{index}`.",
        examples=['root = {"id": this.index, "price": this.random * 100}'],
    )
    seed: int | None = Field(
        None, description="The same seed gives the same records. Unset: another one for each run.", examples=[42]
    )


def _build(options: GenerateOptions, context: NodeContext) -> Source:
    from conduix.engine.connectors.generate.source import GenerateSource  # noqa: PLC0415 - the command line must start fast

    return GenerateSource(options, context)


def _ends(options: GenerateOptions) -> bool:
    return options.count > 0


def _deterministic(options: GenerateOptions) -> bool:
    from conduix.mapping import is_deterministic, parse_mapping  # noqa: PLC0415 - the command line must start fast

    return options.mapping is None or is_deterministic(parse_mapping(options.mapping))


ENTRIES = (
    Entry(
        type="generate",
        role="source",
        options=GenerateOptions,
        summary="Makes up records, by a mapping over a running number.",
        build=_build,
        ends=_ends,
        guarantee="replayable",
        deterministic=_deterministic,
    ),
)
