"""What a console works with: a server or a recording, who the person is, and what may be changed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from conduix.v1.common_pb2 import ROLE_OPERATOR, Role
from conduix_tui.client.client import Client
from conduix_tui.client.contexts import Colour
from conduix_tui.store.updates import Origin, Update


@dataclass(frozen=True, slots=True)
class Session:
    """One server, or a recording of one (then there is no client, and nothing can be changed)."""

    origin: Origin
    client: Client | None = None
    name: str = ""
    """Of the context or recording."""
    user: str = ""
    role: Role = Role.ROLE_UNSPECIFIED
    read_only: str = ""
    """Why nothing may be changed here, by flag or context; empty: by the role only."""

    why_closed: str = ""
    """Why nobody is signed in; empty: somebody is, or nobody needs to be."""

    colour: Colour = ""
    """Of the stripe that tells this server from others; empty: none."""
    protected: bool = False
    """Is everything asked about one grade more strictly here?"""

    @property
    def refusal(self) -> str:
        """Why nothing can be changed; empty: it can."""
        return self.refuses(ROLE_OPERATOR)

    def refuses(self, needs: Role) -> str:
        """Why nothing that needs this role can be done; empty: it can."""
        if self.client is None:
            return "nobody is signed in" if self.why_closed else "this is a recording"
        if self.read_only:
            return self.read_only
        if self.role >= needs:
            return ""
        word = Role.Name(needs).removeprefix("ROLE_").lower()
        may = "may only read here" if self.role < ROLE_OPERATOR else "may not do this"
        return f"{self.user or 'who is signed in'} {may}: ask for the role {word}"


class Nowhere:
    """The origin of a console that has not come in yet: nothing comes."""

    async def updates(self) -> AsyncIterator[Update]:
        """See `Origin`."""
        return
        yield


def closed(server: str, user: str, why: str) -> Session:
    """Nobody is signed in at this server."""
    return Session(Nowhere(), name=server, user=user, why_closed=why)
