"""Signing in, staying signed in, and being signed out, over real calls on both databases."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import pytest

from conduix.errors import TokenExpired, TokenInvalid
from conduix.rpc.errors import RemoteError, remote_errors
from conduix.v1 import auth_service_pb2 as pb
from conduix.v1 import common_pb2 as pb_common
from conduix.v1 import system_service_pb2 as pb_system
from conduix.v1 import user_service_pb2 as pb_user
from conduix_server.control.passwords import Passwords
from conduix_server.control.tokens import Tokens
from conduix_server.policy import Role
from conduix_server.store import identities
from tests.eventually import eventually
from tests.integration.server.world import (
    PASSWORD,
    SECRET,
    Served,
    bearer,
    hashed,
    serving,
    tokens_of_yesterday,
)


async def me(served: Served, token: str) -> pb.GetMeResponse:
    with remote_errors():
        return await served.auth.GetMe(pb.GetMeRequest(), metadata=bearer(token))


async def code_of(served: Served, token: str) -> str:
    with pytest.raises(RemoteError) as refused:
        await me(served, token)
    assert refused.value.status == "UNAUTHENTICATED"
    assert refused.value.remedy
    return refused.value.code


async def test_a_session_is_opened_refreshed_and_closed(served: Served) -> None:
    person = await served.user(Role.OPERATOR, "ann")
    signed = await served.login("ANN")
    left = signed.access_expires_at.ToDatetime(UTC) - datetime.now(UTC)
    assert timedelta(minutes=14) < left <= timedelta(minutes=15)
    assert signed.session_expires_at.ToDatetime(UTC) - datetime.now(UTC) > timedelta(hours=23)
    said = await me(served, signed.access_token)
    assert (said.user_id, said.username, said.role) == (person.id, "ann", pb_common.ROLE_OPERATOR)
    assert said.credential == pb.CREDENTIAL_KIND_SESSION
    assert said.expires_at == signed.session_expires_at
    again = (await served.auth.Refresh(pb.RefreshRequest(refresh_token=signed.refresh_token))).credentials
    assert again.refresh_token != signed.refresh_token
    assert again.session_expires_at == signed.session_expires_at
    await me(served, signed.access_token)
    await served.auth.Logout(pb.LogoutRequest(), metadata=bearer(again.access_token))
    for token in (signed.access_token, again.access_token):
        assert await code_of(served, token) == "TOKEN_REVOKED"
    with pytest.raises(RemoteError, match="refresh token"), remote_errors():
        await served.auth.Refresh(pb.RefreshRequest(refresh_token=again.refresh_token))


async def test_a_refresh_token_that_comes_twice_ends_its_session(served: Served) -> None:
    await served.user()
    signed = await served.login()
    ask = pb.RefreshRequest(refresh_token=signed.refresh_token)
    both = await asyncio.gather(served.auth.Refresh(ask), served.auth.Refresh(ask), return_exceptions=True)
    (again,) = [each.credentials for each in both if isinstance(each, pb.RefreshResponse)]
    with pytest.raises(RemoteError) as refused, remote_errors():
        raise next(each for each in both if isinstance(each, BaseException))
    assert refused.value.code == "TOKEN_REVOKED"
    assert await code_of(served, again.access_token) == "TOKEN_REVOKED"
    assert [row.outcome for row in await served.audited()] == ["OK", "REFRESH_TOKEN_REUSED"]


async def test_a_wrong_password_and_a_name_that_nobody_has_look_the_same_and_are_written_down(served: Served) -> None:
    person = await served.user()
    said = set()
    for name, password in (("admin", "wrong"), ("nobody", PASSWORD)):
        with pytest.raises(RemoteError) as refused:
            await served.login(name, password)
        said.add((refused.value.code, refused.value.message, refused.value.remedy))
    assert len(said) == 1
    await served.login()
    rows = [(row.actor, row.method, row.target_id, row.outcome, row.address) for row in await served.audited()]
    assert rows == [
        ("user:admin", "AuthService/Login", person.id, "UNAUTHENTICATED", "127.0.0.1"),
        ("user:nobody", "AuthService/Login", "", "UNAUTHENTICATED", "127.0.0.1"),
        ("user:admin", "AuthService/Login", person.id, "OK", "127.0.0.1"),
    ]


async def test_the_sixth_failure_within_a_minute_is_not_even_looked_at(served: Served) -> None:
    await served.user()
    for _ in range(5):
        with pytest.raises(RemoteError) as refused:
            await served.login(password="wrong")  # noqa: S106
        assert refused.value.code == "UNAUTHENTICATED"
    with pytest.raises(RemoteError) as refused:
        await served.login()
    assert (refused.value.status, refused.value.code) == ("RESOURCE_EXHAUSTED", "RATE_LIMITED")
    assert refused.value.retry_after is not None
    assert 0 < refused.value.retry_after <= 12
    assert len(await served.audited()) == 5


async def test_who_is_disabled_is_out_at_once(served: Served) -> None:
    person = await served.user()
    signed, token = await served.login(), await served.api_token(person)
    await me(served, token)
    await served.store.run(
        lambda tx: identities.update_user(tx, person.id, version=None, disabled_at=datetime.now(UTC))
    )

    async def out() -> bool:
        for each in (signed.access_token, token):
            with pytest.raises(RemoteError) as refused:
                await me(served, each)
            assert refused.value.code == "TOKEN_REVOKED"
        return True

    await eventually(lambda: not_yet(out), timeout=1)
    with pytest.raises(RemoteError, match="user name or password"):
        await served.login()


async def not_yet(check: Callable[[], Awaitable[bool]]) -> bool:
    try:
        return await check()
    except pytest.fail.Exception:  # nobody was refused
        return False


async def test_api_tokens_are_made_listed_used_and_revoked(served: Served) -> None:
    await served.user(Role.OPERATOR, "ann")
    mine = bearer((await served.login("ann")).access_token)
    ask = pb.CreateApiTokenRequest(name="ci", role=pb_common.ROLE_VIEWER, request_id="once")
    made = await served.auth.CreateApiToken(ask, metadata=mine)
    assert made.token.startswith("cdx_")
    said = await me(served, made.token)
    assert (said.username, said.role, said.credential) == ("ann", pb_common.ROLE_VIEWER, pb.CREDENTIAL_KIND_API_TOKEN)
    assert not said.HasField("expires_at")
    with pytest.raises(RemoteError, match="shown once") as again, remote_errors():
        await served.auth.CreateApiToken(ask, metadata=mine)
    assert again.value.status == "FAILED_PRECONDITION"
    (listed,) = (await served.auth.ListApiTokens(pb.ListApiTokensRequest(), metadata=mine)).api_tokens
    assert (listed.id, listed.name) == (made.api_token.id, "ci")
    assert listed.HasField("used_at")
    await served.auth.RevokeApiToken(pb.RevokeApiTokenRequest(id=listed.id), metadata=mine)

    assert await code_of(served, made.token) == "TOKEN_REVOKED"
    rows = await served.audited()
    assert [row.method for row in rows[1:]] == ["AuthService/CreateApiToken", "AuthService/RevokeApiToken"]
    assert {row.target_id for row in rows[1:]} == {listed.id}
    assert json.loads(rows[1].detail) == {"name": "ci", "role": "ROLE_VIEWER"}


async def test_a_token_has_at_most_the_role_of_its_owner_also_later(served: Served) -> None:
    owner = await served.user(Role.OPERATOR, "ann")
    mine = bearer(await served.api_token(owner))
    ask = pb.CreateApiTokenRequest(name="up", role=pb_common.ROLE_ADMIN)
    with pytest.raises(RemoteError) as refused, remote_errors():
        await served.auth.CreateApiToken(ask, metadata=mine)
    assert refused.value.code == "PERMISSION_DENIED"
    await served.store.run(lambda tx: identities.update_user(tx, owner.id, version=None, role="viewer"))
    later = await served.api_token(owner, Role.OPERATOR)
    assert (await me(served, later)).role == pb_common.ROLE_VIEWER


async def test_tokens_of_others_are_an_admins_business_only(served: Served) -> None:
    ann, eve, admin = [await served.user(role, name) for role, name in NAMED]
    token = await served.api_token(ann)
    by = {person.username: bearer(await served.api_token(person)) for person in (ann, eve, admin)}
    (first, *_) = (await served.auth.ListApiTokens(pb.ListApiTokensRequest(), metadata=by["ann"])).api_tokens
    with pytest.raises(RemoteError) as refused, remote_errors():
        await served.auth.RevokeApiToken(pb.RevokeApiTokenRequest(id=first.id), metadata=by["eve"])
    assert refused.value.code == "API_TOKEN_NOT_FOUND"
    everybodys = await served.auth.ListApiTokens(pb.ListApiTokensRequest(), metadata=by["root"])
    assert everybodys.page_info.total_size == 4
    await served.auth.RevokeApiToken(pb.RevokeApiTokenRequest(id=first.id), metadata=by["root"])
    assert await code_of(served, token) == "TOKEN_REVOKED"


NAMED = ((Role.OPERATOR, "ann"), (Role.OPERATOR, "eve"), (Role.ADMIN, "root"))


async def test_forged_borrowed_and_old_tokens_are_refused(small: Served) -> None:
    person = await small.user()
    claims = jwt.decode((await small.login()).access_token, options={"verify_signature": False})
    _, agent = await small.agent()
    unsigned = ".".join(
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
        for part in ({"alg": "none", "typ": "JWT"}, claims)
    )
    forged = {
        "nothing like a token": "garbage",
        "no signature": unsigned + ".",
        "another secret": jwt.encode(claims, "x" * 32, algorithm="HS256"),
        "another algorithm": jwt.encode(claims, SECRET * 2, algorithm="HS512"),
        "another server": jwt.encode({**claims, "iss": "other"}, SECRET, algorithm="HS256"),
        "another audience": jwt.encode({**claims, "aud": "other"}, SECRET, algorithm="HS256"),
        "an agent's audience": jwt.encode({**claims, "aud": "conduix:agent"}, SECRET, algorithm="HS256"),
        "no end": jwt.encode({key: claims[key] for key in claims if key != "exp"}, SECRET, algorithm="HS256"),
        "no session": jwt.encode({**claims, "sid": "gone"}, SECRET, algorithm="HS256"),
        "the session of somebody else": jwt.encode({**claims, "sub": "other"}, SECRET, algorithm="HS256"),
        "an unknown API token": "cdx_" + "x" * 43,
    }
    for what, token in forged.items():
        assert await code_of(small, token) == "TOKEN_INVALID", what
    old, _ = tokens_of_yesterday().issue_access_token(person.id, claims["sid"])
    assert await code_of(small, old) == "TOKEN_EXPIRED"
    ended = await small.api_token(person, expires_at=datetime.now(UTC) - timedelta(seconds=1))
    assert await code_of(small, ended) == "TOKEN_EXPIRED"
    with pytest.raises(RemoteError) as refused:
        await me(small, agent)
    assert refused.value.code == "PERMISSION_DENIED"


async def test_a_server_with_certificates_takes_no_agents_tokens(tmp_path: Path) -> None:
    async with serving(None, tmp_path) as small:
        small.app.core.callers._token_mode = False
        _, token = await small.agent()
        with pytest.raises(RemoteError, match="certificates") as refused:
            await me(small, token)
        assert refused.value.code == "TOKEN_INVALID"


async def test_people_are_made_once_and_never_shown_with_their_password(served: Served) -> None:
    admin = bearer(await served.api_token(await served.user()))
    ask = pb_user.CreateUserRequest(
        username="Ann", email="Ann@Example.org", password=PASSWORD, role=pb_common.ROLE_VIEWER, request_id="r1"
    )
    first = await served.users.CreateUser(ask, metadata=admin)
    assert await served.users.CreateUser(ask, metadata=admin) == first
    other = pb_user.CreateUserRequest(username="bob", password=PASSWORD, role=pb_common.ROLE_VIEWER, request_id="r1")
    with pytest.raises(RemoteError) as reused, remote_errors():
        await served.users.CreateUser(other, metadata=admin)
    assert reused.value.code == "REQUEST_ID_REUSED"
    twice = pb_user.CreateUserRequest(username="ann", password=PASSWORD, role=pb_common.ROLE_VIEWER)
    with pytest.raises(RemoteError) as taken, remote_errors():
        await served.users.CreateUser(twice, metadata=admin)
    assert taken.value.code == "USER_EXISTS"
    assert (first.user.username, first.user.email) == ("ann", "ann@example.org")
    await served.login("ann")
    listed = await served.users.ListUsers(pb_user.ListUsersRequest(), metadata=admin)
    assert [user.username for user in listed.users] == ["admin", "ann"]
    assert listed.users[1].HasField("last_login_at")
    assert PASSWORD not in str(listed) + str(first) + str([row.detail for row in await served.audited()])


async def test_a_list_takes_no_condition_that_it_does_not_have(small: Served) -> None:
    admin = bearer(await small.api_token(await small.user()))
    ask = pb_user.ListUsersRequest(paging=pb_common.Paging(filter="role=admin"))
    with pytest.raises(RemoteError) as refused, remote_errors():
        await small.users.ListUsers(ask, metadata=admin)
    assert refused.value.violations[0].field == "paging.filter"


async def test_a_token_is_good_on_every_server_that_has_the_secret(small: Served) -> None:
    person = await small.user()
    token, ends = Tokens(SECRET, lambda: datetime.now(UTC)).issue_agent_token(person.id, "a")
    read = small.app.core.tokens.read(token)
    assert read.agent_id == person.id  # type: ignore[union-attr]  # it says so
    assert ends - datetime.now(UTC) > timedelta(hours=23)
    with pytest.raises(TokenInvalid):
        Tokens("y" * 40, lambda: datetime.now(UTC)).read(token)
    with pytest.raises(TokenExpired):
        Tokens(SECRET, lambda: datetime.now(UTC) + timedelta(hours=25)).read(token)


async def test_a_name_that_nobody_has_takes_as_long_as_a_wrong_password() -> None:
    passwords = Passwords()
    assert await passwords.matches(PASSWORD, hashed())
    assert not await passwords.matches(PASSWORD, None)

    async def fastest(kept: str | None) -> float:
        spent = []
        for _ in range(3):
            started = time.perf_counter()
            assert not await passwords.matches("wrong", kept)
            spent.append(time.perf_counter() - started)
        return min(spent)

    known, unknown = await fastest(hashed()), await fastest(None)
    assert 0.5 < unknown / known < 2


async def test_what_the_server_tells_of_itself(served: Served) -> None:
    info = await served.system.GetInfo(pb_system.GetInfoRequest())
    assert info.version
    admin = bearer(await served.api_token(await served.user()))
    status = await served.system.GetClusterStatus(pb_system.GetClusterStatusRequest(), metadata=admin)
    assert [server.server_id for server in status.servers] == [info.server_id]
    assert status.database in {"sqlite", "mysql"}
    await served.agent()
    status = await served.system.GetClusterStatus(pb_system.GetClusterStatusRequest(), metadata=admin)
    assert (status.agents_known, status.agents_connected) == (1, 0)
    catalogue = await served.system.GetStageCatalog(pb_system.GetStageCatalogRequest(), metadata=admin)
    assert {"file", "mapping"} <= {entry.type for entry in catalogue.entries}
    assert all(json.loads(entry.options_schema) for entry in catalogue.entries)
    assert json.loads(catalogue.document_schema)["$schema"]


async def test_nothing_that_opens_a_door_is_kept_or_logged(
    small: Served, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    await small.user()
    signed = await small.login()
    who = bearer(signed.access_token)
    made = await small.auth.CreateApiToken(pb.CreateApiTokenRequest(name="ci", request_id="r1"), metadata=who)
    again = (await small.auth.Refresh(pb.RefreshRequest(refresh_token=signed.refresh_token))).credentials
    canary = "canary-canary-canary"
    ask = pb_user.CreateUserRequest(username="ann", password=canary, role=pb_common.ROLE_VIEWER, request_id="r2")
    await small.users.CreateUser(ask, metadata=who)
    with pytest.raises(RemoteError):
        await small.login("ann", canary + "!")
    kept = b"".join(file.read_bytes() for file in (tmp_path / "state").iterdir())
    doors = (PASSWORD, SECRET, canary, signed.access_token, signed.refresh_token, again.refresh_token, made.token)
    for door in doors:
        assert door.encode() not in kept
        assert door not in caplog.text
    assert b"ann" in kept


@pytest.mark.parametrize("size", [101, 10**9, -1])
async def test_nobody_gets_a_page_of_everything(small: Served, size: int) -> None:
    admin = bearer(await small.api_token(await small.user()))
    with pytest.raises(RemoteError) as refused, remote_errors():
        await small.users.ListUsers(pb_user.ListUsersRequest(paging=pb_common.Paging(page_size=size)), metadata=admin)
    assert refused.value.violations[0].field == "paging.page_size"
