"""The agent's end of reports: what is sent, what is sent again, and how a hole in the numbers is told.

Reports go out in the order of their numbers; the acknowledged number is cumulative. Silence for 5 s: all
that is in flight goes again. Of the observed state only the newest counts: made when it is sent, under a number of
its own, and never kept; a number that stood for an older one is a hole, told as a gap of class STATE without a count.
A server whose database was restored asks for numbers that are gone: a gap without a class.
"""

from __future__ import annotations

from collections.abc import Iterator

from conduix.mesh.lanes import Credits
from conduix.mesh.spool import Spool
from conduix.v1 import mesh_service_pb2 as pb
from conduix.v1 import pipeline_service_pb2 as pipeline_pb

RETRY_AFTER = 5.0
"""Seconds without a newly acknowledged number."""


class Reports:
    """Everything that one agent reports, over all its sessions."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._credits: Credits | None = None
        self._sent = 0
        self._progress_at = 0.0
        self._replicas: dict[tuple[str, int], pipeline_pb.ReplicaStatus] = {}
        self._changed: set[tuple[str, int]] = set()
        self._full_due = False
        self._stored = 0
        """What the server of this session has; below `acked` where its database was restored."""

    @property
    def acked(self) -> int:
        """The last number that a server acknowledged."""
        return self._spool.acked

    @property
    def replicas(self) -> list[pipeline_pb.ReplicaStatus]:
        """The observed state."""
        return list(self._replicas.values())

    @property
    def settled(self) -> bool:
        """The server of this session has all that there is to report."""
        waiting = self._full_due or self._changed or any(True for _ in self._spool.after(self._stored))
        return not waiting and self._sent <= self._stored

    def record(self, traffic: pb.TrafficClass, report: pb.Report) -> int:
        """Keep a report until a server has it; its number. Raises RecordTooLarge, OSError."""
        return self._spool.append(traffic, report)

    def observe(self, status: pipeline_pb.ReplicaStatus) -> None:
        """A replica is in this state now."""
        key = (status.pipeline_id, status.replica)
        if self._replicas.get(key) == status:
            return
        self._replicas[key] = status
        self._changed.add(key)

    def forget(self, pipeline_id: str, replica: int) -> None:
        """A replica is no longer here: the next report names all that are."""
        if self._replicas.pop((pipeline_id, replica), None) is not None:
            self._changed.discard((pipeline_id, replica))
            self._full_due = True

    def opened(self, acked: int, credits_left: Credits, now: float) -> None:
        """A session began; the server has everything up to `acked`."""
        self._spool.acknowledge(acked)
        self._credits = credits_left
        self._stored = acked
        self._rewind(now)

    def closed(self) -> None:
        """No session: nothing is sent, everything is kept."""
        self._credits = None

    def acknowledge(self, ack: pb.ReportAck, now: float) -> None:
        """The server stored everything up to a number, or misses the one after it."""
        if ack.number < self._stored:
            return  # overtaken by a later one
        if ack.number > self._stored:
            self._stored = ack.number
            self._sent = max(self._sent, ack.number)
            self._progress_at = now
            self._spool.acknowledge(ack.number)
        if ack.resend_full and self._stored < self._sent:
            self._rewind(now)

    def grant(self, credit: pb.Credit) -> None:
        """More may be sent."""
        if self._credits is not None:
            self._credits.grant(credit)

    def outgoing(self, now: float) -> Iterator[pb.Report]:
        """What to send at this moment, as far as credit goes. Whatever it gives may be sent at once."""
        if self._credits is None:
            return
        if now - self._progress_at >= RETRY_AFTER:
            if self._sent > self._stored:
                self._rewind(now)
            else:
                self._credits.restore()  # a grant may have been lost, and nothing of ours is under way
        yield from self._spooled(self._credits)
        yield from self._state(self._credits)

    def _rewind(self, now: float) -> None:
        """Everything that the server has not stored goes again, the state in full."""
        self._sent = self._stored
        self._progress_at = now
        self._full_due = True
        if self._credits is not None:
            self._credits.restore()

    def _spooled(self, credits_left: Credits) -> Iterator[pb.Report]:
        synced = False
        for entry in self._spool.after(self._sent):
            if not synced:
                self._spool.sync()
                synced = True
            for report in (*self._hole(entry.first), self._spool.report(entry)):
                if not credits_left.take(report):
                    return
                self._sent = report.number
                yield report

    def _state(self, credits_left: Credits) -> Iterator[pb.Report]:
        """The observed state, once all that was recorded before it is on its way."""
        while self._full_due or self._changed:
            if any(True for _ in self._spool.after(self._sent)):
                return
            body, changed = self._body()
            if not credits_left.take(body):
                return
            number = self._spool.take()
            yield from self._hole(number)
            body.number = self._sent = number
            self._changed -= changed
            self._full_due = self._full_due and not body.HasField("full")
            yield body

    def _body(self) -> tuple[pb.Report, set[tuple[str, int]]]:
        """The report of one replica, or of all; and which changes it tells."""
        if self._full_due or len(self._changed) > 1:
            return pb.Report(full=pb.FullState(replicas=self.replicas)), set(self._changed)
        key = next(iter(self._changed))
        return pb.Report(replica=self._replicas[key]), {key}

    def _hole(self, number: int) -> tuple[pb.Report, ...]:
        """The record of the numbers between the last sent one and `number`, if there are any."""
        first, last = self._sent + 1, number - 1
        if first > last:
            return ()
        traffic = pb.TRAFFIC_CLASS_UNSPECIFIED if first <= self._spool.acked else pb.TRAFFIC_CLASS_STATE
        return (pb.Report(number=last, gap=pb.Gap(traffic=traffic, first=first, last=last)),)
