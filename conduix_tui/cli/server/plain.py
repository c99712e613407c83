"""Messages of the contract as plain data, for `--output json` and `yaml`.

Names as in the contract; every field is there, `null` where nothing is set; whole numbers are numbers; times are
RFC 3339 in UTC; durations are seconds; values of enumerations are their last words (`RUNNING`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

FieldDescriptor: TypeAlias = Any
EnumDescriptor: TypeAlias = Any
"""Of one of two classes each, by the way protobuf was built."""


def plain(message: Message) -> Any:
    """One message."""
    if isinstance(message, Timestamp):
        return message.ToJsonString()
    if isinstance(message, Duration):
        return message.ToNanoseconds() / 1e9
    return {field.name: _field(message, field) for field in message.DESCRIPTOR.fields}


def plain_list(messages: Iterable[Message]) -> list[Any]:
    """Several."""
    return [plain(message) for message in messages]


def word(kind: EnumDescriptor, number: int) -> str:
    """`RUNNING` of PIPELINE_STATE_RUNNING; empty where nothing is set."""
    value = kind.values_by_number.get(number)
    if value is None:  # of a newer server
        return str(number)
    name = str(value.name).removeprefix(_prefix(kind))
    return "" if name == "UNSPECIFIED" else name


def _prefix(kind: EnumDescriptor) -> str:
    """What all values of an enumeration begin with: `PIPELINE_STATE_`."""
    return str(kind.values_by_number[0].name.removesuffix("UNSPECIFIED"))


def _field(message: Message, field: FieldDescriptor) -> Any:
    if field.has_presence and not message.HasField(field.name):
        return None
    value = getattr(message, field.name)
    if _is_map(field):
        return dict(sorted(value.items()))
    if field.is_repeated:
        return [_value(each, field) for each in value]
    return _value(value, field)


def _is_map(field: FieldDescriptor) -> bool:
    return field.message_type is not None and field.message_type.GetOptions().map_entry


def _value(value: Any, field: FieldDescriptor) -> Any:
    if field.message_type is not None:
        return plain(value)
    if field.enum_type is not None:
        return word(field.enum_type, value) or None
    return value
