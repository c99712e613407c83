"""People who are there before anybody can sign in."""

from __future__ import annotations

import secrets
from pathlib import Path

from conduix.errors import UsageError
from conduix_server.control.passwords import Passwords, check_strength
from conduix_server.policy import Role
from conduix_server.store import audit, identities
from conduix_server.store.store import Store, new_id
from conduix_server.store.tables import AuditRecord, User
from conduix_server.store.transaction import Transaction


async def create_admin(store: Store, username: str, password: str) -> None:
    """Raises AlreadyExists, and UsageError for a password that is too short."""
    check_strength(password)
    hashed = await Passwords().hash(password)

    async def add(tx: Transaction) -> None:
        row = User(
            id=new_id(),
            username=username,
            role=Role.ADMIN.value,
            created_at=tx.now,
            password_hash=hashed,
            name=username,
        )
        user = await identities.add_user(tx, row)
        made = AuditRecord(
            id=new_id(), at=tx.now, actor="conduix-server", method="create-admin", target_id=user.id, outcome="OK"
        )
        await audit.record(tx, made)

    await store.run(add)


def new_password() -> str:
    """One that is shown once."""
    return secrets.token_urlsafe(18)


def read_password(file: Path) -> str:
    """The first line of a file. Raises UsageError."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not text"
        raise UsageError(
            f"cannot read the password in {file}: {reason}", remedy="name a file with the password in its first line"
        ) from None
    return text.partition("\n")[0].removesuffix("\r")
