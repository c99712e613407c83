"""One `conduix up` for all tests that do not end it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from examples.fetch_data import fetch
from examples.listing import HERE as EXAMPLES
from tests.integration.cli.operator import Operator, operator_of, up
from tests.programs import Program


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """The running one; its folder has the examples, whose paths are relative."""
    fetch()
    folder = tmp_path_factory.mktemp("up")
    (folder / "examples").symlink_to(EXAMPLES)
    program = up(folder)
    try:
        program.start()
        yield program
    finally:
        program.remove()


@pytest.fixture
def operator(running: Program) -> Operator:
    """Signed in as its admin."""
    return operator_of(running)
