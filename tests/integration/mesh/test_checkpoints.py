"""What agents fetch and bring: documents and copies of checkpoints, of the pipelines that they run and no other."""

from __future__ import annotations

import pytest

from conduix.errors import ConduixError
from conduix.rpc.errors import remote_errors
from conduix.v1 import mesh_service_pb2 as pb
from conduix_server.store import desired, pipelines
from conduix_server.store.store import new_id
from tests.integration.mesh.agent import Agent
from tests.integration.mesh.serving import Served
from tests.integration.mesh.test_sessions import assign


async def save(served: Served, agent: Agent, pipeline_id: str, **more: int) -> str:
    """The code of its refusal; empty: it is kept."""
    asked = {"epoch": 1, "run_seq": 1, "g": 1, "n": 1, **more}
    request = pb.SaveCheckpointRequest(pipeline_id=pipeline_id, record=b"r%d" % asked["n"], cut=b"c", **asked)
    try:
        with remote_errors():
            await served.service.SaveCheckpoint(request, metadata=agent.metadata)
    except ConduixError as error:
        return error.code
    return ""


async def load(served: Served, agent: Agent, pipeline_id: str, run_seq: int = 1) -> pb.LoadCheckpointResponse:
    request = pb.LoadCheckpointRequest(pipeline_id=pipeline_id, run_seq=run_seq)
    with remote_errors():
        return await served.service.LoadCheckpoint(request, metadata=agent.metadata)


async def test_a_copy_is_kept_unless_a_later_owner_has_written(served: Served) -> None:
    agent, other = await served.agent("a1"), await served.agent("a2")
    pipeline_id = await assign(served.store, agent)
    assert await save(served, agent, pipeline_id) == ""
    assert await save(served, agent, pipeline_id, g=2, n=7) == ""
    assert await save(served, agent, pipeline_id, g=1, n=9) == "FENCE_LOST"
    assert await save(served, agent, pipeline_id, g=2, n=3) == ""
    kept = await load(served, agent, pipeline_id)
    assert (kept.n, kept.g, kept.record, kept.cut) == (7, 2, b"r7", b"c")
    with pytest.raises(ConduixError) as caught:
        await load(served, agent, pipeline_id, run_seq=2)
    assert caught.value.code == "CHECKPOINT_NOT_FOUND"
    assert await save(served, other, pipeline_id, g=9) == "PERMISSION_DENIED"
    await served.store.run(
        lambda tx: desired.place(
            tx,
            pipeline_id,
            agent_id=agent.disk.identity.agent_id,
            replicas=1,
            action="RUNNING",
            revision=1,
            run_id=None,
        )
    )
    assert await save(served, agent, pipeline_id, g=3, n=8) == "FENCE_LOST"
    assert await save(served, agent, pipeline_id, g=3, n=8, epoch=2) == ""
    assert await save(served, agent, pipeline_id, g=3, n=9, epoch=2, replica=1) == "FENCE_LOST"


async def test_documents_are_for_those_who_run_them(served: Served) -> None:
    agent, other = await served.agent("a1"), await served.agent("a2")
    pipeline_id = await assign(served.store, agent)
    await served.store.run(lambda tx: pipelines.revise(tx, pipeline_id, "name: two\n", "e" * 64, version=None))

    async def fetch(who: Agent, number: int, pipeline: str = pipeline_id) -> pb.FetchRevisionResponse:
        request = pb.FetchRevisionRequest(pipeline_id=pipeline, number=number)
        with remote_errors():
            return await served.service.FetchRevision(request, metadata=who.metadata)

    assert (await fetch(agent, 1)).document == "name: orders\n"
    assert (await fetch(agent, 2)).digest == "e" * 64
    for who, number, pipeline, code in (
        (agent, 3, pipeline_id, "REVISION_NOT_FOUND"),
        (other, 1, pipeline_id, "PERMISSION_DENIED"),
        (agent, 1, new_id(), "PERMISSION_DENIED"),
        (agent, 0, pipeline_id, "INVALID_ARGUMENT"),
        (agent, 1, "../etc", "INVALID_ARGUMENT"),
    ):
        with pytest.raises(ConduixError) as caught:
            await fetch(who, number, pipeline)
        assert caught.value.code == code
