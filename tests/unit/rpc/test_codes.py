"""The table of codes is made from the code, and each code means one thing."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import grpc

from conduix.rpc import codes

PAGE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "errors.md"


def test_the_page_is_what_the_code_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == codes.page(), "run `make docs`"


def test_a_code_has_one_meaning_and_a_status_that_exists() -> None:
    rows = codes.rows()
    assert [code for code, times in Counter(row.code for row in rows).items() if times > 1] == []
    for row in rows:
        assert row.status in grpc.StatusCode.__members__, row
        assert row.meaning, row
    assert {"PIPELINE_NOT_FOUND", "USER_EXISTS", "ETAG_STALE", "DOCUMENT_INVALID", "INTERNAL"} <= {r.code for r in rows}
