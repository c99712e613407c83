"""The last rates of each pipeline, for the curve in its line: kept here from updates, no server is asked."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

from conduix.v1.pipeline_service_pb2 import Pipeline

KEPT = 30


class Rates:
    """Records a second, the oldest first, at most 30 for each pipeline; nothing for one that never had any."""

    def __init__(self) -> None:
        self._of: dict[str, array[float]] = {}

    def take(self, key: str, pipeline: Pipeline) -> None:
        """It was heard of."""
        rate = pipeline.records_per_second
        known = self._of.get(key)
        if known is None:
            if rate:
                self._of[key] = array("f", (rate,))
            return
        if len(known) == KEPT:
            del known[0]
        known.append(rate)

    def forget(self, key: str) -> None:
        """It is gone."""
        self._of.pop(key, None)

    def of(self, key: str) -> Sequence[float]:
        """Of one pipeline."""
        return self._of.get(key, ())
