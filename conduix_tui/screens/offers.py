"""What the palette offers on a page: actions on the selection, places, the page's keys, themes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from textual.dom import DOMNode

from conduix_tui import themes
from conduix_tui.screens.page import Page
from conduix_tui.store.actions import Action, name_of, of_kind
from conduix_tui.store.palette import Entry

if TYPE_CHECKING:
    from conduix_tui.app import ConduixApp

_TARGETS = 10


def offers(app: ConduixApp, page: Page) -> Sequence[Entry]:
    """Everything that this page has to offer, in its order."""
    return [*_actions(app, page), *_places(app), *_keys(app, page), *_themes(app)]


def named(app: ConduixApp) -> Callable[[str], Sequence[Entry]]:
    """The pipelines and agents whose names have what is typed."""

    def find(typed: str) -> Sequence[Entry]:
        commands = [line for kind in ("pipeline", "agent") for line in app.complete(f"{kind} {typed}")[:_TARGETS]]
        return [_going(app, line, line) for line in commands]

    return find


def _actions(app: ConduixApp, page: Page) -> Iterator[Entry]:
    selection = page.selection()
    if selection is None:
        return
    kind, items = selection
    for action in of_kind(kind):
        if not items:
            yield Entry(action.label, lambda: None, action.key, "nothing is selected")
            continue
        what = name_of(kind, items[0]) if len(items) == 1 else f"{len(items)} {kind}s"
        run = partial(app.deeds.act, action, items)
        yield Entry(f"{action.label}: {what}", run, action.key, _why_not(app, action, items))


def _why_not(app: ConduixApp, action: Action, items: Sequence[Any]) -> str:
    if refusal := app.deeds.refusal(action.needs):
        return refusal
    reasons = [action.why_not(item) for item in items]
    return "" if any(not reason for reason in reasons) else reasons[0]


def _places(app: ConduixApp) -> Iterator[Entry]:
    for place in app.places.places:
        if not place.needs_target:
            yield _going(app, f"Go to {place.name}: {place.summary}", place.name)


def _going(app: ConduixApp, label: str, command: str) -> Entry:
    return Entry(label, partial(app.follow, command), f":{command}")


def _keys(app: ConduixApp, page: Page) -> Iterator[Entry]:
    for active in page.active_bindings.values():
        binding = active.binding
        if binding.show and binding.description and not binding.action.startswith(("act(", "app.")):
            run = partial(_press, app, binding.action, active.node)
            yield Entry(binding.description, run, binding.key_display or binding.key)


async def _press(app: ConduixApp, action: str, node: DOMNode) -> None:
    await app.run_action(action, node)


def _themes(app: ConduixApp) -> Iterator[Entry]:
    for name in themes.NAMES:
        yield Entry(f"Theme: {name}", partial(app.use_theme, name), f":theme {name}")
