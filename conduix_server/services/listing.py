"""Lists: the contract's paging and filters as the store takes them, and etags."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from conduix.errors import FieldViolation, InvalidArgument
from conduix.spec.diagnostics import nearest
from conduix.v1.common_pb2 import PageInfo, Paging
from conduix_server.store.paging import Page, PageRequest

LABEL = "label."
_DEFAULT_SIZE = 20


@dataclass(frozen=True, slots=True)
class Filter:
    """The conditions of a list, all of which must hold."""

    values: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)

    def get(self, name: str) -> str:
        """The value that is asked for, empty where none is."""
        return self.values.get(name, "")


def page_request(paging: Paging, *, order_by: str = "") -> PageRequest:
    """Which page the store shall give; `order_by`: the order where the caller asks for none."""
    return PageRequest(
        page_size=paging.page_size or _DEFAULT_SIZE,
        page_token=paging.page_token,
        page=paging.page or 1,
        order_by=paging.order_by or order_by,
    )


def page_info(page: Page[Any]) -> PageInfo:
    """Where the list goes on."""
    return PageInfo(next_page_token=page.next_page_token, total_size=page.total_size, total_pages=page.total_pages)


def parse_filter(paging: Paging, allowed: Collection[str] = ()) -> Filter:
    """Reads `name=orders state=RUNNING label.env=prod`; a value with spaces stands in quotes.

    `allowed` has the names that may stand there; `label.` among them allows labels.
    Raises InvalidArgument, with what may be written instead.
    """
    try:
        words = shlex.split(paging.filter)
    except ValueError as error:
        raise _wrong(f"cannot be read ({error}): close the quotes") from None
    values: dict[str, str] = {}
    labels: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not value:
            raise _wrong(f"{word!r} is no condition: write name=value, joined by spaces")
        if name.startswith(LABEL) and LABEL in allowed and len(name) > len(LABEL):
            labels[name.removeprefix(LABEL)] = value
        elif name in allowed and name != LABEL:
            values[name] = value
        else:
            raise _wrong(_unknown(name, allowed))
    return Filter(values, labels)


def one_of(name: str, value: str, allowed: Collection[str]) -> str:
    """The value of a condition. Raises InvalidArgument for another than these."""
    if value not in allowed:
        wrong = FieldViolation("paging.filter", f"{name}={value}: one of {', '.join(allowed)}")
        raise InvalidArgument(f"filter: {wrong.description}", violations=[wrong])
    return value


def etag(version: int) -> str:
    """What a reader gives back, to change only what it has read."""
    return f"v{version}"


def version_of(text: str) -> int | None:
    """The version that an etag stands for; None where none was given. Raises InvalidArgument."""
    if not text:
        return None
    number = text.removeprefix("v")
    if not text.startswith("v") or not number.isascii() or not number.isdigit() or len(number) > 18:
        raise InvalidArgument.of_field("etag", "not one of ours: give back the etag that was read with the resource")
    return int(number)


def _unknown(name: str, allowed: Collection[str]) -> str:
    if not allowed:
        return f"this list has no conditions, {name!r} is none of its"
    shown = [f"{each}KEY" if each == LABEL else each for each in sorted(allowed)]
    near = nearest(name, allowed)
    return f"there is no condition {name!r}: use {', '.join(shown)}" + (f"; did you mean {near}?" if near else "")


def _wrong(description: str) -> InvalidArgument:
    return InvalidArgument(
        f"filter: {description}", violations=[FieldViolation("paging.filter", description)], remedy="correct the filter"
    )
