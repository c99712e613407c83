"""Rename: other names for fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Self

from pydantic import Field, model_validator

from conduix.engine.catalog import Entry
from conduix.engine.stages.paths import FieldPath, assign, copy_if_there, mapping, without
from conduix.mapping.steps import MapStep, OnError, Step
from conduix.mapping.tree import Expr
from conduix.spec.options import Options


class RenameOptions(Options):
    """Options of rename."""

    fields: Mapping[FieldPath, FieldPath] = Field(
        min_length=1,
        description="Old path to new path; a field that a record lacks stays missing, one that is there is replaced.",
        examples=[{"tailnum": "plane", "customer.addr": "customer.address"}],
    )

    @model_validator(mode="after")
    def _every_name_once(self) -> Self:
        targets = list(self.fields.values())
        for old, new in self.fields.items():
            if old == new:
                raise ValueError(f"{old!r} is renamed to itself; remove it")
            if targets.count(new) > 1:
                raise ValueError(f"two fields are renamed to {new!r}; give each its own name")
        return self


def _lower(options: RenameOptions, node: str, when: Expr | None, on_error: OnError) -> Sequence[Step]:
    # all old names go before any new one comes, so that two fields may change places
    others = assign(None, without(tuple(options.fields)))
    copies = [copy_if_there(old, new) for old, new in options.fields.items()]
    return [MapStep(node, mapping(others, *copies), when, on_error)]


RENAME = Entry("rename", "stage", RenameOptions, "Gives fields other names.", lower=_lower)
