"""Reading and writing by path."""

from __future__ import annotations

from typing import Any

import pytest

from conduix.errors import MappingError
from conduix.mapping import paths

VALUE = {"a": {"b.c": 1, "n": None}, "l": [{"x": 1}, {"x": 2}, {"y": 3}]}


@pytest.mark.parametrize(
    ("dotted", "names"), [("a.b", ("a", "b")), ("a~1b.c", ("a.b", "c")), ("~01", ("~1",)), ("", ("",))]
)
def test_a_dotted_path_and_its_names(dotted: str, names: tuple[str, ...]) -> None:
    assert paths.split(dotted) == names
    assert paths.join(names) == dotted


@pytest.mark.parametrize(
    ("dotted", "value"),
    [
        ("a.b~1c", 1),
        ("l.1.x", 2),
        ("l.*.x", [1, 2]),
        ("l.*", VALUE["l"]),
        ("l.9", None),
        ("l.-1", None),
        ("a.n.deep", None),
        ("q", None),
        ("l.*.q", None),
    ],
)
def test_get(dotted: str, value: Any) -> None:
    assert paths.get(VALUE, paths.split(dotted)) == value


@pytest.mark.parametrize(
    ("dotted", "there"), [("a.n", True), ("a.m", False), ("l.0.x", True), ("l.5", False), ("a.n.x", False)]
)
def test_null_exists(dotted: str, there: bool) -> None:
    assert paths.exists(VALUE, paths.split(dotted)) is there


@pytest.mark.parametrize(
    ("before", "dotted", "after"),
    [({}, "a.b", {"a": {"b": 9}}), ({"a": None}, "a.b", {"a": {"b": 9}}), ({"l": [1, 2]}, "l.1", {"l": [1, 9]}),
     ({"l": [1]}, "l.-", {"l": [1, 9]}), ({"l": []}, "l.-.k", {"l": [{"k": 9}]}), ([1, 2], "0", [9, 2])],
)  # fmt: skip
def test_put(before: Any, dotted: str, after: Any) -> None:
    assert paths.put(before, paths.split(dotted), 9) == after


@pytest.mark.parametrize(
    ("container", "dotted", "reason"),
    [({"a": 1}, "a.b", "as the value of a was a non-object type (number)"),
    ("x", "a", "the value of the root was a non-object type (string)"),
     ({"l": [1]}, "l.5", "`5` is no index of an array of 1 items"), ({"l": [1]}, "l.x", "write `-` to append")],
)  # fmt: skip
def test_put_says_what_is_in_the_way(container: Any, dotted: str, reason: str) -> None:
    with pytest.raises(MappingError) as caught:
        paths.put(container, paths.split(dotted), 9)
    assert reason in caught.value.message


@pytest.mark.parametrize(
    ("before", "dotted", "after"),
    [({"a": 1, "b": 2}, "a", {"b": 2}), ({"a": {"b": 1}}, "a.b", {"a": {}}), ({"l": [1, 2]}, "l.0", {"l": [2]}),
    ({"a": 1}, "x.y", {"a": 1}),
     ({"l": [1]}, "l.7", {"l": [1]})],
)  # fmt: skip
def test_remove_is_content_with_what_is_not_there(before: Any, dotted: str, after: Any) -> None:
    paths.remove(before, paths.split(dotted))
    assert before == after


def test_step_reads_one_name() -> None:
    assert (paths.step(VALUE, "a"), paths.step([5], "0"), paths.step("x", "0")) == (VALUE["a"], 5, None)
