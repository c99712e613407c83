"""How requests name things: pipelines by name or id, runs by what a person says of them."""

from __future__ import annotations

import uuid

from conduix.errors import NotFound, Resource, UsageError
from conduix.v1 import agent_service_pb2, common_pb2, run_service_pb2
from conduix.v1 import pipeline_service_pb2 as pb
from conduix_tui.client.client import Client
from conduix_tui.client.listing import pages


def pipeline_ref(name: str) -> pb.PipelineRef:
    """A pipeline by its name, or by its id where it is written as one."""
    return pb.PipelineRef(id=name) if is_id(name) else pb.PipelineRef(name=name)


def is_id(text: str) -> bool:
    """Is this the id of something, rather than a name?"""
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False


async def fetch_pipeline(client: Client, name: str) -> pb.Pipeline:
    """A pipeline. RemoteError PIPELINE_NOT_FOUND: there is none."""
    request = pb.GetPipelineRequest(pipeline=pipeline_ref(name))
    return (await client.call(client.pipelines.GetPipeline, request)).pipeline


async def pipeline_id(client: Client, name: str) -> str:
    """The id of a pipeline. RemoteError PIPELINE_NOT_FOUND: there is none."""
    return name if is_id(name) else (await fetch_pipeline(client, name)).id


async def fetch_agent(client: Client, name: str) -> agent_service_pb2.Agent:
    """An agent by name or id. RemoteError AGENT_NOT_FOUND: there is none."""
    return (await client.call(client.agents.GetAgent, agent_service_pb2.GetAgentRequest(id=name))).agent


async def find_run(client: Client, named: str) -> run_service_pb2.Run:
    """A run by its id, as `orders` (the newest of that pipeline) or as `orders/3` (its third).

    Raises:
        NotFound: the pipeline has no such run.
    """
    if is_id(named):
        return (await client.call(client.runs.GetRun, run_service_pb2.GetRunRequest(id=named))).run
    pipeline, _, number = named.partition("/")
    if number and not (number.isascii() and number.isdigit()):
        raise UsageError(f"{named!r} names no run", remedy="write its id, or PIPELINE/NUMBER as in orders/3")
    paging = common_pb2.Paging(filter=f"pipeline_id={await pipeline_id(client, pipeline)}", order_by="started_at desc")
    request = run_service_pb2.ListRunsRequest(paging=paging)
    async for page in pages(client, client.runs.ListRuns, request, limit=None if number else 1):
        for run in page.runs:
            if not number or run.run_seq == int(number):
                return run
    raise NotFound(Resource.RUN, named, remedy=f"conduix get runs {pipeline}")
