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

Choice = Literal["apply", "again", "edit", "keep", "discard"]

NOT_CHECKED = "not checked"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the server says of a document."""

    problems: Sequence[pb.Diagnostic]
    diff: str
    applicable: bool = False
    note: str = ""
    """What stands above all of it."""


class EditDialog(ModalScreen[Choice]):
    """Nothing is lost by closing it: that keeps the text."""

    DEFAULT_CSS = """
    EditDialog { align: center middle; }
    EditDialog > Vertical { width: 95%; height: 90%; border: thick $primary; background: $surface; padding: 0 1; }
    EditDialog .title { text-style: bold; height: auto; }
    EditDialog #note { height: auto; color: $warning; padding-bottom: 1; }
    EditDialog #problems { height: auto; }
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
        title = f"{self._name}: {_judgement(verdict)}"
        with Vertical():
            yield Static(title, classes="title", markup=False)
            yield Static(verdict.note, id="note", markup=False)
            with VerticalScroll(can_focus=True):
                yield Static("\n".join(map(_problem, verdict.problems)), id="problems", markup=False)
                yield Static(coloured(verdict.diff), id="difference")
            with Horizontal():
                yield Button("Discard", id="discard")
                yield Button("Keep", id="keep")
                yield Button("Edit on", id="edit", variant="default" if verdict.applicable else "primary")
                if _judgement(verdict) == NOT_CHECKED:
                    yield Button("Check again", id="again", variant="primary")
                if verdict.applicable:
                    yield Button("Apply", id="apply", variant="primary")

    def on_mount(self) -> None:
        """What most people want next."""
        self.query_one("#note").display = bool(self._verdict.note)
        self.set_focus(self.query_one("#apply" if self._verdict.applicable and not self._verdict.note else "#edit"))

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        choices: dict[str | None, Choice] = {
            "apply": "apply",
            "again": "again",
            "edit": "edit",
            "keep": "keep",
            "discard": "discard",
        }
        self.dismiss(choices[event.button.id])


def _judgement(verdict: Verdict) -> str:
    if verdict.applicable:
        return "what applying changes" if verdict.diff else "another text, the same meaning"
    return "not valid" if verdict.problems else NOT_CHECKED


def _problem(problem: pb.Diagnostic) -> str:
    kind = "warning" if problem.severity == pb.SEVERITY_WARNING else "error"
    suggestion = f"  →  {problem.suggestion}" if problem.suggestion else ""
    return f"{problem.line}:{problem.column}  {kind} {problem.code}  {problem.message}{suggestion}"
