"""A view shows at each moment what sorting and filtering all rows anew would show."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conduix_tui.store.columns import Cell, Column, fitting
from conduix_tui.store.filters import parse
from conduix_tui.store.view import View


@dataclass(frozen=True)
class Thing:
    name: str
    state: str
    lag: int | None


COLUMNS: list[Column[Thing]] = [
    Column("name", "NAME", lambda t: t.name, lambda t: Cell(t.name), width=12, priority=0, grows=True),
    Column("state", "STATE", lambda t: t.state, lambda t: Cell(t.state), width=8, priority=1),
    Column("lag", "LAG", lambda t: t.lag, lambda t: Cell(str(t.lag)), width=6, priority=9, align="right"),
]
THINGS = st.builds(
    Thing,
    st.text("abcXY", min_size=1, max_size=4),
    st.sampled_from(["running", "failed", "paused"]),
    st.none() | st.integers(0, 200),
)
KEYS = st.sampled_from([f"id{n}" for n in range(30)])
STEPS = st.one_of(
    st.tuples(st.just("put"), KEYS, THINGS),
    st.tuples(st.just("remove"), KEYS),
    st.tuples(st.just("sort"), st.sampled_from(["name", "state", "lag"]), st.booleans()),
    st.tuples(st.just("filter"), st.sampled_from(["", "fail", "state:running", "lag:>50", "!lag:>50 a", "~ay", "/^a"])),
    st.tuples(st.just("reset"), st.dictionaries(KEYS, THINGS, max_size=30)),
    st.tuples(st.just("refresh")),
)


def expected(view: View[Thing], rows: dict[str, Thing]) -> list[str]:
    column = next(c for c in COLUMNS if c.key == view.sorted_by)
    matches = parse(view.filter.text, COLUMNS).matches

    def place(key: str) -> tuple[int, int | str]:
        value = column.value(rows[key])
        if value is None:
            return (0, 0)
        return (2, value.casefold()) if isinstance(value, str) else (1, int(value))

    shown = sorted(key for key in rows if matches(rows[key]))
    if not view.falling:
        return sorted(shown, key=place)
    groups: dict[tuple[int, int | str], list[str]] = {}
    for key in shown:  # equal rows keep the order of their ids, whichever way the list goes
        groups.setdefault(place(key), []).append(key)
    return [key for at in sorted(groups, reverse=True) for key in groups[at]]


@settings(max_examples=300, deadline=None)
@given(st.lists(STEPS, max_size=60))
def test_shows_what_sorting_anew_would_show(steps: list[tuple[object, ...]]) -> None:
    view = View(COLUMNS)
    rows: dict[str, Thing] = {}
    for step in steps:
        match step:
            case ("put", str(key), Thing() as thing):
                rows[key] = thing
                view.put(key, thing)
            case ("remove", str(key)):
                rows.pop(key, None)
                view.remove(key)
            case ("sort", str(column), bool(falling)):
                view.order_by(column, falling=falling)
            case ("filter", str(text)):
                view.filter_by(text)
            case ("reset", dict(all_rows)):
                rows = dict(all_rows)
                view.reset(all_rows)
            case _:
                view.refresh()
                assert list(view.keys()) == expected(view, rows)
    view.refresh()
    keys = list(view.keys())
    assert keys == expected(view, rows)
    assert [view.position_of(key) for key in keys] == list(range(len(keys)))
    assert view.total == len(rows)
    assert not view.refresh()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ["a", "b", "c"]),
        ("ORDERS", ["a", "b"]),
        ("orders !failed", ["a"]),
        ("state:failed", ["b"]),
        ("!state:failed", ["a", "c"]),
        ("lag:>100", ["b"]),
        ("lag:>=0.1k", ["a", "b"]),
        ("lag:", ["a", "b", "c"]),
        ("lag:>", ["a", "b", "c"]),
        ("/^flights$", ["c"]),
        ("/", ["a", "b", "c"]),
        ("~flt", ["c"]),
        ("!", ["a", "b", "c"]),
        ("nothing here", []),
    ],
)
def test_filters_say_what_people_mean(text: str, found: list[str]) -> None:
    rows = {
        "a": Thing("orders-eu", "running", 100),
        "b": Thing("orders-us", "failed", 101),
        "c": Thing("flights", "running", None),
    }
    view = View(COLUMNS)
    view.reset(rows)
    view.filter_by(text)
    view.refresh()
    assert sorted(view.keys()) == found
    assert not view.filter.problem


@pytest.mark.parametrize(("text", "problem"), [("stat:x", "no column stat: there are name, state, lag"), ("/(", "/(")])
def test_what_cannot_be_read_is_told_and_left_out(text: str, problem: str) -> None:
    said = parse(text + " orders", COLUMNS)
    assert problem in said.problem
    assert said.matches(Thing("orders", "running", 1))
    assert not said.matches(Thing("flights", "running", 1))


def test_marks_go_with_their_rows() -> None:
    view = View(COLUMNS)
    view.reset({"a": Thing("a", "running", 1), "b": Thing("b", "running", 1)})
    view.mark(["a", "b", "nobody"], on=True)
    assert view.marked == {"a", "b"}
    view.remove("a")
    assert view.marked == {"b"}
    view.mark(["b"])
    assert not view.marked


def test_columns_drop_by_priority() -> None:
    def keys(width: int) -> list[tuple[str, int]]:
        return [(column.key, room) for column, room in fitting(COLUMNS, width)]

    assert keys(40) == [("name", 24), ("state", 8), ("lag", 6)]
    assert keys(28) == [("name", 12), ("state", 8), ("lag", 6)]
    assert keys(27) == [("name", 18), ("state", 8)]
    assert keys(20) == [("name", 20)]
    assert keys(5) == [("name", 12)]
