"""The keys that every dialect has beside its nodes: their model, their old names, and those of later parts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from conduix.spec.model import CheckpointSpec, PlacementSpec, RetrySpec, StateSpec, SupervisionSpec
from conduix.spec.options import Duration, Options

NAME = r"^\w[\w.-]{0,127}$"
"""Pipeline names: they become folders, topics, groups and metric labels."""
ID = r"^[A-Za-z_][A-Za-z0-9_-]{0,62}$"
"""Ids of nodes: parts of paths, metrics and of `router.route`."""


def _check_name(name: str) -> str:
    if not re.match(NAME, name):
        better = re.sub(r"[^\w.-]+", "-", name).strip("-.")[:128] or "orders"
        raise ValueError(f"{name!r} is no name: letters, digits, _, - and . only, at most 128; write {better}")
    return name


class Settings(Options):
    """What a document says about the pipeline as a whole."""

    name: Annotated[str, AfterValidator(_check_name)] = Field(
        json_schema_extra={"pattern": NAME},
        description="Name of the pipeline: letters, digits, `_`, `-` and `.`; state and metrics go by it.",
        examples=["orders"],
    )
    version: str = Field("", description="Version of the document, for people; kept as written.", examples=["1.0"])
    description: str = Field("", description="What the pipeline is for.")
    labels: dict[str, str] = Field(
        default_factory=dict, description="Names and values to find it by.", examples=[{"team": "sales"}]
    )
    mode: Literal["batch", "realtime"] | None = Field(
        None,
        description="`batch` ends with its sources, `realtime` waits for more; unset: batch if every source can end.",
    )
    parallelism: int = Field(1, ge=1, description="Replicas, each a worker process of its own.")
    checkpoint: CheckpointSpec = Field(default_factory=CheckpointSpec, description="When state is made durable.")
    supervision: SupervisionSpec = Field(
        default_factory=SupervisionSpec, description="How failing actors are restarted; `restart` is the same."
    )
    retry: RetrySpec = Field(default_factory=RetrySpec, description="What is tried again, and for how long.")
    drain_timeout: Duration = Field(15.0, description="Time that a stop gives to what is under way.", examples=["15s"])
    mailbox: int = Field(2, ge=1, description="Batches that wait at each input of a node.")
    state: StateSpec = Field(default_factory=StateSpec, description="Where keyed state is kept.")
    placement: PlacementSpec = Field(
        default_factory=PlacementSpec,
        description="Under a server: which agents may run it; `conduix run` runs it here.",
    )


ALIASES: Mapping[str, str] = {"restart": "supervision", "type": "mode"}
"""Other names of settings."""

WITHOUT_EFFECT: Mapping[str, str] = {
    "resources": "limits of a worker are set where agents run it",
    "on_isolation": "it matters only under a server",
    "secrets": "values come from ${VAR} and ${file:PATH}",
    "tests": "they are not run yet",
    "data_type": "it matters only under a server",
    "parent": "it matters only under a server; the pipeline runs on its own",
}
"""Keys of later parts that may be ignored without changing a record, and why."""

REFUSED: Mapping[str, str] = {
    "expand": "one run for each parent record is not supported yet; without it other data would be read",
}
"""Keys of later parts that must not be ignored."""

COMMON_KEYS = frozenset({*Settings.model_fields, *ALIASES, *WITHOUT_EFFECT, *REFUSED, "dlq"})
