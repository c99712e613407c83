"""Asking a server again and again: what goes wrong stands on the page, a dialog every time would be in the way."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from conduix.errors import ConduixError

_HOPELESS = frozenset({"PERMISSION_DENIED", "UNAUTHENTICATED", "UNIMPLEMENTED"})
"""Statuses after which asking again is of no use."""


async def asking(seconds: float, fetch: Callable[[], Awaitable[None]], tell: Callable[[str], None]) -> None:
    """Fetch every so many seconds. `tell` is given what went wrong; ends where the server will never answer."""
    while True:
        try:
            await fetch()
        except ConduixError as error:
            tell(f"✖ {error.message} ({error.code})" + (f"  →  {error.remedy}" if error.remedy else ""))
            if error.status in _HOPELESS:
                return
        await asyncio.sleep(seconds)
