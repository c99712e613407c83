"""Sessions: refreshed in time, once, whoever else wants it; stored back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from conduix.errors import TokenExpired, Unauthenticated
from conduix_tui.client.contexts import Context, ContextFile, Session
from conduix_tui.client.credentials import FixedToken, Nobody, StoredSession

NOW = 1_000_000.0


def session(number: int, access_for: float = 900.0, whole: float = 86_400.0) -> Session:
    return Session(f"access-{number}", NOW + access_for, f"refresh-{number}", NOW + whole)


class Server:
    """Gives each refresh token's successor once; using one twice ends everything, as the real one does."""

    def __init__(self) -> None:
        self.number = 1
        self.calls = 0
        self.over = False

    async def refresh(self, token: str) -> Session:
        self.calls += 1
        if self.over or token != f"refresh-{self.number}":
            self.over = True
            raise Unauthenticated("that refresh token was used before")
        self.number += 1
        await asyncio.sleep(0)  # others get their turn here
        return session(self.number)


@pytest.fixture
def file(tmp_path: Path) -> ContextFile:
    return ContextFile(tmp_path / "contexts.yaml")


def stored(file: ContextFile, first: Session, clock: Callable[[], float] = lambda: NOW) -> StoredSession:
    file.put("prod", Context("host:1", session=first))
    return StoredSession(file, "prod", first, clock=clock)


async def test_a_token_that_is_good_is_used(file: ContextFile) -> None:
    server = Server()
    assert await stored(file, session(1)).token(server.refresh) == "access-1"
    assert server.calls == 0


async def test_shortly_before_its_end_there_is_a_new_one_and_it_is_stored(file: ContextFile) -> None:
    server = Server()
    credentials = stored(file, session(1, access_for=20))
    assert await credentials.token(server.refresh) == "access-2"
    assert file.get("prod").session == session(2)
    assert await credentials.token(server.refresh) == "access-2"
    assert server.calls == 1


async def test_a_token_that_the_server_calls_expired_is_replaced_whatever_our_clock_says(file: ContextFile) -> None:
    server = Server()
    credentials = stored(file, session(1))
    assert credentials.expired("access-1")
    assert await credentials.token(server.refresh) == "access-2"


async def test_many_at_once_refresh_once(file: ContextFile) -> None:
    server = Server()
    credentials = stored(file, session(1, access_for=0))
    tokens = await asyncio.gather(*(credentials.token(server.refresh) for _ in range(20)))
    assert set(tokens) == {"access-2"}
    assert server.calls == 1


async def test_clients_that_share_the_file_do_not_use_a_refresh_token_twice(file: ContextFile) -> None:
    server = Server()
    first = session(1, access_for=0)
    clients = [stored(file, first), StoredSession(file, "prod", first, clock=lambda: NOW)]
    tokens = await asyncio.gather(*(each.token(server.refresh) for each in clients))
    assert set(tokens) == {"access-2"}
    assert not server.over


async def test_a_session_that_is_over_says_so_without_asking(file: ContextFile) -> None:
    server = Server()
    with pytest.raises(TokenExpired) as over:
        await stored(file, session(1, access_for=0, whole=0)).token(server.refresh)
    assert "conduix login" in over.value.remedy
    assert server.calls == 0


async def test_after_a_sign_out_elsewhere_nothing_is_refreshed(file: ContextFile) -> None:
    server = Server()
    credentials = stored(file, session(1, access_for=0))
    file.put("prod", Context("host:1"))
    with pytest.raises(Unauthenticated, match="signed in"):
        await credentials.token(server.refresh)
    assert server.calls == 0


async def test_a_refused_refresh_leaves_the_file_as_it_was_and_unlocked(file: ContextFile) -> None:
    server = Server()
    server.over = True
    first = session(1, access_for=0)
    with pytest.raises(Unauthenticated):
        await stored(file, first).token(server.refresh)
    assert file.get("prod").session == first
    with file.locked():
        pass


async def test_what_needs_no_refresh() -> None:
    server = Server()
    assert await Nobody().token(server.refresh) is None
    assert await FixedToken("x").token(server.refresh) == "x"
    assert not Nobody().expired("x")
    assert not FixedToken("x").expired("x")
