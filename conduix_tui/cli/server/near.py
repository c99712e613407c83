"""What was probably meant by a name that a server does not know."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping

from conduix.errors import Resource
from conduix.rpc.errors import RemoteError
from conduix.spec.diagnostics import nearest
from conduix.v1 import agent_service_pb2 as agent_pb
from conduix.v1 import pipeline_service_pb2 as pb
from conduix_tui.client.client import Client
from conduix_tui.client.listing import pages

_MOST = 1000
"""Names that are looked through: the answer is an error all the same, and shall come soon."""


async def nearest_name(client: Client, error: RemoteError) -> str:
    """Of a pipeline or agent that is there; empty if none is near, or the server does not say."""
    names = _NAMES.get(error.resource)
    if error.status != "NOT_FOUND" or names is None:
        return ""
    try:
        return nearest(error.resource_name, [name async for name in names(client)])
    except RemoteError:
        return ""  # the first refusal is the one to be told


async def _pipelines(client: Client) -> AsyncIterator[str]:
    async for page in pages(client, client.pipelines.ListPipelines, pb.ListPipelinesRequest(), limit=_MOST):
        for pipeline in page.pipelines:
            yield pipeline.name


async def _agents(client: Client) -> AsyncIterator[str]:
    async for page in pages(client, client.agents.ListAgents, agent_pb.ListAgentsRequest(), limit=_MOST):
        for agent in page.agents:
            yield agent.name


_NAMES: Mapping[str, Callable[[Client], AsyncIterator[str]]] = {
    Resource.PIPELINE: _pipelines,
    Resource.AGENT: _agents,
}
