"""The meter as Prometheus metrics over HTTP, read when scraped: nothing is paid per record."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from conduix.engine.link import Status
from conduix.errors import UsageError
from conduix.telemetry.meter import BUCKETS, RESULTS, Histogram, Meter


class ReplicaCollector(Collector):
    """The metrics of one replica; `status` gives its newest state."""

    def __init__(self, pipeline: str, meter: Meter, status: Callable[[], Status]) -> None:
        self._pipeline = pipeline
        self._meter = meter
        self._status = status

    def collect(self) -> Iterator[Metric]:
        """Called at every scrape."""
        yield self._records()
        yield self._durations("conduix_batch_seconds", "Time of one batch in a node.", self._meter.batches)
        yield self._durations("conduix_checkpoint_seconds", "Time of one checkpoint.", {"": self._meter.checkpoints})
        status = self._status()
        depth = GaugeMetricFamily(
            "conduix_mailbox_depth", "Items waiting before an actor.", labels=["pipeline", "node"]
        )
        for actor in status.actors:
            depth.add_metric([self._pipeline, actor.id], actor.mailbox)
        yield depth
        age = GaugeMetricFamily("conduix_checkpoint_age_seconds", "Age of the newest checkpoint.", labels=["pipeline"])
        if status.checkpoint_at:
            age.add_metric([self._pipeline], max(0.0, time.time() - status.checkpoint_at))
        yield age
        yield self._barrier(status)
        restarts = CounterMetricFamily("conduix_restarts", "Restarts of actors.", labels=["pipeline", "node"])
        for node, count in dict(self._meter.restarts).items():
            restarts.add_metric([self._pipeline, node], count)
        yield restarts
        overdue = CounterMetricFamily(
            "conduix_barriers_overdue", "Barriers that became older than checkpoint.timeout.", labels=["pipeline"]
        )
        overdue.add_metric([self._pipeline], self._meter.overdue)
        yield overdue

    def _barrier(self, status: Status) -> Metric:
        age = GaugeMetricFamily(
            "conduix_barrier_age_seconds", "Age of the barrier that is in flight; 0: none.", labels=["pipeline"]
        )
        age.add_metric([self._pipeline], status.barrier_age)
        return age

    def _records(self) -> Metric:
        records = CounterMetricFamily("conduix_records", "Records by result.", labels=["pipeline", "node", "result"])
        for node, line in list(self._meter.nodes.items()):
            for result, count in zip(RESULTS, line, strict=True):
                records.add_metric([self._pipeline, node, result], count)
        return records

    def _durations(self, name: str, text: str, histograms: dict[str, Histogram]) -> Metric:
        labels = ["pipeline", "node"] if "" not in histograms else ["pipeline"]
        family = HistogramMetricFamily(name, text, labels=labels)
        for node, histogram in list(histograms.items()):
            family.add_metric([self._pipeline, node][: len(labels)], _cumulative(histogram), histogram.total)
        return family


def _cumulative(histogram: Histogram) -> list[tuple[str, float]]:
    total = 0
    buckets: list[tuple[str, float]] = []
    for bound, count in zip([*map(str, BUCKETS), "+Inf"], histogram.counts, strict=True):
        total += count
        buckets.append((bound, total))
    return buckets


class MetricsServer:
    """`/metrics` on the loopback interface. Port 0 picks a free one: see `port`."""

    def __init__(self, port: int, collector: Collector) -> None:
        registry = CollectorRegistry()
        registry.register(collector)
        try:
            server, self._thread = start_http_server(port, addr="127.0.0.1", registry=registry)
        except OSError as error:
            raise UsageError(
                f"cannot serve metrics on port {port}: {error.strerror}",
                remedy="choose another --metrics-port, or 0 for a free one",
            ) from error
        self._server = server
        self.port: int = server.server_port

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
