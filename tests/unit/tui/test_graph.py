"""The drawing of a graph, and how hard its nodes work."""

from __future__ import annotations

from itertools import pairwise

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from conduix.v1 import pipeline_service_pb2 as pb
from conduix_tui.screens.pipeline_tabs.graph import boxes_of, spec_of
from conduix_tui.store.canvas import Canvas
from conduix_tui.store.graph import Box, chain, drawn
from conduix_tui.store.load import Loads

ROUTED = """name: x
source: {type: generate, count: 3}
stages:
  - id: by
    type: router
    config:
      mode: condition
      routes:
        - {name: even, when: 'this.n % 2 == 0', next: evens}
      default: {next: odds}
sinks:
  - {id: evens, type: drop}
  - {id: odds, type: drop}
"""


def box(name: str, *inputs: str | tuple[str, str], last: bool = False) -> Box:
    fed_by = [each if isinstance(each, tuple) else (each, "out") for each in inputs]
    return Box(name, [(name, "")], inputs=fed_by, last=last)


def lines(*boxes: Box, width: int = 80) -> list[str]:
    return ["".join(text for text, _ in row).rstrip() for row in drawn(boxes, width)]


def row_of(shown: list[str], name: str) -> int:
    return next(at for at, line in enumerate(shown) if f" {name} " in line)


def test_a_chain_goes_straight_down() -> None:
    shown = lines(box("a"), box("b", "a"), box("c", "b"))
    assert [row_of(shown, name) for name in "abc"] == [1, 5, 9]
    arrows = [line.index("▼") for line in shown if "▼" in line]
    assert len(arrows) == 2
    assert len(set(arrows)) == 1


def test_branches_stand_side_by_side_with_the_names_of_their_ports() -> None:
    shown = lines(box("r"), box("x", ("r", "even")), box("y", ("r", "odd")))
    assert row_of(shown, "x") == row_of(shown, "y")
    (fork,) = [line for line in shown if "┴" in line]
    assert fork.strip()[0] == "┌"
    assert fork.strip()[-1] == "┐"
    (arrows,) = [line for line in shown if "▼" in line]
    assert arrows.split() == ["▼", "even", "▼", "odd"]


def test_what_is_fed_from_far_above_stands_below_all_that_feed_it() -> None:
    shown = lines(box("a"), box("b", "a"), box("c", "b", "a"))
    assert row_of(shown, "a") < row_of(shown, "b") < row_of(shown, "c")
    assert any("┘" in line or "└" in line for line in shown[row_of(shown, "b") + 2 :])


def test_dead_letters_stand_in_the_last_row_and_nothing_leads_there() -> None:
    shown = lines(box("a"), box("b", "a"), box("dlq", last=True))
    assert row_of(shown, "dlq") == row_of(shown, "b")
    assert sum(line.count("▼") for line in shown) == 1


@pytest.mark.parametrize("width", [30, 80, 200])
def test_no_line_is_wider_than_it_must_be_and_boxes_are_whole(width: int) -> None:
    shown = lines(box("a"), *(box(f"s{number}", "a") for number in range(3)), width=width)
    assert max(map(len, shown)) <= max(width, 3 * 20 + 2 * 2)
    assert sum(line.count("╭") for line in shown) == sum(line.count("╯") for line in shown) == 4


def test_long_names_end_in_an_ellipsis() -> None:
    assert any("nnn…" in line for line in lines(box("n" * 90)))


def test_nothing_is_no_drawing() -> None:
    assert drawn([], 80) == []


def test_lines_that_meet_join() -> None:
    canvas = Canvas()
    canvas.across(0, 4, 0, 1, 2)
    canvas.across(8, 4, 0, 1, 2)
    assert ["".join(text for text, _ in row) for row in canvas.rows()] == ["│       │", "└───┬───┘", "    │"]


def test_without_a_document_nodes_stand_in_the_order_of_the_reports() -> None:
    assert list(pairwise(chain(["a", "b"]))) == [("a", "b")]
    assert chain(["a", "b"])["b"] == [("a", "out")]


def test_a_document_gives_nodes_routes_and_types() -> None:
    spec = spec_of(ROUTED)
    assert spec is not None
    boxes = {each.id: each for each in boxes_of(spec, Loads())}
    assert boxes["evens"].inputs == [("by", "even")]
    assert boxes["by"].lines[0][0] == "◆ by  router"
    assert boxes["odds"].lines[0][0] == "▶ odds  drop"


def test_a_document_that_is_none_is_no_graph() -> None:
    assert spec_of("[") is None


def reported(*actors: tuple[str, int], passed: int = 0, at: int = 0, replica: int = 0) -> list[pb.ReplicaStatus]:
    return [
        pb.ReplicaStatus(
            replica=replica,
            at=Timestamp(seconds=at),
            nodes=[pb.NodeCounts(node=name, passed=passed) for name, _ in actors],
            actors=[pb.ActorStatus(id=name, nodes=[name], mailbox=mailbox) for name, mailbox in actors],
        )
    ]


def test_who_feeds_a_full_mailbox_is_held_up_and_the_rest_is_busy_or_idle() -> None:
    loads = Loads(mailbox=2)
    loads.report(reported(("a", 0), ("b", 2), ("c", 0)))
    feeds = {"a": ["b"], "b": ["c"]}
    assert [loads.mark(node, feeds)[0] for node in "abcd"] == [
        "‖ backpressured", "● busy", "○ idle", "· not reported",
    ]  # fmt: skip


def test_rates_are_those_between_the_last_two_reports_of_each_replica() -> None:
    loads = Loads()
    loads.report(reported(("a", 0), passed=100, at=10) + reported(("a", 0), passed=100, at=20, replica=1))
    assert loads.nodes["a"].rate == 0
    later = reported(("a", 0), passed=150, at=12) + reported(("a", 0), passed=150, at=21, replica=1)
    loads.report(later)
    assert loads.nodes["a"].passed == 300
    assert loads.nodes["a"].rate == 25 + 50
    loads.report(later)  # nothing new was told meanwhile
    assert loads.nodes["a"].rate == 25 + 50
    loads.report(reported(("a", 0), passed=10, at=14))  # a run that began anew
    assert loads.nodes["a"].rate == 0
    loads.report(reported(("a", 0), passed=90, at=13))  # another agent, whose clock is behind
    assert loads.nodes["a"].rate == 0
