"""Single rules of the session, each by the shortest exchange that shows it."""

from __future__ import annotations

import math

import pytest

from conduix.mesh import effects as fx
from conduix.mesh.admission import AgentRow, Verdict, judge
from conduix.mesh.agent_session import AgentSession, Identity, Phase
from conduix.mesh.commands import Commands
from conduix.mesh.desired import Desired
from conduix.mesh.envelope import negotiate
from conduix.mesh.lanes import Credits, Lane, LaneFull, MessageTooLarge, Outbox
from conduix.mesh.reports import Reports
from conduix.mesh.server_session import ServerSession, Terms
from conduix.mesh.spool import Spool
from conduix.mesh.transport import Mode
from conduix.v1 import agent_service_pb2 as agent_pb
from conduix.v1 import mesh_service_pb2 as pb
from tests.unit.mesh.memory import MemoryStorage


def at(seconds: float) -> fx.Now:
    return fx.Now(seconds, 1_700_000_000.0 + seconds)


class Pair:
    """An agent and a server that hear each other at once."""

    def __init__(self) -> None:
        desired = Desired(pb.DesiredStateUpdate())
        self.agent = AgentSession(Identity("a", "i1"), desired, Commands(), Reports(Spool(MemoryStorage())))
        self.server = ServerSession(Terms("s"), "a", "k", at(0))
        hello = to_server(self.agent.connected(pb.Hello(), "x", at(0)))[0]
        assert [type(e) for e in self.server.receive(hello, at(0))] == [fx.Find]
        (claim,) = self.server.found(AgentRow("a"), at(0))
        assert isinstance(claim, fx.Claim)
        self.welcome = to_agent(self.server.claimed(AgentRow("a", claim.session, "", ("i1",)), at(0)))[0]
        self.first = self.agent.receive(self.welcome, at(1))


def to_server(todo: list[fx.AgentEffect]) -> list[pb.AgentMessage]:
    return [effect.message for effect in todo if isinstance(effect, fx.ToServer)]


def to_agent(todo: list[fx.ServerEffect]) -> list[pb.ServerMessage]:
    return [effect.message for effect in todo if isinstance(effect, fx.ToAgent)]


def close(todo: list[fx.AgentEffect]) -> fx.Close:
    return next(effect for effect in todo if isinstance(effect, fx.Close))


def test_the_incarnation_is_saved_before_anything_is_said() -> None:
    pair = Pair()
    assert pair.first[0] == fx.SaveIdentity("i1", 1)
    assert pair.agent.phase is Phase.OPEN


def test_a_version_that_changes_nothing_is_not_answered() -> None:
    kinds = {message.WhichOneof("kind") for message in to_server(Pair().first)}
    assert "desired_ack" not in kinds


@pytest.mark.parametrize(
    ("lowest", "highest", "version"), [(1, 1, 1), (0, 1, 1), (1, 2, 1), (2, 3, None), (0, 0, None)]
)
def test_versions_are_negotiated_down(lowest: int, highest: int, version: int | None) -> None:
    assert negotiate(lowest, highest) == version


def test_a_version_that_nobody_speaks_is_refused_for_five_minutes() -> None:
    server = ServerSession(Terms("s"), "a", "k", at(0))
    hello = pb.Hello(version_min=7, version_max=8, agent_id="a", incarnation="i")
    refused = to_agent(server.receive(pb.AgentMessage(id="1", hello=hello), at(0)))[0].refused
    assert (refused.code, refused.retry_after.seconds) == ("VERSION", 300)


def test_a_refused_agent_waits_as_long_as_it_was_told() -> None:
    pair = Pair()
    (superseded,) = to_agent(pair.server.superseded())
    assert close(pair.agent.receive(superseded, at(2))).retry_after == 1.0
    for_ever = pb.ServerMessage(id="z", refused=pb.Refused(code="AGENT_REVOKED"))
    pair.agent.connected(pb.Hello(), "y", at(3))
    assert close(pair.agent.receive(for_ever, at(3))).retry_after == math.inf


@pytest.mark.parametrize(
    ("row", "hello", "verdict"),
    [
        (AgentRow("a"), pb.Hello(incarnation="new"), Verdict.ACCEPT),
        (AgentRow("a", incarnation="i"), pb.Hello(incarnation="i"), Verdict.ACCEPT),
        (AgentRow("a", incarnation="i"), pb.Hello(incarnation="n", predecessor="i"), Verdict.PROBE),
        (AgentRow("a", incarnation="i", accepted=("j",)), pb.Hello(incarnation="n", predecessor="i"), Verdict.PROBE),
        (AgentRow("a", incarnation="i", accepted=("j",)), pb.Hello(incarnation="n", predecessor="j"), Verdict.PROBE),
        (AgentRow("a", incarnation="i", accepted=("j",)), pb.Hello(incarnation="i", predecessor="h"), Verdict.PROBE),
        (AgentRow("a", incarnation="i"), pb.Hello(incarnation="n", predecessor="h"), Verdict.UNKNOWN),
        (AgentRow("a", incarnation="i"), pb.Hello(incarnation="n"), Verdict.UNKNOWN),
        (AgentRow("a", incarnation="i", adopting=True), pb.Hello(incarnation="n"), Verdict.ACCEPT),
    ],
)
def test_who_is_let_in(row: AgentRow, hello: pb.Hello, verdict: Verdict) -> None:
    assert judge(row, hello) is verdict


def test_an_agent_that_answers_the_probe_keeps_its_place() -> None:
    pair = Pair()
    (ask,) = to_agent(pair.server.probe(at(5)))
    (answer,) = to_server(pair.agent.receive(ask, at(5)))
    assert fx.Answered(1) in pair.server.receive(answer, at(5))


def test_a_session_that_keeps_silent_for_two_seconds_is_superseded() -> None:
    server = ServerSession(Terms("s"), "a", "k", at(0))
    hello = pb.Hello(version_min=1, version_max=1, agent_id="a", incarnation="n", predecessor="i")
    server.receive(pb.AgentMessage(id="1", hello=hello), at(0))
    assert server.found(AgentRow("a", 7, "i"), at(0)) == [fx.Probe("a", 7)]
    assert server.tick(at(1.9)) == []
    assert server.tick(at(2.0)) == [fx.Claim("a", 7, 8, "n", 0)]


def test_counters_survive_a_restored_database() -> None:
    server = ServerSession(Terms("s"), "a", "k", at(0))
    hello = pb.Hello(version_min=1, version_max=1, agent_id="a", incarnation="i", session_seen=40, desired_version=9)
    hello.epochs_seen["p"] = 6
    server.receive(pb.AgentMessage(id="1", hello=hello), at(0))
    assert server.found(AgentRow("a", 7, "i"), at(0)) == [fx.Claim("a", 7, 41, "i", 10, {"p": 6})]


def test_an_unknown_kind_is_nacked_by_both_ends() -> None:
    pair = Pair()
    assert to_server(pair.agent.receive(pb.ServerMessage(id="n"), at(2)))[0].nack.code == "UNKNOWN_KIND"
    assert to_agent(pair.server.receive(pb.AgentMessage(id="n"), at(2)))[0].nack.code == "UNKNOWN_KIND"


def test_the_last_good_state_stays_in_force_after_a_nack() -> None:
    desired = Desired(pb.DesiredStateUpdate(version=3))
    desired.receive(pb.DesiredStateUpdate(version=4, nonce="n"))
    (nack,) = to_server(desired.rejected(4, "CAPABILITY_MISSING", "no such connector"))
    assert (nack.desired_ack.version, nack.desired_ack.code, desired.in_force.version) == (4, "CAPABILITY_MISSING", 3)
    (again,) = to_server(desired.receive(pb.DesiredStateUpdate(version=4, nonce="m")))
    assert (again.desired_ack.code, again.desired_ack.nonce) == ("CAPABILITY_MISSING", "m")


def test_a_late_command_and_an_unknown_one_are_answered_and_not_run() -> None:
    commands = Commands()
    late = pb.Command(command_id="c", shutdown=pb.ShutdownCommand())
    effects = commands.receive(late, at(0))
    assert to_server(effects)[0].command_result.outcome == pb.COMMAND_OUTCOME_EXPIRED
    unknown = pb.Command(command_id="d")
    unknown.deadline.FromSeconds(2_000_000_000)
    effects += commands.receive(unknown, at(0))
    assert to_server(effects)[1].command_result.code == "COMMAND_UNKNOWN"
    assert not any(isinstance(effect, fx.Execute) for effect in effects)


def test_the_lease_runs_from_the_sending_of_the_last_answered_heartbeat() -> None:
    pair = Pair()
    assert pair.agent.lease_until == 25.0
    (beat,) = [message for message in to_server(pair.agent.tick(at(2))) if message.HasField("heartbeat")]
    answers = to_agent(pair.server.receive(beat, at(3)))
    assert pair.agent.lease_until == 25.0
    for answer in answers:
        pair.agent.receive(answer, at(4))
    assert (pair.agent.lease_until, pair.agent.rtt) == (27.0, 2.0)


def test_silence_ends_the_connection_at_both_ends() -> None:
    pair = Pair()
    assert close(pair.agent.tick(at(32))).code == "SERVER_SILENT"
    (end,) = pair.server.tick(at(32))
    assert isinstance(end, fx.Close)
    assert end.code == "AGENT_SILENT"


def test_control_leaves_before_reports_and_a_full_lane_says_so() -> None:
    outbox: Outbox[pb.AgentMessage] = Outbox()
    with pytest.raises(LaneFull):  # noqa: PT012 — which of them fills the lane does not matter
        for number in range(1000):
            outbox.push(pb.AgentMessage(id=str(number), report=pb.Report()), Lane.DATA)
    outbox.push(pb.AgentMessage(id="beat", heartbeat=pb.Heartbeat()), Lane.CONTROL)
    first = outbox.pop()
    assert first is not None
    assert first.id == "beat"


def test_a_message_that_no_stream_would_carry_is_refused_before_it_is_sent() -> None:
    outbox: Outbox[pb.AgentMessage] = Outbox()
    with pytest.raises(MessageTooLarge, match="at most"):
        outbox.push(pb.AgentMessage(nack=pb.Nack(message="x" * (4 << 20))), Lane.CONTROL)


def test_credit_bounds_each_class_and_a_repeated_grant_gives_no_more() -> None:
    granted = pb.Credit(traffic=pb.TRAFFIC_CLASS_EVENT, messages=2, bytes=1000)
    left = Credits([granted])
    report = pb.Report(event=pb.AgentEvent(message="x"))
    assert [left.take(report) for _ in range(3)] == [True, True, False]
    assert left.take(pb.Report(full=pb.FullState()))
    left.grant(granted)
    left.grant(granted)
    assert [left.take(report) for _ in range(3)] == [True, True, False]


def test_an_agent_is_settled_when_the_server_has_all_that_it_has_to_say() -> None:
    reports = Reports(Spool(MemoryStorage()))
    agent = AgentSession(Identity("a", "i1"), Desired(pb.DesiredStateUpdate()), Commands(), reports)
    assert not agent.settled, "nobody hears it"
    agent.connected(pb.Hello(), "x", at(0))
    (full,) = (m for m in to_server(agent.receive(Pair().welcome, at(1))) if m.HasField("report"))
    assert not agent.settled, "its first report is under way"
    agent.receive(pb.ServerMessage(id="1", report_ack=pb.ReportAck(number=full.report.number)), at(1))
    assert agent.settled
    reports.record(pb.TRAFFIC_CLASS_EVENT, pb.Report(event=pb.AgentEvent(message="x")))
    assert not agent.settled, "recorded, not sent"
    (event,) = to_server(agent.reported(at(1)))
    assert not agent.settled, "sent, not stored"
    agent.receive(pb.ServerMessage(id="2", report_ack=pb.ReportAck(number=event.report.number)), at(1))
    assert agent.settled
    command = pb.Command(command_id="c", checkpoint=pb.CheckpointCommand())
    command.deadline.FromSeconds(int(at(60).unix))
    agent.receive(pb.ServerMessage(id="3", command=command), at(1))
    assert agent.settled, "what runs is not waited for"
    agent.finished(pb.CommandResult(command_id="c"), at(1))
    assert not agent.settled
    agent.receive(pb.ServerMessage(id="4", result_ack=pb.ResultAck(command_id="c")), at(1))
    assert agent.settled


def test_modes_are_those_of_the_contract() -> None:
    assert {f"CONNECTION_MODE_{mode.name}": int(mode) for mode in Mode} == {
        name: number for name, number in agent_pb.ConnectionMode.items() if number
    }
