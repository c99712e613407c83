"""The life of pipelines: what is wanted, what agents hear of it, and what their reports make of it."""

from __future__ import annotations

import asyncio

import pytest

from conduix.rpc.errors import RemoteError, remote_errors
from conduix.v1 import pipeline_service_pb2 as pb
from conduix.v1.operation_service_pb2 import CancelOperationRequest, GetOperationRequest, Operation
from conduix.v1.run_service_pb2 import GetRunRequest, ListRunsRequest, RetryRunRequest
from conduix_server.control import operations
from conduix_server.store import agents
from tests.integration.control.world import FakeAgent, World, counts, document, ref, status_of
from tests.integration.store.world import Clock


async def refused(call: object) -> RemoteError:
    with pytest.raises(RemoteError) as raised, remote_errors():
        await call  # type: ignore[misc]
    return raised.value


async def take_back(world: World, agent: FakeAgent, operation: Operation) -> None:
    """And it is as it was: one replica runs."""
    await world.operations.CancelOperation(CancelOperationRequest(id=operation.id))
    assert await world.outcome(operation) == "CANCELLED"
    shown = await world.get()
    assert (shown.desired_state, shown.replicas) == (pb.DESIRED_STATE_RUNNING, 1)
    assert [each.action for each in (await agent.wanted()).assignments] == [pb.DESIRED_STATE_RUNNING]


async def test_a_batch_from_start_to_end(world: World, clock: Clock) -> None:
    agent = await world.agent()
    made = await world.apply(document())
    assert (await world.state(), made.replicas, made.guarantee) == ("STOPPED", 1, "exactly once")
    operation = await world.start()
    assert (operation.kind, operation.created_by) == ("start", "ada")
    assert (await world.outcome(operation), await world.state()) == ("QUEUED", "PENDING")
    (assignment,) = (await agent.applied()).assignments
    assert (assignment.pipeline_name, assignment.replicas, assignment.run_seq) == ("orders", 1, 1)
    assert assignment.action == pb.DESIRED_STATE_RUNNING
    assert (await world.outcome(operation), await world.state()) == ("RUNNING", "PENDING")
    await agent.report("STARTING")
    assert (await world.outcome(operation), await world.state()) == ("RUNNING", "STARTING")
    clock.move(seconds=1)
    await agent.report("RUNNING", nodes=counts(10, 8, dead=1, filtered=1))
    clock.move(seconds=2)
    await agent.report("RUNNING", nodes=counts(30, 28, dead=1, filtered=1))
    assert await world.outcome(operation) == "SUCCEEDED"
    shown = await world.get()
    assert (shown.records_in, shown.records_out, shown.records_dead) == (30, 28, 1)
    assert (shown.records_per_second, list(shown.agent_ids)) == (10.0, [agent.id])
    clock.move(seconds=1)
    await agent.report("COMPLETED", nodes=counts(50, 48, dead=1, filtered=1), restarts=2)
    run = (await world.runs.GetRun(GetRunRequest(id=shown.run_id))).run
    assert (run.state, run.records_in, run.records_out) == (pb.PIPELINE_STATE_COMPLETED, 50, 48)
    assert (run.records_filtered, run.records_dead, run.restarts) == (1, 1, 2)
    assert (run.started_by, run.pipeline_name, run.HasField("ended_at")) == ("ada", "orders", True)
    assert {each.node: each.passed for each in run.nodes}["source"] == 50
    assert await world.state() == "COMPLETED"
    again = await world.start()
    assert again.id != operation.id
    assert [each.run_seq for each in (await world.runs.ListRuns(ListRunsRequest())).runs] == [2, 1]


async def test_pause_resume_stop_and_go_on(world: World) -> None:
    agent = await world.agent()
    await world.apply(document())
    await world.start()
    await agent.applied()
    await agent.report("RUNNING")
    paused = await world.pause()
    # the agent has not heard of it: what it reports meanwhile is of before
    await agent.report("PAUSED", reason="PAUSE_REASON_OUTSIDE")
    assert await world.outcome(paused) == "QUEUED"
    await agent.report("RUNNING")
    epoch = (await agent.applied()).assignments[0].epoch
    assert await world.outcome(paused) == "RUNNING"
    await agent.report("PAUSED", reason="PAUSE_REASON_OPERATOR")
    assert (await world.outcome(paused), await world.state()) == ("SUCCEEDED", "PAUSED")
    resumed = await world.resume()
    await agent.applied()
    assert await world.outcome(resumed) == "RUNNING"
    await agent.report("RUNNING")
    assert await world.outcome(resumed) == "SUCCEEDED"
    stopped = await world.stop()
    await agent.applied()
    await agent.report("DRAINING")
    assert (await world.outcome(stopped), await world.state()) == ("RUNNING", "DRAINING")
    await agent.report("STOPPED", nodes=counts(5, 5))
    assert (await world.outcome(stopped), await world.state()) == ("SUCCEEDED", "STOPPED")
    first = await world.get()
    assert first.desired_state == pb.DESIRED_STATE_STOPPED
    await world.start()
    (assignment,) = (await agent.applied()).assignments
    assert (assignment.run_id, assignment.epoch > epoch) == (first.run_id, True)
    assert (await world.state(), (await world.get()).records_in) == ("PENDING", 5)


async def test_an_operation_ends_the_one_before(world: World) -> None:
    agent = await world.agent()
    await world.apply(document())
    started = await world.start()
    await agent.applied()
    stopped = await world.stop()
    assert await world.outcome(started) == "CANCELLED"
    await agent.applied()
    await agent.report("STOPPED")
    assert await world.outcome(stopped) == "SUCCEEDED"


async def test_scaling_deals_anew_under_another_epoch(world: World) -> None:
    agent = await world.agent()
    await world.apply(document())
    await world.start()
    before = (await agent.applied()).assignments[0].epoch
    await agent.report("RUNNING", nodes=counts(7, 7))
    scaled = await world.scale(3)
    update = await agent.applied()
    assert {(each.epoch, each.replicas) for each in update.assignments} == {(before + 1, 3)}
    assert (await world.state(), (await world.get()).records_in) == ("PENDING", 7)
    await agent.report("RUNNING", only=0, nodes=counts(3, 3))
    assert (await world.outcome(scaled), await world.state()) == ("RUNNING", "STARTING")
    await agent.report("RUNNING", only=1)
    await agent.report("COMPLETED", only=2, nodes=counts(5, 5))
    assert (await world.outcome(scaled), await world.state()) == ("SUCCEEDED", "RUNNING")
    assert (await world.get()).records_in == 8
    assert await world.outcome(await world.scale(3)) == "SUCCEEDED"


async def test_reports_of_an_earlier_epoch_change_nothing(world: World) -> None:
    agent = await world.agent()
    await world.apply(document())
    await world.start()
    await agent.applied()
    old = (await agent.wanted()).assignments[0]
    await agent.report("FAILED", code="SOURCE_CHANGED", detail="the file is shorter")
    shown = await world.get()
    assert (shown.detail, await world.state()) == ("the file is shorter", "FAILED")
    await world.start()
    await agent.applied()
    status = pb.ReplicaStatus(pipeline_id=old.pipeline_id, epoch=old.epoch, state="PIPELINE_STATE_FAILED")
    await agent.told([status])
    assert await world.state() == "PENDING"
    stranger = await world.agent("a2")
    await stranger.told([status])
    assert await world.state() == "PENDING"


async def test_a_failure_fails_the_start(world: World) -> None:
    agent = await world.agent()
    await world.apply(document())
    operation = await world.start()
    await agent.applied()
    await agent.report("FAILED", code="DOCUMENT_INVALID", detail="IN is not set", remedy="set it")
    assert await world.outcome(operation) == "FAILED"
    shown = await world.get()
    assert (shown.detail, shown.remedy) == ("IN is not set", "set it")
    run = (await world.runs.GetRun(GetRunRequest(id=shown.run_id))).run
    assert (run.state, run.detail) == (pb.PIPELINE_STATE_FAILED, "IN is not set")


async def test_an_agent_that_is_away_is_waited_for(world: World) -> None:
    agent = await world.agent()
    await world.apply(document())
    await world.start()
    await agent.applied()
    await agent.report("RUNNING")
    await agent.set_status(agents.OFFLINE)
    assert await world.state() == "WAITING_FOR_AGENT"
    stopped = await world.stop()
    assert (await world.outcome(stopped), await world.state()) == ("QUEUED", "WAITING_FOR_AGENT")
    await agent.set_status(agents.ONLINE)
    await agent.applied()
    await agent.report("STOPPED")
    assert (await world.outcome(stopped), await world.state()) == ("SUCCEEDED", "STOPPED")


async def test_an_unfinished_run_waits_for_the_agent_that_has_its_state(world: World) -> None:
    agent = await world.agent()
    await world.apply(document())
    await world.start()
    await agent.applied()
    await agent.report("FAILED")
    await agent.set_status(agents.OFFLINE)
    await world.agent("other")
    operation = await world.start()
    assert (await world.outcome(operation), await world.state()) == ("QUEUED", "WAITING_FOR_AGENT")
    assert list((await world.get()).agent_ids) == [agent.id]
    await agent.set_status(agents.ONLINE)
    await agent.applied()
    await agent.report("COMPLETED")
    assert (await world.outcome(operation), await world.state()) == ("SUCCEEDED", "COMPLETED")


async def test_what_no_agent_has_heard_of_can_be_taken_back(world: World) -> None:
    agent = await world.agent()
    await world.apply(document())
    started = await world.start()
    await world.operations.CancelOperation(CancelOperationRequest(id=started.id))
    assert (await world.outcome(started), await world.state()) == ("CANCELLED", "STOPPED")
    assert (await agent.applied()).assignments == []
    started = await world.start(fresh=True)
    await agent.applied()
    error = await refused(world.operations.CancelOperation(CancelOperationRequest(id=started.id)))
    assert error.code == "OPERATION_UNDER_WAY"
    await agent.report("RUNNING")
    await take_back(world, agent, await world.pause())
    await take_back(world, agent, await world.scale(2))
    await take_back(world, agent, await world.stop())


async def test_stopping_what_never_began_is_done_at_once(world: World, clock: Clock) -> None:
    agent = await world.agent()
    await world.apply(document())
    assert await world.outcome(await world.stop()) == "SUCCEEDED"
    await world.start()
    clock.move(hours=25)
    await world.store.run(operations.expire)
    assert await world.outcome(await world.stop()) == "SUCCEEDED"
    assert (await world.state(), list((await agent.wanted()).assignments)) == ("STOPPED", [])
    await world.pipelines.DeletePipeline(pb.DeletePipelineRequest(pipeline=ref()))


async def test_what_runs_under_an_earlier_epoch_is_not_taken_for_stopped(world: World) -> None:
    agent = await world.agent()
    await world.apply(document())
    await world.start()
    await agent.applied()
    await agent.report("RUNNING")
    await world.scale(2)
    stopped = await world.stop()
    assert await world.outcome(stopped) == "QUEUED"
    error = await refused(world.pipelines.DeletePipeline(pb.DeletePipelineRequest(pipeline=ref())))
    assert error.code == "PIPELINE_ACTIVE"
    await agent.applied()
    await agent.report("STOPPED")
    assert (await world.outcome(stopped), await world.state()) == ("SUCCEEDED", "STOPPED")


async def test_a_full_report_without_a_replica_means_that_it_is_gone(world: World) -> None:
    agent = await world.agent()
    await world.apply(document())
    await world.start()
    await agent.applied()
    await agent.report("RUNNING")
    stopped = await world.stop()
    await agent.applied()
    await agent.told([], full=True)
    assert await world.outcome(stopped) == "SUCCEEDED"


async def test_a_changed_document_needs_a_decision(world: World) -> None:
    agent = await world.agent()
    await world.apply(document())
    await world.start()
    await agent.applied()
    await agent.report("RUNNING")
    await world.stop()
    await agent.applied()
    await agent.report("STOPPED")
    await world.apply(document(count=4))
    error = await refused(world.pipelines.StartPipeline(pb.StartPipelineRequest(pipeline=ref())))
    assert (error.code, error.status) == ("DOCUMENT_CHANGED", "FAILED_PRECONDITION")
    run_id = (await world.get()).run_id
    assert f"runs retry {run_id}" in error.remedy
    operation = (await world.runs.RetryRun(RetryRunRequest(id=run_id))).operation
    assert (operation.kind, (await agent.applied()).assignments[0].revision) == ("retry", 1)
    await agent.report("STOPPED")
    await world.start(fresh=True)
    (assignment,) = (await agent.applied()).assignments
    assert (assignment.revision, assignment.run_seq) == (2, 2)
    error = await refused(world.runs.RetryRun(RetryRunRequest(id=run_id)))
    assert error.status == "FAILED_PRECONDITION"


async def test_what_the_state_of_things_forbids(world: World) -> None:
    await world.apply(document())
    start = pb.StartPipelineRequest(pipeline=ref())
    assert (await refused(world.pipelines.StartPipeline(start))).code == "AGENT_REQUIRED"
    await world.agent("poor", capabilities=["source:generate"])
    error = await refused(world.pipelines.StartPipeline(start))
    assert (error.code, "sink:file" in str(error)) == ("AGENT_INCAPABLE", True)
    assert (await world.runs.ListRuns(ListRunsRequest())).runs == []
    agent = await world.agent()
    await world.apply(document("north", more="placement: {labels: {zone: north}}"))
    error = await refused(world.pipelines.StartPipeline(pb.StartPipelineRequest(pipeline=ref("north"))))
    assert (error.code, "zone=north" in str(error)) == ("AGENT_INCAPABLE", True)
    for call in (
        world.pipelines.PausePipeline(pb.PausePipelineRequest(pipeline=ref())),
        world.pipelines.ResumePipeline(pb.ResumePipelineRequest(pipeline=ref())),
        world.pipelines.TriggerCheckpoint(pb.TriggerCheckpointRequest(pipeline=ref())),
    ):
        assert (await refused(call)).code == "PIPELINE_INACTIVE"
    await world.start()
    await agent.applied()
    await agent.report("RUNNING")
    for active in (
        world.pipelines.StartPipeline(start),
        world.pipelines.DeletePipeline(pb.DeletePipelineRequest(pipeline=ref())),
    ):
        assert (await refused(active)).code == "PIPELINE_ACTIVE"
    await world.apply(document("single", path="out/single.jsonl"))
    request = pb.ScalePipelineRequest(pipeline=ref("single"), replicas=2)
    error = await refused(world.pipelines.ScalePipeline(request))
    assert (error.code, "{shard}" in error.remedy) == ("SCALE_REFUSED", True)
    unknown = pb.StartPipelineRequest(pipeline=ref("no-such"))
    assert (await refused(world.pipelines.StartPipeline(unknown))).code == "PIPELINE_NOT_FOUND"


async def test_a_repeated_start_is_done_once(world: World) -> None:
    await world.agent()
    await world.apply(document())
    request = pb.StartPipelineRequest(pipeline=ref(), request_id="0190a0a0-0000-7000-8000-00000000000a")
    first = (await world.pipelines.StartPipeline(request)).operation
    assert (await world.pipelines.StartPipeline(request)).operation == first
    assert len((await world.runs.ListRuns(ListRunsRequest())).runs) == 1
    request.fresh = True
    assert (await refused(world.pipelines.StartPipeline(request))).code == "REQUEST_ID_REUSED"


async def test_of_two_that_start_at_once_one_is_refused(world: World) -> None:
    await world.agent()
    await world.apply(document())
    request = pb.StartPipelineRequest(pipeline=ref())

    async def start() -> str:
        try:
            with remote_errors():
                return (await world.pipelines.StartPipeline(request)).operation.kind
        except RemoteError as error:
            return error.code

    assert sorted(await asyncio.gather(start(), start(), start())) == ["PIPELINE_ACTIVE", "PIPELINE_ACTIVE", "start"]
    assert len((await world.runs.ListRuns(ListRunsRequest())).runs) == 1


async def test_reports_that_come_while_it_is_dealt_anew_belong_to_one_side(world: World) -> None:
    agent = await world.agent()
    await world.apply(document())
    await world.start()
    await agent.applied()
    old = (await agent.wanted()).assignments[0]
    reports = [agent.told([status_of(old, "RUNNING", nodes=counts(n, n))]) for n in range(1, 9)]
    ended = agent.told([status_of(old, "COMPLETED", nodes=counts(9, 9))])
    await asyncio.gather(world.scale(2), *reports, ended, return_exceptions=True)
    (run,) = (await world.runs.ListRuns(ListRunsRequest())).runs
    # either it was complete before it was scaled, or it goes on among two and knows what it has done
    assignments = (await agent.wanted()).assignments
    if run.state == pb.PIPELINE_STATE_COMPLETED:
        assert len(assignments) in {1, 2}
    else:
        assert {each.epoch for each in assignments} == {old.epoch + 1}
        assert run.state == pb.PIPELINE_STATE_PENDING


async def test_a_removed_agent_keeps_nothing_from_being_deleted(world: World) -> None:
    agent = await world.agent()
    await world.apply(document())
    await world.start()
    await agent.applied()
    await agent.report("RUNNING")
    await world.store.run(lambda tx: agents.revoke(tx, agent.id))
    assert await world.state() == "WAITING_FOR_AGENT"
    assert await world.outcome(await world.stop()) == "SUCCEEDED"
    error = await refused(world.pipelines.StartPipeline(pb.StartPipelineRequest(pipeline=ref())))
    assert (error.status, "fresh" in error.remedy) == ("FAILED_PRECONDITION", True)
    await world.pipelines.DeletePipeline(pb.DeletePipelineRequest(pipeline=ref()))
    assert (await world.runs.ListRuns(ListRunsRequest())).runs == []


async def test_what_an_agent_refuses_has_failed(world: World) -> None:
    agent = await world.agent()
    await world.apply(document())
    operation = await world.start()
    version = (await agent.wanted()).version
    await world.store.run(
        lambda tx: operations.refused(tx, agent.id, version, code="DOCUMENT_INVALID", message="no such path")
    )
    got = (await world.operations.GetOperation(GetOperationRequest(id=operation.id))).operation
    assert (await world.outcome(operation), got.code, got.message) == ("FAILED", "DOCUMENT_INVALID", "no such path")


async def test_a_pipeline_that_paused_by_itself_is_started_anew_by_resume(world: World) -> None:
    agent = await world.agent()
    await world.apply(document())
    await world.start()
    before = (await agent.applied()).assignments[0].epoch
    await agent.report("PAUSED", reason="PAUSE_REASON_DLQ_FLOOD", nodes=counts(4, 2, dead=2))
    resumed = await world.resume()
    assert (await agent.applied()).assignments[0].epoch == before + 1
    await agent.report("RUNNING", nodes=counts(5, 3, dead=2))
    assert (await world.outcome(resumed), (await world.get()).records_in) == ("SUCCEEDED", 5)
