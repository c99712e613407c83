"""What is made from sources agrees with them: the parser's tables, the reference page."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from conduix.mapping import docs, tables

ROOT = Path(__file__).resolve().parents[3]


def test_the_tables_are_those_of_the_grammar() -> None:
    assert json.loads(tables.TABLES.read_bytes()) == tables.build(), "run `python -m conduix.mapping.tables`"


@pytest.mark.parametrize("seed", ["1", "2"])
def test_the_tables_do_not_depend_on_the_process(seed: str) -> None:
    script = "import json; from conduix.mapping import tables; print(json.dumps(tables.build(), sort_keys=True))"
    made = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, env={**os.environ, "PYTHONHASHSEED": seed}
    )
    assert json.loads(made.stdout) == json.loads(tables.TABLES.read_bytes())


def test_the_reference_page_is_that_of_the_declarations() -> None:
    written = (ROOT / "docs" / "reference" / "mapping.md").read_text(encoding="utf-8")
    assert written == docs.page(), "run `python -m conduix.mapping.docs docs/reference/mapping.md`"


def test_reading_a_mapping_needs_no_lark() -> None:
    script = (
        "import sys; from conduix.mapping import parse_mapping; parse_mapping('root = this.a.uppercase()');"
        "print(sorted({'lark', 'yaml', 're2', 'pydantic'} & set(sys.modules)))"
    )
    made = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert made.stdout.strip() == "[]"
