"""Variables in documents: where they are replaced, where they are left alone, and what is kept secret."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from conduix.spec.normal import normal_form
from tests.unit.spec.catalogue import bad, good, only, read

DOCUMENT = "name: orders\nsource: {{type: file, path: {value}}}\nsink: {{type: stub}}\n"


def path_of(value: str, env: dict[str, str] | None = None) -> object:
    spec = good(DOCUMENT.format(value=value), env=env)
    return spec.nodes[0].options.model_dump()["path"]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("'${DIR}/a.jsonl'", "data/a.jsonl"),
        ("'${DIR}${DIR}'", "datadata"),
        ("'${GONE:other}'", "other"),
        ("'${DIR:other}'", "data"),
        ("'${GONE:}x'", "x"),
        ("'${GONE:a:b/c d}'", "a:b/c d"),
        ("'${EMPTY:other}x'", "x"),
        ("'$${DIR}'", "${DIR}"),
        ("'$$${DIR}'", "$${DIR}"),
        ("'$DIR ^a$ $$'", "$DIR ^a$ $$"),
        ("'${! this.id }-${DIR}'", "${! this.id }-data"),
        ("'$${! this.id }'", "$${! this.id }"),
        ("'${{! this.id }}'", "${{! this.id }}"),
        ("'${LAST_SYNC_TIME}'", "${LAST_SYNC_TIME}"),
        ("'${MULTI}'", "a\nb: c"),
    ],
)
def test_replaced(written: str, value: str) -> None:
    assert path_of(written, {"DIR": "data", "EMPTY": "", "MULTI": "a\nb: c"}) == value


def test_what_is_put_in_is_not_looked_at_again() -> None:
    assert path_of("'${A}'", {"A": "${B}", "B": "no"}) == "${B}"


def test_keys_and_comments_are_left_alone() -> None:
    spec = good("name: a # ${GONE}\nlabels: {'${GONE}': x}\nsource: {type: file, path: a}\nsink: {type: stub}\n")
    assert spec.labels == {"${GONE}": "x"}


def test_options_read_numbers_and_booleans_from_the_text() -> None:
    source = "{type: file, path: a, csv_header: '${H}', split: '${S}'}"
    document = f"name: a\nparallelism: ${{N}}\nsource: {source}\nsink: {{type: drop}}"
    spec = good(document, env={"N": "3", "H": "false", "S": "1MiB"})
    assert spec.parallelism == 3
    options = spec.nodes[0].options.model_dump()
    assert (options["csv_header"], options["split"]) == (False, 1024 * 1024)


def test_digits_stay_text_where_text_is_wanted() -> None:
    spec = good("name: a\nsource:\n  type: file\n  path: ${P}\nsink: {type: drop}\n", env={"P": "007"})
    assert spec.nodes[0].options.model_dump()["path"] == "007"


def test_without_quotes_inside_braces_yaml_does_not_read_them() -> None:
    found = only("name: a\nsource: {type: file, path: ${DIR}}\nsink: {type: stub}", env={"DIR": "x"})
    assert (found.code, found.line, found.suggestion) == ("YAML_SYNTAX", 2, '"${DIR}"')


def test_unset_says_where_and_what_to_write() -> None:
    found = only("name: a\nsource:\n  type: file\n  path: |\n    x\n    y ${DATA_DIR}\nsink: {type: stub}")
    assert (found.code, found.line, found.column, found.path) == ("VARIABLE_UNSET", 6, 7, "source.path")
    assert found.suggestion == "${DATA_DIR:a default}"
    assert only(DOCUMENT.format(value="'${DATA_DIR}'"), env={"DATADIR": "x"}).suggestion == "${DATADIR}"


@pytest.mark.parametrize("written", ["${}", "${1A}", "${A B}", "${MY-VAR}", "${:x}", "a ${A", "${A${B}"])
def test_what_is_no_reference_is_an_error(written: str) -> None:
    found = bad(DOCUMENT.format(value=f"'{written}'"), env={"A": "x", "B": "y"})
    assert {each.code for each in found} == {"VARIABLE_SYNTAX"}
    assert "$${" in found[0].suggestion


def test_secret_store_is_missing() -> None:
    found = only(DOCUMENT.format(value="'${secret:api}'"))
    assert (found.code, found.line, found.column) == ("SECRET_STORE_MISSING", 2, 29)
    assert "${file:" in found.suggestion


def test_files(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("line\n\n")
    assert path_of(f"'${{file:{secret}}}'") == "line\n"
    secret.write_bytes(b"line\r\n")
    assert path_of(f"'a-${{file:{secret}}}'") == "a-line"


@pytest.mark.parametrize("kind", ["missing", "directory", "binary", "large", "pipe", "name"])
def test_files_that_cannot_be_read(tmp_path: Path, kind: str) -> None:
    file = tmp_path / "x"
    if kind == "directory":
        file.mkdir()
    elif kind == "binary":
        file.write_bytes(b"\xff\xfe")
    elif kind == "large":
        file.write_bytes(b"x" * 100_000)
    elif kind == "pipe":
        os.mkfifo(file)
    name = "a\\0b" if kind == "name" else str(file)
    found = only(DOCUMENT.format(value=f'"${{file:{name}}}"'))
    assert (found.code, found.line) == ("FILE_UNREADABLE", 2)


def test_secrets_show_as_they_are_written(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("canary-in-a-file")
    env = {"API_TOKEN": "canary-in-a-token", "HOST": "example.org"}
    document = f"""
name: a
description: 'with ${{API_TOKEN}}'
source: {{type: file, path: 'x/${{file:{secret}}}/y'}}
sink:
  type: http
  url: 'https://${{HOST}}/${{API_TOKEN}}'
  token: '${{API_TOKEN}}'
  headers: {{Authorization: 'Bearer ${{file:{secret}}}'}}
"""
    spec = good(document, env=env)
    shown = json.dumps(normal_form(spec))
    assert "canary" not in shown
    assert "canary" not in repr(spec.secrets) or "secrets" not in repr(spec)
    sink = normal_form(spec)["nodes"][1]["options"]
    assert sink["url"] == "https://example.org/${API_TOKEN}"
    assert sink["headers"] == {"Authorization": f"Bearer ${{file:{secret}}}"}


def test_a_changed_secret_is_the_same_document() -> None:
    document = DOCUMENT.format(value="'${DB_PASSWORD}/${DIR}'")
    first, second, third = (
        good(document, env={"DB_PASSWORD": password, "DIR": folder}).digest
        for password, folder in [("one-secret", "a"), ("two-secret", "a"), ("one-secret", "b")]
    )
    assert first == second != third


def test_diagnostics_do_not_show_secrets() -> None:
    loaded = read(
        "name: a\nmode: '${MODE_SECRET}'\nsource: {type: file, path: a}\nsink: {type: '${MODE_SECRET}'}",
        env={"MODE_SECRET": "canary"},
    )
    assert len(loaded.errors) == 2
    assert "canary" not in "".join(map(str, loaded.diagnostics))


def test_what_variables_put_in_is_bounded() -> None:
    document = DOCUMENT.format(value="'" + "${BIG}" * 2000 + "'")
    found = only(document, env={"BIG": "x" * 1000})
    assert found.code == "YAML_TOO_LARGE"


def test_a_mapping_keeps_its_own_variables() -> None:
    spec = good(
        """
name: a
source: {type: file, path: a}
stages:
  - type: mapping
    mapping: |
      let total = this.a
      root.a = $total
      root.b = this.b.re_replace_all("x$", "${NEW}")
sink: {type: stub}
""",
        env={"NEW": "y"},
    )
    text = spec.nodes[1].options.model_dump()["mapping"]
    assert "$total" in text
    assert 're_replace_all("x$", "y")' in text
