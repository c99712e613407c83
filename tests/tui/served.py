"""A console on a real server: the whole server in this process, agents that write reports, people with passwords."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from sqlalchemy import select

from conduix.rpc.channel import open_channel
from conduix.v1 import pipeline_service_pb2 as pb
from conduix.v1.pipeline_service_pb2_grpc import PipelineServiceStub
from conduix_server.app import App
from conduix_server.policy import Role
from conduix_server.store import agents, identities
from conduix_server.store.tables import Operation
from conduix_tui.app import ConduixApp
from conduix_tui.client.contexts import Context, ContextFile
from conduix_tui.doors import Doors
from conduix_tui.store.navigation import Location
from tests.integration.control.world import FakeAgent, document, enrolled, ref
from tests.integration.server.world import Served, bearer, settings

DRAIN = "100ms"


class House:
    """One server, that can be stopped and started on its port. `async with House(folder) as house`."""

    served: Served
    agent: FakeAgent

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = 0
        self._admin = ""
        folder.mkdir(exist_ok=True)

    async def __aenter__(self) -> Self:
        await self.start()
        self._admin = await self.token(Role.ADMIN)
        self.agent = await enrolled(self.served.store, "alpha")
        await self._adopt()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """On the port that it had before."""
        server = {"port": 0, "grpc_port": self._port, "drain_timeout": DRAIN}
        app = await App(settings(None, self._folder, server=server)).__aenter__()
        self._port = int(app.grpc_address.rpartition(":")[2])
        self.served = Served(app, open_channel(app.grpc_address, tls=None))
        if hasattr(self, "agent"):
            self.agent.store = self.served.store
            await self._adopt()

    async def stop(self) -> None:
        """As one that is ended from outside."""
        await self.served.channel.close()
        await self.served.app.__aexit__()

    async def _adopt(self) -> None:
        """The agent's session is with this server: taps and logs go to where it is."""
        core, agent = self.served.app.core, self.agent.id
        await core.store.run(lambda tx: agents.write(tx, agent, 0, server_id=core.identity.server_id))

    @property
    def address(self) -> str:
        """Of users."""
        return f"127.0.0.1:{self._port}"

    async def token(self, role: Role) -> str:
        """An API token of somebody with this role; their name is that of the role."""
        async with self.served.store.reading() as tx:
            known = await identities.user_by_name(tx, role.value)
        owner = known or await self.served.user(role)
        return await self.served.api_token(owner, role)

    async def apply(self, *names: str, count: int = 3) -> None:
        """Pipelines of these names."""
        await self.apply_text(*(document(name, count=count) for name in names))

    async def apply_text(self, *texts: str) -> None:
        """These documents."""
        given = [pb.ApplyDocument(document=text, file=f"{number}.yaml") for number, text in enumerate(texts)]
        request = pb.ApplyPipelinesRequest(documents=given)
        await PipelineServiceStub(self.served.channel).ApplyPipelines(request, metadata=bearer(self._admin))

    async def run(self, name: str, state: str = "RUNNING", **fields: Any) -> None:
        """Start a pipeline; the agent says that it is in this state."""
        request = pb.StartPipelineRequest(pipeline=ref(name))
        await PipelineServiceStub(self.served.channel).StartPipeline(request, metadata=bearer(self._admin))
        await self.agent.applied()
        await self.agent.report(state, **fields)

    async def pipeline(self, name: str) -> pb.Pipeline:
        """As the server has it."""
        request = pb.GetPipelineRequest(pipeline=ref(name))
        answer = await PipelineServiceStub(self.served.channel).GetPipeline(request, metadata=bearer(self._admin))
        return answer.pipeline

    async def operations(self) -> Sequence[str]:
        """Their kinds, the oldest first."""
        async with self.served.store.reading() as tx:
            return await tx.all(select(Operation.kind).order_by(Operation.id))

    async def audited(self, actor: str) -> Sequence[tuple[str, str]]:
        """What somebody did, and how it ended, the oldest first."""
        rows = [row for row in await self.served.audited() if row.actor.endswith(actor)]
        return [(row.method.rpartition("/")[2], row.outcome) for row in rows]

    def doors(self, *, read_only: str = "", **contexts: Context) -> Doors:
        """Somebody's contexts."""
        file = ContextFile(self._folder / "contexts.yaml")
        for name, context in contexts.items():
            file.put(name, context)
        return Doors(file, {}, read_only)

    async def console(
        self, role: Role = Role.OPERATOR, at: str = "pipelines", *, read_only: str = "", token: str = ""
    ) -> ConduixApp:
        """A console of somebody with this role, at this place."""
        mine = Context(self.address, token=token or await self.token(role))
        doors = self.doors(read_only=read_only, here=mine)
        return ConduixApp(await doors.enter(doors.target("here")), Location(at), doors)
