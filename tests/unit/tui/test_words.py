"""States, ages and curves as people see them."""

from __future__ import annotations

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from conduix.v1 import agent_service_pb2 as agent_pb
from conduix.v1 import pipeline_service_pb2 as pb
from conduix_tui.screens import states
from conduix_tui.screens.states import agent_cell, ago, mode_word, pipeline_cell, unix
from conduix_tui.store.columns import Cell
from conduix_tui.widgets.spark import spark


@pytest.mark.parametrize("state", pb.PipelineState.values())
def test_every_state_of_a_pipeline_has_a_glyph_a_word_and_a_tone(state: int) -> None:
    cell = pipeline_cell(state)
    glyph, word = cell.text.split()
    assert len(glyph) == 1
    assert word.isupper()
    assert cell.tone in {"good", "warn", "bad", "dim"}
    assert (glyph == "·") == (state == pb.PIPELINE_STATE_UNSPECIFIED), "a state of the contract that has no glyph"


def test_glyphs_alone_tell_states_apart() -> None:
    pipelines = [pipeline_cell(state).text[0] for state in pb.PipelineState.values()]
    agents = [agent_cell(state).text[0] for state in agent_pb.AgentState.values()]
    assert len(set(pipelines)) == len(pipelines)
    assert len(set(agents)) == len(agents)


def test_a_reason_stands_beside_its_state() -> None:
    assert pipeline_cell(pb.PIPELINE_STATE_PAUSED, pb.PAUSE_REASON_DISK) == Cell("‖ PAUSED(DISK)", "warn")
    assert pipeline_cell(pb.PIPELINE_STATE_UNSPECIFIED).text == "· NEW"
    assert agent_cell(agent_pb.AGENT_STATE_OFFLINE) == Cell("○ OFFLINE", "bad")
    assert (mode_word(agent_pb.CONNECTION_MODE_STREAM), mode_word(0)) == ("STREAM", "-")


@pytest.mark.parametrize(
    ("passed", "text"),
    [(0, "0s"), (59, "59s"), (61, "1m1s"), (599, "9m59s"), (601, "10m"), (3725, "1h2m"), (90061, "1d1h"), (-5, "0s")],
)
def test_ages_are_as_exact_as_anybody_wants_them(passed: int, text: str) -> None:
    assert ago(Timestamp(seconds=1000), now=1000 + passed).text == text


def test_ages_are_told_by_the_clock_and_what_never_was_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(states, "clock", lambda: 1030.0)
    assert ago(Timestamp(seconds=1000)).text == "30s"
    assert ago(Timestamp()) == Cell("-", "dim")
    assert (unix(Timestamp()), unix(Timestamp(seconds=3, nanos=500_000_000))) == (None, 3.5)


@pytest.mark.parametrize(
    ("values", "width", "text"),
    [
        ([], 5, ""),
        ([1.0], 0, ""),
        ([0, 0], 5, "▁▁"),
        ([0, 1, 2, 4, 8], 5, "▁▂▃▅█"),
        ([-3, 8], 5, "▁█"),
        ([1, 8, 1, 1, 2, 1], 3, "█▂▃"),
    ],
)
def test_curves_are_as_high_as_their_values(values: list[float], width: int, text: str) -> None:
    assert spark(values, width) == text


def test_no_peak_is_lost_where_a_curve_is_squeezed() -> None:
    for peak in range(180):
        values = [1.0] * 180
        values[peak] = 99.0
        drawn = spark(values, 37)
        assert (len(drawn), drawn.count("█")) == (37, 1)
