"""Mask: values that people may not read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Self

from pydantic import Field, JsonValue, model_validator

from conduix.engine.catalog import Entry
from conduix.engine.stages.paths import GENERATED, SAME, FieldPath, change, mapping, read, refuse_twice, stage_call
from conduix.mapping.steps import MapStep, OnError, Step
from conduix.mapping.tree import Expr
from conduix.mapping.tree import Literal as Constant
from conduix.spec.options import Options

Method = Literal["keep", "hash", "replace"]
_ONLY: dict[Method, frozenset[str]] = {
    "keep": frozenset({"first", "last", "char"}),
    "hash": frozenset({"algorithm", "key"}),
    "replace": frozenset({"value"}),
}
"""The options that only one method reads."""


class MaskOptions(Options):
    """Options of mask."""

    fields: tuple[FieldPath, ...] = Field(
        min_length=1, description="The fields; what is missing or null stays so.", examples=[["email", "card.number"]]
    )
    method: Method = Field(
        "keep",
        description="`keep`: some characters at start and end; `hash`: the same text for the same value, for joins; "
        "`replace`: the same value for all.",
    )
    first: int = Field(0, ge=0, description="keep: characters that stay at the start.", examples=[2])
    last: int = Field(
        0, ge=0, description="keep: characters that stay at the end; of a text no longer than both none stay.",
        examples=[4],
    )  # fmt: skip
    char: str = Field("*", min_length=1, max_length=1, description="keep: stands for each other character.")
    algorithm: Literal["sha256", "sha384", "sha512"] = Field("sha256", description="hash: which; in hex digits.")
    key: str | None = Field(
        None,
        min_length=1,
        repr=False,
        description="hash: makes it an HMAC. Without a key short values are found out by trying all there are.",
        examples=["${file:/run/secrets/mask_key}"],
    )
    value: JsonValue = Field(None, description="replace: stands there instead.", examples=["(hidden)"])

    @model_validator(mode="after")
    def _what_the_method_reads(self) -> Self:
        refuse_twice(self.fields)
        for method, options in _ONLY.items():
            if method != self.method and (unread := sorted(options & self.model_fields_set)):
                raise ValueError(f"{unread[0]!r} is for method: {method}; remove it, or write that method")
        return self


def _masked(options: MaskOptions, path: str) -> Expr:
    from conduix.mapping.functions.stages.hiding import Key  # noqa: PLC0415 - only where one runs

    if options.method == "replace":
        return Constant(options.value, GENERATED)
    if options.method == "keep":
        return stage_call(read(path), "keep", options.first, options.last, options.char)
    key = None if options.key is None else Key(options.key.encode())
    return stage_call(read(path), "hash", options.algorithm, key)


def _lower(options: MaskOptions, node: str, when: Expr | None, on_error: OnError) -> Sequence[Step]:
    masked = [change(path, _masked(options, path)) for path in options.fields]
    return [MapStep(node, mapping(SAME, *masked), when, on_error)]


MASK = Entry("mask", "stage", MaskOptions, "Hides values: part of them, by a hash, or whole.", lower=_lower)
