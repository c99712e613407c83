"""All pipelines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from textual.binding import BindingType

from conduix.v1 import pipeline_service_pb2 as pb
from conduix_tui.cli import words
from conduix_tui.screens.acting import action_bindings
from conduix_tui.screens.list_page import ListPage
from conduix_tui.screens.states import ago, pipeline_cell, pipeline_word
from conduix_tui.store.columns import Cell, Column
from conduix_tui.store.navigation import Location
from conduix_tui.store.updates import Kind
from conduix_tui.widgets.spark import spark


def _count(number: int, tone: str = "") -> Cell:
    return Cell(words.count(number) if number else "-", tone if number else "dim")


def _rate(per_second: float) -> Cell:
    return Cell(words.rate(per_second)) if per_second else Cell("-", "dim")


COLUMNS: Sequence[Column[pb.Pipeline]] = (
    Column("name", "NAME", lambda p: p.name, lambda p: Cell(words.visible(p.name)), width=20, priority=0, grows=True),
    Column("state", "STATE", lambda p: pipeline_word(p.state), lambda p: pipeline_cell(p.state, p.reason), 18, 0),
    Column("rate", "RATE", lambda p: p.records_per_second, lambda p: _rate(p.records_per_second), 9, 1, "right"),
    Column("in", "IN", lambda p: p.records_in, lambda p: _count(p.records_in), 13, 4, "right"),
    Column("out", "OUT", lambda p: p.records_out, lambda p: _count(p.records_out), 13, 5, "right"),
    Column("dead", "DEAD", lambda p: p.records_dead, lambda p: _count(p.records_dead, "bad"), 7, 2, "right"),
    Column("restarts", "RESTARTS", lambda p: p.restarts, lambda p: _count(p.restarts, "warn"), 8, 3, "right"),
    Column("replicas", "REPL", lambda p: p.replicas, lambda p: Cell(str(p.replicas)), 4, 7, "right"),
    Column("revision", "REV", lambda p: p.revision, lambda p: Cell(str(p.revision)), 4, 8, "right"),
    Column("mode", "MODE", lambda p: pb.PipelineMode.Name(p.mode).removeprefix("PIPELINE_MODE_").lower(),
           lambda p: Cell(pb.PipelineMode.Name(p.mode).removeprefix("PIPELINE_MODE_").lower()), 8, 9),
    Column("guarantee", "GUARANTEE", lambda p: p.guarantee, lambda p: Cell(p.guarantee), 13, 10),
    Column("updated", "CHANGED", lambda p: p.updated_at.seconds, lambda p: ago(p.updated_at), 8, 6, "right"),
    Column("detail", "DETAIL", lambda p: p.detail, lambda p: Cell(words.visible(p.detail), "dim"), 30, 11),
)  # fmt: skip


TREND = 15
"""Characters of the curve."""
_RATE = 3


class PipelinesPage(ListPage):
    """The list; Enter opens one, keys act on the marked ones."""

    KIND: ClassVar[Kind] = "pipeline"
    COLUMNS: ClassVar[Sequence[Column[Any]]] = COLUMNS
    EMPTY: ClassVar[str] = "No pipelines yet.  conduix apply -f FILE brings one here."
    BINDINGS: ClassVar[list[BindingType]] = action_bindings("pipeline")

    def columns(self) -> Sequence[Column[Any]]:
        """With the curve of the last rates after the rate."""
        curve: Column[pb.Pipeline] = Column(
            "trend", "TREND", lambda p: p.records_per_second, self._curve, width=TREND, priority=3
        )
        return [*COLUMNS[:_RATE], curve, *COLUMNS[_RATE:]]

    def _curve(self, pipeline: pb.Pipeline) -> Cell:
        return Cell(spark(self.console.state.rates.of(pipeline.id), TREND), "accent")

    def place_of(self, item: pb.Pipeline) -> Location:
        """It."""
        return Location("pipeline", item.name)
