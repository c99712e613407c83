"""How `conduix up` lets itself and its agent in: an admin, an API token, a join token."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Mapping, Sequence

from google.protobuf.duration_pb2 import Duration

from conduix.rpc.errors import RemoteError
from conduix.v1 import agent_service_pb2 as agent_pb
from conduix.v1 import auth_service_pb2 as auth_pb
from conduix_tui.cli.up.child import ChildFailed
from conduix_tui.cli.up.state import UpState
from conduix_tui.client.client import Client, session_of
from conduix_tui.client.credentials import FixedToken
from conduix_tui.client.refs import fetch_agent
from conduix_tui.client.watch import messages_of, watch

ADMIN = "admin"
AGENT = "local"
_ADMIN_MADE = "admin-created"
_API_TOKEN = "api-token"  # noqa: S105 - a file's name
_JOIN_TOKEN = "join-token"  # noqa: S105 - a file's name
_JOIN_WITHIN = 600
_ONLINE_WITHIN = 60.0


def make_admin(state: UpState, argv: Sequence[str], env: Mapping[str, str]) -> None:
    """The first person of a new server, before it serves; `argv` is the server's, without the interpreter.

    Raises:
        ChildFailed: it could not be made, with what the server says.
    """
    if state.read(_ADMIN_MADE):
        return
    command = [*argv, "--create-admin", ADMIN, "--password-file", str(state.admin_password_file)]
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, *command], env=dict(env), capture_output=True, text=True, check=False
    )
    # killed between the two steps last time: there already, with the password of this folder
    if done.returncode != 0 and "USER_EXISTS" not in done.stderr:
        raise ChildFailed(f"no admin could be made:\n{done.stderr.strip()}", remedy=f"look into {state.path}")
    state.write(_ADMIN_MADE, ADMIN)


async def admin_token(state: UpState, address: str) -> str:
    """An API token of the admin: the one that is kept, or a new one where that is of no use any more."""
    if (kept := state.read(_API_TOKEN)) and await _is_good(kept, address):
        return kept
    password = state.admin_password_file.read_text(encoding="utf-8").strip()
    async with Client(address, None) as client:
        answer = await client.call(client.auth.Login, auth_pb.LoginRequest(username=ADMIN, password=password))
        access = session_of(answer.credentials).access_token
    async with Client(address, None, FixedToken(access)) as client:
        request = auth_pb.CreateApiTokenRequest(name="conduix up")
        token = (await client.call(client.auth.CreateApiToken, request)).token
        await client.call(client.auth.Logout, auth_pb.LogoutRequest())
    state.write(_API_TOKEN, token)
    return token


async def _is_good(token: str, address: str) -> bool:
    async with Client(address, None, FixedToken(token)) as client:
        try:
            await client.call(client.auth.GetMe, auth_pb.GetMeRequest())
        except RemoteError as error:
            if error.status == "UNAUTHENTICATED":
                return False
            raise
    return True


async def join_token(state: UpState, client: Client) -> None:
    """What the agent enrols with, in its file; one that has enrolled needs none."""
    if (state.path / "agent" / "identity").exists():
        return
    request = agent_pb.CreateJoinTokenRequest(name="conduix up", lifetime=Duration(seconds=_JOIN_WITHIN), max_uses=1)
    state.write(_JOIN_TOKEN, (await client.call(client.agents.CreateJoinToken, request)).token)


async def sessions(client: Client) -> int:
    """How many sessions the agent has had; 0: there is no such agent yet."""
    try:
        return (await fetch_agent(client, AGENT)).session
    except RemoteError as error:
        if error.status != "NOT_FOUND":
            raise
        return 0


async def connected(client: Client, before: int) -> None:
    """Until the agent has a session after those of `before`.

    Raises:
        ChildFailed: it has none after a minute.
    """
    request = agent_pb.WatchAgentsRequest(filter=f"name={AGENT}")
    try:
        async with asyncio.timeout(_ONLINE_WITHIN):
            async for update in watch(client, client.agents.WatchAgents, request):
                if any(message.agent.session > before for message in messages_of(update)):
                    return
    except TimeoutError:
        raise ChildFailed("the agent does not reach the server", remedy="see agent.log") from None
