"""What `conduix describe` prints for people: facts in two columns, then tables under their titles."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from google.protobuf.message import Message

from conduix.v1 import agent_service_pb2 as agent_pb
from conduix.v1 import pipeline_service_pb2 as pb
from conduix.v1 import run_service_pb2 as run_pb
from conduix_tui.cli import words
from conduix_tui.cli.server.columns import Column, Table, age, ago, label_text, number, state, state_word, text
from conduix_tui.cli.terminal import Terminal
from conduix_tui.client.counts import node_counts

_REPLICAS = (
    number("replica"), state("state"), state("reason"), number("checkpoint"), age("checkpoint_at", "AGE"),
    number("restarts"), number("starts"), Column("AGENT", lambda replica: replica.agent_id or "-"),
)  # fmt: skip
_NODES = (text("node"), state("role"), number("passed"), number("filtered"), number("dead"), number("made"))
_RUNS = (
    number("run_seq", "RUN"), state("state"), number("revision"), number("records_in", "IN"),
    number("records_out", "OUT"), number("records_dead", "DEAD"), age("started_at", "STARTED"),
    age("ended_at", "ENDED"), text("id"),
)  # fmt: skip
_AGENT_REPLICAS = (
    text("pipeline_id", "PIPELINE"), number("replica"), state("state"), number("restarts"), age("at", "REPORTED"),
)  # fmt: skip


def pipeline(status: pb.GetPipelineStatusResponse, runs: Sequence[run_pb.Run], terminal: Terminal) -> str:
    """A pipeline with its replicas, nodes and newest runs."""
    one = status.pipeline
    outputs = {name: place for replica in status.replicas for name, place in replica.outputs.items()}
    facts = [
        ("name", one.name),
        ("id", one.id),
        ("description", one.description),
        ("state", _state(one, terminal)),
        ("wanted", f"{state_word(one, 'desired_state') or '-'}, {words.plural(one.replicas, 'replica')}"),
        ("detail", one.detail),
        ("remedy", one.remedy),
        ("mode", state_word(one, "mode")),
        ("guarantee", one.guarantee),
        ("revision", str(one.revision)),
        ("labels", label_text(one.labels) if one.labels else ""),
        ("records", f"{_records(one)}, {words.rate(one.records_per_second)}"),
        ("restarts", str(one.restarts)),
        *((f"output {name}", place) for name, place in sorted(outputs.items())),
        ("changed", f"{ago(one, 'updated_at')} ago"),
        ("etag", one.etag),
    ]  # fmt: skip
    return "\n\n".join([
        _facts(facts),
        *_table("replicas", status.replicas, _REPLICAS, terminal),
        *_table("nodes", node_counts(status.replicas), _NODES, terminal),
        *_table("newest runs", runs, _RUNS, terminal),
    ])  # fmt: skip


def agent(status: agent_pb.GetAgentStatusResponse, terminal: Terminal) -> str:
    """An agent with its host and its replicas."""
    one, host = status.agent, status.host
    facts = [
        ("name", one.name),
        ("id", one.id),
        ("state", f"{state_word(one, 'state')}, heard of {ago(one, 'seen_at')} ago"),
        ("reached by", f"{state_word(one, 'mode') or '-'} since {ago(one, 'mode_since')}"),
        ("adoption", "a newcomer with this name waits: conduix agents adopt" if one.adoption_pending else ""),
        ("version", one.version),
        ("host", one.hostname),
        ("labels", label_text(one.labels) if one.labels else ""),
        ("can", ", ".join(one.capabilities)),
        ("enrolled", f"{ago(one, 'enrolled_at')} ago"),
        ("machine", f"{words.plural(host.cores, 'core')}, {_gib(host.memory_bytes)} memory, "
                    f"{_gib(host.disk_free_bytes)} disk free, load {host.load:.2f}" if host.cores else ""),
        ("platform", f"{host.platform}, Python {host.python}" if host.platform else ""),
    ]  # fmt: skip
    return "\n\n".join([_facts(facts), *_table("replicas", status.replicas, _AGENT_REPLICAS, terminal)])


def run(one: run_pb.Run, terminal: Terminal) -> str:
    """A run with its nodes."""
    facts = [
        ("run", f"{one.pipeline_name}/{one.run_seq}"),
        ("id", one.id),
        ("state", state_word(one, "state")),
        ("detail", one.detail),
        ("revision", str(one.revision)),
        ("started", f"{ago(one, 'started_at')} ago by {one.started_by or '-'}"),
        ("ended", f"{ago(one, 'ended_at')} ago" if one.HasField("ended_at") else "no"),
        ("records", f"{_records(one)}, {words.count(one.records_filtered)} filtered"),
        ("restarts", str(one.restarts)),
    ]  # fmt: skip
    return "\n\n".join([_facts(facts), *_table("nodes", one.nodes, _NODES, terminal)])


def _records(one: pb.Pipeline | run_pb.Run) -> str:
    return f"{words.count(one.records_in)} in, {words.count(one.records_out)} out, {words.count(one.records_dead)} dead"


def _state(one: pb.Pipeline, terminal: Terminal) -> str:
    shown = terminal.styled(state_word(one, "state") or "-", "bold", out=True)
    reason = state_word(one, "reason")
    return f"{shown} ({reason})" if reason else shown


def _facts(facts: Iterable[tuple[str, str]]) -> str:
    """Those that there are."""
    return "\n".join(words.table([(f"{name}:", words.visible(value)) for name, value in facts if value]))


def _table(title: str, messages: Sequence[Message], columns: Sequence[Column], terminal: Terminal) -> list[str]:
    if not messages:
        return []
    table = Table(columns, terminal)
    table.fit(messages)
    lines = [table.head(), *map(table.row, messages)]
    return ["\n".join([terminal.styled(f"{title}:", "bold", out=True), *(f"  {line}" for line in lines)])]


def _gib(number_of_bytes: int) -> str:
    return f"{number_of_bytes / (1 << 30):.1f} GiB"
