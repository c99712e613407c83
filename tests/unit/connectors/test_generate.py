"""Made-up records: the same number makes the same record, now and after a rewind."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pydantic import ValidationError

from conduix.engine.api import Batch, Source, record_offsets
from tests.unit.connectors.harness import CATALOG, build, context, count_of, letters_of, read_all, read_on, values_of

MAPPING = """
root = if this.index % 10 == 3 { deleted() } else { {"id": this.index, "price": this.random * 100} }
root.bad = if this.index % 10 == 4 { throw("no four") }
"""


def generate(**options: Any) -> Source:
    source: Source = build("source", "generate", context(), **options)
    return source


async def test_without_a_mapping_records_are_numbers() -> None:
    batches = await read_all(generate(count=2500))
    assert [batch.count for batch in batches] == [1000, 1000, 500]
    assert values_of(batches) == [{"index": index} for index in range(2500)]


async def test_a_mapping_sees_index_and_random() -> None:
    batches = await read_all(generate(count=2000, seed=1, mapping='root = {"i": this.index, "r": this.random}'))
    values = values_of(batches)
    assert [value["i"] for value in values] == list(range(2000))
    assert all(0 <= value["r"] < 1 for value in values)
    assert len({value["r"] for value in values}) == 2000
    assert 0.48 < sum(value["r"] for value in values) / 2000 < 0.52
    again = await read_all(generate(count=2000, seed=1, mapping='root = {"i": this.index, "r": this.random}'))
    other = await read_all(generate(count=2000, seed=2, mapping='root = {"i": this.index, "r": this.random}'))
    assert values_of(again) == values
    assert values_of(other) != values


async def test_records_keep_their_number_when_others_are_left_out() -> None:
    batches = await read_all(generate(count=1500, seed=1, mapping=MAPPING))
    ids = [value["id"] for value in values_of(batches)]
    assert ids == [index for index in range(1500) if index % 10 not in {3, 4}]
    assert [offset for batch in batches for offset in record_offsets(batch)] == ids
    letters = letters_of(batches)
    assert [letter.position["offset"] for letter in letters] == list(range(4, 1500, 10))
    assert "no four" in letters[0].message
    assert letters[0].node == "node"
    assert count_of(batches) + len(letters) == 1350


async def test_a_resume_goes_on_with_the_seed_of_the_run() -> None:
    options = {"count": 3000, "mapping": 'root = {"r": this.random}'}
    source = generate(**options)
    shards = await source.cut()
    await source.open(shards, {"node": None})
    assert source.positions() == {}
    first = await source.read()
    assert first is not None
    held = source.positions()
    assert (held, source.finished(), source.progress()) == ({"node": {"offset": 1000}}, (), (1000, 3000))
    rest = await read_on(source)
    assert source.finished() == ("node",)
    resumed = generate(**options)
    await resumed.open(shards, held)
    assert values_of(await read_on(resumed)) == values_of(rest)
    assert (await generate(**options).cut())[0].spec != shards[0].spec  # another run has another seed


async def test_an_interval_waits_between_records(monkeypatch: pytest.MonkeyPatch) -> None:
    # the waits themselves are what is tested, so they are noted instead of waited for
    waits: list[float] = []

    async def wait(seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", wait)
    batches: list[Batch] = await read_all(generate(count=4, interval="10s"))
    assert [batch.count for batch in batches] == [1, 1, 1, 1]
    assert waits[0] == 0.0
    assert all(9.9 * turn < seconds <= 10.0 * turn for turn, seconds in enumerate(waits[1:], 1))


def test_it_ends_only_with_a_count() -> None:
    entry = CATALOG.find("source", "generate")
    assert entry is not None
    for options, ends in (({"count": 5}, True), ({"count": 0}, False), ({}, False)):
        assert entry.can_end(entry.options.model_validate(options)) is ends
        assert generate(**options).ends is ends
    with pytest.raises(ValidationError):
        generate(count=-1)


def test_it_knows_whether_it_is_deterministic() -> None:
    entry = CATALOG.find("source", "generate")
    assert entry is not None
    for mapping, deterministic in ((None, True), ("root = this.random", True), ("root = uuid_v4()", False)):
        assert entry.deterministic(entry.options.model_validate({"mapping": mapping})) is deterministic
