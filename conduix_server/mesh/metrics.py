"""What the mesh counts, as Prometheus metrics."""

from __future__ import annotations

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram

GROUPS = (1, 2, 5, 10, 20, 50, 100, 200)


class MeshMetrics:
    """The metrics of one server, in `registry`."""

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"conduix_server_mesh_{name}", text, labels, registry=registry)

        def gauge(name: str, text: str) -> Gauge:
            return Gauge(f"conduix_server_mesh_{name}", text, registry=registry)

        self.streams = gauge("streams", "Streams of agents that are connected.")
        self.sessions = gauge("sessions", "Sessions that are open.")
        self.accepted = counter("sessions_accepted", "Greetings that became a session.")
        self.refused = counter("sessions_refused", "Greetings and calls that were refused, by code.", "code")
        self.ended = counter("sessions_ended", "Sessions that ended, by code.", "code")
        self.messages = counter("messages", "Messages of agents, by kind.", "kind")
        self.dropped = counter("messages_dropped", "Messages left to be sent again, because the database was slow.")
        self.reports = counter("reports", "Reports that were stored, by body.", "body")
        self.commands = counter("commands", "Commands, by what became of them.", "outcome")
        self.alerts = counter("alerts", "What a person should look at, by code.", "code")
        self.telemetry = counter("telemetry", "Log lines and tapped records, by whether anybody watched.", "watched")
        self.heartbeat_age = gauge("heartbeat_age_seconds", "Since the session that is silent for longest was heard.")
        self.heartbeats = counter("heartbeats", "Heartbeats that were answered.")
        self.groups = Histogram(
            "conduix_server_mesh_group_size",
            "Works of sessions that shared one transaction.",
            buckets=GROUPS,
            registry=registry,
        )
