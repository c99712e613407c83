"""Which server is tried when: backoff, patience, turns. The clock and the servers are the test's."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest

from conduix.errors import ConduixError, Unavailable
from conduix.rpc.errors import RemoteError
from conduix_agent.link.dial import MOST_DELAY, Backoff, Dialler
from conduix_agent.link.enrol import Identities
from conduix_agent.link.state import Identity, StateDirectory
from conduix_agent.settings import AgentSettings


class Top(Random):
    """Always the longest delay."""

    def uniform(self, a: float, b: float) -> float:
        return b


def test_delays_double_to_ten_seconds_and_are_short_again_after_a_good_session() -> None:
    backoff = Backoff(Top())
    assert [backoff.next() for _ in range(9)] == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0, 10.0]
    backoff.lasted(59.0)
    assert backoff.next() == MOST_DELAY
    backoff.lasted(60.0)
    assert backoff.next() == 0.1


def test_delays_are_spread_over_their_whole_length() -> None:
    drawn = []
    for seed in range(200):
        backoff = Backoff(Random(seed))
        drawn.append([backoff.next() for _ in range(8)][-1])
    assert min(drawn) < 1.0
    assert max(drawn) > 9.0


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += max(0.0, seconds)


class Scripted(Dialler):
    """Servers whose answers are written down; no server is left: the test is over."""

    answers: list[ConduixError]
    tried: list[tuple[str, float]]

    async def _open_at(self, address: str) -> Any:
        self.tried.append((address, self._clock()))
        if not self.answers:
            return address
        raise self.answers.pop(0)


def refusal(status: str, retry_after: float | None = None) -> RemoteError:
    error = RemoteError("no", code=status, status=status)
    error.retry_after = retry_after
    return error


async def tries(tmp_path: Path, servers: tuple[str, ...], *answers: ConduixError) -> list[tuple[str, float]]:
    """Address and seconds since the first of each try, until one succeeds."""
    clock = Clock()
    start = clock.now
    settings = AgentSettings(servers=servers, state_dir=tmp_path)
    with StateDirectory(tmp_path, spool_bytes=1 << 20) as state:
        state.save_identity(Identity("a", 0.0, 9e9, token="t"))  # noqa: S106 - of nobody
        dialler = Scripted(settings, Identities(settings, state), "i", dice=Top(), clock=clock, sleep=clock.sleep)
        dialler.answers, dialler.tried = list(answers), []
        await dialler.connect(at_once=True)
    return [(address, at - start) for address, at in dialler.tried]


async def test_servers_take_turns(tmp_path: Path) -> None:
    away = [Unavailable("away") for _ in range(4)]
    seen = await tries(tmp_path, ("127.0.0.1:1", "127.0.0.1:2"), *away)
    assert [address[-1] for address, _ in seen] == ["1", "2", "1", "2", "1"]


async def test_who_refuses_to_sign_in_is_asked_again_after_five_minutes(tmp_path: Path) -> None:
    seen = await tries(tmp_path, ("127.0.0.1:1",), refusal("UNAUTHENTICATED"), refusal("UNIMPLEMENTED"))
    assert [round(at) for _, at in seen] == [0, 300, 600]


async def test_a_server_may_say_when(tmp_path: Path) -> None:
    seen = await tries(tmp_path, ("127.0.0.1:1",), refusal("RESOURCE_EXHAUSTED", 7.0))
    assert [round(at) for _, at in seen] == [0, 7]


async def test_patience_with_one_server_does_not_wait_for_another(tmp_path: Path) -> None:
    answers = [refusal("UNAUTHENTICATED"), *(Unavailable("away") for _ in range(5))]
    seen = await tries(tmp_path, ("127.0.0.1:1", "127.0.0.1:2"), *answers)
    assert [address[-1] for address, _ in seen] == ["1", "2", "2", "2", "2", "2", "2"]
    assert seen[-1][1] < 10


async def test_a_token_of_loopback_does_not_travel_in_the_clear(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def give_up(_seconds: float) -> None:
        raise TimeoutError

    settings = AgentSettings(servers=("10.0.0.1:1", "127.0.0.1:2"), state_dir=tmp_path)
    with StateDirectory(tmp_path, spool_bytes=1 << 20) as state:
        state.save_identity(Identity("a", 0.0, 9e9, token="t"))  # noqa: S106 - of nobody
        dialler = Dialler(settings, Identities(settings, state), "i", dice=Top(), sleep=give_up)
        with pytest.raises(TimeoutError):
            await dialler.connect(at_once=True)
    assert "may not go to 10.0.0.1:1 in the clear" in caplog.text
