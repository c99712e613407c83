"""The page on documents says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from conduix.engine.catalog import default_catalog
from conduix.spec.compose import MAX_DEPTH, MAX_NODES
from conduix.spec.diagnostics import MAX_PROBLEMS, Code
from conduix.spec.dialects.steps import REALTIME, VERBS
from conduix.spec.loading import load
from conduix.spec.settings import COMMON_KEYS, REFUSED, WITHOUT_EFFECT, Settings
from conduix.spec.yamltext import MAX_BYTES

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "reference" / "document.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def first_column(text: str) -> list[str]:
    return re.findall(r"^\| `([^`]+)`", text, re.MULTILINE)


def test_the_table_of_codes_is_the_codes() -> None:
    assert first_column(section("Diagnostics")) == [code.value for code in Code]


def test_every_code_is_used() -> None:
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "shared" / "conduix" / "spec").rglob("*.py")]
    assert [code.name for code in Code if not any(f"Code.{code.name}" in text for text in sources)] == []


def test_the_table_of_keys_is_the_keys() -> None:
    text = section("Keys of the whole pipeline")
    assert set(first_column(text)) == {*Settings.model_fields, "dlq"}
    assert [key for key in COMMON_KEYS if f"`{key}`" not in text] == []
    assert all(f"`{key}`" in text for key in (*WITHOUT_EFFECT, *REFUSED))


def test_the_limits_are_the_limits() -> None:
    assert MAX_BYTES == 1024 * 1024
    limits = f"Limits: 1 MiB, {MAX_DEPTH} levels of nesting, {MAX_NODES:,} keys and values"
    assert limits in " ".join(PAGE.split())
    assert f"{MAX_PROBLEMS} diagnostics" in PAGE


@pytest.mark.parametrize("document", re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL))
def test_the_documents_load_without_a_word(document: str) -> None:
    found = load(document, file="page", catalog=default_catalog(), env={}).diagnostics
    # the tree on the page shows what is carried and not obeyed yet: the page says so, and that it is a warning
    nested = "type: supervisor" in document
    assert [each.code for each in found] == (["NO_EFFECT"] if nested else [])


def test_the_table_of_steps_is_the_steps() -> None:
    rows = re.findall(r"^\| `(\w+)` \| `(\w+)` \| ", section("Four forms, one meaning"), re.MULTILINE)
    assert rows == [(key, verb.stage) for key, verb in VERBS.items()]
    assert all(f"`{key}`" in PAGE for key in REALTIME)


def test_what_the_routed_document_does() -> None:
    text = next(each for each in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL) if "name: routed" in each)
    spec = load(text, file="page", catalog=default_catalog(), env={}).spec
    assert spec is not None
    inputs = {node.id: [(each.node, each.port) for each in node.inputs] for node in spec.nodes}
    assert inputs["big"] == [("by_size", "big")]
    assert inputs["rest"] == [("by_size", "default")]
    assert inputs["audit"] == [("mark", "out")]
