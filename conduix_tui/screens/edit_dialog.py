"""After the editor: the problems of the document, or what it changes; then apply, edit on, keep, discard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from conduix.v1 import pipeline_service_pb2 as pb
from conduix_tui.screens.diff import coloured

Choice = Literal["apply", "edit", "keep", "discard"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the server says of a document."""

    problems: Sequence[pb.Diagnostic]
    diff: str
    applicable: bool = False


class EditDialog(ModalScreen[Choice]):
    """Nothing is lost by closing it: that keeps the text."""

    DEFAULT_CSS = """
    EditDialog { align: center middle; }
    EditDialog > Vertical { width: 95%; height: 90%; border: thick $primary; background: $surface; padding: 0 1; }
    EditDialog .title { text-style: bold; height: auto; }
    EditDialog Horizontal { height: auto; align-horizontal: right; }
    EditDialog Button { margin-left: 2; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss('keep')", "Keep the text")]

    def __init__(self, name: str, verdict: Verdict) -> None:
        super().__init__()
        self._name = name
        self._verdict = verdict

    def compose(self) -> ComposeResult:
        """Problems or difference, and what to do."""
        verdict = self._verdict
        title = f"{self._name}: what applying changes" if verdict.applicable else f"{self._name}: not valid"
        with Vertical():
            yield Static(title, classes="title", markup=False)
            with VerticalScroll(can_focus=True):
                yield Static("\n".join(map(_problem, verdict.problems)), id="problems", markup=False)
                yield Static(coloured(verdict.diff), id="difference")
            with Horizontal():
                yield Button("Discard", id="discard")
                yield Button("Keep", id="keep")
                yield Button("Edit on", id="edit", variant="default" if verdict.applicable else "primary")
                if verdict.applicable:
                    yield Button("Apply", id="apply", variant="primary")

    def on_mount(self) -> None:
        """What most people want next."""
        self.query_one("#apply" if self._verdict.applicable else "#edit").focus()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        choices: dict[str | None, Choice] = {
            "apply": "apply",
            "edit": "edit",
            "keep": "keep",
            "discard": "discard",
        }
        self.dismiss(choices[event.button.id])


def _problem(problem: pb.Diagnostic) -> str:
    kind = "warning" if problem.severity == pb.SEVERITY_WARNING else "error"
    suggestion = f"  →  {problem.suggestion}" if problem.suggestion else ""
    return f"{problem.line}:{problem.column}  {kind} {problem.code}  {problem.message}{suggestion}"
