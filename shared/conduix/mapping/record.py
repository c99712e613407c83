"""The record that a mapping reads, and the view of it that functions such as `json()` and `content()` get."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import orjson

from conduix.errors import MappingError
from conduix.mapping.values import data, encode_json

_UNREAD = object()


class Record:
    """One record: its value, or its raw content that is read as JSON when the mapping asks for it.

    `error` is what failed for this record in an earlier stage; None where nothing did.
    """

    __slots__ = ("_content", "_value", "error", "meta")

    def __init__(
        self,
        value: Any = _UNREAD,
        meta: dict[str, Any] | None = None,
        *,
        content: bytes | None = None,
        error: str | None = None,
    ) -> None:
        self._value = value
        self._content = content
        self.meta: dict[str, Any] = meta or {}
        self.error = error

    @property
    def value(self) -> Any:
        """The value. Raises MappingError where the content is no JSON."""
        if self._value is _UNREAD:
            try:
                self._value = orjson.loads(self._content or b"")
            except orjson.JSONDecodeError as error:
                reason = "message is empty" if not self._content else f"parse as json: {error}"
                raise MappingError(f"unable to reference message as structured (with 'this'): {reason}") from error
        return self._value

    @property
    def content(self) -> bytes:
        """The raw content; where the record came as a value, its JSON, or the text itself of a string."""
        if self._content is None:
            text = isinstance(self._value, str | bytes)
            self._content = data(self._value) if text else encode_json(self._value)
        return self._content


class _Absent(Record):
    __slots__ = ()

    @property
    def value(self) -> Any:
        raise MappingError("target message part does not exist")


ABSENT = _Absent(content=b"")
"""The record beyond the end of a batch: no metadata, no content, and its value is an error."""


class Scope(Protocol):
    """What a function that needs more than its arguments may ask for."""

    records: Sequence[Record]
    index: int
    variables: dict[str, Any]

    @property
    def record(self) -> Record:
        """The record at `index`; ABSENT where the batch has none there."""

    @property
    def new_meta(self) -> dict[str, Any]:
        """The metadata as the mapping has set it so far."""

    def at(self, index: int) -> Scope:
        """The same scope looking at another record of the batch."""

    def apply(self, name: str, value: Any) -> Any:
        """The result of the map `name` with `value` as `this`."""
