"""Watches, operations waited for, checkpoints on demand, taps and logs, by real calls."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterable
from typing import Any

import grpc
import pytest

from conduix.rpc.errors import RemoteError, remote_errors
from conduix.v1 import common_pb2, run_service_pb2
from conduix.v1 import mesh_service_pb2 as mesh
from conduix.v1 import operation_service_pb2 as op
from conduix.v1 import pipeline_service_pb2 as pb
from conduix_server.control import checkpoints, housekeeping
from conduix_server.store import agents, changes, reports
from conduix_server.store.tables import CheckpointCopy
from tests.eventually import eventually
from tests.integration.control.world import FakeAgent, World, counts, document, ref, status_of
from tests.integration.store.world import Clock


async def refused(stream: AsyncIterable[Any]) -> RemoteError:
    with pytest.raises(RemoteError) as raised, remote_errors():
        async for _ in stream:
            pass
    return raised.value


async def take(call: Any) -> Any:
    """The next message."""
    return await call.read()


async def rest(call: Any) -> list[Any]:
    """What is still to come of a stream that was read from before."""
    found = []
    while (message := await call.read()) is not grpc.aio.EOF:
        found.append(message)
    return found


def said(message: pb.WatchPipelinesResponse) -> tuple[str, str]:
    return common_pb2.ChangeKind.Name(message.kind).removeprefix("CHANGE_KIND_"), message.pipeline.name


async def running(world: World, **options: Any) -> FakeAgent:
    agent = await world.agent()
    await world.apply(document(**options))
    await world.start()
    await agent.applied()
    await agent.report("RUNNING")
    return agent


async def test_a_watch_begins_with_a_snapshot_and_goes_on(world: World) -> None:
    await world.apply(document("a", more="labels: {team: x}"))
    await world.apply(document("b"))
    every = world.pipelines.WatchPipelines(pb.WatchPipelinesRequest())
    mine = world.pipelines.WatchPipelines(pb.WatchPipelinesRequest(filter="label.team=x"))
    seen = [await take(every) for _ in range(3)]
    assert [said(each) for each in seen] == [("SNAPSHOT", "a"), ("SNAPSHOT", "b"), ("SYNCED", "")]
    assert [said(await take(mine)) for _ in range(2)] == [("SNAPSHOT", "a"), ("SYNCED", "")]
    await world.apply(document("c", more="labels: {team: x}"))
    assert (said(await take(every)), said(await take(mine))) == (("ADDED", "c"), ("ADDED", "c"))
    await world.apply(document("a"))
    changed = await take(every)
    assert (said(changed), changed.pipeline.revision) == (("UPDATED", "a"), 2)
    left = await take(mine)
    assert (said(left), left.pipeline.id) == (("REMOVED", ""), changed.pipeline.id)
    await world.pipelines.DeletePipeline(pb.DeletePipelineRequest(pipeline=ref("b")))
    gone = await take(every)
    assert (said(gone), gone.pipeline.id) == (("REMOVED", ""), seen[1].pipeline.id)
    again = world.pipelines.WatchPipelines(pb.WatchPipelinesRequest(resume_token=changed.resume_token))
    missed = await take(again)
    assert said(missed) == ("REMOVED", "")
    assert said(await take(again)) == ("SYNCED", "")
    quiet = world.pipelines.WatchPipelines(pb.WatchPipelinesRequest(resume_token=missed.resume_token))
    synced = await take(quiet)
    assert (said(synced), synced.resume_token) == (("SYNCED", ""), missed.resume_token)


async def test_a_watch_tells_what_is_reported_and_who_is_away(world: World) -> None:
    await world.apply(document())
    watch = world.pipelines.WatchPipelines(pb.WatchPipelinesRequest())
    agent = await world.agent()

    async def until(state: int) -> None:
        while (await take(watch)).pipeline.state != state:
            continue

    await world.start()
    await until(pb.PIPELINE_STATE_PENDING)
    await agent.applied()
    await agent.report("RUNNING")
    await until(pb.PIPELINE_STATE_RUNNING)
    await agent.set_status(agents.OFFLINE)
    await until(pb.PIPELINE_STATE_WAITING_FOR_AGENT)


async def test_a_report_of_all_tells_only_what_changed(world: World, clock: Clock) -> None:
    agent = await world.agent()
    for name in ("a", "b"):
        await world.apply(document(name, path=f"{name}/{{shard}}.jsonl"))
        await world.start(name)
    idle, busy = (await agent.applied()).assignments
    unchanged = status_of(idle, "RUNNING", nodes=counts(5, 5))
    await agent.told([unchanged, status_of(busy, "RUNNING", nodes=counts(5, 5))], full=True)
    watch = world.pipelines.WatchPipelines(pb.WatchPipelinesRequest())
    while said(await take(watch)) != ("SYNCED", ""):
        continue
    for read, rate in ((15, 10), (45, 30), (45, 0)):
        clock.move(seconds=1)
        await agent.told([unchanged, status_of(busy, "RUNNING", nodes=counts(read, 5))], full=True)
        told = await take(watch)
        assert (told.pipeline.id, told.pipeline.records_in) == (busy.pipeline_id, read)
        assert told.pipeline.records_per_second == rate
    await agent.told([unchanged, status_of(busy, "RUNNING", nodes=counts(45, 5))], full=True)
    await agent.told([status_of(idle, "PAUSED", nodes=counts(5, 5))])
    told = await take(watch)
    assert (told.pipeline.id, told.pipeline.state) == (idle.pipeline_id, pb.PIPELINE_STATE_PAUSED)


async def test_a_token_that_is_too_old_or_not_ours_is_refused(world: World, clock: Clock) -> None:
    await world.apply(document())
    clock.move(minutes=11)
    await world.apply(document(count=9))
    await world.store.run(changes.compact)
    old = world.pipelines.WatchPipelines(pb.WatchPipelinesRequest(resume_token=changes.to_token(0)))
    assert (await refused(old)).code == "RESUME_TOKEN_EXPIRED"
    other = world.pipelines.WatchPipelines(pb.WatchPipelinesRequest(resume_token="x"))  # noqa: S106 - not a secret
    assert (await refused(other)).violations[0].field == "resume_token"


async def test_runs_are_watched(world: World) -> None:
    watch = world.runs.WatchRuns(run_service_pb2.WatchRunsRequest())
    assert (await take(watch)).kind == common_pb2.CHANGE_KIND_SYNCED
    agent = await running(world)
    assert (await take(watch)).kind == common_pb2.CHANGE_KIND_ADDED
    await agent.report("COMPLETED")
    while (told := await take(watch)).run.state != pb.PIPELINE_STATE_COMPLETED:
        continue
    assert (told.kind, told.run.pipeline_name) == (common_pb2.CHANGE_KIND_UPDATED, "orders")


async def test_watching_an_operation_ends_with_it(world: World) -> None:
    agent = await world.agent()
    await world.apply(document())
    operation = await world.start()
    watch = world.operations.WatchOperation(op.WatchOperationRequest(id=operation.id))
    assert (await take(watch)).operation.state == op.OPERATION_STATE_QUEUED
    await agent.applied()
    assert (await take(watch)).operation.state == op.OPERATION_STATE_RUNNING
    await agent.report("RUNNING")
    assert [each.operation.state for each in await rest(watch)] == [op.OPERATION_STATE_SUCCEEDED]
    again = world.operations.WatchOperation(op.WatchOperationRequest(id=operation.id))
    assert [each.operation.state async for each in again] == [op.OPERATION_STATE_SUCCEEDED]
    unknown = world.operations.WatchOperation(op.WatchOperationRequest(id=agent.id))
    assert (await refused(unknown)).code == "OPERATION_NOT_FOUND"
    listed = await world.operations.ListOperations(
        op.ListOperationsRequest(
            paging=common_pb2.Paging(filter=f"pipeline_id={operation.pipeline_id} state=succeeded")
        )
    )
    assert [each.id for each in listed.operations] == [operation.id]


async def test_a_checkpoint_on_demand_ends_with_all_answers(world: World) -> None:
    agent = await running(world, more="parallelism: 2")
    following = asyncio.create_task(checkpoints.follow(world.store, world.feed))
    asked = pb.TriggerCheckpointRequest(pipeline=ref())
    first = (await world.pipelines.TriggerCheckpoint(asked)).operation
    assert first.state == op.OPERATION_STATE_RUNNING
    assert len(await agent.answer("checkpoint", result='{"n": 7}')) == 2
    watch = world.operations.WatchOperation(op.WatchOperationRequest(id=first.id))
    ended = [each.operation async for each in watch][-1]
    assert (ended.state, json.loads(ended.result)) == (op.OPERATION_STATE_SUCCEEDED, {"checkpoints": {"0": 7, "1": 7}})
    second = (await world.pipelines.TriggerCheckpoint(asked)).operation
    await agent.answer("checkpoint", code="DISK")
    watch = world.operations.WatchOperation(op.WatchOperationRequest(id=second.id))
    ended = [each.operation async for each in watch][-1]
    assert (ended.state, ended.code) == (op.OPERATION_STATE_FAILED, "DISK")
    following.cancel()
    await agent.set_status(agents.OFFLINE)
    with pytest.raises(RemoteError, match="not connected"), remote_errors():
        await world.pipelines.TriggerCheckpoint(asked)


async def test_the_copy_of_a_checkpoint(world: World, clock: Clock) -> None:
    agent = await running(world)
    ask = pb.GetCheckpointRequest(pipeline=ref())
    with pytest.raises(RemoteError, match="checkpoint"), remote_errors():
        await world.pipelines.GetCheckpoint(ask)
    body = b'{"n":4}'
    record = hashlib.sha256(body).hexdigest().encode() + b"\n" + body
    copy = CheckpointCopy(
        pipeline_id=(await world.get()).id,
        replica=0,
        agent_id=agent.id,
        run_seq=1,
        generation=1,
        number=4,
        sha256="0" * 64,
        body=mesh.LoadCheckpointResponse(n=4, g=1, record=record).SerializeToString(),
        saved_at=clock.now,
    )
    await world.store.run(lambda tx: reports.save_checkpoint(tx, copy))
    answer = await world.pipelines.GetCheckpoint(ask)
    assert (answer.n, json.loads(answer.record), answer.agent_id) == (4, {"n": 4}, agent.id)


async def test_a_tap_ends_with_the_run(world: World) -> None:
    agent = await running(world)
    tap = world.pipelines.TapPipeline(pb.TapPipelineRequest(pipeline=ref(), node="file"))
    reading = asyncio.ensure_future(take(tap))
    (begun,) = await eventually(lambda: agent.answer("tap"))
    for number in range(2):
        record = mesh.TapRecord(tap_id=begun.tap.tap_id, node="file", record=f'{{"n":{number}}}')
        world.hub.publish(agent.id, mesh.StreamTelemetryRequest(tap=record))
    assert (await reading).record == '{"n":0}'
    assert (await take(tap)).record == '{"n":1}'
    await agent.report("COMPLETED")
    assert await rest(tap) == []
    (end,) = await eventually(lambda: agent.answer("tap"))
    assert (end.tap.stop, end.tap.tap_id) == (True, begun.tap.tap_id)


async def test_a_tap_has_a_limit_and_is_cut_when_it_is_dealt_anew(world: World) -> None:
    agent = await running(world)
    limited = world.pipelines.TapPipeline(pb.TapPipelineRequest(pipeline=ref(), node="source", limit=1, rate=7))
    reading = asyncio.ensure_future(take(limited))
    (begun,) = await eventually(lambda: agent.answer("tap"))
    assert (begun.tap.limit, begun.tap.rate) == (1, 7)
    for _ in range(3):
        world.hub.publish(
            agent.id, mesh.StreamTelemetryRequest(tap=mesh.TapRecord(tap_id=begun.tap.tap_id, record="1"))
        )
    assert (await reading).record == "1"
    assert await rest(limited) == []
    await eventually(lambda: agent.answer("tap"))
    endless = world.pipelines.TapPipeline(pb.TapPipelineRequest(pipeline=ref(), node="source"))
    cut = asyncio.ensure_future(refused(endless))
    await eventually(lambda: agent.answer("tap"))
    await world.scale(2)
    error = await cut
    assert (error.status, error.retry_after) == ("UNAVAILABLE", 1)
    refusing = world.pipelines.TapPipeline(pb.TapPipelineRequest(pipeline=ref(), node="source"))
    failed = asyncio.ensure_future(refused(refusing))

    async def answered() -> bool:
        await agent.answer("tap", code="PIPELINE_INACTIVE")
        return failed.done()

    await eventually(answered)
    assert (await failed).status == "FAILED_PRECONDITION"


async def test_what_cannot_be_tapped(world: World) -> None:
    await world.apply(document())
    tap = world.pipelines.TapPipeline(pb.TapPipelineRequest(pipeline=ref(), node="file"))
    assert (await refused(tap)).code == "PIPELINE_INACTIVE"
    agent = await running(world)
    unknown = await refused(world.pipelines.TapPipeline(pb.TapPipelineRequest(pipeline=ref(), node="nodes")))
    assert (unknown.code, "source, file" in unknown.remedy) == ("NODE_NOT_FOUND", True)
    await world.store.run(lambda tx: agents.write(tx, agent.id, 0, server_id="elsewhere"))
    tap = world.pipelines.TapPipeline(pb.TapPipelineRequest(pipeline=ref(), node="file"))
    assert (await refused(tap)).code == "AGENT_ELSEWHERE"


async def test_logs_of_before_and_those_that_come(world: World) -> None:
    await world.apply(document())
    assert (await refused(world.pipelines.TailLogs(pb.TailLogsRequest(pipeline=ref())))).code == "PIPELINE_INACTIVE"
    agent = await running(world)

    def line(second: int) -> dict[str, object]:
        at = f"2026-11-21T12:00:{second:02}Z"
        return {"at": at, "level": "INFO", "logger": "l", "message": f"m{second}", "replica": 0}

    tail = world.pipelines.TailLogs(pb.TailLogsRequest(pipeline=ref(), lines=2, follow=True))
    reading = asyncio.ensure_future(take(tail))
    stored = json.dumps([line(1), line(2), line(3)])
    (asked,) = await eventually(lambda: agent.answer("tail", result=stored))
    assert asked.tail.lines == 2
    assert [(await reading).message, (await take(tail)).message] == ["m2", "m3"]
    for second in (3, 4):
        live = mesh.LogLine(pipeline_id=asked.tail.pipeline_id, message=f"m{second}")
        live.at.FromJsonString(f"2026-11-21T12:00:{second:02}Z")
        world.hub.publish(agent.id, mesh.StreamTelemetryRequest(log=live))
    told = await take(tail)
    assert (told.message, told.agent_id) == ("m4", agent.id)
    none = world.pipelines.TailLogs(pb.TailLogsRequest(pipeline=ref()))
    assert [each async for each in none] == []


async def test_what_is_overdue_ends_and_what_is_over_goes(world: World, clock: Clock) -> None:
    agent = await world.agent()
    await world.apply(document())
    operation = await world.start()
    clock.move(hours=25)
    await housekeeping.tidy(world.store)
    await housekeeping.tidy(world.store)
    assert await world.outcome(operation) == "EXPIRED"
    assert len((await agent.wanted()).assignments) == 1
    clock.move(days=31)
    await housekeeping.tidy(world.store)
    with pytest.raises(RemoteError, match="no operation"), remote_errors():
        await world.operations.GetOperation(op.GetOperationRequest(id=operation.id))
