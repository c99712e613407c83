"""A document from the editor to a real server: what it says is shown, what was typed is never lost."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.app import App
from textual.pilot import Pilot

from conduix.errors import ConduixError
from conduix.v1 import pipeline_service_pb2 as pb
from conduix.v1.pipeline_service_pb2_grpc import PipelineServiceStub
from conduix_server.policy import Role
from conduix_tui.app import ConduixApp
from conduix_tui.screens.pipeline import PipelinePage
from conduix_tui.store.drafts import Draft
from tests.integration.control.world import document, ref
from tests.integration.server.world import bearer
from tests.tui.frames import hides, shows, text, until, visit
from tests.tui.served import House

SIZE = (120, 40)


@contextmanager
def nothing_to_hand_over(_app: App[None]) -> Iterator[None]:
    """A headless console has no terminal that the editor could take."""
    yield


class Editor:
    """An `$EDITOR` that does to the file what is in a script of one line of sed."""

    def __init__(self, folder: Path) -> None:
        self._plan = folder / "plan.sed"
        self._status = folder / "status"
        self.command = folder / "editor"
        self.command.write_text(f'#!/bin/sh\nsed -i -f {self._plan} "$1"\nexit $(cat {self._status})\n')
        self.command.chmod(0o755)
        self.will("")

    def will(self, sed: str, status: int = 0) -> None:
        self._plan.write_text(sed)
        self._status.write_text(str(status))


@pytest.fixture
def editor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Editor:
    made = Editor(tmp_path)
    monkeypatch.setenv("EDITOR", str(made.command))
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(App, "suspend", nothing_to_hand_over)
    return made


def draft() -> Draft:
    return Draft("here", "orders")


@asynccontextmanager
async def at_its_document(house: House) -> AsyncIterator[tuple[ConduixApp, Pilot[None]]]:
    await house.apply("orders")
    app = await house.console()
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await shows(pilot, "pipelines (1)")
        page = await visit(pilot, app, "pipeline orders")
        assert isinstance(page, PipelinePage)
        page.action_show("document")
        await shows(pilot, "type: generate")
        yield app, pilot


async def stored(house: House) -> str:
    request = pb.GetPipelineRequest(pipeline=ref("orders"))
    metadata = bearer(await house.token(Role.ADMIN))
    return (await PipelineServiceStub(house.served.channel).GetPipeline(request, metadata=metadata)).document


async def test_what_is_typed_is_compared_confirmed_applied_and_shown(house: House, editor: Editor) -> None:
    editor.will("s/count: 3/count: 77/")
    async with at_its_document(house) as (app, pilot):
        await pilot.press("e")
        await shows(pilot, "what applying changes", "count: 3", "count: 77", "Apply")
        assert "count: 77" not in await stored(house)
        signs = {line.strip(" █│▊")[:1] for line in text(app).splitlines() if "count:" in line and "│" not in line}
        assert signs >= {"+", "-"}
        await pilot.press("enter")
        await shows(pilot, "revision 2")
        await until(pilot, lambda: "count: 77" in text(app))
        assert "count: 77" in await stored(house)
        assert draft().left is None
        assert [call.method for call in app.calls][-3:] == ["ValidatePipeline", "DiffPipeline", "UpdatePipeline"]


async def test_what_is_not_valid_is_shown_with_its_place_and_can_be_edited_on(house: House, editor: Editor) -> None:
    editor.will("s/type: generate/type: genrate/")
    async with at_its_document(house) as (_, pilot):
        await pilot.press("e")
        await shows(pilot, "orders: not valid", "3:", "error", "generate")
        editor.will("s/type: genrate/type: generate/;s/count: 3/count: 5/")
        await pilot.press("enter")
        await shows(pilot, "what applying changes", "count: 5")
        await pilot.press("enter")
        await shows(pilot, "revision 2")


async def test_kept_text_is_offered_again_by_the_next_console(house: House, editor: Editor) -> None:
    editor.will("s/count: 3/count: 42/")
    async with at_its_document(house) as (app, pilot):
        await pilot.press("e")
        await shows(pilot, "what applying changes")
        app.exit()  # as whatever may end a console between the editor and the server
    assert "count: 42" in (draft().left or "")
    editor.will("")
    async with at_its_document(house) as (app, pilot):
        await shows(pilot, "A draft of", "was not applied: e goes on with it")
        await pilot.press("e")
        await shows(pilot, "what applying changes", "count: 42")
        await pilot.press("enter")
        await shows(pilot, "revision 2")
        await hides(pilot, "A draft of")


async def test_who_applied_meanwhile_is_not_overwritten_by_accident(house: House, editor: Editor) -> None:
    editor.will("s/count: 3/count: 42/")
    async with at_its_document(house) as (_, pilot):
        await pilot.press("e")
        await shows(pilot, "what applying changes")
        await house.apply_text(document("orders", count=9))
        await pilot.press("enter")
        await shows(pilot, "somebody has applied revision 2", "count: 9", "count: 42")
        assert "count: 9" in await stored(house)
        assert "count: 42" in (draft().left or "")
        await pilot.click("#apply")
        await shows(pilot, "revision 3")
        assert "count: 42" in await stored(house)


async def test_a_draft_from_before_somebody_elses_revision_says_so(house: House, editor: Editor) -> None:
    draft().begin(document("orders", count=42), 1)
    editor.will("")
    await house.apply("orders")
    await house.apply_text(document("orders", count=9))
    async with at_its_document(house) as (app, pilot):
        await until(pilot, lambda: "count: 3" in text(app))
        await pilot.press("e")
        await shows(pilot, "somebody has applied revision 3", "count: 42")


async def test_a_server_that_does_not_answer_loses_nothing(house: House, editor: Editor) -> None:
    editor.will("s/count: 3/count: 42/")
    async with at_its_document(house) as (_, pilot):
        await pilot.press("e")
        await shows(pilot, "what applying changes")
        await house.stop()
        await shows(pilot, "NO CONNECTION")
        await pilot.press("enter")
        await shows(pilot, "orders: not checked", "nothing was applied", "Connection refused")
        assert "count: 42" in (draft().left or "")
        await house.start()
        await hides(pilot, "NO CONNECTION")
        await pilot.click("#again")
        await shows(pilot, "what applying changes")
        await pilot.click("#apply")
        await shows(pilot, "revision 2")


@pytest.mark.parametrize("status", [0, 1])
async def test_an_editor_that_changed_nothing_or_failed_applies_nothing(
    house: House, editor: Editor, status: int
) -> None:
    editor.will("", status)
    async with at_its_document(house) as (app, pilot):
        await pilot.press("e")
        await shows(pilot, "nothing was changed" if status == 0 else "ended with status 1")
        assert not any(call.method == "UpdatePipeline" for call in app.calls)
        assert (draft().left is None) == (status == 0)


async def test_an_editor_that_is_not_there_is_told(house: House, editor: Editor, monkeypatch: Any) -> None:
    monkeypatch.setenv("EDITOR", f"{editor.command}-of-nobody")
    async with at_its_document(house) as (app, pilot):
        await pilot.press("e")
        await shows(pilot, "cannot run", "set EDITOR")
        assert app.is_running


async def test_discarding_forgets_the_text(house: House, editor: Editor) -> None:
    editor.will("s/count: 3/count: 42/")
    async with at_its_document(house) as (app, pilot):
        await pilot.press("e")
        await shows(pilot, "what applying changes")
        await pilot.click("#discard")
        await until(pilot, lambda: draft().left is None)
        assert "count: 42" not in text(app)
        assert "count: 3" in await stored(house)


def test_a_draft_is_for_its_owner_and_knows_its_revision(tmp_path: Path) -> None:
    mine = Draft("prod", "a/b c", tmp_path)
    mine.begin("name: x\n", 7)
    assert mine.path.parent == tmp_path
    assert mine.path.stat().st_mode & 0o077 == 0
    assert (mine.text, mine.revision) == ("name: x\n", 7)
    mine.path.write_bytes(b"\xff")
    with pytest.raises(ConduixError, match="UTF-8"):
        _ = mine.left
    mine.done()
    assert (mine.left, mine.revision, list(tmp_path.iterdir())) == (None, 0, [])
