"""stdin from pipes, files and terminals: what is read again, what is kept, what is waited for."""

from __future__ import annotations

import asyncio
import os
import pty
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from conduix.engine.api import Batch, Lines
from conduix.engine.connectors.stdin import StdinOptions
from conduix.engine.connectors.stdin.source import StdinSource
from conduix.errors import SourceChanged, SystemicError
from tests.unit.connectors.harness import context, count_of, data_of, letters_of, read_all, read_on


class Pipe:
    """A pipe whose reading end is stdin."""

    def __init__(self) -> None:
        self.read, self._write = os.pipe()

    def write(self, data: bytes) -> None:
        assert os.write(self._write, data) == len(data)

    def end(self) -> None:
        if self._write >= 0:
            os.close(self._write)
            self._write = -1

    def close(self) -> None:
        self.end()
        os.close(self.read)


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    pipe = Pipe()
    yield pipe
    pipe.close()


def stdin(
    pipe: Pipe, *, kept: int = 1 << 20, demand: Any = lambda: None, batch_bytes: int = 1024, **options: Any
) -> StdinSource:
    ctx = context(demand=demand, batch_bytes=batch_bytes)
    return StdinSource(StdinOptions.model_validate(options), ctx, pipe.read, kept)


async def begin(source: StdinSource) -> None:
    await source.open(await source.cut(), {"stdin": None})


async def turns() -> None:
    """Let everything run that can run."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_what_comes_is_passed_on_without_waiting_for_more(pipe: Pipe) -> None:
    source = stdin(pipe)
    await begin(source)
    pipe.write(b'{"a":1}\n{"a":2}\n{"a":')
    batch = await source.read()
    assert batch is not None
    assert (data_of([batch]), batch.count, source.positions()) == (b'{"a":1}\n{"a":2}\n', 2, {"stdin": {"offset": 16}})
    reading = asyncio.ensure_future(source.read())
    await turns()
    assert not reading.done()
    pipe.write(b"3}\n")
    batch = await reading
    assert batch is not None
    assert data_of([batch]) == b'{"a":3}\n'
    assert source.finished() == ()
    pipe.write(b'{"half":')
    pipe.end()
    rest = await read_on(source)
    assert [letter.code for letter in letters_of(rest)] == ["INCOMPLETE_LINE"]
    assert source.finished() == ("stdin",)
    assert await source.read() is None


async def test_a_read_that_is_given_up_loses_nothing(pipe: Pipe) -> None:
    source = stdin(pipe)
    await begin(source)
    reading = asyncio.ensure_future(source.read())
    await turns()
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    pipe.write(b"1\n")
    pipe.end()
    await source.open(await source.cut(), {"stdin": None})
    assert data_of(await read_on(source)) == b"1\n"


async def test_a_rewind_reads_again_what_no_checkpoint_covers(pipe: Pipe) -> None:
    source = stdin(pipe, batch_bytes=4)
    await begin(source)
    pipe.write(b"1\n2\n3\n4\n5\n6\n")
    pipe.end()
    shards = await source.cut()
    first = await source.read()
    held = source.positions()
    rest = await read_on(source)
    await source.open(shards, {"stdin": None})
    assert [first, *rest] == await read_on(source)
    await source.committed(1, held)
    await source.open(shards, dict(held))
    assert await read_on(source) == rest
    with pytest.raises(SourceChanged, match="cannot be read again from byte 0"):
        await source.open(shards, {"stdin": None})


async def test_another_process_cannot_go_on(pipe: Pipe) -> None:
    source = stdin(pipe)
    with pytest.raises(SourceChanged, match="from byte 7: another process"):
        await source.open(await source.cut(), {"stdin": {"offset": 7}})


async def test_a_full_buffer_asks_for_a_checkpoint_and_waits_for_it(pipe: Pipe) -> None:
    asked: list[int] = []
    got: list[Batch] = []
    source = stdin(pipe, kept=1000, demand=lambda: asked.append(count_of(got)))
    await begin(source)
    pipe.write((b'"%s"\n' % (b"x" * 97)) * 25)

    async def consume() -> None:
        while (batch := await source.read()) is not None:
            got.append(batch)

    reading = asyncio.ensure_future(consume())
    await turns()
    assert (count_of(got), len(asked)) == (10, 1)
    await source.committed(1, source.positions())
    await turns()
    assert (count_of(got), len(asked)) == (20, 2)
    pipe.end()
    await source.committed(2, source.positions())
    await reading
    assert count_of(got) == 25


async def test_a_record_that_fills_the_buffer_is_a_letter_and_a_rewind_makes_it_again(pipe: Pipe) -> None:
    source = stdin(pipe, kept=1000, batch_bytes=200)
    await begin(source)
    pipe.write(b"1\n" + b"x" * 3000 + b"\n2\n3")
    pipe.end()
    assert data_of([await read_one(source)]) == b"1\n"
    pending = asyncio.ensure_future(read_on(source))
    await turns()
    assert not pending.done()  # the buffer is full: what lies before the long record must be let go first
    held = source.positions()
    await source.committed(1, held)
    await turns()
    pending.cancel()
    await asyncio.gather(pending, return_exceptions=True)
    for _ in range(2):
        await source.open(await source.cut(), dict(held))
        letter = await read_one(source)
        assert [(x.code, x.payload, x.position) for x in letter.letters] == [
            ("RECORD_TOO_LARGE", b"x" * 1000, {"offset": 2})
        ]
        assert source.positions() == {"stdin": {"offset": 1002, "skip": True}}
    rest: list[Batch] = []
    await source.committed(2, source.positions())
    while (batch := await source.read()) is not None:
        rest.append(batch)
        await source.committed(3, source.positions())
        await source.open(await source.cut(), dict(source.positions()))
    assert data_of(rest) == b"2\n3\n"
    assert letters_of(rest) == []


async def read_one(source: StdinSource) -> Batch:
    batch = await source.read()
    assert batch is not None
    return batch


async def test_csv_from_a_pipe(pipe: Pipe) -> None:
    source = stdin(pipe, format="csv", csv_delimiter=";")
    await begin(source)
    reading = asyncio.ensure_future(source.read())
    pipe.write(b'\xef\xbb\xbfid;"na')
    await turns()
    pipe.write(b'me"\n1;"a\n')
    await turns()
    assert not reading.done()
    pipe.write(b'b"\n')
    batch = await reading
    assert batch is not None
    assert isinstance(batch.body, Lines)
    assert (batch.body.data, batch.body.format.columns) == (b'1;"a\nb"\n', ("id", "name"))
    pipe.end()
    await source.open(await source.cut(), {"stdin": None})
    assert await source.read() == batch


async def test_a_csv_header_that_is_never_closed(pipe: Pipe) -> None:
    source = stdin(pipe, format="csv")
    await begin(source)
    pipe.write(b'id,"name\n1,2\n')
    pipe.end()
    with pytest.raises(SystemicError, match="header of standard input has a quote"):
        await source.read()


async def test_lines_and_an_empty_input(pipe: Pipe) -> None:
    source = stdin(pipe, format="lines")
    pipe.write(b"a\r\n\nlast")
    pipe.end()
    assert data_of(await read_all(source)) == b"a\n\nlast\n"
    nothing = os.open(os.devnull, os.O_RDONLY)
    assert await read_all(StdinSource(StdinOptions(), context(), nothing)) == []
    os.close(nothing)


async def test_a_redirected_file(tmp_path: Path) -> None:
    content = b"".join(b'{"i":%d}\n' % i for i in range(100_000))
    (tmp_path / "in").write_bytes(content)
    with (tmp_path / "in").open("rb") as file:
        source = StdinSource(StdinOptions(), context(), file.fileno())
        assert data_of(await read_all(source)) == content


async def test_a_terminal() -> None:
    terminal, keyboard = pty.openpty()
    try:
        source = StdinSource(StdinOptions(), context(), keyboard)
        await begin(source)
        reading = asyncio.ensure_future(source.read())
        await turns()
        assert not reading.done()
        os.write(terminal, b'{"typed":1}\n')
        batch = await reading
        assert batch is not None
        assert data_of([batch]) == b'{"typed":1}\n'
        os.write(terminal, b"\x04")
        assert await source.read() is None
    finally:
        os.close(terminal)
        os.close(keyboard)


async def test_stdin_that_is_closed() -> None:
    read, write = os.pipe()
    os.close(read)
    os.close(write)
    source = StdinSource(StdinOptions(), context(), read)
    await begin(source)
    with pytest.raises(SystemicError, match="cannot read standard input: Bad file descriptor"):
        await source.read()
