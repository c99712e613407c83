"""How often somebody may try to sign in."""

from __future__ import annotations

import pytest

from conduix.errors import RateLimited
from conduix_server.control.limits import MOST, SignInLimit


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def tries(limit: SignInLimit, name: str, address: str, most: int = 20) -> int:
    """How many are let through."""
    for done in range(most):
        try:
            limit.take(name, address)
        except RateLimited:
            return done
    return most


def test_five_tries_then_one_every_twelve_seconds() -> None:
    clock = Clock()
    limit = SignInLimit(clock)
    assert tries(limit, "ann", "10.0.0.1") == 5
    with pytest.raises(RateLimited, match="too many") as refused:
        limit.take("ann", "10.0.0.1")
    assert refused.value.retry_after == 12
    clock.now += 12
    assert tries(limit, "ann", "10.0.0.1") == 1
    clock.now += 3600
    assert tries(limit, "ann", "10.0.0.1") == 5


def test_names_and_addresses_count_each_for_themselves() -> None:
    limit = SignInLimit(Clock())
    assert tries(limit, "ann", "10.0.0.1") == 5
    assert tries(limit, "bob", "10.0.0.1") == 0
    assert tries(limit, "Ann", "10.0.0.2") == 0
    assert tries(limit, "bob", "10.0.0.2") == 5


def test_what_succeeds_is_given_back_and_never_more() -> None:
    limit = SignInLimit(Clock())
    for _ in range(50):
        limit.take("ann", "10.0.0.1")
        limit.give_back("ann", "10.0.0.1")
    limit.give_back("ann", "10.0.0.1")
    assert tries(limit, "ann", "10.0.0.1") == 5


def test_a_refused_try_costs_nothing_elsewhere() -> None:
    limit = SignInLimit(Clock())
    assert tries(limit, "ann", "10.0.0.1") == 5
    for _ in range(10):
        assert tries(limit, "bob", "10.0.0.1") == 0
    assert tries(limit, "bob", "10.0.0.2") == 5


def test_addresses_of_one_ipv6_network_are_one() -> None:
    limit = SignInLimit(Clock())
    assert sum(tries(limit, f"u{n}", f"2001:db8::{n}", most=1) for n in range(1, 20)) == 5
    assert tries(limit, "x", "2001:db8:0:1::1") == 5
    assert tries(limit, "y", "fe80::1%eth0") == 5
    assert tries(limit, "z", "") == 5


def test_names_that_are_made_up_do_not_fill_the_memory() -> None:
    limit = SignInLimit(Clock())
    for number in range(MOST + 50):
        limit.take(f"user-{number}", f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")
    assert len(limit._buckets) <= MOST
