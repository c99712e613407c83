"""Messages as plain data, for scripts."""

from __future__ import annotations

import json

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from conduix.v1 import agent_service_pb2 as agent_pb
from conduix.v1 import pipeline_service_pb2 as pb
from conduix_tui.cli.server.columns import state_word
from conduix_tui.cli.server.plain import plain, plain_list


def test_every_field_is_there_with_its_own_type() -> None:
    data = plain(pb.Pipeline(name="orders", records_in=2**40, labels={"b": "2", "a": "1"}, agent_ids=["x"]))
    assert set(data) == {field.name for field in pb.Pipeline.DESCRIPTOR.fields}
    assert data["records_in"] == 2**40
    assert list(data["labels"].items()) == [("a", "1"), ("b", "2")]
    assert data["agent_ids"] == ["x"]
    assert data["created_at"] is None
    assert data["state"] is None
    assert data["records_per_second"] == 0.0
    json.dumps(data)


def test_words_of_enumerations_times_and_durations() -> None:
    at = Timestamp(seconds=86_400, nanos=500_000_000)
    data = plain(
        pb.ReplicaStatus(
            state=pb.PIPELINE_STATE_WAITING_FOR_AGENT, reason=pb.PAUSE_REASON_DLQ_FLOOD, at=at,
            barrier_age=Duration(seconds=2, nanos=250_000_000), nodes=[pb.NodeCounts(node="a", passed=1)],
        )
    )  # fmt: skip
    assert data["state"] == "WAITING_FOR_AGENT"
    assert data["reason"] == "DLQ_FLOOD"
    assert data["at"] == "1970-01-02T00:00:00.500Z"
    assert data["barrier_age"] == 2.25
    assert data["nodes"][0]["passed"] == 1
    assert data["progress"] is None


def test_zero_that_is_set_is_not_nothing() -> None:
    assert plain(pb.ReplicaStatus(progress=0.0))["progress"] == 0.0


def test_a_value_of_a_newer_server_is_its_number() -> None:
    newer = pb.Pipeline.FromString(pb.Pipeline(revision=1).SerializeToString() + bytes([9 << 3, 77]))
    assert plain(newer)["state"] == "77"
    assert state_word(newer, "state") == "77"


def test_words_of_all_enumerations_lose_their_prefix() -> None:
    assert plain_list([agent_pb.Agent(mode=agent_pb.CONNECTION_MODE_STREAM, state=agent_pb.AGENT_STATE_ONLINE)])[0][
        "mode"
    ] == "STREAM"  # fmt: skip
    assert state_word(agent_pb.Agent(), "mode") == ""
