"""Variables that are bound where the document runs: what can be known without them is checked, the rest is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from conduix.engine.catalog import default_catalog
from conduix.engine.guarantee import assess
from conduix.spec.loading import Loaded, load
from conduix.spec.model import PipelineSpec
from conduix.spec.normal import normal_form
from conduix.spec.options import AsWritten

CATALOG = default_catalog()
DOCUMENT = """
name: orders
parallelism: ${REPLICAS:2}
source: {type: file, path: "${IN}"}
stages:
  - {type: filter, condition: "this.a > ${LIMIT}", on_error: drop}
  - {type: mapping, mapping: 'root.b = ${X:1}'}
  - {type: exclude, fields: [b]}
sink: {type: file, path: "${OUT:/tmp}/{shard}.jsonl", mode: "${MODE}"}
"""


def read(text: str, env: dict[str, str] | None = None) -> Loaded:
    return load(text, file="d.yaml", catalog=CATALOG, env=env)


def spec(text: str, env: dict[str, str] | None = None) -> PipelineSpec:
    loaded = read(text, env)
    assert loaded.spec is not None, loaded.diagnostics
    return loaded.spec


def errors(text: str) -> list[str]:
    return [each.code for each in read(text).errors]


def test_a_document_with_unset_variables_is_read() -> None:
    found = spec(DOCUMENT)
    assert (found.name, found.mode, found.parallelism) == ("orders", "batch", 2)
    nodes = {node.id: node for node in found.nodes}
    assert nodes["source"].options == AsWritten(path="${IN}")
    assert nodes["filter"].options == AsWritten(condition="this.a > ${LIMIT}")
    assert nodes["file"].options == AsWritten(path="${OUT:/tmp}/{shard}.jsonl", mode="${MODE}")
    assert not isinstance(nodes["exclude"].options, AsWritten)
    assert assess(found, CATALOG).promise == "exactly once"


def test_the_normal_form_and_the_digest_have_references_as_they_are_written() -> None:
    assert normal_form(spec(DOCUMENT))["references"] == {"parallelism": "${REPLICAS:2}"}
    for other in ("${REPLICAS:3}", "2"):
        assert spec(DOCUMENT.replace("${REPLICAS:2}", other)).digest != spec(DOCUMENT).digest
    assert spec(DOCUMENT.replace("${X:1}", "1")).digest != spec(DOCUMENT).digest
    assert spec(DOCUMENT.replace("${X:1}", "${X:2}")).digest != spec(DOCUMENT).digest
    reordered = DOCUMENT.replace("name: orders\nparallelism: ${REPLICAS:2}", "parallelism: ${REPLICAS:2}\nname: orders")
    assert spec(reordered).digest == spec(DOCUMENT).digest


def test_a_document_without_references_has_the_digest_that_it_has_everywhere() -> None:
    text = "name: a\nsource: {type: generate, count: 1}\nsink: {type: drop}\n"
    assert spec(text).digest == spec(text, {}).digest
    assert not spec(text).references


def test_a_secret_file_is_not_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hush")
    found = spec(f"name: a\nsource: {{type: generate, count: 1, mapping: 'root = \"${{file:{secret}}}\"'}}\n")
    assert "hush" not in repr(normal_form(found))
    assert f"${{file:{secret}}}" in repr(normal_form(found))


def test_an_escape_is_told_apart_from_a_reference() -> None:
    escaped, reference = ("name: a\nsource: {type: file, path: '" + text + "/a.jsonl'}\n" for text in ("$${A}", "${A}"))
    assert spec(escaped).digest != spec(reference).digest


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("name: ${NAME}\nsource: {type: generate, count: 1}\n", ["VARIABLE_UNSET"]),
        ("name: a\nmode: ${M}\nparallelism: ${N}\nsource: {type: generate}\n", ["VARIABLE_UNSET", "VARIABLE_UNSET"]),
        ("name: a\nsource: {type: generate, count: '${C:x}'}\n", ["WRONG_TYPE"]),
        ("name: a\nsource: {type: generate, count: '${C}', counts: 1}\n", ["UNKNOWN_KEY"]),
        ("name: a\nsource: {type: file, path: '${C}', format: 3}\n", ["INVALID_VALUE"]),
        ("name: a\nsource: {type: file, format: '${C}'}\n", []),
        ("name: a\nsource: {type: generate, mapping: 'root = ${X:(}'}\n", ["MAPPING_SYNTAX"]),
        ("name: a\nsource: {type: '${T}'}\n", ["UNKNOWN_TYPE"]),
        ("name: a\nsource: {type: generate, count: '${secret:x}'}\n", ["WRONG_TYPE", "SECRET_STORE_MISSING"]),
        (
            "name: a\nparallelism: 2\nsource: {type: generate, count: 1}\nsink: {type: file, path: '${O}/o.jsonl'}\n",
            ["SINK_NOT_SHARDED"],
        ),
    ],
)
def test_what_can_be_known_is_checked(text: str, codes: list[str]) -> None:
    assert errors(text) == codes
