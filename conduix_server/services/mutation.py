"""Calls that change something: done once for each request_id, and written into the audit in the same transaction."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import orjson
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

from conduix.errors import FailedPrecondition
from conduix.rpc.interceptors import current_call
from conduix_server.control.deeds import entry
from conduix_server.policy import AgentPrincipal, UserPrincipal
from conduix_server.store import audit, requests
from conduix_server.store.store import Store
from conduix_server.store.transaction import Transaction

A = TypeVar("A", bound=Message)
_LONGEST_DETAIL = 200


async def mutate(
    store: Store,
    request: Message,
    answer_type: type[A],
    work: Callable[[Transaction], Awaitable[A]],
    *,
    target: Callable[[A], str],
    secret: Sequence[str] = (),
) -> A:
    """Does `work` in a transaction, unless this very call was answered within 24 hours: then that answer again.

    `work` may be run several times, and touches nothing but its transaction. `target` is the id of what was changed.
    An answer with one of the fields `secret` is not kept: the same call again is refused.
    Raises RequestIdReused, and what `work` raises; nothing is changed then.
    """
    request_id: str = getattr(request, "request_id", "")
    method = current_call().name
    digest = hashlib.sha256(without_secrets(request).SerializeToString(deterministic=True)).hexdigest()

    async def once(tx: Transaction) -> A:
        if request_id:
            earlier = await requests.earlier_answer(tx, _caller_id(), request_id, method, digest)
            if earlier is not None:
                return _again(answer_type, earlier, secret)
        answer = await work(tx)
        if request_id:
            await requests.remember(tx, _caller_id(), request_id, b"" if secret else answer.SerializeToString())
        await audit.record(tx, entry(tx, target=target(answer), detail=_detail(request)))
        return answer

    return await store.run(once)


def without_secrets(message: Message) -> Message:
    """A copy in which the fields that the contract marks `debug_redact` are empty."""
    copy = type(message)()
    copy.CopyFrom(message)
    _clear_secrets(copy)
    return copy


def _clear_secrets(message: Message) -> None:
    for field, value in message.ListFields():
        if field.GetOptions().debug_redact:
            message.ClearField(field.name)
        elif field.message_type is not None and not field.message_type.GetOptions().map_entry:
            for inner in value if field.is_repeated else [value]:
                _clear_secrets(inner)


def _caller_id() -> str:
    caller = current_call().principal
    return caller.id if isinstance(caller, UserPrincipal | AgentPrincipal) else ""


def _again(answer_type: type[A], earlier: bytes, secret: Sequence[str]) -> A:
    if secret:
        raise FailedPrecondition(
            f"this call was answered before; its {' and '.join(secret)} was shown once and is not kept",
            remedy="revoke what it made, and make another with a new request_id",
        )
    return answer_type.FromString(earlier)


def _detail(request: Message) -> str:
    said: dict[str, Any] = MessageToDict(without_secrets(request), preserving_proto_field_name=True)
    said.pop("request_id", None)
    return orjson.dumps(_shortened(said)).decode()


def _shortened(value: Any) -> Any:
    """Documents are kept as revisions: the audit says only how long they were."""
    if isinstance(value, dict):
        return {key: _shortened(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_shortened(inner) for inner in value[:20]]
    if isinstance(value, str) and (len(value) > _LONGEST_DETAIL or "\n" in value):
        return f"({len(value)} characters)"
    return value
