"""Dead letters as records: stable ids, payloads as they came, base64 where they are no text."""

from __future__ import annotations

import base64
import json

from hypothesis import given
from hypothesis import strategies as st

from conduix.engine.api import Batch, Letter, Lines, Rows
from conduix.engine.runtime.letters import LetterWriter

WRITER = LetterWriter("orders", "digest", "run-1", lambda: 1_700_000_000.1234)
BATCH = Batch("s", {"offset": 10}, {"offset": 30}, Rows([1, 2]), 2)


def letter(**changes: object) -> Letter:
    fields: dict[str, object] = {
        "node": "map",
        "shard": "s",
        "position": {"offset": 10},
        "index": 0,
        "payload": b'{"a": 1}',
        "code": "MAPPING_FAILED",
        "message": "no field b",
    }
    return Letter(**{**fields, **changes})  # type: ignore[arg-type]


def written(*letters: Letter, writer: LetterWriter = WRITER) -> list[dict[str, object]]:
    batch = writer.batch(letters, BATCH)
    assert isinstance(batch.body, Lines)
    assert (batch.shard, batch.first, batch.next, batch.count) == ("s", BATCH.first, BATCH.next, len(letters))
    return [json.loads(line) for line in batch.body.data.splitlines()]


def test_what_is_stored() -> None:
    (record,) = written(letter())
    assert record == {
        "id": "22d4f401-4f86-50cc-bcb0-a215216748f8",
        "pipeline": "orders",
        "revision": "digest",
        "run": "run-1",
        "stage": "map",
        "shard": "s",
        "position": {"offset": 10},
        "index": 0,
        "payload": '{"a": 1}',
        "payload_encoding": "utf-8",
        "code": "MAPPING_FAILED",
        "message": "no field b",
        "attempts": 1,
        "first_at": "2023-11-14T22:13:20.123Z",
        "last_at": "2023-11-14T22:13:20.123Z",
    }


def test_the_same_place_has_the_same_id_whatever_else_differs() -> None:
    """A replay, a resume, another run of the same input: one letter, which can be recognised."""
    later = LetterWriter("orders", "other digest", "run-2", lambda: 1.8e9)
    ids = {
        str(written(letter(message=m, payload=p), writer=w)[0]["id"])
        for w in (WRITER, later)
        for m in "ab"
        for p in (b"x", b"y")
    }
    assert len(ids) == 1


def test_every_part_of_the_place_counts() -> None:
    other = LetterWriter("refunds", "digest", "run-1", lambda: 0.0)
    changed = [letter(node="other"), letter(shard="t"), letter(position={"offset": 11}), letter(index=1)]
    ids = [str(r["id"]) for r in [*written(letter(), *changed), *written(letter(), writer=other)]]
    assert len(set(ids)) == 6


@given(st.binary(max_size=200))
def test_the_payload_comes_back_as_it_was(payload: bytes) -> None:
    (record,) = written(letter(payload=payload))
    text = str(record["payload"])
    back = text.encode() if record["payload_encoding"] == "utf-8" else base64.b64decode(text, validate=True)
    assert back == payload
    assert (record["payload_encoding"] == "base64") is not _is_text(payload)


def _is_text(payload: bytes) -> bool:
    try:
        payload.decode()
    except UnicodeDecodeError:
        return False
    return True
