"""Stages that hide values (mask, encrypt, decrypt), and those that let records pass or not (validate, delete)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import datetime
from typing import Any

import pytest
from pydantic import ValidationError

from conduix.engine.api import Counts
from conduix.engine.catalog import default_catalog
from conduix.errors import MappingError
from tests.unit.stages.bench import apply, batch, failures, lines_of, steps, stretch, values_of

KEY = base64.b64encode(bytes(range(32))).decode()

# mask


@pytest.mark.parametrize(
    ("options", "given", "made"),
    [
        ({"last": 4}, "4111111111111111", "************1111"),
        ({"first": 2, "last": 1, "char": "#"}, "abcdef", "ab###f"),
        ({"first": 2, "last": 2}, "abcd", "****"),
        ({"first": 2, "last": 2}, "abcde", "ab*de"),
        ({}, "", ""),
        ({"first": 1}, "éß€", "é**"),
        ({"last": 2}, 12345, "***45"),
        ({}, {"a": 1}, "*******"),
        ({"method": "replace", "value": {"hidden": True}}, "x", {"hidden": True}),
        ({"method": "replace"}, "x", None),
        ({"method": "hash"}, "x", hashlib.sha256(b"x").hexdigest()),
        ({"method": "hash", "algorithm": "sha512"}, 12, hashlib.sha512(b"12").hexdigest()),
        ({"method": "hash", "key": "k"}, "é", hmac.digest(b"k", "é".encode(), "sha256").hex()),
    ],
)
def test_mask(options: dict[str, Any], given: Any, made: Any) -> None:
    output = apply("mask", {"fields": ["o.a", "b"], **options}, {"o": {"a": given}, "z": 1}, {"b": None}, {})
    assert values_of(output) == [{"o": {"a": made}, "z": 1}, {"b": None}, {}]


# encrypt and decrypt


@pytest.mark.parametrize("key", [KEY, "00" * 16, "Ab" * 32, "  " + "0f" * 24 + "\n"])
def test_what_is_encrypted_comes_back_as_it_was(key: str) -> None:
    given: list[dict[str, Any]] = [
        {"a": "text é", "o": {"n": 5}},
        {"a": {"x": [1.5, None, True]}},
        {"a": "", "o": None},
        {"z": 1},
    ]
    options = {"fields": ["a", "o.n"], "key": key}
    hidden = apply("encrypt", options, *given)
    for record, was in zip(values_of(hidden), given, strict=True):
        if "a" in was:
            assert isinstance(record["a"], str)
            # nonce and tag are 28 bytes
            assert len(base64.b64decode(record["a"])) == 28 + len(
                json.dumps(was["a"], ensure_ascii=False, separators=(",", ":")).encode()
            )
    assert b"text" not in lines_of(hidden)
    assert values_of(stretch("decrypt", options).apply(batch(lines_of(hidden)))) == given


def test_the_same_value_is_another_text_each_time() -> None:
    hidden = values_of(apply("encrypt", {"fields": ["a"], "key": KEY}, *[{"a": 1}] * 20))
    assert len({record["a"] for record in hidden}) == 20


@pytest.mark.parametrize("change", ["key", "bytes", "short", "no base64", "number"])
def test_what_was_not_encrypted_with_this_key_is_a_letter(change: str) -> None:
    (record,) = values_of(apply("encrypt", {"fields": ["a"], "key": KEY}, {"a": "secret"}))
    raw = bytearray(base64.b64decode(record["a"]))
    raw[15] ^= change == "bytes"
    given: Any = {"short": "AAAA", "no base64": "?", "number": 5}.get(change, base64.b64encode(raw).decode())
    options = {"fields": ["a"], "key": "00" * 32 if change == "key" else KEY}
    output = apply("decrypt", options, {"a": given}, {})
    assert values_of(output) == [{}]
    said = (
        "another key, or changed since" if change in {"key", "bytes"} else "nothing that the stage encrypt has written"
    )
    assert said in failures(output)[0]
    assert failures(output)[0].startswith("a: ")


def test_a_key_shows_nowhere() -> None:
    key = "0123456789abcdef" * 2
    for stage, options in (
        ("encrypt", {"fields": ["a"], "key": key}),
        ("decrypt", {"fields": ["a"], "key": key}),
        ("mask", {"fields": ["a"], "method": "hash", "key": key}),
    ):
        entry = default_catalog().entry("stage", stage)
        assert key not in repr(entry.options.model_validate(options))
        assert key not in repr(steps(stage, options))
        made = stretch(stage, options)
        assert key not in made.source("jsonl")
        assert key not in str(made.apply(batch(b'{"a":"?"}\n[1]\n5\n')).dead)


@pytest.mark.parametrize("key", ["short", "00" * 15, "?" * 32, base64.b64encode(b"x" * 20).decode()])
def test_a_wrong_key_is_refused_without_showing_it(key: str) -> None:
    with pytest.raises(ValidationError, match="openssl rand -base64 32") as refused:
        steps("encrypt", {"fields": ["a"], "key": key})
    assert key not in refused.value.errors()[0]["msg"]


# validate

SCHEMA = {
    "type": "object",
    "required": ["id"],
    "properties": {
        "id": {"type": "string", "pattern": "^[a-z]+$"},
        "at": {"format": "date-time"},
        "items": {"type": "array", "items": {"$ref": "#/$defs/item"}},
    },
    "$defs": {"item": {"properties": {"n": {"type": "integer", "minimum": 0}}, "additionalProperties": False}},
}


def test_records_that_conform_pass_with_the_bytes_that_came() -> None:
    data = b'{ "id" : "a", "items": [ {"n": 1.0} ] }\n{"id":"b","at":"2013-01-01T00:00:00Z","x":1e2}\n'
    output = stretch("validate", {"schema": SCHEMA}).apply(batch(data))
    assert lines_of(output) == data


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ({"id": 10**30}, 'id: 1000000000000000000000000000000 is not of type "string"'),
        ({}, '"id" is a required property'),
        ([1], '[1] is not of type "object"'),
        ({"id": 5}, 'id: 5 is not of type "string"'),
        ({"id": "A"}, 'id: "A" does not match "^[a-z]+$"'),
        ({"id": "a", "at": "soon"}, 'at: "soon" is not a "date-time"'),
        ({"id": "a", "items": [{"n": 1}, {"n": -1}]}, "items.1.n: -1 is less than the minimum of 0"),
        ({"id": "a", "items": [{"m": 1}]}, "items.0: Additional properties are not allowed ('m' was unexpected)"),
        (
            {"at": "x", "items": 5},
            'at: "x" is not a "date-time"; items: 5 is not of type "array"; "id" is a required property',
        ),
    ],
)
def test_others_are_letters_with_path_and_what_was_expected(record: Any, said: str) -> None:
    output = apply("validate", {"schema": json.dumps(SCHEMA)}, record, {"id": "a"})
    assert values_of(output) == [{"id": "a"}]
    (letter,) = output.dead
    assert (letter.code, json.loads(letter.payload)) == ("RECORD_INVALID", record)
    assert sorted(letter.message.split("; ")) == sorted(said.split("; "))


def test_a_record_with_endless_failures_has_a_short_message() -> None:
    schema = {"items": {"type": "string"}}
    (message,) = failures(apply("validate", {"schema": schema}, list(range(5000))))
    assert message.count("is not of type") == 10


# delete


def test_physically_deleted_records_are_filtered() -> None:
    output = apply("delete", {"condition": 'this.s == "x"'}, {"s": "x"}, {"s": "y"}, {})
    assert values_of(output) == [{"s": "y"}, {}]
    assert output.counts["node"] == Counts(2, filtered=1)


def test_softly_deleted_records_go_on_marked() -> None:
    options = {"condition": "this.n > 1", "mode": "soft", "field": "o.gone", "at": "o.gone_at"}
    first, second, third = values_of(apply("delete", options, {"n": 1}, {"n": 2}, {"n": 3}, when="this.n != 3"))
    assert (first, third) == ({"n": 1}, {"n": 3})
    assert second["o"]["gone"] is True
    assert datetime.fromisoformat(second["o"]["gone_at"][:19])


@pytest.mark.parametrize("mode", ["physical", "soft"])
def test_a_condition_that_is_neither_true_nor_false_deletes_nothing(mode: str) -> None:
    output = apply("delete", {"condition": "this.n", "mode": mode}, {"n": 1}, {"n": False})
    assert values_of(output) == [{"n": False}]
    assert [letter.payload for letter in output.dead] == [b'{"n":1}']
    assert values_of(apply("delete", {"condition": "this.n", "mode": mode}, {"n": 1}, on_error="pass")) == [{"n": 1}]
    with pytest.raises(MappingError):
        apply("delete", {"condition": "this.n", "mode": mode}, {"n": 1}, on_error="fail")
