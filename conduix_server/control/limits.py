"""How often somebody may try: token buckets, one for each name and for each address."""

from __future__ import annotations

import ipaddress
import math
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from conduix.errors import RateLimited

ATTEMPTS: Final = 5
PER_SECONDS: Final = 60.0
MOST: Final = 10_000
"""Buckets kept; the one that was used longest ago makes room."""


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float


class SignInLimit:
    """Five tries a minute for each name and for each address. What succeeds is given back: only failures count.

    Kept in memory: each server counts for itself.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def take(self, username: str, address: str) -> None:
        """Before a try. Raises RateLimited, with the seconds after which the next one may come."""
        buckets = [self._filled(key) for key in _keys(username, address)]
        emptiest = min(bucket.left for bucket in buckets)
        if emptiest < 1:
            wait = math.ceil((1 - emptiest) * PER_SECONDS / ATTEMPTS)
            raise RateLimited(
                "too many failed sign-ins for this name or from this address",
                remedy=f"wait {wait} s, then try again",
                retry_after=wait,
            )
        for bucket in buckets:
            bucket.left -= 1

    def give_back(self, username: str, address: str) -> None:
        """After a try that succeeded."""
        for key in _keys(username, address):
            bucket = self._filled(key)
            bucket.left = min(ATTEMPTS, bucket.left + 1)

    def _filled(self, key: str) -> _Bucket:
        now = self._clock()
        bucket = self._buckets.setdefault(key, _Bucket(ATTEMPTS, now))
        self._buckets.move_to_end(key)
        if len(self._buckets) > MOST:
            self._buckets.popitem(last=False)
        bucket.left = min(ATTEMPTS, bucket.left + (now - bucket.at) * ATTEMPTS / PER_SECONDS)
        bucket.at = now
        return bucket


def _keys(username: str, address: str) -> tuple[str, str]:
    return f"name {username.lower()}", f"from {_network(address)}"


def _network(address: str) -> str:
    """A whole /64 of IPv6 counts as one: whoever has one address of it has all."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if parsed.version == 4:
        return str(parsed)
    return str(ipaddress.ip_network((parsed, 64), strict=False))
