"""Nothing stays armed after a test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from conduix.engine import failpoints


@pytest.fixture(autouse=True)
def disarmed() -> Iterator[None]:
    yield
    failpoints._armed.clear()
