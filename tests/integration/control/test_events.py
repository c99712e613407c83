"""Events, audit and the last fifteen minutes, by real calls on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from conduix.rpc.errors import RemoteError, remote_errors
from conduix.v1 import common_pb2
from conduix.v1 import event_service_pb2 as pb
from conduix.v1 import mesh_service_pb2 as mesh
from conduix.v1 import pipeline_service_pb2 as pipeline_pb
from conduix.v1 import system_service_pb2 as system_pb
from conduix_server.control import observed
from conduix_server.store import agents, events
from tests.integration.control.world import FakeAgent, World, counts, document, ref
from tests.integration.store.world import Clock


async def running(world: World) -> FakeAgent:
    agent = await world.agent("alpha")
    await world.apply(document())
    await world.start()
    await agent.applied()
    await agent.report("RUNNING", nodes=counts(0, 0))
    return agent


async def listed(world: World, condition: str = "") -> list[pb.Event]:
    request = pb.ListEventsRequest(paging=common_pb2.Paging(filter=condition))
    return list((await world.events.ListEvents(request)).events)


async def test_what_an_agent_tells_and_how_runs_end_is_listed_the_newest_first(world: World, clock: Clock) -> None:
    agent = await running(world)
    pipeline = await world.get()
    crashed = mesh.AgentEvent(
        at=Timestamp(seconds=int(clock().timestamp())),
        kind="worker_crashed",
        pipeline_id=pipeline.id,
        replica=0,
        message="ended by SIGKILL",
    )
    await world.store.run(lambda tx: observed.note(tx, agent.id, crashed))
    clock.move(seconds=5)
    await agent.report("FAILED", detail="the disk is full", code="DISK")
    failed, crash = await listed(world)
    assert (failed.kind, failed.level, failed.message) == (
        "run_failed",
        pb.EVENT_LEVEL_ERROR,
        "run 1: FAILED: the disk is full",
    )
    assert (crash.level, crash.pipeline_name, crash.agent_name) == (pb.EVENT_LEVEL_WARNING, "orders", "alpha")
    assert [event.kind for event in await listed(world, "level=error")] == ["run_failed"]
    assert [event.kind for event in await listed(world, f"agent_id={agent.id}")] == ["worker_crashed"]
    with pytest.raises(RemoteError, match="level=LOUD: one of INFO"), remote_errors():
        await listed(world, "level=loud")


async def test_a_watch_tells_events_as_they_come(world: World) -> None:
    await world.store.run(lambda tx: events.add(tx, "agent_online", events.INFO, "session 1"))
    call = world.events.WatchEvents(pb.WatchEventsRequest())
    first, synced = await call.read(), await call.read()
    assert isinstance(first, pb.WatchEventsResponse)
    assert isinstance(synced, pb.WatchEventsResponse)
    assert (first.event.kind, synced.kind) == ("agent_online", common_pb2.CHANGE_KIND_SYNCED)
    await world.store.run(lambda tx: events.add(tx, "agent_offline", events.WARNING, "nothing was heard of it"))
    told = await call.read()
    while isinstance(told, pb.WatchEventsResponse) and told.event.id == first.event.id:
        told = await call.read()  # what the snapshot has shown may come once more
    assert isinstance(told, pb.WatchEventsResponse)
    assert (told.kind, told.event.kind) == (common_pb2.CHANGE_KIND_ADDED, "agent_offline")
    again = world.events.WatchEvents(pb.WatchEventsRequest(resume_token=synced.resume_token))
    resumed = await again.read()
    while isinstance(resumed, pb.WatchEventsResponse) and resumed.event.id == first.event.id:
        resumed = await again.read()
    assert isinstance(resumed, pb.WatchEventsResponse)
    assert resumed.event.id == told.event.id


async def test_old_events_are_dropped_and_only_they(world: World, clock: Clock) -> None:
    await world.store.run(lambda tx: events.add(tx, "old", events.INFO, ""))
    clock.move(days=31)
    await world.store.run(lambda tx: events.add(tx, "new", events.INFO, ""))
    assert await world.store.run(lambda tx: events.drop_before(tx, tx.now - timedelta(days=30))) == 1
    assert [event.kind for event in await listed(world)] == ["new"]


async def test_deeds_are_in_the_audit_with_who_did_them(world: World) -> None:
    await running(world)
    asked = pb.ListAuditRecordsRequest(paging=common_pb2.Paging(filter="actor=user:ada"))
    start, apply = (await world.events.ListAuditRecords(asked)).audit_records
    assert (start.method, apply.method) == ("PipelineService/StartPipeline", "PipelineService/ApplyPipelines")
    assert {start.outcome, apply.outcome} == {"OK"}
    nobody = pb.ListAuditRecordsRequest(paging=common_pb2.Paging(filter="actor=user:bob"))
    assert not (await world.events.ListAuditRecords(nobody)).audit_records


async def test_an_agent_that_is_silent_and_comes_back_is_told(world: World) -> None:
    agent = await world.agent("alpha")
    async with world.store.reading() as tx:
        heard = dict(await agents.heard(tx))
    assert await world.store.run(lambda tx: agents.silent(tx, heard)) == [agent.id]
    (event,) = await listed(world)
    assert (event.kind, event.agent_name) == ("agent_offline", "alpha")


async def test_the_last_minutes_have_rates_and_begin_anew_with_a_run(world: World, clock: Clock) -> None:
    agent = await running(world)
    await world.agent("beta", online=False)
    await world.history.look()
    clock.move(seconds=5)
    await agent.report("RUNNING", nodes=counts(1000, 900, dead=100), restarts=2)
    await world.history.look()
    request = pipeline_pb.GetPipelineMetricsRequest(pipeline=ref())
    answer = await world.pipelines.GetPipelineMetrics(request)
    before, now = answer.points
    assert answer.step.seconds == 5
    assert before.records_in_per_second == 0
    rates = (now.records_in_per_second, now.records_out_per_second, now.records_dead_per_second)
    assert rates == (200, 180, 20)
    assert (now.restarts, now.state) == (2, pipeline_pb.PIPELINE_STATE_RUNNING)
    dashboard = await world.system.GetDashboard(system_pb.GetDashboardRequest())
    newest = dashboard.points[-1]
    assert (newest.agents_online, newest.agents_offline, newest.pipelines_running) == (1, 1, 1)
    assert newest.records_in_per_second == 200
    assert dashboard.cluster.pipelines == 1
    await agent.report("COMPLETED", nodes=counts(1000, 900, dead=100))
    await world.start()
    await agent.applied()
    await agent.report("RUNNING", nodes=counts(10, 10))
    clock.move(seconds=5)
    await world.history.look()
    after = (await world.pipelines.GetPipelineMetrics(request)).points[-1]
    assert after.records_in_per_second == 0
