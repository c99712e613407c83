"""Coming in: a server, a name, a password; the contexts that are known are offered."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

from conduix.errors import ConduixError
from conduix_tui.client.target import Target
from conduix_tui.doors import Doors


class LoginPage(ModalScreen[Target | None]):
    """Gives the context that was signed in to; None: nobody wants to."""

    DEFAULT_CSS = """
    LoginPage { align: center middle; }
    LoginPage > Vertical {
        width: 64; max-width: 95%; height: auto; border: thick $primary; background: $surface; padding: 1 2;
    }
    LoginPage .title { text-style: bold; }
    LoginPage Static { height: auto; }
    LoginPage #problem { color: $error; margin-top: 1; }
    LoginPage Horizontal { height: auto; align-horizontal: right; margin-top: 1; }
    LoginPage Button { margin-left: 2; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "Cancel")]

    def __init__(self, doors: Doors, *, server: str = "", user: str = "", why: str = "") -> None:
        super().__init__()
        self._doors = doors
        self._server = server
        self._user = user
        self._why = why

    def compose(self) -> ComposeResult:
        """Three fields."""
        with Vertical():
            yield Static("◆ Sign in to Conduix", classes="title")
            yield Input(self._server, placeholder="server: HOST:PORT", id="server")
            yield Input(self._user, placeholder="name", id="user")
            yield Input(placeholder="password", password=True, id="password")
            yield Static(self._why, id="problem", markup=False)
            with Horizontal():
                yield Button("Cancel", id="cancel")
                yield Button("Sign in", id="enter", variant="primary")

    def on_mount(self) -> None:
        """To the first field that is empty."""
        for field in self.query(Input):
            if not field.value:
                field.focus()
                return

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self._enter()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "cancel":
            self.dismiss(None)
        else:
            self._enter()

    def _enter(self) -> None:
        self.run_worker(self._sign_in(), name="sign-in", exclusive=True)

    async def _sign_in(self) -> None:
        server, user, password = (self.query_one(f"#{name}", Input).value for name in ("server", "user", "password"))
        problem = self.query_one("#problem", Static)
        problem.update("…")
        try:
            target = await self._doors.sign_in(server, user, password)
        except ConduixError as error:
            problem.update(f"✖ {error.message}" + (f"\n→ {error.remedy}" if error.remedy else ""))
            self.query_one("#password", Input).value = ""
            self.query_one("#password").focus()
            return
        self.dismiss(target)
