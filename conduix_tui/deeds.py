"""Doing things to resources: refused before any call, asked about as their grade demands, done, told, taken back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from conduix.errors import ConduixError
from conduix.v1.common_pb2 import ROLE_OPERATOR, Role
from conduix_tui.screens.dialogs import ActionDialog, BulkDialog, ErrorDialog, NumberDialog
from conduix_tui.store.actions import Action, Grade, name_of

if TYPE_CHECKING:
    from conduix_tui.app import ConduixApp

UNDO_FOR = 10.0
"""Seconds in which a reversible action can be taken back."""
Pair = tuple[Action, Any]
"""What is done, and to which resource."""


class Deeds:
    """What a console changes; every change of a resource goes through here."""

    def __init__(self, app: ConduixApp) -> None:
        self._app = app
        self._undo: tuple[Sequence[Pair], float] | None = None
        """What takes the last deed back, and until when it may."""

    def refusal(self, needs: Role = ROLE_OPERATOR) -> str:
        """Why nothing that needs this role is changed now; empty: it can be."""
        if refusal := self._app.session.refuses(needs):
            return refusal
        connection = self._app.state.connection
        if connection.cause or connection.ended:  # neither: at the very beginning, when not all has been heard yet
            return "there is no connection to the server, and what is shown may be old"
        return ""

    def refused(self, needs: Role = ROLE_OPERATOR) -> bool:
        """Is nothing changed now? Then it is said why."""
        if refusal := self.refusal(needs):
            self._app.notify(f"nothing is changed: {refusal}", severity="warning")
        return bool(refusal)

    async def act(self, action: Action, items: Sequence[Any]) -> None:
        """Do something to those of these that it can be done to, after asking; returns when the question is there."""
        if self.refused(action.needs):
            return
        able = [item for item in items if not action.why_not(item)]
        if not able:
            why = action.why_not(items[0]) if items else "nothing is selected"
            self._app.notify(f"{action.label}: {why}", severity="warning")
            return
        if action.asks is not None:
            await self._app.push_screen(NumberDialog(action, action.asks, able), self._told(action, able))
            return
        grade = action.grade_for(len(able), protected=self._app.session.protected)
        if grade is Grade.REVERSIBLE:
            self._begin([(action, item) for item in able])
        else:
            await self._app.push_screen(
                ActionDialog(action, able, grade),
                lambda sure: self._begin([(action, item) for item in able]) if sure else None,
            )

    def _told(self, action: Action, items: Sequence[Any]) -> Any:
        async def go_on(number: int | None) -> None:
            if number is not None:
                await self.act(action.told(number), items)

        return go_on

    def _begin(self, pairs: Sequence[Pair]) -> None:
        self._app.run_worker(self._perform(pairs), name=pairs[0][0].id)

    async def _perform(self, pairs: Sequence[Pair]) -> None:
        outcomes = [(name_of(action.kind, item), await self._attempt(action, item)) for action, item in pairs]
        done = [pair for pair, (_, error) in zip(pairs, outcomes, strict=True) if error is None]
        if done:
            self._app.notify(self._tell(done, len(pairs)))
        errors = [error for _, error in outcomes if error is not None]
        if len(pairs) > 1 and errors:
            await self._app.push_screen(BulkDialog(pairs[0][0].label, outcomes))
        elif errors:
            await self._app.push_screen(ErrorDialog(errors[0], pairs[0][0].command(outcomes[0][0])))

    def _tell(self, done: Sequence[Pair], asked: int) -> str:
        action, item = done[0]
        what = name_of(action.kind, item) if asked == 1 else f"{len(done)} of {asked}"
        back = [(opposite, item) for action, item in done if (opposite := action.opposite(item)) is not None]
        if not back:
            return f"{action.label}: {what}"
        self._undo = (back, self._app.state.clock() + UNDO_FOR)
        return f"{action.label}: {what}   (ctrl+z within {UNDO_FOR:.0f} s takes it back)"

    async def _attempt(self, action: Action, item: Any) -> ConduixError | None:
        client = self._app.session.client
        if client is None:
            return None
        command = action.command(name_of(action.kind, item))
        try:
            await self._app.calls.run(action.method, command, action.call(client, item))
        except ConduixError as error:
            return error
        return None

    def undo(self) -> None:
        """Take back what was done last, as long as it can be."""
        undo, self._undo = self._undo, None
        if undo is None or undo[1] < self._app.state.clock():
            self._app.notify("nothing to take back")
        elif not self.refused():
            self._begin(undo[0])
