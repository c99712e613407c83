"""The waiting of tests: it waits, it gives up, it tells what it saw."""

from __future__ import annotations

from itertools import count

import pytest

from tests.eventually import eventually, eventually_sync


async def test_the_first_answer_that_is_true_is_given() -> None:
    numbers = count()
    assert await eventually(lambda: (n := next(numbers)) > 2 and n) == 3


async def test_a_coroutine_and_an_assertion_may_be_waited_for() -> None:
    numbers = count()

    async def check() -> str:
        assert next(numbers) > 2
        return "there"

    assert await eventually(check) == "there"


async def test_what_never_comes_is_told_with_the_last_answer() -> None:
    with pytest.raises(AssertionError, match=r"did not come true within 0.01 s; the last answer was \[\]"):
        await eventually(list, timeout=0.01)


def test_without_a_loop_it_is_the_same() -> None:
    numbers = count()
    assert eventually_sync(lambda: (n := next(numbers)) > 2 and n) == 3

    def check() -> bool:
        raise AssertionError("three of four")

    with pytest.raises(AssertionError, match="check did not come true") as failed:
        eventually_sync(check, timeout=0.01)
    assert "three of four" in str(failed.value)
