"""Lists of a server, read page by page."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, TypeVar

from google.protobuf.message import Message

if TYPE_CHECKING:
    from grpc import aio

    from conduix_tui.client.client import Client

Q = TypeVar("Q", bound=Message)
A = TypeVar("A", bound=Message)

LARGEST_PAGE = 100


async def pages(
    client: Client, method: aio.UnaryUnaryMultiCallable[Q, A], request: Q, *, limit: int | None = None
) -> AsyncIterator[A]:
    """The pages of a list, until its end or until `limit` items have come; the request has a `paging`."""
    asked: Any = request
    left = limit
    while True:
        asked.paging.page_size = LARGEST_PAGE if left is None else min(left, LARGEST_PAGE)
        answer: Any = await client.call(method, request)
        yield answer
        if left is not None:
            left -= asked.paging.page_size
        asked.paging.page_token = answer.page_info.next_page_token
        if not asked.paging.page_token or left == 0:
            return
