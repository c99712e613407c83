"""Lists: one page of rows, by number or by an opaque token that stays right while rows come and go."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from conduix.errors import InvalidArgument
from conduix_server.store.tables import Base
from conduix_server.store.transaction import Transaction

Row = TypeVar("Row", bound=Base)
Columns = Mapping[str, InstrumentedAttribute[Any]]
MOST = 100


@dataclass(frozen=True)
class PageRequest:
    """Which page: `page_token` of the answer before, or `page` from 1; `order_by` is `column` or `column desc`."""

    page_size: int = 20
    page_token: str = ""
    page: int = 1
    order_by: str = ""


@dataclass(frozen=True)
class Page(Generic[Row]):
    """One page; `next_page_token` is empty on the last."""

    items: Sequence[Row]
    total_size: int
    total_pages: int
    next_page_token: str


async def fetch_page(
    tx: Transaction,
    query: Select[Row],
    ask: PageRequest,
    *,
    orders: Columns,
    key: InstrumentedAttribute[Any],
) -> Page[Row]:
    """The page of `query` that is asked for; the first of `orders` is the default, `key` decides between equals.

    Raises InvalidArgument for an order that is not in `orders` and for a token that is broken or of another list.
    """
    size = min(max(ask.page_size, 1), MOST)
    column, down = _order(ask.order_by, orders)
    scope = _scope(query, ask.order_by)
    total = await tx.first(select(func.count()).select_from(query.order_by(None).subquery())) or 0
    ordered = query.order_by(column.desc() if down else column.asc(), key.desc() if down else key.asc())
    if ask.page_token:
        ordered = ordered.where(_beyond(column, key, _read(ask.page_token, scope), down=down))
    else:
        ordered = ordered.offset((max(ask.page, 1) - 1) * size)
    found = await tx.all(ordered.limit(size + 1))
    items = found[:size]
    token = _token(scope, items[-1], column, key) if len(found) > size else ""
    return Page(items, total, -(-total // size), token)


def _order(text: str, orders: Columns) -> tuple[InstrumentedAttribute[Any], bool]:
    name, _, direction = text.strip().partition(" ")
    name = name or next(iter(orders))
    if name not in orders or direction not in {"", "asc", "desc"}:
        raise InvalidArgument.of_field(
            "order_by", f"cannot order by {text!r}: one of {', '.join(orders)}, with desc for the other way"
        )
    return orders[name], direction == "desc"


def _beyond(column: InstrumentedAttribute[Any], key: InstrumentedAttribute[Any], last: list[Any], *, down: bool) -> Any:
    value = datetime.fromisoformat(last[0]) if column.type.python_type is datetime else last[0]
    if down:
        return or_(column < value, and_(column == value, key < last[1]))
    return or_(column > value, and_(column == value, key > last[1]))


def _scope(query: Select[Any], order_by: str) -> str:
    compiled = query.compile()
    text = f"{compiled}|{sorted(compiled.params.items())}|{order_by}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _token(scope: str, row: Base, column: InstrumentedAttribute[Any], key: InstrumentedAttribute[Any]) -> str:
    value = getattr(row, column.key)
    text = value.isoformat() if isinstance(value, datetime) else value
    return base64.urlsafe_b64encode(json.dumps([scope, text, getattr(row, key.key)]).encode()).decode()


def _read(token: str, scope: str) -> list[Any]:
    try:
        read = json.loads(base64.urlsafe_b64decode(token.encode()))
        same = read[0] == scope and len(read) == 3
    except (binascii.Error, ValueError, TypeError, LookupError):
        raise InvalidArgument.of_field(
            "page_token", "not one of ours: take next_page_token of the answer before"
        ) from None
    if not same:
        raise InvalidArgument.of_field(
            "page_token", "of another list: keep filter and order_by while paging, or begin without it"
        )
    return list(read[1:])
