"""How the console comes into a server: by which context, as whom, with which guards, and what it remembers of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from conduix.errors import ConduixError, UsageError
from conduix.v1.common_pb2 import ROLE_OPERATOR
from conduix_server.policy import Role
from conduix_tui.client.contexts import Context, ContextFile
from conduix_tui.doors import Doors
from conduix_tui.store.recording import Recording, Replay
from conduix_tui.store.updates import All, Update
from tests.integration.server.world import PASSWORD
from tests.programs import free_port
from tests.tui.served import House


def test_the_context_that_is_named_comes_before_the_current_one(tmp_path: Path) -> None:
    doors = Doors(ContextFile(tmp_path / "contexts.yaml"), {})
    with pytest.raises(UsageError, match="no server is known"):
        doors.target()
    doors.file.put("prod", Context("127.0.0.1:1"))
    doors.file.put("eu", Context("127.0.0.1:2"))
    assert doors.names == ["eu", "prod"]
    assert (doors.target().name, doors.target("eu").name) == ("prod", "eu")
    assert doors.target(server="127.0.0.1:2").name == "eu"
    with pytest.raises(UsageError, match="there is no context 'us'"):
        doors.target("us")


async def test_entering_tells_who_one_is_and_what_guards_there_are(house: House) -> None:
    token = await house.token(Role.OPERATOR)
    plain, guarded = Context(house.address, token=token), Context(house.address, token=token, read_only=True)
    doors = house.doors(plain=plain, guarded=guarded)
    session = await doors.enter(doors.target("plain"))
    assert (session.name, session.user, session.role, session.refusal) == ("plain", "operator", ROLE_OPERATOR, "")
    assert session.client is not None
    await session.client.close()
    session = await doors.enter(doors.target("guarded"))
    assert session.refusal == "the context guarded is read-only"
    assert session.client is not None
    await session.client.close()


async def test_a_door_that_is_shut_says_why(house: House) -> None:
    strange = Context(house.address, token="cdx_nobody")  # noqa: S106 - of nobody
    doors = house.doors(stranger=strange, away=Context(f"127.0.0.1:{free_port()}"))
    with pytest.raises(ConduixError) as refused:
        await doors.enter(doors.target("stranger"))
    assert refused.value.status == "UNAUTHENTICATED"
    with pytest.raises(ConduixError) as away:
        await doors.enter(doors.target("away"))
    assert away.value.status == "UNAVAILABLE"


async def test_signing_in_is_remembered_and_tokens_of_the_environment_are_not_sent(house: House) -> None:
    await house.served.user(Role.VIEWER, "eve")
    doors = Doors(house.doors().file, {"CONDUIX_TOKEN": "cdx_of_another_server"})
    target = await doors.sign_in(house.address, "eve", PASSWORD)
    kept = doors.file.read()
    assert (kept.current, kept.contexts[house.address]) == (house.address, target.context)
    assert (target.context.user, target.context.token) == ("eve", None)
    session = await doors.enter(target)
    assert session.user == "eve"
    assert session.client is not None
    await session.client.close()
    with pytest.raises(ConduixError, match="password"):
        await doors.sign_in(house.address, "eve", "guessed")


async def test_what_is_recorded_is_what_came_through_every_door(house: House, tmp_path: Path) -> None:
    await house.apply("orders")
    file = house.doors(here=Context(house.address, token=await house.token(Role.VIEWER))).file
    heard: list[Update] = []
    with Recording(tmp_path / "night.jsonl") as recording:
        for _ in range(2):
            doors = Doors(file, {}, recording=recording)
            session = await doors.enter(doors.target("here"))
            heard += [await anext(updates) for updates in [session.origin.updates()] for _ in range(4)]
            assert session.client is not None
            await session.client.close()
    told = [update async for update in Replay(tmp_path / "night.jsonl", speed=0).updates()]
    assert told == heard
    assert any(isinstance(update, All) and update.kind == "pipeline" and update.items for update in told)
