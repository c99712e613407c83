"""Entries run against the sample record, and what they define stays for those that follow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from conduix.errors import UsageError
from conduix_tui.cli.map_forms import Form
from conduix_tui.cli.repl.bench import Answer, Bench, Wrong
from conduix_tui.cli.repl.samples import Samples

RECORD = '{"a": 3, "name": "Ada", "items": [{"price": 2.5, "qty": 2}]}'


def bench(form: Form = "mapping", record: str = RECORD) -> Bench:
    made = Bench(form, Samples())
    made.samples.typed(record)
    return made


def wrong(on: Bench, text: str) -> Wrong:
    with pytest.raises(Wrong) as caught:
        on.run(text)
    return caught.value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("root.b = this.a * 2", {"b": 6}),
        ("this.a", 3),
        ("this.name.uppercase()", "ADA"),
        ("root.total = this.items.map_each(i ->\n  i.price * i.qty\n).sum()", {"total": 5}),
        ("root = this\nroot.items = deleted() # gone", {"a": 3, "name": "Ada"}),
        ("root = nothing()", {"a": 3, "name": "Ada", "items": [{"price": 2.5, "qty": 2}]}),
        ('root.at = "2024-01-02".ts_parse("2006-01-02")', {"at": "2024-01-02T00:00:00Z"}),
    ],
)
def test_an_entry_is_a_mapping_of_the_record(text: str, value: Any) -> None:
    on = bench()
    assert on.run(text) == Answer(value)
    assert on.samples.value["a"] == 3


def test_a_deleted_record_and_metadata() -> None:
    assert bench().run("root = deleted()").deleted
    on = bench()
    on.samples.typed_meta('{"topic": "orders"}')
    assert on.run("root = @topic").value == "orders"
    assert on.run('meta key = "k"').meta == {"topic": "orders", "key": "k"}


def test_definitions_are_kept_and_evaluated_anew_for_each_record() -> None:
    on = bench()
    assert on.run("let twice = this.a * 2") == Answer({"$twice": 6}, kept=("$twice",))
    assert on.run("map tidy { root = this.name.lowercase() }") == Answer({}, silent=True, kept=("map tidy",))
    assert on.run('root.b = $twice\nroot.c = this.apply("tidy")').value == {"b": 6, "c": "ada"}
    on.samples.typed('{"a": 10, "name": "BO"}')
    assert on.run('root.b = $twice\nroot.c = this.apply("tidy")').value == {"b": 20, "c": "bo"}
    assert (on.variables, on.maps) == (["twice"], ["tidy"])


def test_a_variable_may_be_made_of_its_older_self() -> None:
    on = bench()
    for text in ("let x = this.a", "let x = $x + 1", "let y = $x * 10"):
        on.run(text)
    assert on.run("$y").value == 40
    assert on.run('var("y")').value == 40
    assert on.definitions() == ["let x = this.a", "let x = $x + 1", "let y = $x * 10"]


def test_only_what_an_entry_uses_is_evaluated() -> None:
    on = bench()
    on.run("let upper = this.name.uppercase()")
    on.samples.typed('{"a": 1}')
    assert on.run("root.b = this.a").value == {"b": 1}
    failed = wrong(on, "root.b = $upper")
    assert failed.origin == "what was defined before"
    assert failed.line == "let upper = this.name.uppercase()"
    assert failed.column == 23


def test_what_reads_root_or_what_is_not_kept_is_not_kept() -> None:
    on = bench()
    made = on.run("root.b = 1\nlet x = root.b\nlet y = $x\nlet z = 2")
    assert (made.kept, made.passing) == (("$z",), ("$x", "$y"))
    assert "undefined" in wrong(on, "$x").message


def test_what_fails_defines_nothing_and_what_is_forgotten_is_gone() -> None:
    on = bench()
    wrong(on, "let x = 1\nroot = this.a.uppercase()")
    assert on.variables == []
    on.run("let x = 1")
    on.forget()
    assert on.variables == []


def test_a_map_that_is_declared_again_is_the_new_one() -> None:
    on = bench()
    on.run("map m { root = 1 }")
    on.run("map m { root = 2 }")
    assert on.run('this.apply("m")').value == 2


def test_what_cannot_be_read_has_its_own_line_and_column() -> None:
    on = bench()
    on.run("let x = 1")
    failed = wrong(on, "root.a = 1\nroot.b = this.a.uppercas()")
    assert (failed.number, failed.column, failed.line) == (2, 17, "root.b = this.a.uppercas()")
    assert "did you mean `uppercase`?" in failed.message
    assert "line 1, column 8" in wrong(on, "root = (").message


def test_what_fails_for_the_record_has_its_place_too() -> None:
    on = bench()
    on.run("let x = 1")
    failed = wrong(on, "root.a =\n  this.a.uppercase()")
    assert (failed.number, failed.column, failed.line, failed.origin) == (2, 10, "  this.a.uppercase()", "")


def test_conditions() -> None:
    on = bench("condition")
    assert on.run('.name == "Ada"').value is True
    assert on.run("this.a > 3").value is False
    assert "needs a bool" in wrong(on, "this.a").message


def test_mutations_change_a_copy_of_the_record() -> None:
    on = bench("mutation")
    assert on.run("let x = this.a") == Answer({"$x": 3}, kept=("$x",))
    assert on.run("root.a = $x + 1\nroot.b = this.a\nroot.items = deleted()").value == {"a": 4, "name": "Ada", "b": 4}
    assert on.samples.value["a"] == 3


def test_remaps_change_a_copy_of_the_record_and_keep_their_variables() -> None:
    on = bench("remap")
    assert on.run("x = upcase(.name)\n.name = x\ndel(.items)").value == {"a": 3, "name": "ADA"}
    assert on.variables == ["x"]
    assert on.run(".b = x").value["b"] == "ADA"
    assert on.samples.value["name"] == "Ada"


# samples


def test_records_of_a_file_come_one_after_the_other(tmp_path: Path) -> None:
    file = tmp_path / "x.jsonl"
    file.write_text('{"n":1}\n\n{"n":2}\nhalf {\n{"n":3}', encoding="utf-8")
    samples = Samples()
    samples.open(str(file))
    assert (samples.value, samples.origin) == ({"n": 1}, f"line 1 of {file}")
    samples.next()
    assert (samples.value, samples.origin) == ({"n": 2}, f"line 3 of {file}")
    with pytest.raises(UsageError, match=r"line 4 of .*: no JSON"):
        samples.next()
    assert samples.value == {"n": 2}
    samples.next()
    assert samples.value == {"n": 3}
    with pytest.raises(UsageError, match="no more records"):
        samples.next()
    samples.previous()
    samples.previous()
    with pytest.raises(UsageError, match="first record"):
        samples.previous()
    assert samples.value == {"n": 1}
    samples.close()


def test_a_record_may_be_typed_on_several_lines() -> None:
    samples = Samples()
    samples.typed('{\n  "a": [1,\n 2]\n}')
    assert (samples.value, samples.origin) == ({"a": [1, 2]}, "typed")


@pytest.mark.parametrize("text", ["", "{", "{'a': 1}", "nonsense"])
def test_a_record_that_is_no_json_leaves_the_old_one(text: str) -> None:
    samples = Samples()
    samples.typed('{"a": 1}')
    with pytest.raises(UsageError):
        samples.typed(text)
    assert samples.value == {"a": 1}


def test_a_file_that_cannot_be_read_leaves_the_old_one(tmp_path: Path) -> None:
    file = tmp_path / "x.jsonl"
    file.write_text('{"n":1}\n{"n":2}\n', encoding="utf-8")
    (tmp_path / "empty.jsonl").write_text("\n", encoding="utf-8")
    samples = Samples()
    with pytest.raises(UsageError, match="no file"):
        samples.next()
    samples.open(str(file))
    with pytest.raises(UsageError, match="holds no records"):
        samples.open(str(tmp_path / "empty.jsonl"))
    with pytest.raises(UsageError, match="No such file"):
        samples.open(str(tmp_path / "none.jsonl"))
    samples.next()
    assert samples.value == {"n": 2}
    with pytest.raises(UsageError, match="an object"):
        samples.typed_meta("[1]")
    samples.close()
