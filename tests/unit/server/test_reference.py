"""The server's page says what the code does."""

from __future__ import annotations

from pathlib import Path

from conduix.settings import leaves
from conduix_server.policy import TABLE
from conduix_server.reference import filled
from conduix_server.settings import ENVIRONMENT, FLAG_NAMES, ServerSettings

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "server.md"


def test_the_page_is_what_the_code_says() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert filled(page) == page, "run: make docs"
    assert all(f"`{key}`" in page for key, _ in leaves(ServerSettings))
    assert all(f"`{row.rpartition('.')[2]}`" in page for row in TABLE if "conduix" in row)


def test_names_lead_to_settings_that_there_are() -> None:
    keys = {key for key, _ in leaves(ServerSettings)}
    assert {*ENVIRONMENT.values(), *FLAG_NAMES} <= keys
    assert all(info.description for _, info in leaves(ServerSettings))
