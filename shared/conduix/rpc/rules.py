"""The rules that stand beside the fields in `proto/`, held for every request."""

from __future__ import annotations

from google.protobuf.message import Message
from protovalidate import Validator, Violation

from conduix.errors import FieldViolation, InvalidArgument

_validator = Validator()


def check(request: Message) -> None:
    """Refuse a request that breaks a rule of the contract: InvalidArgument names every field, by its path.

    Rules are compiled at the first request of a type and kept.
    """
    violations = _validator.collect_violations(request)
    if violations:
        found = [_field_violation(violation) for violation in violations]
        first = f"{found[0].field or type(request).__name__}: {found[0].description}"
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        raise InvalidArgument(f"{first}{more}", violations=found, remedy="correct the fields that are named")


def _field_violation(violation: Violation) -> FieldViolation:
    said = violation.proto
    return FieldViolation(_path(violation), said.message, said.rule_id)


def _path(violation: Violation) -> str:
    """The way to the field as one would write it: `documents[1].document`, `labels["env"]`."""
    path = ""
    for element in violation.proto.field.elements if violation.proto.field else ():
        path += f".{element.field_name}" if path else element.field_name
        if element.subscript is not None:
            at = element.subscript.value
            path += f'["{at}"]' if isinstance(at, str) else f"[{at}]"
    return path
