"""The servers that a console can go to, and how it comes in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from conduix.v1 import auth_service_pb2 as auth_pb
from conduix_tui.client.client import Client, session_of
from conduix_tui.client.contexts import Context, ContextFile
from conduix_tui.client.credentials import Nobody
from conduix_tui.client.target import Target, credentials_of, parse_address, resolve, without_token
from conduix_tui.session import Session
from conduix_tui.store.live import LiveOrigin
from conduix_tui.store.recording import Recorded, Recording
from conduix_tui.store.updates import Origin


@dataclass(frozen=True, slots=True)
class Doors:
    """All contexts of this user. `read_only`: why nothing may be changed, whichever door is taken; empty: it may."""

    file: ContextFile
    env: Mapping[str, str]
    read_only: str = ""
    recording: Recording | None = None
    """Everything that streams in is written there, too."""

    @property
    def names(self) -> Sequence[str]:
        """The contexts."""
        return sorted(self.file.read().contexts)

    def target(self, context: str | None = None, server: str | None = None) -> Target:
        """The server that is meant; the current context where nothing is named. Raises UsageError."""
        return resolve(self.file, self.env, context=context, server=server)

    async def enter(self, target: Target) -> Session:
        """As whom the context is signed in.

        Raises:
            ConduixError: nobody is signed in there, or the server cannot be reached.
        """
        client = Client.of(target.context, credentials_of(self.file, target))
        try:
            me = await client.call(client.auth.GetMe, auth_pb.GetMeRequest(), deadline=5.0)
        except BaseException:
            await client.close()
            raise
        origin: Origin = LiveOrigin(client)
        if self.recording is not None:
            origin = Recorded(origin, self.recording)
        name, context = target.name or target.context.server, target.context
        read_only = self.read_only or (f"the context {name} is read-only" if context.read_only else "")
        return Session(
            origin,
            client,
            name,
            me.username,
            me.role,
            read_only,
            colour=context.colour,
            protected=context.protected,
        )

    async def sign_in(self, address: str, username: str, password: str) -> Target:
        """Sign in by password, and remember it as the current context.

        Raises:
            ConduixError: the server refuses, or cannot be reached.
        """
        known = self._known(parse_address(address))
        async with Client.of(known.context, Nobody()) as client:
            answer = await client.call(client.auth.Login, auth_pb.LoginRequest(username=username, password=password))
        context: Context = msgspec.structs.replace(
            known.context, user=username, session=session_of(answer.credentials), token=None
        )
        name = known.name or context.server
        self.file.put(name, context, make_current=True)
        return Target(name, context)

    def _known(self, address: str) -> Target:
        return resolve(self.file, without_token(self.env), server=address)
