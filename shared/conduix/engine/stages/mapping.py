"""Mapping, mutation and remap: a record made of a record."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from conduix.engine.catalog import Entry
from conduix.mapping import is_deterministic, parse_mapping, parse_remap
from conduix.mapping.steps import MapStep, OnError, Step
from conduix.mapping.tree import Expr
from conduix.spec.options import MappingText, Options, RemapText


class MappingOptions(Options):
    """Options of mapping."""

    mapping: MappingText = Field(
        description="Statements that say what the new record is; reads see the old one.",
        examples=["root.id = this.event_id\nroot.total = this.items.map_each(i -> i.price * i.qty).sum()"],
    )


class MutationOptions(Options):
    """Options of mutation."""

    mutation: MappingText = Field(
        description="Statements that change the record in place; reads see what was written before.",
        examples=["root.total = this.price * this.qty\nroot.secret = deleted()"],
    )


class RemapOptions(Options):
    """Options of remap."""

    source: RemapText = Field(
        description="Statements that change the record in place; reads see what was written before.",
        examples=[".airport = del(.origin)\n.celsius = (to_float!(.temp) - 32) / 1.8"],
    )


def _lower_mapping(options: MappingOptions, node: str, when: Expr | None, on_error: OnError) -> Sequence[Step]:
    return [MapStep(node, parse_mapping(options.mapping), when, on_error)]


def _lower_mutation(options: MutationOptions, node: str, when: Expr | None, on_error: OnError) -> Sequence[Step]:
    return [MapStep(node, parse_mapping(options.mutation, in_place=True), when, on_error)]


def _lower_remap(options: RemapOptions, node: str, when: Expr | None, on_error: OnError) -> Sequence[Step]:
    return [MapStep(node, parse_remap(options.source), when, on_error)]


MAPPING = Entry(
    "mapping",
    "stage",
    MappingOptions,
    "Makes a new record of each record, in the mapping language.",
    aliases=("transform", "bloblang"),
    lower=_lower_mapping,
    deterministic=lambda options: is_deterministic(parse_mapping(options.mapping)),
)
MUTATION = Entry(
    "mutation",
    "stage",
    MutationOptions,
    "Changes each record in place, in the mapping language.",
    lower=_lower_mutation,
    deterministic=lambda options: is_deterministic(parse_mapping(options.mutation, in_place=True)),
)
REMAP = Entry(
    "remap",
    "stage",
    RemapOptions,
    "Changes each record in place, in VRL's spelling.",
    lower=_lower_remap,
    deterministic=lambda options: is_deterministic(parse_remap(options.source)),
)
