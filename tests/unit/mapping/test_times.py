"""Times: RFC 3339, Go layouts, strftime, zones, durations."""

from __future__ import annotations

from datetime import UTC
from typing import Any

import pytest

from conduix.errors import MappingError
from conduix.mapping import golayout, strftime
from conduix.mapping.timestamps import SECOND, fixed_zone, moment, read, rfc3339, zone
from conduix.mapping.values import Timestamp
from tests.unit.mapping.run import ev


class TestRfc3339:
    @pytest.mark.parametrize(
        "written",
        ["2020-08-14T11:50:26Z", "2020-08-14T11:50:26.371Z", "2020-08-14T11:50:26.123456789Z",
        "2020-08-14T11:50:26+01:00", "2020-08-14T11:50:26-05:30",
         "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z"],
    )  # fmt: skip
    def test_what_is_read_is_written_again(self, written: str) -> None:
        assert rfc3339(read(written)) == written

    @pytest.mark.parametrize(
        ("value", "nanos"),
        [
            (0, 0),
            (1.5, 1_500_000_000),
            (-1, -SECOND),
            ("1970-01-01T00:00:01Z", SECOND),
            (b"1970-01-01T01:00:00+01:00", 0),
            ("1970-01-01T00:00:00,5Z", 500_000_000),
        ],
    )
    def test_numbers_and_texts(self, value: Any, nanos: int) -> None:
        assert read(value).nanos == nanos

    @pytest.mark.parametrize(
        "value",
        [
            "yesterday",
            "2020-13-01T00:00:00Z",
            "2020-02-30T00:00:00Z",
            "2020-01-01",
            True,
            None,
            [],
            float("inf"),
            10**20,
        ],
    )
    def test_anything_else_is_refused(self, value: Any) -> None:
        with pytest.raises(MappingError):
            rfc3339(read(value))


LAYOUTS: list[tuple[str, str, str]] = [
    # layout, text, the time in RFC 3339
    ("2006-01-02T15:04:05Z", "2020-08-14T11:50:26Z", "2020-08-14T11:50:26Z"),
    ("2006-01-02T15:04:05Z07:00", "2020-08-14T11:50:26+02:00", "2020-08-14T11:50:26+02:00"),
    ("2006-01-02T15:04:05Z07:00", "2020-08-14T11:50:26.25Z", "2020-08-14T11:50:26.25Z"),
    ("2006-Jan-02", "2020-Aug-14", "2020-08-14T00:00:00Z"),
    ("Jan _2 15:04:05 2006", "Aug  4 01:02:03 2020", "2020-08-04T01:02:03Z"),
    ("Monday, 02-Jan-06 15:04:05 MST", "Friday, 14-Aug-20 11:50:26 UTC", "2020-08-14T11:50:26Z"),
    ("January 2, 2006 at 3:04pm", "August 14, 2020 at 1:07pm", "2020-08-14T13:07:00Z"),
    ("3PM 2006-01-02", "12AM 2020-08-14", "2020-08-14T00:00:00Z"),
    ("02/Jan/2006:15:04:05 -0700", "14/Aug/2020:11:50:26 -0430", "2020-08-14T11:50:26-04:30"),
    ("2006-01-02 15:04:05.000", "2020-08-14 11:50:26.007", "2020-08-14T11:50:26.007Z"),
    ("2006-01-02 15:04:05.999999", "2020-08-14 11:50:26.5", "2020-08-14T11:50:26.5Z"),
    ("2006-002", "2020-227", "2020-08-14T00:00:00Z"),
    ("20060102150405", "20200814115026", "2020-08-14T11:50:26Z"),
    ("1/2/06", "8/4/69", "1969-08-04T00:00:00Z"),
    ("1/2/06", "8/4/68", "2068-08-04T00:00:00Z"),
    ("2006-01-02T15:04:05-07", "2020-08-14T11:50:26+09", "2020-08-14T11:50:26+09:00"),
    ("2006-01-02 15:04:05 Z070000", "2020-08-14 11:50:26 Z", "2020-08-14T11:50:26Z"),
]


class TestLayouts:
    @pytest.mark.parametrize(("layout", "text", "time"), LAYOUTS)
    def test_reading(self, layout: str, text: str, time: str) -> None:
        assert rfc3339(golayout.parser(layout)(text)) == time

    @pytest.mark.parametrize(
        ("layout", "text", "time"),
        [case for case in LAYOUTS if case[0] not in {"2006-01-02T15:04:05Z07:00", "3PM 2006-01-02"}],
    )
    def test_writing_gives_the_text_again(self, layout: str, text: str, time: str) -> None:
        assert golayout.formatter(layout)(read(time)) == text

    @pytest.mark.parametrize(
        ("layout", "written"),
        [("Mon Jan 2 15:04:05 -0700 MST 2006", "Tue Mar 3 04:05:06 +0000 UTC 2009"),
        ("06-1-2 3:4:5 pm", "09-3-3 4:5:6 am"), ("03:04PM", "04:05AM"),
         ("__2|002|_2|02", " 62|062| 3|03"), (".000|.999|,00", ".070|.07|,07"),
         ("Z07:00|-07:00|Z0700|-07", "Z|+00:00|Z|+00"), ("Janet Monk", "Janet Monk"),
         ("January Monday", "March Tuesday"), ("no elements", "no elements"), ("_2006", "_2009")],
    )  # fmt: skip
    def test_writing_each_element(self, layout: str, written: str) -> None:
        assert golayout.formatter(layout)(read("2009-03-03T04:05:06.07Z")) == written

    @pytest.mark.parametrize(
        ("layout", "text", "reason"),
        [("2006-Jan-02", "x", 'parsing time "x" as "2006-Jan-02": cannot parse "x" as "2006"'),
        ("2006-01-02", "2020-13-01", "month out of range"),
         ("2006-01-02", "2020-02-30", "day out of range"), ("15:04", "24:00", "hour out of range"),
         ("2006", "2020 ", 'extra text: " "'),
         ("2006-01-02", "2020/01/02", 'cannot parse "/01/02" as "-'),
         ("15:04:05 -0700", "11:50:26 0100", 'cannot parse "0100" as "-0700"'),
         ("2006-01-02T15:04:05Z", "2020-W33-5T11:45:26Z", 'as "01"'), ("Jan", "Foo", 'as "Jan"'),
         ("PM", "XM", 'as "PM"'),
         ("05.000", "26.07", 'as ".000"')],
    )  # fmt: skip
    def test_a_text_that_does_not_fit(self, layout: str, text: str, reason: str) -> None:
        with pytest.raises(MappingError) as caught:
            golayout.parser(layout)(text)
        assert reason in caught.value.message

    def test_the_most_common_shape_is_checked_like_any_other(self) -> None:
        parse = golayout.parser("2006-01-02T15:04:05Z")
        for wrong in ("2020-02-30T11:45:26Z", "2020-08-14T25:45:26Z", "2020-08-14 11:45:26Z", "2020-08-14T11:45:2"):
            with pytest.raises(MappingError, match="parsing time"):
                parse(wrong)


class TestDirectives:
    @pytest.mark.parametrize(
        ("layout", "text", "time"),
        [("%Y-%b-%d", "2020-Aug-14", "2020-08-14T00:00:00Z"),
        ("%Y-%b-%d %H:%M:%S.%f", "2020-Aug-14 11:50:26.371000", "2020-08-14T11:50:26.371Z"),
         ("%d/%m/%y %I:%M %p", "14/08/20 01:07 PM", "2020-08-14T13:07:00Z"),
         ("%F %T %z", "2020-08-14 11:50:26 -0430", "2020-08-14T11:50:26-04:30"),
         ("%A, %e %B %Y", "Friday,  4 August 2020", "2020-08-04T00:00:00Z"),
         ("%s", "1597405526", "2020-08-14T11:45:26Z"),
         ("%j %Y", "227 2020", "2020-08-14T00:00:00Z"), ("%c", "Fri Aug 14 11:50:26 2020", "2020-08-14T11:50:26Z"),
         ("%H%%%t", "11%\t", "1900-01-01T11:00:00Z")],
    )  # fmt: skip
    def test_reading(self, layout: str, text: str, time: str) -> None:
        assert rfc3339(strftime.parser(layout)(text)) == time

    @pytest.mark.parametrize(
        ("layout", "written"),
        [("%Y-%m-%d %H:%M:%S", "2009-03-03 04:05:06"), ("%y|%C|%j|%-d|%e|%k|%l", "09|20|062|3| 3| 4| 4"),
        ("%I:%M %p", "04:05 AM"), ("%a %A %b %B", "Tue Tuesday Mar March"),
         ("%f %z %Z", "070000 +0000 UTC"), ("%D|%F|%T|%R", "03/03/09|2009-03-03|04:05:06|04:05"),
         ("%s %u %w %V %G", "1236053106 2 2 10 2009"), ("100%% %q", "100% %q")],
    )  # fmt: skip
    def test_writing(self, layout: str, written: str) -> None:
        assert strftime.formatter(layout)(read("2009-03-03T04:05:06.07Z")) == written

    @pytest.mark.parametrize(
        ("layout", "text", "reason"),
        [("%Y", "x", 'failed to parse "x" with "%Y": cannot parse "%Y"'), ("INVALID", "x", "expected 'I'"),
        ("%Y", "2020x", 'unconverted string: "x"'),
         ("%Q", "x", 'unexpected format: "%Q"'), ("%b", "Foo", 'cannot parse "%b"'), ("%", "x", "stray %"),
         ("%z", "0100", 'cannot parse "%z"')],
    )  # fmt: skip
    def test_a_text_that_does_not_fit(self, layout: str, text: str, reason: str) -> None:
        with pytest.raises(MappingError) as caught:
            strftime.parser(layout)(text)
        assert reason in caught.value.message


class TestZones:
    def test_names(self) -> None:
        assert zone("UTC") is UTC
        assert ev('"2020-08-14T11:50:26Z".ts_tz("America/New_York").string()') == "2020-08-14T07:50:26-04:00"
        assert ev('"2020-01-14T11:50:26Z".ts_format("15:04 MST", "Europe/Berlin")') == "12:50 CET"

    @pytest.mark.parametrize("name", ["Nowhere/Town", "../etc/passwd", "x" * 5000])
    def test_one_that_is_not_there(self, name: str) -> None:
        with pytest.raises(MappingError, match="unknown time zone"):
            zone(name)

    def test_fixed_offsets(self) -> None:
        assert fixed_zone(0) is UTC
        with pytest.raises(MappingError, match="more than a day"):
            fixed_zone(90_000)


class TestCalendar:
    def test_fields_may_go_past_their_ends(self) -> None:
        assert rfc3339(moment(2020, 14, 31, second=90)) == "2021-03-03T00:01:30Z"
        with pytest.raises(MappingError, match="not within the years 1 to 9999"):
            moment(10_000, 1, 1)

    @pytest.mark.parametrize(
        ("period", "later"),
        [("P1M", "2020-03-02T00:00:00Z"), ("P1Y", "2021-01-31T00:00:00Z"), ("P1W", "2020-02-07T00:00:00Z"),
        ("PT36H", "2020-02-01T12:00:00Z"), ("-P1D", "2020-01-30T00:00:00Z"),
         ("PT0.5S", "2020-01-31T00:00:00.5Z")],
    )  # fmt: skip
    def test_adding_a_period(self, period: str, later: str) -> None:
        assert ev(f'"2020-01-31T00:00:00Z".ts_add_iso8601("{period}").string()') == later


class TestDurations:
    @pytest.mark.parametrize(
        ("text", "nanos"),
        [
            ("50us", 50_000),
            ("2h45m", 9_900 * SECOND),
            ("-1.5h", -5_400 * SECOND),
            ("300ms", 300_000_000),
            ("0", 0),
            ("+5s", 5 * SECOND),
            (".5s", 500_000_000),
            ("1µs", 1_000),
        ],
    )
    def test_reading(self, text: str, nanos: int) -> None:
        assert ev("this.parse_duration()", text) == nanos

    @pytest.mark.parametrize("text", ["", "5", "5x", "h", "1h ", "-", ".s", "9999999999999h"])
    def test_a_wrong_one(self, text: str) -> None:
        with pytest.raises(MappingError, match="invalid duration"):
            ev("this.parse_duration()", text)

    @pytest.mark.parametrize(
        ("text", "nanos"),
        [
            ("P3Y6M4DT12H30M5S", 110_839_937 * SECOND),
            ("P3Y6M4DT12H30M5.123456789S", 110_839_937_123_456_789),
            ("PT2.5S", 2_500_000_000),
            ("P2W", 1_209_600 * SECOND),
        ],
    )
    def test_periods(self, text: str, nanos: int) -> None:
        assert ev("this.parse_duration_iso8601()", text) == nanos

    @pytest.mark.parametrize("text", ["P", "PT", "3Y", "P3", "P1.2.3Y", "P1YT"])
    def test_a_wrong_period(self, text: str) -> None:
        with pytest.raises(MappingError):
            ev("this.parse_duration_iso8601()", text)


def test_rounding_halves_up() -> None:
    at = Timestamp(1_500_000_000, UTC)
    assert ev("this.ts_round(1000000000).ts_unix()", at) == 2
    assert ev("this.ts_round(0).ts_unix_nano()", at) == 1_500_000_000


def test_a_timestamp_is_text_to_everything_else() -> None:
    assert ev('this.ts_parse("2006").type()', "2020") == "timestamp"
    assert ev('this.ts_parse("2006") == "2020-01-01T00:00:00Z"', "2020") is True
    assert ev('"at " + this.ts_parse("2006")', "2020") == "at 2020-01-01T00:00:00Z"
