"""Types that documents may know already and that no release has yet: they are named as such, not as misspelt."""

from __future__ import annotations

from collections.abc import Mapping

from conduix.spec.model import Role

_BOTH = frozenset({"amqp", "clickhouse", "elasticsearch", "http", "kafka", "mqtt", "nats", "redis", "s3", "sql"})

LATER: Mapping[Role, frozenset[str]] = {
    "source": _BOTH | {"cdc", "http_server"},
    "stage": frozenset({"aggregate", "dedupe", "enrich", "python", "throttle", "trigger", "upsert"}),
    "sink": _BOTH,
}
"""By role. What the catalogue has counts first: a name here says nothing once its type is there."""
