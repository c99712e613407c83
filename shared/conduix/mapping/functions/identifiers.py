"""Identifiers that are made for each record anew."""

from __future__ import annotations

import random
import threading
import time
import uuid
from typing import Any, Final

from conduix.errors import MappingError
from conduix.mapping.functions.declare import Family, Parameter
from conduix.mapping.values import text

family = Family("identifiers")

_random = random.SystemRandom()
_CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_BASE62: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_KSUID_EPOCH: Final = 1_400_000_000
_SNOWFLAKE_EPOCH: Final = 1_288_834_974_657
"""Milliseconds: that of the reference."""


def _digits(number: int, alphabet: str, length: int) -> str:
    made = []
    for _ in range(length):
        number, digit = divmod(number, len(alphabet))
        made.append(alphabet[digit])
    return "".join(reversed(made))


@family.function("ulid", "A new ULID: it sorts by the time it was made.",
                 Parameter("encoding", "string", "`crockford` or `hex`.", "crockford"),
                 Parameter("random_source", "string", "`secure_random` or `fast_random`; both are secure here.",
                           "secure_random"), deterministic=False)  # fmt: skip
def ulid(encoding: str, random_source: str) -> str:
    """26 characters, or 32 in hex."""
    if random_source not in {"secure_random", "fast_random"}:
        raise MappingError(f"invalid randomness source {random_source}: write secure_random or fast_random")
    number = time.time_ns() // 1_000_000 << 80 | _random.getrandbits(80)
    if encoding == "hex":
        return f"{number:032x}"
    if encoding == "crockford":
        return _digits(number, _CROCKFORD, 26)
    raise MappingError(f"invalid ulid encoding {encoding}: write crockford or hex")


@family.function("ksuid", "A new KSUID: it sorts by the second it was made in.", deterministic=False)
def ksuid() -> str:
    """27 characters."""
    number = int(time.time()) - _KSUID_EPOCH << 128 | _random.getrandbits(128)
    return _digits(number, _BASE62, 27)


class _Snowflakes:
    """Numbers of a node: a millisecond and a counter within it."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._last = 0

    def next(self, node: int) -> int:
        with self._turn:
            now = time.time_ns() // 1_000_000 - _SNOWFLAKE_EPOCH << 12
            # never twice and never back, even where the clock goes back or the counter is full
            self._last = max(now, self._last + 1)
            return self._last >> 12 << 22 | node << 12 | self._last & 0xFFF


_snowflakes = _Snowflakes()


@family.function("snowflake_id", "A new Snowflake identifier, as a text of digits.",
                 Parameter("node_id", "integer", "From 0 to 1023: another one for each process.", 1),
                 deterministic=False)  # fmt: skip
def snowflake_id(node_id: int) -> str:
    """A number of 63 bits."""
    if not 0 <= node_id <= 1023:
        raise MappingError(f"node_id is from 0 to 1023, this is {node_id}")
    return str(_snowflakes.next(node_id))


_NAMESPACES: Final = {"dns": uuid.NAMESPACE_DNS, "url": uuid.NAMESPACE_URL, "oid": uuid.NAMESPACE_OID,
                      "x500": uuid.NAMESPACE_X500, "": uuid.UUID(int=0)}  # fmt: skip


@family.method("uuid_v5", "The UUID of a text within a namespace: the same text gives the same UUID.",
               Parameter("ns", "string", "`dns`, `url`, `oid`, `x500`, or a UUID; that of zeros without it.", ""),
               examples=(('root.id = this.a.uuid_v5("dns")', '{"a":"example.com"}',
                          '{"id":"cfbff0d1-9375-5685-968c-48ce8b15ae17"}'),))  # fmt: skip
def uuid_v5(value: Any, namespace: str) -> str:
    """A UUID of version 5."""
    known = _NAMESPACES.get(namespace.lower())
    try:
        return str(uuid.uuid5(known or uuid.UUID(namespace), text(value)))
    except ValueError as error:
        raise MappingError(f'"{namespace[:100]}" is no namespace: write dns, url, oid, x500 or a UUID') from error
