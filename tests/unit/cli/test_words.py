"""Numbers as people read them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conduix.spec.units import parse_duration, parse_size
from conduix_tui.cli import words


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (0.02, "20ms"),
        (0.25, "250ms"),
        (1.5, "1.5s"),
        (10, "10s"),
        (61, "1m1s"),
        (300, "5m"),
        (5400, "1h30m"),
        (86_400, "1d"),
        (61.7, "1m1s"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert words.duration(seconds) == text


@given(st.integers(0, 10**7))
def test_a_duration_reads_back(seconds: int) -> None:
    assert parse_duration(words.duration(seconds)) == seconds


@given(st.integers(0, 10**15))
def test_a_size_reads_back(number: int) -> None:
    assert parse_size(words.size(number)) == number


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0B"), (500, "500B"), (65_536, "64KiB"), (10_000_000, "10MB"), (2**30, "1GiB"), (1000, "1KB")],
)
def test_sizes(number: int, text: str) -> None:
    assert words.size(number) == text


@pytest.mark.parametrize(
    ("per_second", "text"), [(0, "0/s"), (950.4, "950/s"), (12_400, "12.4k/s"), (1_240_000, "1.24M/s")]
)
def test_rates(per_second: float, text: str) -> None:
    assert words.rate(per_second) == text


def test_columns_are_as_wide_as_their_widest_cell() -> None:
    rows = [("in", "1,000", "fast"), ("filtered", "7", "")]
    assert words.table(rows, indent=2, right=[1]) == ["  in        1,000  fast", "  filtered      7"]


def test_plural() -> None:
    assert [words.plural(n, "record") for n in (0, 1, 2000)] == ["0 records", "1 record", "2,000 records"]
