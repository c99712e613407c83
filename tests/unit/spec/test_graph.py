"""Orders, cycles and reach of directed graphs."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from conduix.spec.graph import cycles, reached, topological

graphs = st.dictionaries(st.sampled_from("abcdefg"), st.lists(st.sampled_from("abcdefgx"), max_size=3), max_size=7)


def test_keeps_the_given_order_where_it_can() -> None:
    assert topological({"c": [], "a": ["c"], "b": [], "d": ["b", "a"]}) == ["c", "a", "b", "d"]
    assert topological({"z": ["y"], "y": ["x"], "x": []}) == ["x", "y", "z"]


def test_names_a_cycle_in_the_direction_of_flow() -> None:
    assert cycles({"a": ["c"], "b": ["a"], "c": ["b"], "d": ["c"]}) == [["a", "b", "c"]]
    assert cycles({"a": ["a"]}) == [["a"]]
    assert cycles({"a": [], "b": ["a", "d"], "c": ["b"], "d": ["c"], "e": ["f"], "f": ["e"]}) == [
        ["b", "c", "d"],
        ["e", "f"],
    ]


@given(graphs)
def test_every_node_is_ordered_or_hangs_on_a_cycle(feeds: dict[str, list[str]]) -> None:
    order = topological(feeds)
    assert len(set(order)) == len(order)
    for position, node in enumerate(order):
        assert all(name in order[:position] for name in feeds[node] if name in feeds)
    found = cycles(feeds)
    assert bool(found) == (len(order) < len(feeds))
    for cycle in found:
        for feeder, reader in zip(cycle, [*cycle[1:], cycle[0]], strict=True):
            assert feeder in feeds[reader]
    on_cycles = {name for cycle in found for name in cycle}
    assert set(feeds) - set(order) <= reached(feeds, on_cycles)


@given(graphs)
def test_reach_is_closed(feeds: dict[str, list[str]]) -> None:
    for start in feeds:
        seen = reached(feeds, [start])
        assert start in seen
        for node, inputs in feeds.items():
            if seen & set(inputs):
                assert node in seen
