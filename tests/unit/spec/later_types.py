"""Option models for types that the catalogue does not have yet, with the keys of the founding documents and no others.

They let a whole document be read before its ends are there. A type that the catalogue has is taken from there.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import AliasChoices, Field

from conduix.engine.catalog import Catalog, Entry, default_catalog
from conduix.spec.options import Duration, Options


class Kafka(Options):
    brokers: list[str]
    topics: list[str] = Field(min_length=1)
    group_id: str | None = None
    start_offset: Literal["earliest", "latest"] = Field(
        "latest", validation_alias=AliasChoices("start_offset", "auto_offset_reset")
    )
    enable_auto_commit: Literal[False] = False
    session_timeout_ms: int = 1
    heartbeat_interval_ms: int = 1
    max_poll_interval_ms: int = 1


class Incremental(Options):
    column: str
    state_key: str


class Sql(Options):
    driver: Literal["mysql", "postgres"]
    dsn: str
    query: str
    params: list[str] = Field(default_factory=list)
    incremental: Incremental | None = None


class Pagination(Options):
    type: Literal["next_url", "offset", "cursor"]
    next_field: str
    data_field: str
    max_pages: int = 1


class Auth(Options):
    type: Literal["basic", "bearer", "oauth2"]
    username: str
    password: str
    token: str
    client_id: str
    client_secret: str
    token_url: str
    scopes: list[str]


class Http(Options):
    url: str
    method: Literal["GET", "POST"] = "POST"
    headers: dict[str, str] = Field(default_factory=dict)
    pagination: Pagination | None = None
    auth: Auth | None = None


class Elasticsearch(Options):
    endpoints: list[str]


class Aggregate(Options):
    window: dict[str, Any]
    operations: dict[str, str]


class Dedupe(Options):
    key: str
    storage: Literal["memory", "sqlite", "redis"] = "memory"
    ttl: Duration = 1.0


class Upsert(Options):
    event_type_field: str = "event_type"
    entity_id_field: str = "entity_id"
    storage: Literal["memory", "sqlite", "redis"] = "memory"


_LATER = (
    Entry("kafka", "source", Kafka, "topics", ends=lambda _options: False),
    Entry("sql", "source", Sql, "rows"),
    Entry("http", "source", Http, "answers"),
    Entry("aggregate", "stage", Aggregate, "windows"),
    Entry("dedupe", "stage", Dedupe, "once"),
    Entry("upsert", "stage", Upsert, "creates"),
    Entry("elasticsearch", "sink", Elasticsearch, "an index"),
)


def complete_catalog() -> Catalog:
    """The catalogue with what it lacks of the founding documents."""
    catalog = default_catalog()
    return catalog.with_entries(each for each in _LATER if catalog.find(each.role, each.type) is None)
