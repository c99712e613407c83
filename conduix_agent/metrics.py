"""The metrics of an agent, read when they are scraped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from conduix.mesh.transport import Mode
from conduix.v1 import pipeline_service_pb2 as pb
from conduix_agent.link.status import LinkStatus
from conduix_agent.snapshot import Snapshot, state_name

_COUNTS = ("passed", "filtered", "dead", "made")


class AgentCollector(Collector):
    """Of one agent; every argument gives what is true now."""

    def __init__(
        self,
        status: LinkStatus,
        snapshot: Callable[[], Snapshot],
        replicas: Callable[[], Sequence[pb.ReplicaStatus]],
        names: Callable[[], Mapping[str, str]],
    ) -> None:
        self._status = status
        self._snapshot = snapshot
        self._replicas = replicas
        self._names = names

    def collect(self) -> Iterator[Metric]:
        """Called at every scrape."""
        names = self._names()
        yield from self._link()
        yield self._states()
        yield self._records(names)
        yield self._restarts(names)

    def _link(self) -> Iterator[Metric]:
        status, snapshot = self._status, self._snapshot()
        mode = GaugeMetricFamily("conduix_agent_mode", "1 for the way by which it is reached.", labels=["mode"])
        for each in Mode:
            mode.add_metric([each.name], float(status.mode is each))
        yield mode
        yield _count("conduix_agent_sessions", "Sessions that were opened.", status.sessions)
        yield _count("conduix_agent_sessions_lost", "Sessions that ended without our will.", status.lost)
        yield _count("conduix_agent_refusals", "Times that a server ended or refused a session.", status.refused)
        yield _count("conduix_agent_commands", "Commands that were run.", status.commands)
        yield _count("conduix_agent_telemetry_dropped", "Log lines and tapped records not sent.", snapshot.dropped)
        yield _gauge("conduix_agent_spool_bytes", "Reports on disk.", snapshot.spool_bytes)
        yield _gauge("conduix_agent_desired_version", "The desired state that is in force.", snapshot.desired_version)
        yield _gauge("conduix_agent_identity_expires_at", "Unix seconds.", snapshot.identity_expires_at)
        if status.rtt is not None:
            yield _gauge("conduix_agent_heartbeat_seconds", "The last heartbeat, there and back.", status.rtt)

    def _states(self) -> Metric:
        family = GaugeMetricFamily("conduix_agent_replicas", "Replicas by state.", labels=["state"])
        for state, count in Counter(state_name(each.state) for each in self._replicas()).items():
            family.add_metric([state], count)
        return family

    def _records(self, names: Mapping[str, str]) -> Metric:
        family = CounterMetricFamily(
            "conduix_records", "Records by result.", labels=["pipeline", "replica", "node", "result"]
        )
        for replica in self._replicas():
            for node in replica.nodes:
                for result in _COUNTS:
                    family.add_metric([*_labels(replica, names), node.node, result], getattr(node, result))
        return family

    def _restarts(self, names: Mapping[str, str]) -> Metric:
        family = CounterMetricFamily(
            "conduix_restarts", "Restarts inside of a replica's worker.", labels=["pipeline", "replica"]
        )
        for replica in self._replicas():
            family.add_metric(_labels(replica, names), replica.restarts)
        return family


def _labels(replica: pb.ReplicaStatus, names: Mapping[str, str]) -> list[str]:
    return [names.get(replica.pipeline_id, replica.pipeline_id), str(replica.replica)]


def _count(name: str, text: str, value: float) -> Metric:
    family = CounterMetricFamily(name, text)
    family.add_metric([], value)
    return family


def _gauge(name: str, text: str, value: float) -> Metric:
    family = GaugeMetricFamily(name, text)
    family.add_metric([], value)
    return family
