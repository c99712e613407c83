"""A join token for a new agent: named, made, shown once with the command that starts the agent."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

from conduix.v1 import agent_service_pb2 as agent_pb
from conduix.v1.common_pb2 import ROLE_ADMIN
from conduix_tui.screens.dialogs import DIALOG_CSS

if TYPE_CHECKING:
    from conduix_tui.app import ConduixApp


async def create(app: ConduixApp) -> None:
    """Ask for a name; make the token; show it. Returns when the question is there."""
    if not app.deeds.refused(ROLE_ADMIN):
        await app.push_screen(NameDialog(), lambda name: _begin(app, name) if name else None)


def _begin(app: ConduixApp, name: str) -> None:
    app.run_worker(_make(app, name), name="join-token")


async def _make(app: ConduixApp, name: str) -> None:
    client = app.session.client
    if client is None:
        return
    work = client.call(client.agents.CreateJoinToken, agent_pb.CreateJoinTokenRequest(name=name, max_uses=1))
    answer = await app.call("CreateJoinToken", f"conduix agents join-token {shlex.quote(name)}", work)
    if answer is not None:
        await app.push_screen(TokenPage(answer, client.address))


class NameDialog(ModalScreen[str]):
    """Asks what to call it; empty: not now."""

    DEFAULT_CSS = DIALOG_CSS.format("NameDialog", "$primary")
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss('')", "Cancel")]

    def compose(self) -> ComposeResult:
        """One line."""
        with Vertical():
            yield Static("A join token", classes="title")
            yield Static("With it one agent enrols within an hour. What is it called?")
            yield Input(placeholder="for example rack-3", id="name")
            with Horizontal():
                yield Button("Cancel", id="cancel")
                yield Button("Make it", id="make", variant="primary")

    def on_mount(self) -> None:
        """Keys are meant for the name."""
        self.set_focus(self.query_one(Input))

    @on(Input.Submitted)
    @on(Button.Pressed, "#make")
    def _named(self) -> None:
        if name := self.query_one(Input).value.strip():
            self.dismiss(name)

    @on(Button.Pressed, "#cancel")
    def _cancelled(self) -> None:
        self.dismiss("")


class TokenPage(ModalScreen[None]):
    """The token, once; nobody can look it up later."""

    DEFAULT_CSS = DIALOG_CSS.format("TokenPage", "$primary")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Close"),
        Binding("y", "copy", "Copy the token"),
    ]

    def __init__(self, made: agent_pb.CreateJoinTokenResponse, address: str) -> None:
        super().__init__()
        self._made = made
        self._address = address

    def compose(self) -> ComposeResult:
        """The token and what to do with it."""
        with Vertical():
            yield Static(f"Join token {self._made.join_token.name}", classes="title", markup=False)
            yield Static(self._made.token, id="token", markup=False)
            yield Static(
                "It is shown this once. Copy it (y) into a file on the agent's machine; there:", classes="more"
            )
            command = f"conduix-agent run --servers {self._address} --join-token-file FILE"
            yield Static(command, id="command", markup=False)
            with Horizontal():
                yield Button("Copy the token", id="copy")
                yield Button("Close", id="close")

    def on_mount(self) -> None:
        """Copying is what most people want next."""
        self.set_focus(self.query_one("#copy"))

    def action_copy(self) -> None:
        """Into the clipboard."""
        self.app.copy_to_clipboard(self._made.token)
        self.notify("copied")

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "copy":
            self.action_copy()
        else:
            self.dismiss()
