"""The history of runs, of all pipelines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from textual.binding import BindingType

from conduix.v1 import run_service_pb2 as run_pb
from conduix_tui.cli import words
from conduix_tui.screens.acting import action_bindings
from conduix_tui.screens.list_page import ListPage
from conduix_tui.screens.states import ago, pipeline_cell, pipeline_word, unix
from conduix_tui.store.columns import Cell, Column
from conduix_tui.store.navigation import Location
from conduix_tui.store.updates import Kind


def _took(run: run_pb.Run) -> float | None:
    began, ended = unix(run.started_at), unix(run.ended_at)
    return None if began is None or ended is None else ended - began


def _took_cell(run: run_pb.Run) -> Cell:
    took = _took(run)
    return Cell("-", "dim") if took is None else Cell(words.duration(round(took, 1) if took < 60 else round(took)))


COLUMNS: Sequence[Column[run_pb.Run]] = (
    Column("pipeline", "PIPELINE", lambda r: r.pipeline_name, lambda r: Cell(words.visible(r.pipeline_name)), 20, 0,
           grows=True),
    Column("run", "RUN", lambda r: r.run_seq, lambda r: Cell(str(r.run_seq)), 5, 0, "right"),
    Column("state", "STATE", lambda r: pipeline_word(r.state), lambda r: pipeline_cell(r.state), 18, 0),
    Column("started", "STARTED", lambda r: r.started_at.seconds, lambda r: ago(r.started_at), 8, 1, "right"),
    Column("took", "TOOK", _took, _took_cell, 8, 2, "right"),
    Column("in", "IN", lambda r: r.records_in, lambda r: Cell(words.count(r.records_in)), 13, 3, "right"),
    Column("out", "OUT", lambda r: r.records_out, lambda r: Cell(words.count(r.records_out)), 13, 4, "right"),
    Column("dead", "DEAD", lambda r: r.records_dead,
           lambda r: Cell(words.count(r.records_dead), "bad" if r.records_dead else "dim"), 7, 2, "right"),
    Column("restarts", "RESTARTS", lambda r: r.restarts, lambda r: Cell(str(r.restarts)), 8, 6, "right"),
    Column("revision", "REV", lambda r: r.revision, lambda r: Cell(str(r.revision)), 4, 7, "right"),
    Column("by", "BY", lambda r: r.started_by, lambda r: Cell(words.visible(r.started_by)), 14, 8),
    Column("detail", "DETAIL", lambda r: r.detail, lambda r: Cell(words.visible(r.detail), "dim"), 30, 9),
)  # fmt: skip


class RunsPage(ListPage):
    """The list, the newest first; Enter opens the pipeline."""

    KIND: ClassVar[Kind] = "run"
    COLUMNS: ClassVar[Sequence[Column[Any]]] = COLUMNS
    SORT: ClassVar[str] = "started"
    FALLING: ClassVar[bool] = True
    EMPTY: ClassVar[str] = "No runs yet.  Start a pipeline: :pipelines, then r."
    BINDINGS: ClassVar[list[BindingType]] = action_bindings("run")

    def place_of(self, item: run_pb.Run) -> Location:
        """Its pipeline."""
        return Location("pipeline", item.pipeline_name)
