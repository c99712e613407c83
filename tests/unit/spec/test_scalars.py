"""What an unquoted scalar means: the same for every YAML version, or it is refused."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from conduix.spec.scalars import AmbiguousScalar, NumberOutOfRange, read_plain


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("Null", None),
        ("true", True),
        ("False", False),
        ("0", 0),
        ("-12", -12),
        ("+5", 5),
        ("9223372036854775807", 2**63 - 1),
        ("-9223372036854775808", -(2**63)),
        ("0x1F", 31),
        ("1.5", 1.5),
        (".5", 0.5),
        ("5.", 5.0),
        ("1e3", 1000.0),
        ("-1.5E-3", -0.0015),
        ("012.5", 12.5),
    ],
)
def test_values_that_every_version_reads_alike(text: str, value: object) -> None:
    read = read_plain(text)
    assert (read, type(read)) == (value, type(value))


@pytest.mark.parametrize(
    "text",
    [
        *("y", "n", "Y", "N", "nO", "oN", "truE", "nil", "none"),
        *("2026-11-21", "2026-11-21T10:00:00Z", "1.2.3", "10.0.0.1", "localhost:8080", "8080:80", "12:75"),
        *("-", "+", ".", "1e", "e3", "0x", "0xZZ", "1-2", "root = this", ".status", "++1", "1 000", "9a"),
    ],
)
def test_everything_else_is_text_as_written(text: str) -> None:
    assert read_plain(text) == text


@pytest.mark.parametrize(
    ("text", "suggestion"),
    [
        ("no", 'false, or "no" if text is meant'),
        ("Yes", 'true, or "Yes" if text is meant'),
        ("on", 'true, or "on" if text is meant'),
        ("OFF", 'false, or "OFF" if text is meant'),
        ("012", '12, or "012" if text is meant'),
        ("-007", '-7, or "-007" if text is meant'),
        ("089", '89, or "089" if text is meant'),
        ("0o17", 'the number in decimals, or "0o17" if text is meant'),
        ("0b101", 'the number in decimals, or "0b101" if text is meant'),
        ("-0x1F", 'the number in decimals, or "-0x1F" if text is meant'),
        ("1:20", '"1:20"'),
        ("10:30:00", '"10:30:00"'),
        ("190:20:30.15", '"190:20:30.15"'),
        ("1_000", '1000, or "1_000" if text is meant'),
        ("1_0.5", '10.5, or "1_0.5" if text is meant'),
        (".inf", '".inf"'),
        ("-.Inf", '"-.Inf"'),
        (".NaN", '".NaN"'),
    ],
)
def test_what_versions_read_differently_is_refused(text: str, suggestion: str) -> None:
    with pytest.raises(AmbiguousScalar) as refused:
        read_plain(text)
    assert refused.value.suggestion == suggestion


@pytest.mark.parametrize(
    "text", ["9223372036854775808", "-9223372036854775809", "9" * 5000, "0xFFFFFFFFFFFFFFFFF", "1e999"]
)
def test_numbers_beyond_64_bits_are_refused(text: str) -> None:
    with pytest.raises(NumberOutOfRange):
        read_plain(text)


@given(st.text("0123456789abfeonxyEX_+-.:T~ntrulsY", max_size=8))
def test_agrees_with_yaml_1_1_or_keeps_the_text(text: str) -> None:
    """PyYAML reads YAML 1.1: our value is the same, or it is the text itself, or we refuse; 1e3 is JSON's number."""
    if text != text.strip() or text[:2] in {"- ", "? "} or text in {"-", ":"} or text.endswith(":"):
        return
    try:
        ours = read_plain(text)
    except (AmbiguousScalar, NumberOutOfRange):
        return
    if not isinstance(ours, str):
        theirs = yaml.safe_load(text)
        assert ours == theirs or (isinstance(ours, float) and ours == float(text))
