"""Sessions over real streams: who is let in, who follows whom, what is pushed, answered and stored."""

from __future__ import annotations

import asyncio
import copy
import time

import grpc
import pytest

from conduix.errors import AgentOffline, CommandUnanswered, NotFound
from conduix.mesh import effects as fx
from conduix.v1 import agent_service_pb2 as pb_agents
from conduix.v1 import mesh_service_pb2 as pb
from conduix.v1 import pipeline_service_pb2 as pb_pipeline
from conduix.v1.mesh_service_pb2_grpc import MeshServiceStub
from conduix_server.mesh import commands
from conduix_server.mesh.commands import ask
from conduix_server.store import agents, desired, events, outbox, reports, runs
from conduix_server.store.store import Store, new_id
from conduix_server.store.transaction import Transaction
from tests.eventually import eventually
from tests.integration.mesh.agent import Agent, Disk
from tests.integration.mesh.serving import Served, serving
from tests.integration.store.world import pipeline

CHECKPOINT = pb.Command(checkpoint=pb.CheckpointCommand(pipeline_id="p"))


async def connected(served: Served, name: str = "a1") -> Agent:
    agent = await served.agent(name)
    await agent.connect()
    await eventually(lambda: agent.open)
    return agent


async def assign(store: Store, agent: Agent, *, replicas: int = 1) -> str:
    """A pipeline that this agent shall run; its id."""

    async def work(tx: Transaction) -> str:
        made = await pipeline(tx, f"p-{new_id()}")
        run = await runs.start(tx, new_id(), made.id)
        where = {"agent_id": agent.disk.identity.agent_id, "replicas": replicas, "revision": 1, "run_id": run.id}
        await desired.place(tx, made.id, action="RUNNING", **where)  # type: ignore[arg-type]
        return made.id

    return await store.run(work)


def running(pipeline_id: str, *, epoch: int = 1, **more: object) -> pb_pipeline.ReplicaStatus:
    state = pb_pipeline.PIPELINE_STATE_RUNNING
    return pb_pipeline.ReplicaStatus(pipeline_id=pipeline_id, epoch=epoch, state=state, **more)  # type: ignore[arg-type]


async def test_an_agent_greets_and_is_welcome(served: Served) -> None:
    agent = await served.agent()
    hello = pb.Hello(agent_version="1.2", labels={"zone": "eu"}, capabilities=["source:file"], hostname="box")
    await agent.connect(hello)
    await eventually(lambda: agent.open)
    shown = await served.shown("a1")
    stream = pb_agents.CONNECTION_MODE_STREAM
    assert (shown.state, shown.mode, shown.session) == (pb_agents.AGENT_STATE_ONLINE, stream, 1)
    assert (shown.version, dict(shown.labels), list(shown.capabilities)) == ("1.2", {"zone": "eu"}, ["source:file"])
    await eventually(lambda: agent.session.rtt)
    assert served.count("sessions_accepted_total") == 1
    await agent.leave()
    await eventually(lambda: agent.ended)
    await eventually(lambda: served.mesh.streams == 0)

    async def offline() -> bool:
        return (await served.shown("a1")).state == pb_agents.AGENT_STATE_OFFLINE

    await eventually(offline)


async def test_a_goodbye_is_heard_though_the_stream_ends_at_once(served: Served) -> None:
    agent = await connected(served)
    await eventually(lambda: agent.session.rtt)
    for number in range(20):
        agent.record(pb.AgentEvent(kind="TEST", message=str(number)))
    await agent.leave()

    async def offline() -> bool:
        return (await served.shown("a1")).state == pb_agents.AGENT_STATE_OFFLINE

    await eventually(offline)
    assert served.mesh.streams == 0


async def test_what_an_agent_tells_of_its_machine_is_shown(served: Served) -> None:
    agent = await served.agent()
    agent.session.host(pb_agents.HostFacts(cores=8, load=0.5, platform="Linux"))
    await agent.connect()

    async def told() -> bool:
        status = await served.agents.GetAgentStatus(pb_agents.GetAgentStatusRequest(id="a1"))
        return (status.host.cores, status.host.load, status.host.platform) == (8, 0.5, "Linux")

    await eventually(told)
    await agent.hang_up()


async def test_the_same_process_comes_again_and_its_older_stream_ends(served: Served) -> None:
    agent = await connected(served)
    first = agent.call
    agent.session.lost()
    await agent.connect()
    await eventually(lambda: agent.open and agent.session.session == 2)
    assert first is not None
    await eventually(first.done)
    assert served.mesh.streams == 1
    assert served.count("sessions_ended_total", code="SUPERSEDED") == 1
    await agent.hang_up()


async def test_the_next_process_follows_one_that_is_silent(served: Served) -> None:
    agent = await connected(served)
    await eventually(lambda: agent.session.rtt)
    agent.answers = False
    following = agent.again(served.channel)
    began = time.monotonic()
    await following.connect()
    await eventually(lambda: following.open)
    assert time.monotonic() - began >= 1.9
    await eventually(lambda: agent.ended)
    assert served.mesh.streams == 1
    for one in (agent, following):
        await one.hang_up()


async def test_the_next_process_follows_at_once_where_the_stream_is_gone(served: Served) -> None:
    agent = await connected(served)
    await eventually(lambda: agent.session.rtt)
    await agent.hang_up()
    await eventually(lambda: served.mesh.streams == 0)
    following = agent.again(served.channel)
    began = time.monotonic()
    await following.connect()
    await eventually(lambda: following.open)
    assert time.monotonic() - began < 1.5
    await following.hang_up()


async def test_a_second_process_on_a_copied_directory_is_refused(served: Served) -> None:
    agent = await connected(served)
    await eventually(lambda: agent.session.rtt)
    twin = Agent(copy.deepcopy(agent.disk), served.channel)
    await twin.connect()
    await eventually(lambda: twin.codes == ["DUPLICATE_AGENT"])
    assert twin.closed[0].retry_after == 30
    assert agent.open
    again = Agent(copy.deepcopy(agent.disk), served.channel)
    await again.connect()
    await eventually(lambda: again.codes == ["DUPLICATE_AGENT"])
    assert served.count("alerts_total", code="DUPLICATE_AGENT") == 2
    async with served.store.reading() as tx:
        told = await events.newest(tx, limit=10)
    assert [event.kind for event in told] == ["DUPLICATE_AGENT", "agent_online"]
    for one in (agent, twin, again):
        await one.hang_up()


async def test_an_agent_with_a_new_directory_waits_for_adoption(served: Served) -> None:
    agent = await connected(served)
    await eventually(lambda: agent.session.rtt)
    await agent.hang_up()
    stranger = Agent(type(agent.disk)(agent.disk.identity), served.channel)
    await stranger.connect()
    await eventually(lambda: stranger.codes == ["ADOPTION_NEEDED"])
    shown = await served.shown("a1")
    assert shown.adoption_pending
    adopted = await served.agents.AdoptAgent(pb_agents.AdoptAgentRequest(id=shown.id, request_id="x"))
    assert adopted.agent.id == shown.id
    await stranger.connect()
    await eventually(lambda: stranger.open)
    assert not (await served.shown("a1")).adoption_pending
    await stranger.hang_up()


async def test_a_greeting_in_the_name_of_another_is_refused(served: Served) -> None:
    agent, other = await served.agent("a1"), await served.agent("a2")
    agent.session._identity = other.session._identity
    await agent.connect()
    await eventually(lambda: agent.codes == ["IDENTITY_MISMATCH"])
    await agent.hang_up()
    async with served.store.reading() as tx:
        assert [row.session for row in await agents.some(tx, [])] == [0, 0]


async def test_messages_that_break_the_contract_end_the_stream(served: Served) -> None:
    agent = await connected(served)
    agent.say(pb.AgentMessage(id="x" * 65, heartbeat=pb.Heartbeat(number=9)))
    await eventually(lambda: agent.error)
    assert agent.error is not None
    assert "id" in (agent.error.details() or "")
    twin = await served.agent("a2")
    twin.session.session = 1 << 60
    await twin.connect()
    await eventually(lambda: twin.error)
    assert twin.error is not None
    assert "no server has handed out" in (twin.error.details() or "")
    for one in (agent, twin):
        await one.hang_up()
    await eventually(lambda: served.mesh.streams == 0)


async def test_a_message_of_a_later_version_is_no_harm(served: Served) -> None:
    agent = await connected(served)
    agent.say(pb.AgentMessage(id="later"))
    agent.say(pb.AgentMessage(id="later.2", heartbeat=pb.Heartbeat(number=99)))
    await eventually(lambda: served.count("messages_total", kind="unknown") == 1)
    await eventually(lambda: agent.session.rtt)
    assert agent.open
    await agent.hang_up()


async def test_who_does_not_greet_is_sent_away(served: Served) -> None:
    served.mesh.now = lambda: fx.Now(time.monotonic() + ahead, time.time())
    ahead = 0.0
    agent = await served.agent()
    call = MeshServiceStub(served.channel).Connect(metadata=agent.metadata)
    await eventually(lambda: served.mesh.streams == 1)
    ahead = 11.0
    await eventually(call.done)
    assert served.count("sessions_refused_total", code="NO_HELLO") == 1


async def test_desired_state_is_in_the_welcome_pushed_and_acknowledged(served: Served) -> None:
    agent = await served.agent()
    first = await assign(served.store, agent)
    await agent.connect()
    await eventually(lambda: len(agent.applied) == 1)
    assert [each.pipeline_id for each in agent.applied[0].assignments] == [first]
    second = await assign(served.store, agent, replicas=2)
    await eventually(lambda: len(agent.applied) == 2)
    assert sorted({each.pipeline_id for each in agent.applied[1].assignments}) == sorted([first, second])

    async def acknowledged() -> bool:
        async with served.store.reading() as tx:
            return (await agents.get(tx, agent.disk.identity.agent_id)).applied_version == 2

    await eventually(acknowledged)
    assert (await served.shown("a1")).replicas == 3
    await agent.hang_up()


async def test_a_command_runs_once_and_is_answered(served: Served) -> None:
    agent = await connected(served)
    result = await ask(served.store, served.feed, agent.disk.identity.agent_id, CHECKPOINT, within=10)
    assert (result.outcome, result.result) == (pb.COMMAND_OUTCOME_SUCCEEDED, "7")
    assert list(agent.executed.values()) == [1]
    await agent.hang_up()


async def test_a_command_waits_for_its_agent(served: Served) -> None:
    agent = await served.agent()
    agent_id = agent.disk.identity.agent_id
    with pytest.raises(AgentOffline):
        await ask(served.store, served.feed, agent_id, CHECKPOINT, within=10)
    with pytest.raises(NotFound):
        await ask(served.store, served.feed, new_id(), CHECKPOINT, within=10)
    waiting = pb.Command(command_id=new_id(), checkpoint=CHECKPOINT.checkpoint)
    waiting.deadline.FromSeconds(int(time.time()) + 60)
    await served.store.run(lambda tx: outbox.put(tx, agent_id, waiting))
    await agent.connect()
    result = await commands.answer(served.store, served.feed, waiting.command_id)
    assert result.outcome == pb.COMMAND_OUTCOME_SUCCEEDED
    await agent.hang_up()


async def test_who_is_removed_answers_nothing_any_more(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    agent = await connected(served)
    agent_id = agent.disk.identity.agent_id
    agent.answers = False
    monkeypatch.setattr(commands, "CONFIRM_GRACE", 0.0)
    monkeypatch.setattr(commands, "SWEEP_GRACE", 0.0)
    with pytest.raises(CommandUnanswered):
        await ask(served.store, served.feed, agent_id, CHECKPOINT, within=0.3)
    waiting = pb.Command(command_id=new_id(), checkpoint=CHECKPOINT.checkpoint)
    waiting.deadline.FromSeconds(int(time.time()) + 60)
    await served.store.run(lambda tx: outbox.put(tx, agent_id, waiting))
    began = time.monotonic()
    await served.agents.RemoveAgent(pb_agents.RemoveAgentRequest(id=agent_id))
    assert (await commands.answer(served.store, served.feed, waiting.command_id)).code == "AGENT_REMOVED"
    await eventually(lambda: agent.ended)
    assert time.monotonic() - began < 5
    with pytest.raises(NotFound):
        await ask(served.store, served.feed, agent_id, CHECKPOINT, within=1)
    await agent.hang_up()


async def test_reports_are_stored_and_acknowledged(served: Served) -> None:
    agent = await served.agent()
    pipeline_id = await assign(served.store, agent)
    await agent.connect()
    await eventually(lambda: agent.open)
    for detail in ("one", "two", "three"):
        agent.observe(running(pipeline_id, detail=detail))
    for number in range(20):
        agent.record(pb.AgentEvent(kind="TEST", message=str(number)))
    await eventually(lambda: agent.reports.settled)

    async def stored() -> str:
        async with served.store.reading() as tx:
            (report,) = await reports.of_pipelines(tx, [pipeline_id])
            held = await agents.get(tx, agent.disk.identity.agent_id)
        assert held.acknowledged_report == agent.reports.acked
        return pb_pipeline.ReplicaStatus.FromString(report.body).detail

    assert await stored() == "three"
    assert served.count("reports_total", body="event") == 20
    await agent.hang_up()


async def test_a_report_that_is_missing_is_asked_for(served: Served) -> None:
    agent = await connected(served)
    await eventually(lambda: agent.reports.settled)
    agent.say(pb.AgentMessage(id="ahead", report=pb.Report(number=50, event=pb.AgentEvent(kind="AHEAD"))))
    agent.record(pb.AgentEvent(kind="TEST"))
    await eventually(lambda: agent.reports.settled)
    assert served.count("reports_total", body="event") == 1
    await agent.hang_up()


async def test_what_was_reported_to_nobody_comes_with_the_next_session(served: Served) -> None:
    agent = await served.agent()
    for number in range(300):
        agent.record(pb.AgentEvent(kind="TEST", message=str(number)))
    await agent.connect()
    await eventually(lambda: agent.open and agent.reports.settled)
    assert served.count("reports_total", body="event") == 300
    await agent.hang_up()


async def test_more_who_connect_than_are_let_in_come_again(store: Store) -> None:
    async with serving(store, admitted=1.0) as served:
        agents_there = [await served.agent(f"a{number}") for number in range(3)]
        for agent in agents_there:
            await agent.connect()
        refused = await eventually(lambda: [agent for agent in agents_there if agent.error is not None])
        assert served.count("sessions_refused_total", code="SERVER_BUSY") >= len(refused)
        assert all(agent.error and "let in at a time" in (agent.error.details() or "") for agent in refused)
        for agent in agents_there:
            await agent.hang_up()


async def test_an_agent_that_does_not_read_is_cut_off(served: Served) -> None:
    agent = await served.agent()
    call = MeshServiceStub(served.channel).Connect(metadata=agent.metadata)
    await eventually(lambda: served.mesh.streams == 1)
    (connection,) = served.mesh.connections
    word = pb.ServerMessage(nack=pb.Nack(message="x" * 60_000))
    connection.do(fx.ToAgent(word) for _ in range(1100))
    await eventually(lambda: served.mesh.streams == 0)
    assert served.count("sessions_refused_total", code="LANE_FULL") == 1
    assert not call.done() or await call.code() is not grpc.StatusCode.OK
    call.cancel()


async def test_streams_that_come_and_go_leave_nothing(served: Served) -> None:
    identity = await served.enrolled()
    before = len(asyncio.all_tasks())
    for number in range(60):
        agent = Agent(Disk(identity), served.channel)
        await agent.connect()
        if number % 3:
            await eventually(lambda: agent.open or agent.ended)  # noqa: B023 - awaited in the loop
        if number % 2:
            await agent.leave()
            await eventually(lambda: agent.ended)  # noqa: B023 - awaited in the loop
        await agent.hang_up()
    await eventually(lambda: served.mesh.streams == 0)
    await eventually(lambda: len(asyncio.all_tasks()) <= before)


async def test_a_server_that_leaves_says_so(served: Served) -> None:
    agent, deaf = await connected(served), await connected(served, "deaf")
    deaf.answers = False
    leaving = asyncio.create_task(served.mesh.drain(["elsewhere:1"], within=4.0))
    await eventually(lambda: agent.moves)
    assert [(move.alternatives, move.delay) for move in agent.moves] == [(("elsewhere:1",), 2.0)]
    await agent.leave()
    await eventually(lambda: agent.ended)
    late = await served.agent("late")
    await late.connect()
    await eventually(lambda: late.error)
    assert late.error is not None
    assert "leaving" in (late.error.details() or "")
    await leaving
    await eventually(lambda: deaf.ended)
    assert served.mesh.streams == 0
    for one in (agent, deaf, late):
        await one.hang_up()
