"""A page that is left: what it still fetches from the server ends before its widgets are gone."""

from __future__ import annotations

import pytest
from textual.screen import Screen

from conduix_tui.app import ConduixApp
from tests.tui.frames import shows, until, visit
from tests.tui.served import House


def working(app: ConduixApp, page: Screen[None]) -> set[str]:
    """Names of the page's workers that go on."""
    return {w.name for w in app.workers if page in w.node.ancestors_with_self and not w.is_cancelled}


@pytest.mark.parametrize("command", ["pipeline orders", "cluster"])
async def test_what_a_page_fetches_ends_when_it_is_left(house: House, command: str) -> None:
    await house.apply("orders")
    app = await house.console(at="pipelines")
    async with app.run_test(size=(140, 30)) as pilot:
        await shows(pilot, "pipelines (1)", "orders")
        page = await visit(pilot, app, command)
        await until(pilot, lambda: bool(working(app, page)))
        app.follow("pipelines")
        assert not working(app, page)
        await shows(pilot, "pipelines (1)")
