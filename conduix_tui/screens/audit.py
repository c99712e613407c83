"""Who did what, for admins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from conduix.v1 import common_pb2
from conduix.v1 import event_service_pb2 as event_pb
from conduix_tui.cli import words
from conduix_tui.client.client import Client
from conduix_tui.screens.asked_page import AskedPage
from conduix_tui.screens.states import ago
from conduix_tui.store.columns import Cell, Column

COLUMNS: Sequence[Column[event_pb.AuditRecord]] = (
    Column("at", "WHEN", lambda r: r.at.ToNanoseconds(), lambda r: ago(r.at), 8, 0, "right"),
    Column("actor", "WHO", lambda r: r.actor, lambda r: Cell(words.visible(r.actor)), 18, 0),
    Column("method", "DID", lambda r: r.method, lambda r: Cell(r.method), 32, 1),
    Column("outcome", "OUTCOME", lambda r: r.outcome, lambda r: Cell(r.outcome, "" if r.outcome == "OK" else "bad"), 14,
           2),
    Column("target", "TO WHAT", lambda r: r.target_id, lambda r: Cell(r.target_id), 20, 3),
    Column("address", "FROM", lambda r: r.address, lambda r: Cell(r.address), 15, 5),
    Column("detail", "WITH", lambda r: r.detail, lambda r: Cell(words.visible(r.detail), "dim"), 20, 4, grows=True),
)  # fmt: skip


class AuditPage(AskedPage):
    """The last hundred, the newest first."""

    COLUMNS: ClassVar[Sequence[Column[Any]]] = COLUMNS
    SORT: ClassVar[str] = "at"
    FALLING: ClassVar[bool] = True

    async def fetch(self, client: Client) -> Mapping[str, Any]:
        """One page."""
        request = event_pb.ListAuditRecordsRequest(paging=common_pb2.Paging(page_size=100))
        work = client.call(client.events.ListAuditRecords, request)
        answer = await self.console.calls.run("ListAuditRecords", "conduix get audit", work)
        return {record.id: record for record in answer.audit_records}
