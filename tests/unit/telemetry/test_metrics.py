"""`/metrics` over HTTP: the names of the contract, and numbers that are those of the ledger."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.request import urlopen

import pytest
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from conduix.engine.api import Counts, Fence
from conduix.engine.link import ActorStatus, Status
from conduix.engine.runtime.attempt import Attempt
from conduix.engine.worker import Assignment, run_replica
from conduix.errors import UsageError
from conduix.telemetry.meter import BUCKETS, Histogram, Meter
from conduix.telemetry.prometheus import MetricsServer, ReplicaCollector
from tests.unit.runtime.flows import Line, catalog, three_sinks, until
from tests.unit.runtime.world import Store, World

NAMES = {
    "conduix_records": {"pipeline", "node", "result"},
    "conduix_batch_seconds": {"pipeline", "node"},
    "conduix_mailbox_depth": {"pipeline", "node"},
    "conduix_checkpoint_seconds": {"pipeline"},
    "conduix_checkpoint_age_seconds": {"pipeline"},
    "conduix_restarts": {"pipeline", "node"},
    "conduix_barrier_age_seconds": {"pipeline"},
    "conduix_barriers_overdue": {"pipeline"},
}


def scrape(port: int) -> dict[str, Metric]:
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    return {metric.name: metric for metric in text_string_to_metric_families(text)}


def values(metric: Metric, *labels: str) -> dict[tuple[str, ...], float]:
    return {
        tuple(sample.labels[label] for label in labels): sample.value
        for sample in metric.samples
        if not sample.name.endswith("_created")
    }


@contextmanager
def served(meter: Meter, status: Status) -> Iterator[int]:
    server = MetricsServer(0, ReplicaCollector("p", meter, lambda: status))
    try:
        yield server.port
    finally:
        server.close()


def test_every_number_of_the_meter_and_of_the_status() -> None:
    meter = Meter()
    meter.records({"map": Counts(10, 2, 1, 3), "out": Counts(7)})
    meter.records({"map": Counts(1)})
    for seconds in (0.0004, 0.02, 99.0):
        meter.batch("map", seconds)
    meter.checkpoints.observe(0.3)
    meter.restarted("out")
    meter.overdue = 2
    actors = tuple(ActorStatus(name, "sink", (name,), "running", 0, depth) for name, depth in (("out", 2), ("map", 0)))
    with served(meter, Status("RUNNING", 1.0, checkpoint_at=1.0, actors=actors, barrier_age=4.5)) as port:
        found = scrape(port)
    assert values(found["conduix_records"], "node", "result") == {
        ("map", "passed"): 11,
        ("map", "filtered"): 2,
        ("map", "dead"): 1,
        ("map", "made"): 3,
        ("out", "passed"): 7,
        ("out", "filtered"): 0,
        ("out", "dead"): 0,
        ("out", "made"): 0,
    }
    assert values(found["conduix_mailbox_depth"], "node") == {("out",): 2, ("map",): 0}
    assert values(found["conduix_restarts"], "node") == {("out",): 1}
    assert values(found["conduix_barriers_overdue"]) == {(): 2}
    assert values(found["conduix_barrier_age_seconds"]) == {(): 4.5}
    (age,) = values(found["conduix_checkpoint_age_seconds"]).values()
    assert age > 1e9
    batch = {s.labels.get("le", s.name): s.value for s in found["conduix_batch_seconds"].samples}
    assert (batch["0.0005"], batch["0.025"], batch["10.0"], batch["+Inf"]) == (1, 2, 2, 3)
    assert batch["conduix_batch_seconds_count"] == 3
    assert batch["conduix_batch_seconds_sum"] == pytest.approx(99.0204)
    assert {name: label_names(metric) for name, metric in found.items()} == NAMES


def label_names(metric: Metric) -> set[str]:
    return {label for sample in metric.samples for label in sample.labels} - {"le"}


def test_before_the_first_checkpoint_there_is_no_age() -> None:
    with served(Meter(), Status("STARTING", 1.0)) as port:
        assert scrape(port)["conduix_checkpoint_age_seconds"].samples == []


def test_a_histogram_counts_each_duration_once() -> None:
    histogram = Histogram()
    for bound in BUCKETS:
        histogram.observe(bound)
    histogram.observe(1e9)
    assert histogram.counts == [1] * (len(BUCKETS) + 1), "a bound belongs to its own bucket"


def test_a_port_that_is_taken_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=f"cannot serve metrics on port {port}: Address already in use") as told:
            MetricsServer(port, ReplicaCollector("p", Meter(), lambda: Status("STARTING", 1.0)))
    assert "0 for a free one" in told.value.remedy


def test_a_closed_server_answers_no_more() -> None:
    with served(Meter(), Status("STARTING", 1.0)) as port:
        pass
    with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port), timeout=5):
        pass


async def test_a_run_is_scraped_while_it_runs(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """All is written, nothing is committed: the numbers are those of the ledger."""
    caplog.set_level("INFO", "conduix.engine")
    spec, world, line = three_sinks(endless=True, buffer=0), World(1), Line()
    assignment = Assignment(spec, "run", Fence(1, 1), tmp_path, metrics_port=0, catalog=catalog(world))
    task = asyncio.create_task(run_replica(assignment, line, Store(tmp_path, world)))
    await until(lambda: line.statuses and line.statuses[-1].ledger["dlq"].passed == 6)
    port = next(int(r.message.split(":")[2].split("/")[0]) for r in caplog.records if "metrics at" in r.message)
    ledger = line.statuses[-1].ledger
    found = await asyncio.to_thread(scrape, port)
    counted = values(found["conduix_records"], "node", "result")
    assert {(node, "passed"): c.passed for node, c in ledger.items()}.items() <= counted.items()
    assert {(node, "dead"): c.dead for node, c in ledger.items()}.items() <= counted.items()
    assert values(found["conduix_mailbox_depth"], "node").keys() == {(actor,) for actor in ledger}
    line.commands.put_nowait("stop")
    status = await task
    assert status.state == "STOPPED"
    with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port), timeout=5):
        pass


async def test_a_restart_is_counted_where_it_happened(tmp_path: Path) -> None:
    """The meter is monotonic: what was passed on again is counted again, unlike in the ledger."""
    world, meters = World(1), list[Meter]()

    def remember(self: Attempt, *args: object, **kwargs: object) -> None:
        real(self, *args, **kwargs)  # type: ignore[arg-type]
        meters.append(self.meter)

    real = Attempt.__init__
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Attempt, "__init__", remember)
        world.fail("handle", "write", None, None, RuntimeError("x"))
        assignment = Assignment(three_sinks(), "run", Fence(1, 1), tmp_path, catalog=catalog(world))
        status = await run_replica(assignment, Line(), Store(tmp_path, world))
    assert status.state == "COMPLETED"
    assert meters[-1].restarts == {"handle": 1}
    assert 24 <= meters[-1].nodes["in"][0] <= world.sources["in"].read_in_all
    assert status.ledger["in"].passed == 24
    assert sum(meters[-1].checkpoints.counts) == len({r.n for r in world.records}) - 1


async def test_a_port_that_is_taken_starts_nothing(tmp_path: Path) -> None:
    world = World(1)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assignment = Assignment(three_sinks(), "run", Fence(1, 1), tmp_path, catalog=catalog(world))
        assignment = replace(assignment, metrics_port=taken.getsockname()[1])
        with pytest.raises(UsageError):
            await run_replica(assignment, Line(), Store(tmp_path, world))
    assert world.log == []
    assert [t for t in asyncio.all_tasks() if t is not asyncio.current_task()] == []
