"""Questions before what disrupts or destroys, and errors with what to do about them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

from conduix.errors import ConduixError
from conduix_tui.store.actions import Action, Ask, Grade, name_of

_SHOWN = 8

DIALOG_CSS = """
{0} {{ align: center middle; }}
{0} > Vertical {{
    width: 76; max-width: 95%; height: auto; max-height: 90%;
    border: thick {1}; background: $surface; padding: 1 2;
}}
{0} Static {{ height: auto; }}
{0} .title {{ text-style: bold; color: {1}; }}
{0} .more {{ color: $text-muted; margin-top: 1; }}
{0} Horizontal {{ height: auto; align-horizontal: right; margin-top: 1; }}
{0} Button {{ margin-left: 2; }}
"""
"""Of a dialog in the middle: its class, and the colour of its border and title."""


class ActionDialog(ModalScreen[bool]):
    """Tells the effect; the default is Cancel. For what cannot be undone the name, or the number, must be typed."""

    DEFAULT_CSS = DIALOG_CSS.format("ActionDialog", "$warning")
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(False)", "Cancel")]

    def __init__(self, action: Action, items: Sequence[Any], grade: Grade | None = None) -> None:
        """Asks as `grade` demands; without one, as the action's own does."""
        super().__init__()
        self._action = action
        self._names = [name_of(action.kind, item) for item in items]
        typed = (grade or action.grade_for(len(items))) is Grade.IRREVERSIBLE
        self.word = "" if not typed else self._names[0] if len(items) == 1 else str(len(items))
        """What must be typed; empty: nothing."""

    def compose(self) -> ComposeResult:
        """The question."""
        shown = ", ".join(self._names[:_SHOWN]) + (", …" if len(self._names) > _SHOWN else "")
        with Vertical():
            yield Static(f"{self._action.label}: {shown}", classes="title", markup=False)
            yield Static(self._action.effect, markup=False)
            if self.word:
                yield Static(f"Type {self.word} to go on:", classes="more", markup=False)
                yield Input(id="word")
            with Horizontal():
                yield Button("Cancel", id="cancel")
                yield Button(self._action.label, id="sure", variant="warning", disabled=bool(self.word))

    def on_mount(self) -> None:
        """Cancel is what Enter does, unless something must be typed."""
        self.set_focus(self.query_one("#word" if self.word else "#cancel"))

    @on(Input.Changed, "#word")
    def _typed(self, event: Input.Changed) -> None:
        self.query_one("#sure", Button).disabled = event.value != self.word

    @on(Input.Submitted, "#word")
    def _submitted(self, event: Input.Submitted) -> None:
        if event.value == self.word:
            self.dismiss(True)

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "sure")


class NumberDialog(ModalScreen[int | None]):
    """Asks an action's number; None: not now."""

    DEFAULT_CSS = DIALOG_CSS.format("NumberDialog", "$primary")
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "Cancel")]

    def __init__(self, action: Action, ask: Ask, items: Sequence[Any]) -> None:
        super().__init__()
        self._action = action
        self._ask = ask
        self._items = items

    def compose(self) -> ComposeResult:
        """The question, with what it is now."""
        action, ask, items = self._action, self._ask, self._items
        now = sorted({ask.now(item) for item in items})
        names = name_of(action.kind, items[0]) if len(items) == 1 else str(len(items))
        with Vertical():
            yield Static(f"{action.label}: {names}", classes="title", markup=False)
            yield Static(action.effect, markup=False)
            said = f"{ask.question}, {ask.low} to {ask.high}; now {', '.join(map(str, now))}"
            yield Static(said, classes="more", markup=False)
            yield Input(id="number", type="integer", placeholder=str(now[0]))
            yield Static(id="wrong", markup=False)
            with Horizontal():
                yield Button("Cancel", id="cancel")
                yield Button(action.label, id="sure", variant="primary")

    def on_mount(self) -> None:
        """Keys are meant for the number."""
        self.set_focus(self.query_one("#number"))

    @on(Input.Submitted, "#number")
    def _submitted(self) -> None:
        self._end()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "sure":
            self._end()
        else:
            self.dismiss(None)

    def _end(self) -> None:
        typed = self.query_one("#number", Input).value
        number = int(typed) if typed.strip("-").isdigit() else None
        if number is not None and self._ask.low <= number <= self._ask.high:
            self.dismiss(number)
        else:
            wrong = f"✖ a number from {self._ask.low} to {self._ask.high} is needed"
            self.query_one("#wrong", Static).update(wrong)


class BulkDialog(ModalScreen[None]):
    """How it went for each of many; those that it did not go well for first, with why."""

    DEFAULT_CSS = (
        DIALOG_CSS.format("BulkDialog", "$error") + "BulkDialog VerticalScroll { height: auto; max-height: 60%; }"
    )
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,enter", "dismiss", "Close")]

    def __init__(self, label: str, outcomes: Sequence[tuple[str, ConduixError | None]]) -> None:
        super().__init__()
        self._label = label
        self._outcomes = sorted(outcomes, key=lambda outcome: outcome[1] is None)

    def compose(self) -> ComposeResult:
        """A line each."""
        failed = sum(error is not None for _, error in self._outcomes)
        with Vertical():
            title = f"✖ {self._label}: {failed} of {len(self._outcomes)} refused"
            yield Static(title, classes="title", markup=False)
            with VerticalScroll():
                yield Static("\n".join(_outcome(*outcome) for outcome in self._outcomes), markup=False)
            with Horizontal():
                yield Button("Close", id="close")

    def on_mount(self) -> None:
        """Enter closes."""
        self.set_focus(self.query_one("#close"))

    @on(Button.Pressed)
    def _pressed(self) -> None:
        self.dismiss()


def _outcome(name: str, error: ConduixError | None) -> str:
    if error is None:
        return f"✔ {name}"
    remedy = f"  → {error.remedy}" if error.remedy else ""
    return f"✖ {name}: {error.message} ({error.code}){remedy}"


class ErrorDialog(ModalScreen[None]):
    """What went wrong in one sentence, what to do, and for whoever asks: code, request, the same as a command."""

    DEFAULT_CSS = DIALOG_CSS.format("ErrorDialog", "$error")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter", "dismiss", "Close"),
        Binding("y", "copy", "Copy the command"),
    ]

    def __init__(self, error: ConduixError, command: str) -> None:
        super().__init__()
        self._error = error
        self._command = command

    def compose(self) -> ComposeResult:
        """The error."""
        error = self._error
        details = [f"code     {error.code}", f"command  {self._command}"]
        if request_id := getattr(error, "request_id", ""):
            details.insert(1, f"request  {request_id}")
        with Vertical():
            yield Static(f"✖ {error.message}", classes="title", markup=False)
            if error.remedy:
                yield Static(f"→ {error.remedy}", markup=False)
            for diagnostic in list(getattr(error, "diagnostics", ()))[:_SHOWN]:
                where = f"{diagnostic.line}:{diagnostic.column}"
                yield Static(f"  {where}  {diagnostic.message}  {diagnostic.suggestion}", markup=False)
            yield Static("\n".join(details), classes="more", markup=False)
            with Horizontal():
                yield Button("Close", id="close")

    def on_mount(self) -> None:
        """Enter closes."""
        self.set_focus(self.query_one("#close"))

    def action_copy(self) -> None:
        """The command goes to the clipboard."""
        self.app.copy_to_clipboard(self._command)
        self.notify("copied")

    @on(Button.Pressed)
    def _pressed(self) -> None:
        self.dismiss()
