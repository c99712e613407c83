"""Documents by real calls: applied, compared, changed, refused; lists and what they cost."""

from __future__ import annotations

import pytest
from sqlalchemy import event

from conduix.rpc.errors import RemoteError, remote_errors
from conduix.v1 import pipeline_service_pb2 as pb
from conduix.v1.common_pb2 import Paging
from conduix_server.store.store import Store
from tests.integration.control.world import World, document, ref
from tests.integration.store.world import Clock


async def refused(call: object) -> RemoteError:
    with pytest.raises(RemoteError) as raised, remote_errors():
        await call  # type: ignore[misc]
    return raised.value


async def applied(world: World, *texts: str, dry_run: bool = False) -> list[pb.Applied]:
    given = [pb.ApplyDocument(document=text, file=f"{number}.yaml") for number, text in enumerate(texts)]
    answer = await world.pipelines.ApplyPipelines(pb.ApplyPipelinesRequest(documents=given, dry_run=dry_run))
    return list(answer.applied)


async def names(world: World, **paging: object) -> list[str]:
    request = pb.ListPipelinesRequest(paging=Paging(**paging))  # type: ignore[arg-type]
    return [each.name for each in (await world.pipelines.ListPipelines(request)).pipelines]


async def test_applying_creates_updates_and_leaves_alone(world: World) -> None:
    (made,) = await applied(world, document(more="labels: {team: sales}\ndescription: all orders"))
    assert (made.action, made.pipeline.revision, made.diff[:13]) == (pb.APPLY_ACTION_CREATED, 1, "--- /dev/null")
    assert (dict(made.pipeline.labels), made.pipeline.description) == ({"team": "sales"}, "all orders")
    (same,) = await applied(world, "# a comment\n" + document(more="description: all orders\nlabels: {team: sales}"))
    assert (same.action, same.pipeline.etag, same.diff) == (pb.APPLY_ACTION_UNCHANGED, made.pipeline.etag, "")
    (changed,) = await applied(world, document(count=4))
    assert (changed.action, changed.pipeline.revision, dict(changed.pipeline.labels)) == (
        pb.APPLY_ACTION_UPDATED,
        2,
        {},
    )
    assert "-    count: 3\n+    count: 4\n" in changed.diff
    got = await world.pipelines.GetPipeline(pb.GetPipelineRequest(pipeline=pb.PipelineRef(id=made.pipeline.id)))
    assert (got.document, got.pipeline) == (document(count=4), changed.pipeline)
    revisions = (await world.pipelines.ListRevisions(pb.ListRevisionsRequest(pipeline=ref()))).revisions
    assert [(each.number, each.created_by) for each in revisions] == [(1, "ada"), (2, "ada")]
    first = await world.pipelines.GetRevision(pb.GetRevisionRequest(pipeline=ref(), number=1))
    newest = await world.pipelines.GetRevision(pb.GetRevisionRequest(pipeline=ref()))
    assert (first.revision, newest.revision) == (revisions[0], revisions[1])
    error = await refused(world.pipelines.GetRevision(pb.GetRevisionRequest(pipeline=ref(), number=3)))
    assert error.code == "REVISION_NOT_FOUND"


async def test_of_several_documents_all_are_applied_or_none(world: World) -> None:
    broken = "name: broken\nsource: {type: generat}\n"
    error = await refused(applied(world, document("a"), broken))
    assert (error.code, [(each.file, each.line) for each in error.diagnostics if each.code == "UNKNOWN_TYPE"]) == (
        "DOCUMENT_INVALID",
        [("1.yaml", 2)],
    )
    assert (await refused(applied(world, document("a"), document("a")))).violations[0].field == "documents[1].document"
    assert await names(world) == []
    done = await applied(world, document("a"), document("b"))
    assert [each.pipeline.name for each in done] == ["a", "b"]


async def test_a_dry_run_tells_and_stores_nothing(world: World) -> None:
    (would,) = await applied(world, document(), dry_run=True)
    assert (would.action, would.pipeline.name) == (pb.APPLY_ACTION_CREATED, "orders")
    assert await names(world) == []
    await applied(world, document())
    (would,) = await applied(world, document(count=4), dry_run=True)
    assert (would.action, would.pipeline.revision) == (pb.APPLY_ACTION_UPDATED, 1)
    diff = await world.pipelines.DiffPipeline(pb.DiffPipelineRequest(document=document(count=4)))
    assert (diff.action, diff.diff) == (would.action, would.diff)
    diff = await world.pipelines.DiffPipeline(pb.DiffPipelineRequest(document=document()))
    assert (diff.action, diff.diff) == (pb.APPLY_ACTION_UNCHANGED, "")


async def test_variables_are_the_agents(world: World) -> None:
    (made,) = await applied(world, document(path="${OUT}/{shard}.jsonl", more="parallelism: ${N:2}"))
    assert (made.pipeline.replicas, list(made.warnings)) == (2, [])
    error = await refused(applied(world, document(more="mode: ${MODE}")))
    assert [each.code for each in error.diagnostics] == ["VARIABLE_UNSET"]


async def test_terminals_are_refused(world: World) -> None:
    text = "name: a\nsource: {type: stdin, format: lines}\nsink: {type: stdout}\n"
    answer = await world.pipelines.ValidatePipeline(pb.ValidatePipelineRequest(document=text, file="a.yaml"))
    assert not answer.valid
    found = [(each.file, each.line, each.path, each.code) for each in answer.diagnostics]
    assert found == [("a.yaml", 2, "source.type", "TERMINAL_ONLY"), ("a.yaml", 3, "sink.type", "TERMINAL_ONLY")]


async def test_a_document_that_is_too_large_is_a_diagnostic(world: World) -> None:
    text = document(more="description: " + "x" * 1_100_000)
    answer = await world.pipelines.ValidatePipeline(pb.ValidatePipelineRequest(document=text))
    assert [each.code for each in answer.diagnostics] == ["YAML_TOO_LARGE"]
    error = await refused(world.pipelines.CreatePipeline(pb.CreatePipelineRequest(document=text)))
    assert (error.code, error.violations[0].field) == ("INVALID_ARGUMENT", "document")


async def test_creating_and_updating_what_was_read(world: World) -> None:
    made = (await world.pipelines.CreatePipeline(pb.CreatePipelineRequest(document=document()))).pipeline
    error = await refused(world.pipelines.CreatePipeline(pb.CreatePipelineRequest(document=document())))
    assert (error.code, error.resource_name) == ("PIPELINE_EXISTS", "orders")

    def update(etag: str, *paths: str, **values: object) -> pb.UpdatePipelineRequest:
        request = pb.UpdatePipelineRequest(pipeline=ref(), etag=etag, **values)  # type: ignore[arg-type]
        request.update_mask.paths.extend(paths)
        return request

    labelled = await world.pipelines.UpdatePipeline(update(made.etag, "labels", labels={"team": "ops"}))
    assert (dict(labelled.pipeline.labels), labelled.pipeline.revision) == ({"team": "ops"}, 1)
    stale = await refused(world.pipelines.UpdatePipeline(update(made.etag, "document", document=document(count=9))))
    assert (stale.code, stale.status) == ("ETAG_STALE", "ABORTED")
    both = update(labelled.pipeline.etag, "document", "labels", document=document(count=9), labels={"a": "b"})
    changed = (await world.pipelines.UpdatePipeline(both)).pipeline
    assert (changed.revision, dict(changed.labels)) == (2, {"a": "b"})
    renamed = update(changed.etag, "document", document=document("other"))
    for wrong in (update(changed.etag, "name"), update(changed.etag), update("x", "labels")):
        assert (await refused(world.pipelines.UpdatePipeline(wrong))).status == "INVALID_ARGUMENT"
    await world.pipelines.CreatePipeline(pb.CreatePipelineRequest(document=document("taken")))
    taken = update(changed.etag, "document", document=document("taken"))
    assert (await refused(world.pipelines.UpdatePipeline(taken))).code == "PIPELINE_EXISTS"
    assert (await world.pipelines.UpdatePipeline(renamed)).pipeline.name == "other"


async def test_what_was_scaled_by_hand_stays_until_the_document_says_otherwise(world: World) -> None:
    await applied(world, document())
    assert await world.outcome(await world.scale(4)) == "SUCCEEDED"
    (changed,) = await applied(world, document(count=5))
    assert changed.pipeline.replicas == 4
    (changed,) = await applied(world, document(count=5, more="parallelism: 2"))
    assert changed.pipeline.replicas == 2


async def test_deleting_needs_the_etag_only_if_it_is_given(world: World) -> None:
    (made,) = await applied(world, document())
    await applied(world, document(count=4))
    stale = pb.DeletePipelineRequest(pipeline=ref(), etag=made.pipeline.etag)
    assert (await refused(world.pipelines.DeletePipeline(stale))).code == "ETAG_STALE"
    request = pb.DeletePipelineRequest(pipeline=ref(), request_id="0190a0a0-0000-7000-8000-00000000000b")
    await world.pipelines.DeletePipeline(request)
    await world.pipelines.DeletePipeline(request)
    assert (await refused(world.pipelines.GetPipeline(pb.GetPipelineRequest(pipeline=ref())))).status == "NOT_FOUND"


async def test_lists_are_filtered(world: World) -> None:
    await applied(
        world,
        document("a", more="labels: {team: sales, env: prod}"),
        document("b", more="labels: {team: sales}\nmode: realtime"),
        document("c", more='labels: {team: "100%_"}'),
    )
    assert await names(world, filter="label.team=sales") == ["a", "b"]
    assert await names(world, filter="label.team=sales label.env=prod") == ["a"]
    assert await names(world, filter="label.team=100%_") == ["c"]
    assert await names(world, filter="mode=realtime") == ["b"]
    assert await names(world, filter="desired_state=stopped name=c") == ["c"]
    assert await names(world, order_by="name desc", page_size=2) == ["c", "b"]
    for wrong in ("state=RUNNING", "mode=fast", "desired_state=GONE"):
        request = pb.ListPipelinesRequest(paging=Paging(filter=wrong))
        assert (await refused(world.pipelines.ListPipelines(request))).violations[0].field == "paging.filter"


async def test_a_page_costs_the_same_whatever_stands_on_it(world: World, store: Store, clock: Clock) -> None:
    agent = await world.agent()
    statements: list[str] = []
    event.listen(store.engine.sync_engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    feeds = ("BEGIN", "SELECT counters", "SELECT changes")
    costs = []
    for first, last in ((0, 2), (2, 40)):
        await applied(world, *(document(f"p{number:02}") for number in range(first, last)))
        for number in range(first, last):
            await world.start(f"p{number:02}")
        await agent.applied()
        clock.move(seconds=1)
        await agent.report("RUNNING")
        statements.clear()
        assert len(await names(world, page_size=50)) == last
        costs.append(sum(not statement.startswith(feeds) for statement in statements))
    assert costs == [6, 6], statements
