"""States as people see them: a glyph, a word and a tone, so that no colour is needed to tell them apart."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from google.protobuf.timestamp_pb2 import Timestamp

from conduix.v1 import agent_service_pb2 as agent_pb
from conduix.v1 import pipeline_service_pb2 as pb
from conduix_tui.cli import words
from conduix_tui.store.columns import Cell

clock: Callable[[], float] = time.time
"""What ages are told by, seconds since 1970; pictures and tests have one that stands still."""

_PIPELINE: Mapping[int, tuple[str, str]] = {
    pb.PIPELINE_STATE_STOPPED: ("■", "dim"),
    pb.PIPELINE_STATE_PENDING: ("◌", "warn"),
    pb.PIPELINE_STATE_STARTING: ("◔", "warn"),
    pb.PIPELINE_STATE_RUNNING: ("●", "good"),
    pb.PIPELINE_STATE_REWINDING: ("↺", "warn"),
    pb.PIPELINE_STATE_PAUSED: ("‖", "warn"),
    pb.PIPELINE_STATE_DRAINING: ("◑", "warn"),
    pb.PIPELINE_STATE_COMPLETED: ("✔", "dim"),
    pb.PIPELINE_STATE_FAILED: ("✖", "bad"),
    pb.PIPELINE_STATE_WAITING_FOR_AGENT: ("?", "bad"),
}
_AGENT: Mapping[int, tuple[str, str]] = {
    agent_pb.AGENT_STATE_ONLINE: ("●", "good"),
    agent_pb.AGENT_STATE_OFFLINE: ("○", "bad"),
    agent_pb.AGENT_STATE_REVOKED: ("✖", "dim"),
}


def pipeline_word(state: int) -> str:
    """`RUNNING`."""
    return pb.PipelineState.Name(state).removeprefix("PIPELINE_STATE_").replace("UNSPECIFIED", "NEW")


def pipeline_cell(state: int, reason: int = 0) -> Cell:
    """`● RUNNING`, `‖ PAUSED(DISK)`."""
    glyph, tone = _PIPELINE.get(state, ("·", "dim"))
    why = f"({pb.PauseReason.Name(reason).removeprefix('PAUSE_REASON_')})" if reason else ""
    return Cell(f"{glyph} {pipeline_word(state)}{why}", tone)


def agent_word(state: int) -> str:
    """`ONLINE`."""
    return agent_pb.AgentState.Name(state).removeprefix("AGENT_STATE_").replace("UNSPECIFIED", "UNKNOWN")


def agent_cell(state: int) -> Cell:
    """`● ONLINE`."""
    glyph, tone = _AGENT.get(state, ("·", "dim"))
    return Cell(f"{glyph} {agent_word(state)}", tone)


def mode_word(mode: int) -> str:
    """`STREAM`."""
    return agent_pb.ConnectionMode.Name(mode).removeprefix("CONNECTION_MODE_").replace("UNSPECIFIED", "-")


def unix(stamp: Timestamp) -> float | None:
    """Seconds since 1970; None: not set."""
    return stamp.ToNanoseconds() / 1e9 if stamp.seconds else None


def ago(stamp: Timestamp, now: float | None = None) -> Cell:
    """`3m`, `2h`: how long ago it was."""
    at = unix(stamp)
    if at is None:
        return Cell("-", "dim")
    passed = max(0, int((clock() if now is None else now) - at))
    unit = 3600 if passed >= 86400 else 60 if passed >= 600 else 1
    return Cell(words.duration(passed - passed % unit))
