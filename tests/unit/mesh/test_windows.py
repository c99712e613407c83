"""Crowds of commands: neither end fills the other's lane with them, and all of them get through."""

from __future__ import annotations

import pytest

from conduix.mesh import commands as agent_end
from conduix.mesh import dispatch as server_end
from conduix.mesh import effects as fx
from conduix.mesh.commands import Commands, JournalEntry
from conduix.mesh.dispatch import Dispatch, Outstanding
from conduix.mesh.lanes import QUEUE_LIMIT, Lane
from conduix.v1 import mesh_service_pb2 as pb

MANY = 3_000
START = 1_700_000_000.0


def at(seconds: float) -> fx.Now:
    return fx.Now(seconds, START + seconds)


@pytest.fixture
def restarted() -> Commands:
    """An agent that remembers many answers, and does not know which of them its server has."""
    done = pb.COMMAND_OUTCOME_SUCCEEDED
    ids = [f"c{number}" for number in range(MANY)]
    return Commands([JournalEntry(id_, START, pb.CommandResult(command_id=id_, outcome=done)) for id_ in ids])


def told(effects: list[fx.AgentEffect]) -> list[str]:
    return [e.message.command_result.command_id for e in effects if isinstance(e, fx.ToServer)]


def test_a_restarted_agent_tells_what_it_remembers_some_at_a_time(restarted: Commands) -> None:
    restarted.opened()
    first = told(restarted.tick(at(0), open_session=True))
    assert len(first) == agent_end.AT_ONCE < QUEUE_LIMIT[Lane.CONTROL]
    assert told(restarted.tick(at(1), open_session=True)) == [], "nobody has answered yet"
    again = told(restarted.tick(at(agent_end.TELL_AGAIN_AFTER), open_session=True))
    assert again == first


def test_every_answer_that_is_acknowledged_lets_another_one_be_told(restarted: Commands) -> None:
    restarted.opened()
    seconds, seen = 0.0, set[str]()
    while not restarted.settled:
        effects = told(restarted.tick(at(seconds), open_session=True))
        assert seen.isdisjoint(effects), "acknowledged ones are not told again"
        seen.update(effects)
        for command_id in effects:
            restarted.stored(pb.ResultAck(command_id=command_id))
        seconds += 0.25
    assert len(seen) == MANY
    assert seconds < 5, "a thousand a second"


def test_what_the_server_has_is_journalled_once_and_not_told_by_the_next_process(restarted: Commands) -> None:
    ack = pb.ResultAck(command_id="c7")
    assert restarted.stored(ack) == [fx.JournalStored("c7")]
    assert restarted.stored(ack) == [], "each acknowledgement may come twice"
    done = pb.CommandResult(command_id="c7", outcome=pb.COMMAND_OUTCOME_SUCCEEDED)
    after = Commands([JournalEntry("c7", START + 60, done, stored=True)])
    after.opened()
    assert after.settled
    assert told(after.tick(at(0), open_session=True)) == []
    again = pb.Command(command_id="c7", checkpoint=pb.CheckpointCommand())
    assert told(after.receive(again, at(1))) == ["c7"], "asked for once more it is answered, not run"


def commands(count: int) -> tuple[Outstanding, ...]:
    made = []
    for number in range(count):
        command = pb.Command(command_id=f"c{number}", checkpoint=pb.CheckpointCommand())
        command.deadline.FromSeconds(int(START) + 60)
        made.append(Outstanding(command))
    return tuple(made)


def sent(effects: list[fx.ServerEffect]) -> list[str]:
    return [e.message.command.command_id for e in effects if isinstance(e, fx.ToAgent)]


def test_a_server_delivers_a_full_outbox_some_at_a_time() -> None:
    dispatch = Dispatch(1, commands(MANY))
    seconds, seen = 0.0, list[str]()
    while len(seen) < MANY:
        delivered = sent(dispatch.tick(at(seconds)))
        assert 0 < len(delivered) <= server_end.AT_ONCE < QUEUE_LIMIT[Lane.CONTROL]
        for command_id in delivered:
            dispatch.received(command_id)
        seen += delivered
        seconds += 0.25
    assert sorted(seen) == sorted(f"c{number}" for number in range(MANY))
    assert sent(dispatch.tick(at(seconds))) == []


def test_what_is_not_received_goes_again_and_holds_the_rest_back() -> None:
    dispatch = Dispatch(1, commands(server_end.AT_ONCE + 1))
    first = sent(dispatch.tick(at(0)))
    assert sent(dispatch.tick(at(1))) == []
    assert sent(dispatch.tick(at(server_end.REDELIVER_AFTER))) == first
    dispatch.received(first[0])
    assert sent(dispatch.tick(at(server_end.REDELIVER_AFTER + 0.25))) == [f"c{server_end.AT_ONCE}"]
