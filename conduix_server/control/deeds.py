"""What is written into the audit about the current call."""

from __future__ import annotations

from conduix.rpc.interceptors import current_call
from conduix_server.store.store import new_id
from conduix_server.store.tables import AuditRecord
from conduix_server.store.transaction import Transaction


def entry(tx: Transaction, *, target: str, outcome: str = "OK", actor: str = "", detail: str = "{}") -> AuditRecord:
    """A row of the audit for the current call; `actor` is its caller unless one is given."""
    call = current_call()
    return AuditRecord(
        id=new_id(),
        at=tx.now,
        actor=(actor or (call.principal.name if call.principal else "-"))[:255],
        method=call.name,
        target_id=target,
        outcome=outcome,
        request_id=call.request_id,
        address=call.address[:45],
        detail=detail,
    )
